import { execFileSync } from 'node:child_process';
import type { Worker } from 'node:worker_threads';
import { afterEach, expect, test } from 'vitest';
import { Busy, LockTimeout, ServerError, Stopped, UserError } from '../../src/core/errors.ts';
import { Secret } from '../../src/sql/secret.ts';
import { sql } from '../../src/sql/sql.ts';
import { packError, packStatement, unpackStatement } from '../../src/workers/serialize.ts';
import { startWorker, type WorkerClient } from '../../src/workers/worker-client.ts';
import type { TestThread } from '../support/test-thread.ts';

const THREAD = new URL('../support/test-thread.ts', import.meta.url);
const gone = (cause?: unknown) => new ServerError({ message: 'It ended.' }, { cause, connectionLost: true });
const failure = (promise: Promise<unknown>) =>
	promise.then(
		() => Promise.reject(new Error('it went well')),
		(error) => error,
	);

const clients: WorkerClient<TestThread>[] = [];
function start(options: Partial<Parameters<typeof startWorker<TestThread>>[1]> = {}): WorkerClient<TestThread> {
	const client = startWorker<TestThread>(THREAD, { data: {}, ended: gone, ...options });
	clients.push(client);
	return client;
}
afterEach(() => Promise.all(clients.splice(0).map((each) => each.close())));

/** A call that its thread does not answer before it is asked to, once it has arrived there. */
async function hold(client: WorkerClient<TestThread>, number: number, signal?: AbortSignal) {
	const arrived = Promise.withResolvers<string>();
	const answer = client.call('hold', number, { signal, onProgress: arrived.resolve });
	answer.catch(() => {});
	return { answer, said: await arrived.promise };
}

test('answers come to their callers, in any order, and calls arrive in the order in which they were made', async () => {
	const client = start();
	// Nobody needs to wait until the thread is ready.
	const first = client.call('hold', 1);
	const second = client.call('hold', 2);
	const third = await hold(client, 3);
	expect(third.said).toBe('3 is held');
	for (const number of [3, 1, 2]) await client.call('release', number);
	expect(await Promise.all([first, second, third.answer])).toEqual([1, 2, 3]);
	expect(await client.ready()).toBe('ready');
});

test('events come before the answers that follow them', async () => {
	const events: string[] = [];
	const client = start({ onEvent: (event) => events.push(event) });
	for (const each of ['a', 'b', 'c']) {
		await client.call('tell', each);
		expect(events.at(-1)).toBe(each);
	}
	expect(events).toEqual(['a', 'b', 'c']);
});

test('an abort reaches the thread, its answer is awaited, and only the caller who aborted gets the reason', async () => {
	const client = start();
	const stop = new AbortController();
	const aborted = await hold(client, 1, stop.signal);
	const other = await hold(client, 2);
	const why = new Stopped('Stopped by SIGINT.', 'SIGINT');
	stop.abort(why);
	expect(await failure(aborted.answer)).toBe(why);
	expect(await failure(client.call('hold', 3, { signal: stop.signal }))).toBe(why);
	await client.call('release', 2);
	expect(await other.answer).toBe(2);
	// Without a reason of ours the thread's own words stay.
	const plain = new AbortController();
	const held = await hold(client, 4, plain.signal);
	plain.abort();
	expect(await failure(held.answer)).toMatchObject({ name: 'Stopped', message: '4 was given up.' });
	expect(client.over).toBeNull();
});

test('an abort hides no other error', async () => {
	const client = start();
	const stop = new AbortController();
	const failing = client.call('fail', packError(new LockTimeout('Late.')), { signal: stop.signal });
	stop.abort(new Stopped('Stopped.'));
	expect(await failure(failing)).toBeInstanceOf(LockTimeout);
});

test('a thread that cannot open says why, and is ended', async () => {
	const refused = start({ data: { refuse: packError(new Busy({ message: 'No.', hints: ['Wait.'] })) } });
	const asked = failure(refused.call('hold', 1));
	const error = await failure(refused.ready());
	expect(error).toBeInstanceOf(Busy);
	expect(error.description).toEqual({ message: 'No.', hints: ['Wait.'] });
	expect(await asked).toBe(error);
	expect(refused.over).toBe(error);
});

