// The tools that the official conformance suite calls by name, with answers that never
// change, so that two runs can be compared.  One list for both eras: a tool that needs
// its client returns `inputRequired`, which an older client gets as a request.
import {
    CLIENT_CAPABILITIES_META_KEY,
    acceptedContent,
    createRequestStateCodec,
    fromJsonSchema,
    inputRequired,
    inputResponse,
} from '@modelcontextprotocol/server';

export const image = {
    type: 'image',
    mimeType: 'image/png',
    data: 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mNgAAAAAgAB4iG8MwAAAABJRU5ErkJggg==',
};
const audio = {
    type: 'audio',
    mimeType: 'audio/wav',
    data: 'UklGRiQAAABXQVZFZm10IBAAAAABAAEARKwAAIhYAQACABAAZGF0YQAAAAA=',
};
export const text = (words) => ({ type: 'text', text: words });
export const embedded = (uri, mimeType, words) => ({
    type: 'resource',
    resource: { uri, mimeType, text: words },
});
export const object = (properties, ...required) => ({
    type: 'object',
    properties,
    ...(required.length ? { required } : {}),
});

const string = { type: 'string' };
export const say = (words) => ({ content: [text(words)] });
const moment = (times = 1) => new Promise((done) => setTimeout(done, times * 40));

// ---- questions --------------------------------------------------------------------

export const form = (message, requestedSchema) =>
    inputRequired.elicit({ message, requestedSchema });
export const field = (message, name) => form(message, object({ [name]: string }, name));
const model = (words, maxTokens) =>
    inputRequired.createMessage({ messages: [{ role: 'user', content: text(words) }], maxTokens });
const replies = (context) => context.mcpReq.inputResponses;
const reply = (context, key) => inputResponse(replies(context), key);
const spoken = (sampled) =>
    [sampled.result.content].flat().map((block) => block.text ?? block.type).join(' ');
const ask = (inputRequests, requestState) =>
    inputRequired(requestState === undefined ? { inputRequests } : { inputRequests, requestState });

// What travels through the client is signed.  The key is no secret: a retry may reach
// another process of this fixture.
export const state = createRequestStateCodec({ key: 'fixture of the conformance tests', ttlSeconds: 600 });
const holds = (context, step) => context.mcpReq.requestState()?.step === step;

const formTool = (message, schema, report) => (input, context) => {
    const got = reply(context, 'form');
    if (got.kind !== 'elicit') return ask({ form: form(message ?? input.message, schema) });
    return say(`${report}: action=${got.action}, content=${JSON.stringify(got.content ?? {})}`);
};
const modelTool = (words, maxTokens, report) => (input, context) => {
    const got = reply(context, 'model');
    if (got.kind !== 'sampling') return ask({ model: model(words ?? input.prompt, maxTokens) });
    return say(`${report}: ${spoken(got)}`);
};
const stateTool = (step) => async (_input, context) => {
    if (holds(context, step) && reply(context, 'sure').kind !== 'missing') {
        return say('state-ok: the state came back as it went');
    }
    const sure = form('Go on?', object({ ok: { type: 'boolean' } }, 'ok'));
    return ask({ sure }, await state.mint({ step }));
};

const named = (names, titles) => names.map((value, i) => ({ const: value, title: titles[i] }));
const numbered = (stem) => [1, 2, 3].map((n) => `${stem}${n}`);
const ordinals = (noun) => ['First', 'Second', 'Third'].map((word) => `${word} ${noun}`);

