// A client behind mcpctl, for the suites' client mode: the suite plays a server over
// HTTP, whose URL is the last argument; mcpctl is its client, and clients of mcpctl are
// what this plays.  It does with the server what each scenario waits for.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const url = process.argv.at(-1);
const context = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? '{}');
const folder = mkdtempSync(path.join(tmpdir(), 'mcpctl-client-mode-'));

/** mcpctl with the suite's server; resolves with the URL for clients once it is ready. */
function gateway(child) {
    return new Promise((resolve, reject) => {
        let where;
        let ready = false;
        for (const stream of [child.stdout, child.stderr]) {
            createInterface({ input: stream }).on('line', (line) => {
                console.error(line);
                where = /clients connect to (http:[^\s,]+)/.exec(line)?.[1] ?? where;
                ready ||= /\bit\s+\* ready/.test(line);
                if (where && ready) resolve(`${where}/it`); // said on two streams, in any order
            });
        }
        child.once('exit', () => reject(new Error('mcpctl has ended')));
    });
}

/** Arguments that a schema takes. */
function filled(schema) {
    const value = { number: 5, integer: 5, boolean: true, array: [] };
    const one = (of) => (of.type === 'object' ? filled(of) : value[of.type] ?? 'x');
    return Object.fromEntries(Object.entries(schema?.properties ?? {}).map(([name, of]) => [name, one(of)]));
}

function defaults(request) {
    const properties = Object.entries(request.params.requestedSchema?.properties ?? {});
    const given = properties.filter(([, property]) => 'default' in property);
    return { action: 'accept', content: Object.fromEntries(given.map(([name, property]) => [name, property.default])) };
}

async function use(client) {
    const { tools } = await client.listTools();
    const calls = context.toolCalls ?? tools.map((tool) => ({ name: tool.name, arguments: filled(tool.inputSchema) }));
    for (const call of calls) {
        if (call.name === 'json_schema_echo') call.arguments = { schema: tools.find((tool) => tool.inputSchema.$schema).inputSchema };
        await client.callTool(call).catch((error) => console.error(call.name, error.message));
    }
    const { prompts } = await client.listPrompts().catch(() => ({ prompts: [] }));
    for (const prompt of prompts) await client.getPrompt({ name: prompt.name });
    const { resources } = await client.listResources().catch(() => ({ resources: [] }));
    for (const resource of resources) await client.readResource({ uri: resource.uri });
}

const config = { mcpServers: { it: { url } }, 'x-mcpctl': { name: path.basename(folder), gateway: { listen: '127.0.0.1:0' } } };
writeFileSync(path.join(folder, 'mcp.json'), JSON.stringify(config));
const child = spawn(process.env.MCPCTL_BINARY, ['run', '-c', path.join(folder, 'mcp.json')], {
    env: { ...process.env, XDG_RUNTIME_DIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
});
const ended = new Promise((resolve) => child.once('exit', resolve));
try {
    const client = new Client({ name: 'behind-mcpctl', version: '1.0.0' }, {
        capabilities: { elicitation: { form: {} }, sampling: {}, roots: {} },
        versionNegotiation: { mode: 'auto' },
    });
    client.setRequestHandler('elicitation/create', async (request) => defaults(request));
    await client.connect(new StreamableHTTPClientTransport(new URL(await gateway(child))));
    await use(client);
    await client.close();
} finally {
    child.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
}
