// The MCP Inspector's command line: each run is one connection, one request, one exit.

import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const manifest = path.join(import.meta.dirname, 'node_modules/@modelcontextprotocol/inspector/package.json');
const { bin } = createRequire(import.meta.url)(manifest);
const inspector = path.join(path.dirname(manifest), bin['mcp-inspector']);

// Asks the server `target` ({command} or {type, url}) one thing, in a folder of its own.
export async function inspect(target, era, ...request) {
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
