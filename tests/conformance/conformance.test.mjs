// The official conformance suites against our fixture, directly and through the
// gateway: nothing may be worse, but for what docs/conformance.md lists with its reason.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';

import { degraded, results, runSuite, suites } from './suite.mjs';

const mcpctl = process.env.MCPCTL_BINARY;
assert.ok(mcpctl, 'MCPCTL_BINARY must name the program');

const fixture = path.join(import.meta.dirname, 'server.mjs');

/** Checks that become mere information behind the gateway; docs/conformance.md says why. */
const justified = [
    'server-sse-multiple-streams server-sse-streams-functional',
    'server-sse-polling server-sse-disconnect-resume',
];

/** What a legacy server, or a gateway in front of one, cannot do for a modern client; likewise. */
const lostInTranslation = [
    /^input-required-result-/,
    /^tasks-/,
    'server-stateless sep-2575-missing-capability-http-400',
    'server-stateless sep-2575-server-rejects-undeclared-capability',
];

/** The ways to the same fixture, and what each may do worse. */
const ways = [
    { server: 'stdio', how: 'over stdio', may: justified },
    { server: 'http', how: 'over http', may: justified },
    { server: 'session', how: 'with own processes', may: justified },
    { server: 'session_http', how: 'with own processes over http', may: justified },
    { server: 'modern', how: 'to a server of the other era', may: justified, for: /^2025/ },
    { server: 'legacy', how: 'to a server of the other era', may: lostInTranslation, for: /^2026/, fewest: 124 },
];

/** So many checks pass at least, or it was not really run. */
const fewest = { '2025-classic': 40, '2025-11-25': 80, '2026-07-28': 172 };

const folder = mkdtempSync(path.join(tmpdir(), 'mcpctl-conformance-'));
const running = [];

/** Starts a program and waits for a line with a URL; what ends it is remembered. */
async function start(command, words, options, pattern) {
    const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    running.push(() => (child.kill('SIGTERM'), ended));
    const said = [];
    const lines = (stream) => createInterface({ input: stream });
    return new Promise((resolve, reject) => {
        for (const stream of [child.stdout, child.stderr]) {
            lines(stream).on('line', (line) => {
                said.push(line);
                const found = pattern.exec(line);
                if (found) resolve(found[1]);
            });
        }
        child.once('exit', () => reject(new Error(`${command} ended:\n${said.join('\n')}`)));
    });
}

async function runs(name, url) {
    const where = mkdtempSync(path.join(folder, `${name}-`));
    await runSuite(name, url, where);
    return results(where);
}

let direct;
let gateway;

before(async () => {
    direct = await start(process.execPath, [fixture, '--port', '0'], {}, /listens on (http:\S+)/);
    const config = {
        mcpServers: {
            stdio: { command: process.execPath, args: [fixture] },
            http: { url: direct },
            session: { command: process.execPath, args: [fixture], 'x-mcpctl': { share: 'session', maxSessions: 4 } },
            session_http: {
                command: process.execPath,
                args: [fixture, '--port', '${PORT}'],
                url: 'http://127.0.0.1:${PORT}/mcp',
                'x-mcpctl': { port: 0, share: 'session', maxSessions: 4 },
            },
            legacy: { command: process.execPath, args: [fixture, '--era', 'legacy'] },
            modern: { command: process.execPath, args: [fixture, '--era', 'modern'] },
        },
        // One after the other: a server that is silent for two seconds counts as one of the older era.
        'x-mcpctl': { name: path.basename(folder), gateway: { listen: '127.0.0.1:0' }, maxConcurrentStarts: 1 },
    };
    writeFileSync(path.join(folder, 'mcp.json'), JSON.stringify(config));
    const env = { ...process.env, XDG_RUNTIME_DIR: folder };
    const words = ['run', '-c', path.join(folder, 'mcp.json')];
    gateway = await start(mcpctl, words, { env }, /clients connect to (http:[^\s,]+)/);
});

after(async () => {
    for (const stop of running.reverse()) await stop();
    rmSync(folder, { recursive: true, force: true });
});

for (const name of Object.keys(suites)) {
    describe(name, () => {
        let reference;
        test('the suite knows the fixture', async () => {
            reference = await runs(name, direct);
            const passed = [...reference.values()].filter((status) => status === 'SUCCESS');
            assert.ok(passed.length >= fewest[name], `only ${passed.length} checks passed`);
        });
        for (const { server, how, may, fewest: least = 0 } of ways.filter((way) => way.for?.test(name) ?? true)) {
            test(`nothing is worse through the gateway, ${how}`, async () => {
                const through = await runs(name, `${gateway}/${server}`);
                const is = (check) => (known) => (typeof known === 'string' ? known === check : known.test(check));
                const bad = degraded(reference, through).filter(([check]) => !may.some(is(check)));
                assert.deepEqual(bad, []);
                assert.ok([...through.values()].filter((status) => status === 'SUCCESS').length >= least);
            });
        }
    });
}
