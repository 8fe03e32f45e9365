// Runs one official conformance suite against a URL, and compares two runs check by
// check.  Totals are not compared: they hide checks that went missing.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

const packages = path.join(import.meta.dirname, 'node_modules');

export const suites = {
    '2025-classic': ['conformance-classic', '--suite', 'active'],
    '2025-11-25': ['conformance-alpha', '--requirements', '2025-11-25'],
    '2026-07-28': ['conformance-alpha', '--requirements', '2026-07-28'],
};

// The suites need node 22 or later, which not every distribution has.
function newNode() {
    if (Number(process.versions.node.split('.')[0]) >= 22) return process.execPath;
    const found = ['x64', 'arm64'].map((cpu) => path.join(packages, `node-linux-${cpu}`, 'bin', 'node'));
    const node = found.find((file) => existsSync(file));
    if (!node) throw new Error('no node 22 was installed');
    return node;
}

/** Its exit code: 0 when everything that the suite scores has passed. */
export function runSuite(name, url, folder) {
    const [suite, ...select] = suites[name];
    const main = path.join(packages, suite, 'dist', 'index.js');
    const words = [main, 'server', '--url', url, ...select, '--output-dir', folder];
    const child = spawn(newNode(), words, { stdio: 'ignore' });
    return new Promise((resolve, reject) => {
        child.once('error', reject);
        child.once('exit', (code) => resolve(code));
    });
}

/** The suite plays the server; the client is client.mjs.  What both said. */
export function runClientScenario(suite, scenario, revision, folder) {
    const main = path.join(packages, suite, 'dist', 'index.js');
    const command = `${newNode()} ${path.join(import.meta.dirname, 'client.mjs')}`;
    const words = [main, 'client', '--command', command, '--scenario', scenario];
    words.push('--spec-version', revision, '--output-dir', folder, '--verbose');
    const child = spawn(newNode(), words, { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text));
    return new Promise((resolve, reject) => {
        child.once('error', reject);
        child.once('close', () => resolve(said));
    });
}

/** All that one run has judged: [{ id, status, errorMessage, … }]. */
export function checks(folder) {
    const files = readdirSync(folder, { recursive: true }).filter((name) => path.basename(name) === 'checks.json');
    return files.flatMap((file) => JSON.parse(readFileSync(path.join(folder, file), 'utf8')));
}

const order = ['SUCCESS', 'SKIPPED', 'WARNING', 'FAILURE', 'absent'];
const worse = (a, b) => order.indexOf(a) > order.indexOf(b);

/** "scenario check" -> its worst status; what is only informative is left out. */
export function results(folder) {
    const found = new Map();
    for (const entry of readdirSync(folder)) {
        const scenario = /^server-(.+)-\d{4}-\d\d-\d\dT[\d-]+Z$/.exec(entry)?.[1];
        const file = path.join(folder, entry, 'checks.json');
        if (!scenario || !existsSync(file)) continue;
        for (const { id, status } of JSON.parse(readFileSync(file, 'utf8'))) {
            const name = `${scenario} ${id}`;
            if (status === 'INFO') continue;
            if (!found.has(name) || worse(status, found.get(name))) found.set(name, status);
        }
    }
    return found;
}

/** The checks in which `through` is worse than `direct`: [["scenario check", "A -> B"]]. */
export function degraded(direct, through) {
    const names = new Set([...direct.keys(), ...through.keys()]);
    return [...names].sort().flatMap((name) => {
        const before = direct.get(name) ?? 'absent';
        const after = through.get(name) ?? 'absent';
        // A check that only the second run has is a fault only if it fails.
        const is = before === 'absent' ? worse(after, 'SKIPPED') && after !== 'absent' : worse(after, before);
        return is ? [[name, `${before} -> ${after}`]] : [];
    });
}
