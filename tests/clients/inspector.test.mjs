// The MCP Inspector's command line: each run is one connection, one request, one exit.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';

import { math, paris, startWeather } from './servers.mjs';

const run = promisify(execFile);
const manifest = path.join(import.meta.dirname, 'node_modules/@modelcontextprotocol/inspector/package.json');
const { bin } = createRequire(import.meta.url)(manifest);
const inspector = path.join(path.dirname(manifest), bin['mcp-inspector']);

// Asks the server `target` ({command} or {type, url}) one thing, in a folder of its own.
async function inspect(target, era, ...request) {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'inspector-'));
    try {
        const config = path.join(folder, 'mcp.json');
        await writeFile(config, JSON.stringify({ mcpServers: { target: { ...target, protocolEra: era } } }));
        const { stdout } = await run(
            process.execPath,
            [inspector, '--cli', '--config', config, '--server', 'target', '--format', 'json', ...request],
            { env: { ...process.env, MCP_STORAGE_DIR: folder, MCP_INSPECTOR_SECRET_STORE: 'memory' }, timeout: 30_000 }
        );
        return JSON.parse(stdout).result;
    } finally {
        await rm(folder, { recursive: true, force: true });
    }
}

for (const [era, version] of [['legacy', '2025-11-25'], ['modern', '2026-07-28']]) {
    test(`the Inspector (${era}) uses math over stdio`, async () => {
        const target = { type: 'stdio', command: math };
        const hello = await inspect(target, era, '--method', 'initialize');
        assert.equal(hello.protocolVersion, version);
        assert.equal(hello.serverInfo.name, 'math');
        const sum = await inspect(target, era, '--method', 'tools/call', '--tool-name', 'add', '--tool-arg', 'a=2', 'b=40');
        assert.deepEqual(sum.structuredContent, { result: 42 });
    });

    test(`the Inspector (${era}) uses weather over HTTP`, async () => {
        const weather = await startWeather();
        const target = { type: 'http', url: weather.url };
        const { tools } = await inspect(target, era, '--method', 'tools/list');
        assert.deepEqual(tools.map(({ name }) => name), ['get_weather', 'get_forecast']);
        const today = await inspect(target, era, '--method', 'tools/call', '--tool-name', 'get_weather', '--tool-arg', 'city=Paris');
        assert.deepEqual(today.structuredContent, paris);
        await weather.stop();
    });
}
