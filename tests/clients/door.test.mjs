// Clients that were not written by us, at the official servers behind mcpctl: over HTTP
// and through `mcpctl connect`.

import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';

import { Client as Client2, StreamableHTTPClientTransport as Http2 } from '@modelcontextprotocol/client';
import { StdioClientTransport as Stdio2 } from '@modelcontextprotocol/client/stdio';
import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as Stdio1 } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport as Http1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

import { leftOf, openDoor } from './door.mjs';
import { inspect } from './inspector.mjs';

let door;
before(async () => { door = await openDoor(); });
after(async () => {
    assert.deepEqual(await door.stop(), { code: 0, signal: null });
    assert.deepEqual(await leftOf(door.folder, (await readdir('/proc')).filter(name => /^\d+$/.test(name))), []);
});

const about = { name: 'door-test', version: '1.0.0' };
const sdks = {
    'SDK v1': {
        make: () => new Client1(about, { capabilities: {} }),
        caller: (client, options) => (name, args) => client.callTool({ name, arguments: args }, undefined, options),
        Http: Http1,
        Stdio: Stdio1
    }
};
for (const [how, mode] of [['legacy', 'legacy'], ['modern', { pin: '2026-07-28' }], ['auto', 'auto']]) {
    sdks[`SDK v2 (${how})`] = {
        make: () => new Client2(about, { capabilities: {}, versionNegotiation: { mode } }),
        caller: (client, options) => (name, args) => client.callTool({ name, arguments: args }, options),
        Http: Http2,
        Stdio: Stdio2
    };
}
const ways = {
    'over HTTP': (sdk, server) => new sdk.Http(door.url(server)),
    'through connect': (sdk, server) => new sdk.Stdio({ ...door.bridge(server), stderr: 'inherit' })
};

const text = result => result.content.map(block => block.text).join('');

for (const [name, sdk] of Object.entries(sdks)) {
    for (const [way, transport] of Object.entries(ways)) {
        describe(`${name} ${way}`, () => {
            const using = async (server, use) => {
                const client = sdk.make();
                await client.connect(transport(sdk, server));
                try {
                    await use(client);
                } finally {
                    await client.close();
                }
            };

            test('calls, hears of progress, and cancels', () => using('everything', async client => {
                assert.ok((await client.listTools()).tools.some(tool => tool.name === 'echo'));
                assert.equal(text(await sdk.caller(client)('echo', { message: 'hello' })), 'Echo: hello');

                const heard = [];
                const onprogress = ({ progress, total }) => heard.push([progress, total]);
                const long = sdk.caller(client, { onprogress });
                await long('trigger-long-running-operation', { duration: 0.3, steps: 3 });
                // SDK v2 drops, also without us, a progress that it reads together with the result.
                assert.ok(heard.length >= 2, `heard ${heard.length} times`);
                assert.deepEqual(heard, [[1, 3], [2, 3], [3, 3]].slice(0, heard.length));

                const abort = new AbortController();
                const cancelled = sdk.caller(client, { signal: abort.signal })(
                    'trigger-long-running-operation', { duration: 60, steps: 2 });
                setTimeout(() => abort.abort(), 50);
                await assert.rejects(cancelled);
                assert.equal(text(await sdk.caller(client)('echo', { message: 'again' })), 'Echo: again');
            }));

            test('reads resources and gets prompts', () => using('everything', async client => {
                const { resources } = await client.listResources();
                assert.ok(resources.length > 0);
                const { contents } = await client.readResource({ uri: resources[0].uri });
                assert.equal(contents[0].uri, resources[0].uri);
                if (sdk === sdks['SDK v1']) {
                    await client.subscribeResource({ uri: resources[0].uri });
                    await client.unsubscribeResource({ uri: resources[0].uri });
                }
                const { prompts } = await client.listPrompts();
                assert.ok(prompts.length > 0);
            }));

            test('works with files', () => using('filesystem', async client => {
                const read = await sdk.caller(client)('read_text_file', { path: door.note });
                assert.equal(text(read), 'Read me.\n');
                const refused = await sdk.caller(client)('read_text_file', { path: '/etc/passwd' });
                assert.equal(refused.isError, true);
            }));

            test('has all servers as one', () => using(undefined, async client => {
                const names = (await client.listTools()).tools.map(tool => tool.name);
                for (const wanted of ['everything__echo', 'filesystem__read_text_file', 'own__echo']) {
                    assert.ok(names.includes(wanted), wanted);
                }
                assert.equal(text(await sdk.caller(client)('own__echo', { message: 'one' })), 'Echo: one');
            }));

            test('is served by a server that gives each session a process', () => using('own', async client => {
                assert.equal(text(await sdk.caller(client)('echo', { message: 'mine' })), 'Echo: mine');
            }));
        });
    }
}

for (const era of ['legacy', 'modern']) {
    for (const way of ['over HTTP', 'through connect']) {
        test(`the Inspector (${era}) ${way} lists and calls`, async () => {
            const target = way === 'over HTTP'
                ? { type: 'http', url: door.url('everything').href }
                : { type: 'stdio', ...door.bridge('everything') };
            const { tools } = await inspect(target, era, '--method', 'tools/list');
            assert.ok(tools.some(tool => tool.name === 'echo'));
            const echo = await inspect(target, era, '--method', 'tools/call', '--tool-name', 'echo', '--tool-arg', 'message=hello');
            assert.equal(text(echo), 'Echo: hello');
        });
    }
}