test('an abort while it opens is the reason why it does not', async () => {
	const stop = new AbortController();
	const why = new Stopped('Stopped.');
	const opening = failure(start().ready(stop.signal));
	stop.abort(why);
	expect(await opening).toBe(why);
	expect(await failure(start().ready(stop.signal))).toBe(why);
});

test.each([
	['throws outside of a call', (client: WorkerClient<TestThread>) => client.call('throwOutside', 'broken wheel'), 'broken wheel'],
	['exits', (client: WorkerClient<TestThread>) => client.call('exit', null), undefined],
])('a thread that %s refuses all that waits and all that is asked later', async (_, die, reason) => {
	const client = start();
	const held = await hold(client, 1);
	const dying = failure(die(client));
	const error = await failure(held.answer);
	expect(error).toBeInstanceOf(ServerError);
	expect(error.cause?.message).toBe(reason);
	expect([await dying, await failure(client.call('hold', 2)), client.over]).toEqual([error, error, error]);
	expect(await failure(client.ready().then(() => client.call('hold', 3)))).toBe(error);
});

test('a thread that is asked what it does not know dies of it', async () => {
	const threads: Worker[] = [];
	const see = (thread: Worker) => threads.push(thread);
	process.on('worker', see);
	const client = start();
	await client.ready();
	process.off('worker', see);
	const held = await hold(client, 1);
	threads[0]?.postMessage({ kind: 'nonsense' });
	expect((await failure(held.answer)).cause.message).toBe('a thread was asked what it does not know');
	const other = start();
	const call = other.call as unknown as (name: string, argument: unknown) => Promise<unknown>;
	expect((await failure(call('__proto__', null))).cause.message).toBe('a thread does not know the method __proto__');
});

test('a thread that breaks down refuses with its own error, and only the first one counts', async () => {
	const client = start();
	const held = await hold(client, 1);
	const breaking = failure(client.call('breakDown', packError(new UserError('First.'))));
	const again = failure(client.call('breakDown', packError(new UserError('Second.'))));
	for (const error of [await breaking, await again, await failure(held.answer), client.over]) {
		expect(error).toBeInstanceOf(UserError);
		expect(error.message).toBe('First.');
	}
});

test('what is failed here hears nothing else', async () => {
	const client = start();
	const held = await hold(client, 1);
	const why = new Stopped('Enough.');
	client.fail(why);
	client.fail(new Stopped('More than enough.'));
	expect([await failure(held.answer), await failure(client.call('hold', 2))]).toEqual([why, why]);
});

test('closing lets it finish, once; without that it is ended', async () => {
	const client = start();
	const held = await hold(client, 1);
	await Promise.all([client.close(60_000), client.close(60_000)]);
	expect(await failure(held.answer)).toMatchObject({ name: 'Stopped', message: '1 was given up.' });
	expect(await failure(client.call('hold', 2))).toBeInstanceOf(ServerError);
	const spinning = start();
	await spinning.ready();
	const spun = failure(spinning.call('spin', null));
	await spinning.close(1);
	expect(await spun).toBeInstanceOf(ServerError);
});

test('a secret crosses as what it hides, and is one again', async () => {
	const client = start();
	const statement = sql`ALTER USER ${'a'} IDENTIFIED BY ${new Secret('cänary"\\')}`;
	const { revealed, again } = await client.call('statement', packStatement(statement));
	expect(revealed).toEqual(['cänary"\\']);
	expect(unpackStatement(again)).toEqual(sql`SELECT ${1}`);
	const here = unpackStatement(packStatement(statement)).pieces.find((piece) => typeof piece !== 'string');
	expect(here).toBeInstanceOf(Secret);
});

test('an idle thread does not keep a process alive; one that is asked does', () => {
	const code = `
		const { startWorker } = await import(${JSON.stringify(new URL('../../src/workers/worker-client.ts', import.meta.url).href)});
		const client = startWorker(new URL(${JSON.stringify(THREAD.href)}), { data: {}, ended: () => new Error('ended') });
		await client.ready();
		const held = client.call('hold', 1, { onProgress: () => client.call('release', 1) });
		console.log('answered', await held);`;
	expect(execFileSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' })).toBe('answered 1\n');
});
