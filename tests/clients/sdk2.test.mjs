// The v2 SDK, in the legacy era, in the modern one, and as it chooses itself.

import assert from 'node:assert/strict';
import test from 'node:test';

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

import { checkMath, checkWeather, math, startWeather } from './servers.mjs';

const ERAS = [
    { mode: 'legacy', version: '2025-11-25' },
    { mode: { pin: '2026-07-28' }, version: '2026-07-28' },
    { mode: 'auto', version: '2026-07-28' }
];

const newClient = mode =>
    new Client({ name: 'sdk2-test', version: '1.0.0' }, { capabilities: {}, versionNegotiation: { mode } });

async function names(client) {
    return (await client.listTools()).tools.map(tool => tool.name);
}

const caller = (client, options) => (name, args) => client.callTool({ name, arguments: args }, options);

for (const { mode, version } of ERAS) {
    const how = typeof mode === 'string' ? mode : 'modern';

    test(`SDK v2 (${how}) uses math over stdio`, async () => {
        const client = newClient(mode);
        await client.connect(new StdioClientTransport({ command: math }));
        assert.equal(client.getNegotiatedProtocolVersion(), version);
        assert.equal(client.getServerVersion().name, 'math');
        await checkMath(await names(client), caller(client));
        await client.close();
    });

    test(`SDK v2 (${how}) uses weather over HTTP`, async () => {
        const weather = await startWeather();
        const client = newClient(mode);
        await client.connect(new StreamableHTTPClientTransport(new URL(weather.url)));
        assert.equal(client.getNegotiatedProtocolVersion(), version);
        await checkWeather(await names(client), caller(client));

        const heard = [];
        await caller(client, { onprogress: ({ progress }) => heard.push(progress) })('get_forecast', { city: 'Lagos', days: 3 });
        assert.deepEqual(heard, [1, 2, 3]);

        const abort = new AbortController();
        const cancelled = caller(client, { signal: abort.signal })('get_forecast', { city: 'Lagos', days: 7 });
        setTimeout(() => abort.abort(), 15);
        await assert.rejects(cancelled);
        assert.equal((await caller(client)('get_weather', { city: 'Lagos' })).structuredContent.city, 'Lagos');

        await client.close();
        assert.deepEqual(await weather.stop(), { code: 0, signal: null });
    });
}
