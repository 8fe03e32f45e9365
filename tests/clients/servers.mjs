// Our example servers as the clients' tests see them: paths, a running weather, and what
// every client must get from them.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';

const binaries = process.env.MCPCTL_EXAMPLES;
assert.ok(binaries, 'MCPCTL_EXAMPLES must name the folder of the example programs');

export const math = path.join(binaries, 'math');

// Starts weather on a free port; stop() ends it and says how it ended.
export async function startWeather() {
    const child = spawn(path.join(binaries, 'weather'), ['--port', '0'], { stdio: ['ignore', 'ignore', 'pipe'] });
    const ended = new Promise(resolve => child.on('exit', (code, signal) => resolve({ code, signal })));
    for await (const line of createInterface({ input: child.stderr })) {
        const found = /listens on (http:\S+)/.exec(line);
        if (found) return { url: found[1], stop: () => (child.kill('SIGTERM'), ended) };
    }
    throw new Error('weather did not start');
}

export const paris = {
    city: 'Paris', country: 'France', sky: 'rain', temperature_c: 9, humidity_percent: 84, wind_kmh: 4
};

// `call` is (tool, arguments) => result.  The SDKs check results against output schemas
// themselves and throw when they do not fit.
export async function checkMath(names, call) {
    assert.deepEqual(names, ['add', 'multiply', 'divide', 'power']);
    const quotient = await call('divide', { dividend: 1, divisor: 8 });
    assert.deepEqual(quotient.structuredContent, { result: 0.125 });
    assert.deepEqual(quotient.content, [{ type: 'text', text: '0.125' }]);
    const refused = await call('divide', { dividend: 1, divisor: 0 });
    assert.equal(refused.isError, true);
    assert.match(refused.content[0].text, /^cannot divide 1 by 0: /);
    await assert.rejects(call('subtract', { a: 1, b: 2 }), /Unknown tool: subtract|not found/);
}

export async function checkWeather(names, call) {
    assert.deepEqual(names, ['get_weather', 'get_forecast']);
    const today = await call('get_weather', { city: 'paris' });
    assert.deepEqual(today.structuredContent, paris);
    const unknown = await call('get_weather', { city: 'Pariss' });
    assert.equal(unknown.isError, true);
    assert.match(unknown.content[0].text, /did you mean 'Paris'\?/);
    const forecast = await call('get_forecast', { city: 'Tokyo' });
    assert.equal(forecast.structuredContent.days.length, 3);
}
