// The official servers under mcpctl, as the clients' tests see them: over HTTP, or as the
// stdio server that `mcpctl connect` is.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

const mcpctl = process.env.MCPCTL_BINARY;
const installed = process.env.MCPCTL_NPM_SERVERS;
assert.ok(mcpctl && installed, 'MCPCTL_BINARY and MCPCTL_NPM_SERVERS must name the program and the official servers');

const server = (name, ...args) => ({
    command: process.execPath,
    args: [path.join(installed, 'node_modules/@modelcontextprotocol', `server-${name}`, 'dist/index.js'), ...args]
});

// Starts the fleet; stop() ends it and says how it ended.
export async function openDoor() {
    const folder = await realpath(await mkdtemp(path.join(os.tmpdir(), 'mcpctl-clients-')));
    const config = path.join(folder, 'mcp.json');
    await writeFile(path.join(folder, 'note.txt'), 'Read me.\n');
    await writeFile(config, JSON.stringify({
        mcpServers: {
            everything: server('everything'),
            filesystem: server('filesystem', folder),
            own: { ...server('everything'), 'x-mcpctl': { share: 'session' } }
        },
        'x-mcpctl': { name: path.basename(folder), gateway: { listen: '127.0.0.1:0' } }
    }));
    const env = { ...process.env, XDG_RUNTIME_DIR: folder };
    const child = spawn(mcpctl, ['run', '-c', config], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = new Promise(resolve => child.once('exit', (code, signal) => resolve({ code, signal })));
    const said = [];
    const url = await new Promise((resolve, reject) => {
        for (const stream of [child.stdout, child.stderr]) {
            createInterface({ input: stream }).on('line', line => {
                said.push(line);
                const found = /clients connect to (http:[^\s,]+)/.exec(line);
                if (found) resolve(found[1]);
            });
        }
        child.once('exit', () => reject(new Error(`mcpctl ended:\n${said.join('\n')}`)));
    });
    return {
        folder,
        note: path.join(folder, 'note.txt'),
        url: name => new URL(name ? `${url}/${name}` : url),
        bridge: name => ({ command: mcpctl, args: ['connect', '-c', config, ...(name ? [name] : [])], env }),
        stop: async () => {
            child.kill('SIGTERM');
            const end = await ended;
            await rm(folder, { recursive: true, force: true });
            return end;
        }
    };
}

// The processes whose environment says that they are the fleet's in `folder`.
export async function leftOf(folder, pids) {
    const mark = `MCPCTL_ID=${path.basename(folder)}/`;
    const found = [];
    for (const pid of pids) {
        const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
        if (environment.split('\0').some(entry => entry.startsWith(mark))) found.push(pid);
    }
    return found;
}
