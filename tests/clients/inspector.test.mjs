// The MCP Inspector's command line against our example servers.

import assert from 'node:assert/strict';
import test from 'node:test';

import { inspect } from './inspector.mjs';
import { math, paris, startWeather } from './servers.mjs';

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
