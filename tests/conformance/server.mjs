// A server with known answers for the official conformance suite, in both eras:
//   node server.mjs                  over stdio
//   node server.mjs --era ERA        over stdio, "modern" or "legacy" alone
//   node server.mjs --port PORT      over HTTP at /mcp; 0: a free one
// Prints "listens on URL" when it is there.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';

import { hostHeaderValidation, originValidation, toNodeHandler } from '@modelcontextprotocol/node';
import {
    McpServer,
    ResourceTemplate,
    WebStandardStreamableHTTPServerTransport,
    acceptedContent,
    createMcpHandler,
    fromJsonSchema,
    inputRequired,
    isLegacyRequest,
} from '@modelcontextprotocol/server';
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio';

import { extensions, offerTasks } from './tasks.mjs';
import { embedded, field, image, object, registerTools, state, text } from './tools.mjs';

const complain = (error) => console.error(`server.mjs: ${error?.message ?? error}`);

// ---- what all connections share ------------------------------------------------------

const shown = { tool: false, prompt: false };
const living = new Set(); // servers that outlive one request
let announce; // to the subscriptions of the modern HTTP endpoint

function toggle(kind) {
    shown[kind] = !shown[kind];
    for (const each of living) each.extra[kind][shown[kind] ? 'enable' : 'disable']();
    if (kind === 'tool') announce?.toolsChanged();
    else announce?.promptsChanged();
    return `the extra ${kind} is ${shown[kind] ? 'shown' : 'hidden'}`;
}

// ---- prompts, resources, completion --------------------------------------------------

const user = (...blocks) => ({ messages: blocks.map((content) => ({ role: 'user', content })) });
const strings = (...names) =>
    fromJsonSchema(object(Object.fromEntries(names.map((name) => [name, { type: 'string' }])), ...names));

function registerPrompts(server) {
    const add = (name, argsSchema, run) =>
        server.registerPrompt(name, { description: name, ...(argsSchema && { argsSchema }) }, run);
    add('test_simple_prompt', undefined, () => user(text('This is a simple prompt for testing.')));
    add('test_prompt_with_image', undefined, () => user(image, text('What is this?')));
    add('test_prompt_with_arguments', strings('arg1', 'arg2'), ({ arg1, arg2 }) =>
        user(text(`arg1='${arg1}', arg2='${arg2}'`)));
    add('test_prompt_with_embedded_resource', strings('resourceUri'), ({ resourceUri }) =>
        user(embedded(resourceUri, 'text/plain', 'Embedded.'), text('Read that.')));
    add('test_input_required_result_prompt', undefined, (context) => {
        const given = acceptedContent(context.mcpReq.inputResponses, 'user_context')?.context;
        if (given !== undefined) return user(text(`In this context: ${given}`));
        return inputRequired({ inputRequests: { user_context: field('Which context?', 'context') } });
    });
}

function registerResources(server) {
    const add = (name, uri, mimeType, content) =>
        server.registerResource(name, uri, { mimeType }, () => ({ contents: [{ uri, mimeType, ...content }] }));
    add('static-text', 'test://static-text', 'text/plain', { text: 'It never changes.' });
    add('static-binary', 'test://static-binary', 'image/png', { blob: image.data });
    add('watched', 'test://watched-resource', 'text/plain', { text: 'Somebody watches.' });
    const template = new ResourceTemplate('test://template/{id}/data', { list: undefined });
    server.registerResource('template', template, { mimeType: 'application/json' }, (uri, { id }) => ({
        contents: [{ uri: uri.href, mimeType: 'application/json', text: JSON.stringify({ id }) }],
    }));
}

const completions = { arg1: ['paris', 'park', 'party'], arg2: ['london'], id: ['1', '42'] };

// ---- one server ----------------------------------------------------------------------

