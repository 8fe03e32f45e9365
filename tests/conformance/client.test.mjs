// The official suites' client mode: they play a server over HTTP, and mcpctl is the
// client that is judged, while a client of its own calls through it (client.mjs).
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';

import { checks, runClientScenario } from './suite.mjs';

assert.ok(process.env.MCPCTL_BINARY, 'MCPCTL_BINARY must name the program');

/** What each judges besides OAuth, which mcpctl has no part in; and so many checks pass at least. */
const scenarios = {
    'conformance-classic': {
        '2025-11-25': { initialize: 1, tools_call: 1, 'elicitation-sep1034-client-defaults': 5, 'sse-retry': 3 },
    },
    'conformance-alpha': {
        '2025-11-25': { initialize: 1, tools_call: 2, 'elicitation-sep1034-client-defaults': 5, 'sse-retry': 3 },
        '2026-07-28': {
            tools_call: 2,
            'request-metadata': 5,
            'http-standard-headers': 9,
            'http-custom-headers': 18,
            'http-invalid-tool-headers': 12,
            'sep-2322-client-request-state': 5,
            'json-schema-ref-no-deref': 1,
            'json-schema-2020-12-preservation': 8,
        },
    },
};

const folder = mkdtempSync(path.join(tmpdir(), 'mcpctl-client-mode-'));
after(() => rmSync(folder, { recursive: true, force: true }));

for (const [suite, revisions] of Object.entries(scenarios)) {
    for (const [revision, fewest] of Object.entries(revisions)) {
        describe(`${suite} ${revision}`, () => {
            for (const [scenario, least] of Object.entries(fewest)) {
                test(`${scenario} has nothing to say against the gateway as a client`, async () => {
                    const where = mkdtempSync(path.join(folder, `${scenario}-`));
                    const said = await runClientScenario(suite, scenario, revision, where);
                    const judged = checks(where);
                    const bad = judged.filter(({ status }) => status === 'FAILURE' || status === 'WARNING');
                    assert.deepEqual(bad, [], said);
                    const passed = judged.filter(({ status }) => status === 'SUCCESS');
                    assert.ok(passed.length >= least, `only ${passed.length} checks passed\n${said}`);
                });
            }
        });
    }
}
