// Tools that answer with a task and work on, while their clients ask how far they are: the
// extension io.modelcontextprotocol/tasks of 2026-07-28, which the SDK does not have yet.
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

import {
    CLIENT_CAPABILITIES_META_KEY,
    MissingRequiredClientCapabilityError,
    ProtocolError,
    ProtocolErrorCode,
    acceptedContent,
    fromJsonSchema,
    inputRequired,
} from '@modelcontextprotocol/server';

import { field, form, object, say } from './tools.mjs';

const extension = 'io.modelcontextprotocol/tasks';
export const extensions = { [extension]: {} };

// ---- one task ---------------------------------------------------------------------

const tasks = new Map();
const ttlMs = 600_000;
const ends = ['completed', 'failed', 'cancelled'];
const now = () => new Date().toISOString();

class Task {
    #stop = new AbortController();
    #given = {};
    #answered;

    constructor() {
        const createdAt = now();
        const taskId = randomUUID();
        this.told = { taskId, status: 'working', createdAt, lastUpdatedAt: createdAt, ttlMs, pollIntervalMs: 100 };
        tasks.set(taskId, this);
        setTimeout(() => tasks.delete(taskId), ttlMs).unref();
    }

    /** `work`'s result is the task's; until then, it may ask. */
    async run(work) {
        try {
            this.#become('completed', { result: await work(this) });
        } catch (error) {
            this.#become('failed', { error: { code: ProtocolErrorCode.InternalError, message: error.message } });
        }
    }

    get signal() {
        return this.#stop.signal;
    }

    ask(inputRequests) {
        this.#become('input_required', { inputRequests });
        return new Promise((answered) => (this.#answered = answered));
    }

    /** Some of its questions, or all; of others it knows nothing. */
    answer(responses) {
        if (this.told.status !== 'input_required') return;
        const open = { ...this.told.inputRequests };
        for (const [key, response] of Object.entries(responses)) {
            if (!Object.hasOwn(open, key)) continue;
            this.#given[key] = response;
            delete open[key];
        }
        if (Object.keys(open).length) return this.#become('input_required', { inputRequests: open });
        this.#become('working');
        this.#answered(this.#given);
    }

    cancel() {
        this.#become('cancelled');
        this.#stop.abort();
    }

    #become(status, more) {
        if (ends.includes(this.told.status)) return;
        const { inputRequests, ...told } = this.told;
        this.told = { ...told, status, lastUpdatedAt: now(), ...more };
    }
}

function begin(work) {
    const task = new Task();
    const created = { resultType: 'task', ...task.told };
    task.run(work);
    return created;
}

// ---- who may have tasks -----------------------------------------------------------

const capabilities = (context) => context.mcpReq.envelope?.[CLIENT_CAPABILITIES_META_KEY] ?? {};
const knowsTasks = (context) => Object.hasOwn(capabilities(context).extensions ?? {}, extension);

function demand(has, requiredCapabilities) {
    if (!has) throw new MissingRequiredClientCapabilityError({ requiredCapabilities });
}
const demandTasks = (context) => demand(knowsTasks(context), { extensions });

// ---- the tools --------------------------------------------------------------------

const string = { type: 'string' };
const seconds = (count, { signal }) => pause(count * 1000, undefined, { ref: false, signal });

/** A task for who knows tasks; who does not waits. */
const job = (work) => (input, context) =>
    knowsTasks(context) ? begin((task) => work(input, task)) : work(input, context.mcpReq);

/** name -> [description, input schema, run(input, context)] */
const tools = {
    slow_compute: [
        'Takes so many seconds',
        object({ seconds: { type: 'number' }, label: string }, 'seconds'),
        job(async (input, task) => {
            await seconds(input.seconds, task);
            return say(`${input.label ?? 'It'} took ${input.seconds} seconds.`);
        }),
    ],
    failing_job: [
        'Fails after a second',
        object({}),
        job(async (_input, task) => {
            await seconds(1, task);
            return { ...say('This job fails.'), isError: true };
        }),
    ],
    protocol_error_job: [
        'Has no result, not even a bad one',
        object({}),
        job(async (_input, task) => {
            await seconds(0.1, task);
            throw new Error('this job breaks');
        }),
    ],
    confirm_delete: [
        'Deletes, if its user agrees',
        object({ filename: string }, 'filename'),
        job(async ({ filename }, task) => {
            const sure = form(`Delete ${filename}?`, object({ confirm: { type: 'boolean' } }, 'confirm'));
            const agreed = acceptedContent(await task.ask({ sure }), 'sure')?.confirm;
            return say(agreed ? `${filename} is deleted.` : `${filename} is kept.`);
        }),
    ],
    multi_input: [
        'Asks two things at once',
        object({}),
        job(async (_input, task) => {
            const given = await task.ask({ who: field('Your name?', 'name'), pet: field('Your pet?', 'name') });
            const names = ['who', 'pet'].map((key) => acceptedContent(given, key)?.name ?? 'nobody');
            return say(`Hello, ${names.join(' and ')}!`);
        }),
    ],
    test_tool_with_task: [
        'Asks, then works on',
        object({}),
        (_input, context) => {
            const name = acceptedContent(context.mcpReq.inputResponses, 'user_name')?.name;
            if (name === undefined) return inputRequired({ inputRequests: { user_name: field('Your name?', 'name') } });
            return begin(async (task) => {
                await seconds(0.5, task);
                return say(`Hello, ${name}!`);
            });
        },
    ],
};
const asking = ['confirm_delete', 'multi_input'];
const onlyAsTask = Object.keys(tools).filter((name) => name !== 'slow_compute');

// ---- on a server ------------------------------------------------------------------

/** Around the SDK's own handler: that makes a result of what a tool throws, and gives a task `content`. */
function answerWithTasks({ _requestHandlers: handlers }) {
    const call = handlers.get('tools/call');
    handlers.set('tools/call', async (request, context) => {
        const { name } = request.params;
        if (onlyAsTask.includes(name)) demandTasks(context);
        if (asking.includes(name)) demand(capabilities(context).elicitation, { elicitation: {} });
        const result = await call(request, context);
        if (result.resultType === 'task') delete result.content;
        return result;
    });
}

function askOfTasks(server, method, run) {
    const params = fromJsonSchema(object({ taskId: string }, 'taskId'));
    server.setRequestHandler(method, { params }, ({ taskId }, context) => {
        demandTasks(context);
        const task = tasks.get(taskId);
        if (!task) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `no such task: ${taskId}`);
        return run(task, context) ?? {};
    });
}

export function offerTasks(server) {
    for (const [name, [description, schema, run]] of Object.entries(tools)) {
        server.registerTool(name, { description, inputSchema: fromJsonSchema(schema) }, run);
    }
    answerWithTasks(server.server);
    askOfTasks(server.server, 'tasks/get', (task) => task.told);
    askOfTasks(server.server, 'tasks/update', (task, { mcpReq }) => task.answer(mcpReq.inputResponses ?? {}));
    askOfTasks(server.server, 'tasks/cancel', (task) => task.cancel());
}