const defaults = object({
    name: { ...string, default: 'John Doe' },
    age: { type: 'integer', default: 30 },
    score: { type: 'number', default: 95.5 },
    status: { ...string, enum: ['active', 'inactive', 'pending'], default: 'active' },
    verified: { type: 'boolean', default: true },
});
const choices = object({
    untitledSingle: { ...string, enum: numbered('option') },
    titledSingle: { ...string, oneOf: named(numbered('value'), ordinals('Option')) },
    legacyEnum: {
        ...string,
        enum: numbered('opt'),
        enumNames: ['Option One', 'Option Two', 'Option Three'],
    },
    untitledMulti: { type: 'array', items: { ...string, enum: numbered('option') } },
    titledMulti: { type: 'array', items: { anyOf: named(numbered('value'), ordinals('Choice')) } },
});
// Keywords that a careless relay drops or reorders.
const draft2020 = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    ...object({
        name: string,
        address: { $ref: '#/$defs/address' },
        contactMethod: { ...string, enum: ['phone', 'email'] },
        phone: string,
        email: string,
    }),
    $defs: {
        address: { $anchor: 'addressDef', ...object({ street: string, city: string }) },
    },
    allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
    if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
    then: { required: ['phone'] },
    else: { required: ['email'] },
    additionalProperties: false,
};

// ---- the list ---------------------------------------------------------------------

const plain = object({});

