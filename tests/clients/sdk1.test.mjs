// The v1 SDK, which most hosts are built on; it knows the legacy era only.

import assert from 'node:assert/strict';
import test from 'node:test';

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

import { checkMath, checkWeather, math, startWeather } from './servers.mjs';

const newClient = () => new Client({ name: 'sdk1-test', version: '1.0.0' }, { capabilities: {} });

async function names(client) {
    return (await client.listTools()).tools.map(tool => tool.name);
}

const caller = (client, options) => (name, args) => client.callTool({ name, arguments: args }, undefined, options);

test('SDK v1 uses math over stdio', async () => {
    const client = newClient();
    await client.connect(new StdioClientTransport({ command: math }));
    assert.equal(client.getServerVersion().name, 'math');
    await client.ping();
    await checkMath(await names(client), caller(client));
    const closing = Date.now();
    await client.close();
    assert.ok(Date.now() - closing < 1500, 'math leaves at the end of its input, before the SDK sends SIGTERM');
});

test('SDK v1 uses weather over HTTP in a session, which it can end', async () => {
    const weather = await startWeather();
    const client = newClient();
    const transport = new StreamableHTTPClientTransport(new URL(weather.url));
    await client.connect(transport);
    assert.match(transport.sessionId, /^[0-9a-f]{32}$/);
    await checkWeather(await names(client), caller(client));

    const heard = [];
    const result = await caller(client, { onprogress: progress => heard.push(progress) })('get_forecast', { city: 'Cairo', days: 4 });
    assert.equal(result.structuredContent.days.length, 4);
    assert.deepEqual(heard.map(({ progress, total }) => [progress, total]), [[1, 4], [2, 4], [3, 4], [4, 4]]);

    await transport.terminateSession();
    await assert.rejects(client.listTools());
    await client.close();
    assert.deepEqual(await weather.stop(), { code: 0, signal: null });
});

test('many calls of SDK v1 run side by side', async () => {
    const weather = await startWeather();
    const client = newClient();
    await client.connect(new StreamableHTTPClientTransport(new URL(weather.url)));
    const cities = ['Berlin', 'Cairo', 'Lagos', 'Lisbon', 'London', 'Mumbai', 'Paris', 'Sydney', 'Tokyo'];
    const results = await Promise.all(cities.map(city => caller(client)('get_weather', { city })));
    assert.deepEqual(results.map(result => result.structuredContent.city), cities);
    await client.close();
    await weather.stop();
});