/** For a connection, a session, or (`brief`) one request. */
function makeServer({ era, brief = false }) {
    const server = new McpServer(
        { name: 'conformance', version: '1.0.0' },
        {
            instructions: 'For conformance tests.',
            capabilities: {
                tools: { listChanged: true },
                prompts: { listChanged: true },
                resources: { listChanged: true, subscribe: true },
                completions: {},
                logging: {},
                ...(era === 'modern' && { extensions }),
            },
            requestState: { verify: state.verify },
        },
    );
    registerTools(server, { toggle, clientCapabilities: () => server.server.getClientCapabilities() });
    if (era === 'modern') offerTasks(server);
    registerPrompts(server);
    registerResources(server);
    const extra = {
        tool: server.registerTool('test_extra_tool', { description: 'Comes and goes' }, () => ({
            content: [text('Here.')],
        })),
        prompt: server.registerPrompt('test_extra_prompt', { description: 'Comes and goes' }, () =>
            user(text('Here.'))),
    };
    for (const kind of ['tool', 'prompt']) if (!shown[kind]) extra[kind].disable();

    server.server.setRequestHandler('completion/complete', ({ params: { argument } }) => {
        const values = (completions[argument.name] ?? []).filter((word) => word.startsWith(argument.value));
        return { completion: { values, total: values.length, hasMore: false } };
    });
    if (era === 'legacy') {
        for (const method of ['resources/subscribe', 'resources/unsubscribe']) {
            server.server.setRequestHandler(method, () => ({}));
        }
    }
    const kept = { server, extra };
    if (!brief) living.add(kept);
    return kept;
}

// ---- over HTTP -----------------------------------------------------------------------

/** The events of one session, for clients that come back. */
class Events {
    all = [];

    async storeEvent(streamId, message) {
        this.all.push({ streamId, message });
        return `${streamId}_${this.all.length}`;
    }

    async getStreamIdForEventId(id) {
        return id.slice(0, id.lastIndexOf('_'));
    }

    async replayEventsAfter(id, { send }) {
        const from = Number(id.slice(id.lastIndexOf('_') + 1));
        const streamId = await this.getStreamIdForEventId(id);
        for (let i = from; i < this.all.length; ++i) {
            const { streamId: of, message } = this.all[i];
            if (of === streamId && Object.keys(message).length) await send(`${of}_${i + 1}`, message);
        }
        return streamId;
    }
}

const sessions = new Map();

async function legacy(request) {
    const known = request.headers.get('mcp-session-id');
    if (known !== null) {
        const transport = sessions.get(known);
        if (transport) return transport.handleRequest(request);
        const error = { code: -32001, message: 'no such session' };
        return Response.json({ jsonrpc: '2.0', id: null, error }, { status: 404 });
    }
    const kept = makeServer({ era: 'legacy' });
    const transport = new WebStandardStreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID,
        eventStore: new Events(),
        retryInterval: 400,
        onsessioninitialized: (id) => void sessions.set(id, transport),
        onsessionclosed: (id) => void sessions.delete(id),
    });
    kept.server.server.onclose = () => living.delete(kept);
    await kept.server.connect(transport);
    const response = await transport.handleRequest(request);
    if (transport.sessionId === undefined) await kept.server.close();
    return response;
}

function overHttp(port) {
    const modern = createMcpHandler(() => makeServer({ era: 'modern', brief: true }).server, {
        legacy: 'reject',
        onerror: complain,
    });
    announce = modern.notify;
    const fetch = async (request) =>
        (await isLegacyRequest(request)) ? legacy(request) : modern.fetch(request);
    const handle = toNodeHandler({ fetch }, { onerror: complain });
    const names = ['localhost', '127.0.0.1', '[::1]'];
    const checks = [hostHeaderValidation(names), originValidation(names)];
    const listener = createServer((request, response) => {
        if (!checks.every((check) => check(request, response))) return;
        handle(request, response).catch(complain);
    });
    listener.listen(port, '127.0.0.1', () =>
        console.log(`listens on http://127.0.0.1:${listener.address().port}/mcp`));
    process.once('SIGTERM', () => process.exit(0));
}

function overStdio(only) {
    if (only === 'legacy') return makeServer({ era: only }).server.connect(new StdioServerTransport());
    const legacy = only === 'modern' ? 'reject' : 'serve';
    return serveStdio(({ era }) => makeServer({ era }).server, { legacy, onerror: complain });
}

const { port, era } = parseArgs({ options: { port: { type: 'string' }, era: { type: 'string' } } }).values;
if (port !== undefined) overHttp(Number(port));
else overStdio(era);