/** name -> [description, run(input, context, world), input schema] */
export const tools = {
    greet: ['Greets', ({ name }) => say(`Hello, ${name}!`), object({ name: string }, 'name')],
    test_simple_text: ['One text', () => say('This is a simple text response for testing.')],
    test_image_content: ['One image', () => ({ content: [image] })],
    test_audio_content: ['One sound', () => ({ content: [audio] })],
    test_embedded_resource: [
        'One embedded resource',
        () => ({ content: [embedded('test://embedded-resource', 'text/plain', 'An embedded text.')] }),
    ],
    test_multiple_content_types: [
        'A text, an image and a resource',
        () => ({
            content: [
                text('Several kinds at once:'),
                image,
                embedded('test://mixed-content-resource', 'application/json', '{"answer":42}'),
            ],
        }),
    ],
    test_error_handling: [
        'Fails, always',
        () => ({ ...say('This tool intentionally returns an error for testing'), isError: true }),
    ],
    json_schema_2020_12_tool: ['Takes every keyword of JSON Schema 2020-12', (input) => say(JSON.stringify(input)), draft2020],
    test_x_mcp_header: [
        'Wants its arguments repeated in headers',
        (input) => say(`region ${input.region ?? '-'}, attempt ${input.attempt ?? '-'}`),
        object({
            region: { ...string, 'x-mcp-header': 'Region' },
            attempt: { type: 'integer', 'x-mcp-header': 'Attempt' },
        }),
    ],

    test_tool_with_logging: [
        'Logs three times on its way',
        async (_input, context) => {
            for (const words of ['begun', 'at work', 'nearly done']) {
                await context.mcpReq.log('info', words);
                await moment();
            }
            return say('Logged three times.');
        },
    ],
    test_logging_tool: [
        'Logs at several levels',
        async (_input, context) => {
            for (const level of ['debug', 'info', 'warning', 'error']) await context.mcpReq.log(level, level);
            return say('Logged at four levels.');
        },
    ],
    test_tool_with_progress: [
        'Tells how far it has come, to whom asked',
        async (_input, context) => {
            const progressToken = context.mcpReq._meta?.progressToken;
            for (const progress of [0, 50, 100]) {
                const params = { progressToken, progress, total: 100, message: `${progress} %` };
                if (progressToken !== undefined) {
                    await context.mcpReq.notify({ method: 'notifications/progress', params });
                }
                await moment();
            }
            return say('All the way.');
        },
    ],
    test_reconnection: [
        'Lets go of its client, where the transport can, and answers later',
        async (_input, context) => {
            await moment();
            context.http?.closeSSE?.();
            await moment(4);
            return say('Answered after all.');
        },
    ],

    test_sampling: ['Asks a model', modelTool(undefined, 100, 'LLM response'), object({ prompt: string }, 'prompt')],
    test_missing_capability: ['Needs a model', modelTool('Anything', 10, 'There is a model')],
    test_elicitation: [
        'Asks the user',
        formTool(undefined, object({ username: string, email: string }, 'username', 'email'), 'User response'),
        object({ message: string }, 'message'),
    ],
    test_elicitation_sep1034_defaults: ['Asks with defaults', formTool('Are these right?', defaults, 'Elicitation completed')],
    test_elicitation_sep1330_enums: ['Asks to choose', formTool('Choose', choices, 'Elicitation completed')],
    test_streaming_elicitation: [
        'Logs before it asks',
        async (_input, context) => {
            if (reply(context, 'sure').kind !== 'missing') return say('It was answered.');
            await context.mcpReq.log('info', 'about to ask');
            return ask({ sure: field('Sure?', 'sure') });
        },
    ],

    test_input_required_result_elicitation: [
        'A form, then an answer',
        (_input, context) => {
            const name = acceptedContent(replies(context), 'user_name')?.name;
            return name === undefined ? ask({ user_name: field('Your name?', 'name') }) : say(`Hello, ${name}!`);
        },
    ],
    test_input_required_result_sampling: ['A model, then an answer', modelTool('What is the capital of France?', 100, 'It said')],
    test_input_required_result_list_roots: [
        'The roots, then an answer',
        (_input, context) => {
            const got = reply(context, 'roots');
            if (got.kind !== 'roots') return ask({ roots: inputRequired.listRoots() });
            return say(`Roots: ${got.roots.map((root) => root.uri).join(', ')}`);
        },
    ],
    test_input_required_result_request_state: ['State that comes back', stateTool('kept')],
    test_input_required_result_tampered_state: ['State that nobody may change', stateTool('guarded')],
    test_input_required_result_multiple_inputs: [
        'Three questions at once',
        async (_input, context) => {
            const name = acceptedContent(replies(context), 'user_name')?.name;
            const greeting = reply(context, 'greeting');
            const roots = reply(context, 'roots');
            if (holds(context, 'three') && name && greeting.kind === 'sampling' && roots.kind === 'roots') {
                return say(`${spoken(greeting)}, ${name}; ${roots.roots.length} roots`);
            }
            const questions = {
                user_name: field('Your name?', 'name'),
                greeting: model('Greet somebody', 50),
                roots: inputRequired.listRoots(),
            };
            return ask(questions, await state.mint({ step: 'three' }));
        },
    ],
    test_input_required_result_multi_round: [
        'One question after another',
        async (_input, context) => {
            const color = acceptedContent(replies(context), 'color')?.color;
            if (holds(context, 'color') && color) return say(`Two rounds, and ${color}`);
            const named = reply(context, 'name').kind !== 'missing';
            if (holds(context, 'color') || (holds(context, 'name') && named)) {
                return ask({ color: field('Your colour?', 'color') }, await state.mint({ step: 'color' }));
            }
            return ask({ name: field('Your name?', 'name') }, await state.mint({ step: 'name' }));
        },
    ],
    test_input_required_result_capabilities: [
        'Asks what this client can answer',
        (_input, context, world) => {
            if (Object.keys(replies(context) ?? {}).length) return say('It was answered.');
            const can = context.mcpReq.envelope?.[CLIENT_CAPABILITIES_META_KEY] ?? world.clientCapabilities() ?? {};
            const questions = {};
            if (can.elicitation) questions.form = field('Your name?', 'name');
            if (can.sampling) questions.model = model('Say hello', 50);
            if (can.roots) questions.roots = inputRequired.listRoots();
            return Object.keys(questions).length ? ask(questions) : say('This client answers nothing.');
        },
    ],

    test_trigger_tool_change: ['Shows or hides a tool', (_input, _context, world) => say(world.toggle('tool'))],
    test_trigger_prompt_change: ['Shows or hides a prompt', (_input, _context, world) => say(world.toggle('prompt'))],
};

export function registerTools(server, world) {
    for (const [name, [description, run, schema = plain]] of Object.entries(tools)) {
        const about = { description, inputSchema: fromJsonSchema(schema) };
        server.registerTool(name, about, (input, context) => run(input, context, world));
    }
}
