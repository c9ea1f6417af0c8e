import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Check } from '../../src/core/check.ts';
import * as errors from '../../src/core/errors.ts';
import { errorOf, failureOf } from '../../src/core/failure.ts';
import { openRunServer } from '../../src/daemon/run-server.ts';
import { watch } from '../../src/daemon/watch.ts';
import { packError, unpackError } from '../../src/workers/serialize.ts';
import { startWorker, type WorkerClient } from '../../src/workers/worker-client.ts';
import type { TestThread } from '../support/test-thread.ts';

const { ERROR_CLASSES, exitCodeOf, LockstepError } = errors;

const EXIT_CODES = {
	...{ UserError: 2, ConnectError: 5, CheckFailed: 6, LockTimeout: 7, VerifyFailed: 8, LeftChanged: 9, Busy: 10, Stopped: 130 },
	...{ ToolError: 1, ServerError: 1, MachineLimit: 1, RowsBroken: 1 },
};

const CHECKS: readonly Check[] = [
	{ id: 'A', title: 'a', status: 'fail', expected: 'x', found: 'y', hints: ['SET GLOBAL a = 1;'] },
	{ id: 'B', title: 'b', status: 'warning' },
];
const TOLD = { message: 'What\nhappened "so".', reason: 'Why ‮.', hints: ['one', 'two'], details: 'ERROR 1 (HY000): no' };
const CARRIED = { checks: CHECKS, code: 1205, connectionLost: true, signal: 'SIGTERM' } as const;

/** An error of each class with all that one can carry, below it one of ours, and below that one of the system. */
const samples = [...ERROR_CLASSES].map(([name, each]) => {
	const system = Object.assign(new Error('open ENOENT'), { code: 'ENOENT', errno: -2, syscall: 'open', path: '/x' });
	const cause = new errors.ServerError({ message: 'below' }, { code: 1, connectionLost: true, cause: system });
	return [name, each.revive(TOLD, CARRIED, { cause })] as const;
});

type Plain = { readonly [field: string]: unknown };
/** All that an error is: class, fields, message, and its causes. */
function plain(error: unknown): Plain {
	expect(error).toBeInstanceOf(Error);
	const { cause, ...rest } = error as Error;
	const { name, message } = error as Error;
	return { class: (error as Error).constructor.name, ...rest, name, message, ...(cause === undefined ? {} : { cause: plain(cause) }) };
}

test('every class of errors is in the table, with its exit code', () => {
	const exported = Object.values(errors).filter((each) => typeof each === 'function' && each.prototype instanceof LockstepError);
	expect([...ERROR_CLASSES.keys()].sort()).toEqual(exported.map((each) => (each as { readonly name: string }).name).sort());
	expect(Object.fromEntries([...ERROR_CLASSES.keys()].map((name) => [name, exitCodeOf(name)]))).toEqual(EXIT_CODES);
	expect(exitCodeOf('Bug')).toBe(70);
});

test('no class of errors is made elsewhere, where the table would not know it', async () => {
	const src = new URL('../../src/', import.meta.url).pathname;
	const files = (await readdir(src, { recursive: true })).filter((name) => /\.tsx?$/.test(name) && name !== 'core/errors.ts');
	const classes = new RegExp(`extends\\s+(LockstepError|${[...ERROR_CLASSES.keys()].join('|')})\\b`);
	const found: string[] = [];
	for (const file of files) if (classes.test(await readFile(join(src, file), 'utf8'))) found.push(file);
	expect(found).toEqual([]);
});

describe('crossing a thread and a socket', () => {
	let thread: WorkerClient<TestThread>;
	let folder: string;
	beforeAll(async () => {
		thread = startWorker<TestThread>(new URL('../support/test-thread.ts', import.meta.url), { data: {}, ended: () => new Error('ended') });
		folder = await mkdtemp(join(tmpdir(), 'lockstep-errors-'));
	});
	afterAll(async () => {
		await thread.close();
		await rm(folder, { recursive: true, force: true });
	});
	/** It throws the error there; a call of it throws it here. */
	const throughThread = (error: Error) =>
		thread.call('fail', packError(error)).then(
			() => null,
			(caught: unknown) => caught,
		);
	/** The watcher's director refuses; the engine's is told. */
	const throughSocket = async (error: Error, path: string) => {
		const post = await openRunServer(path, () => undefined);
		const watching = watch(path, {
			director: { review: () => Promise.reject(error), recover: () => Promise.reject(error) },
			on: () => undefined,
			signal: new AbortController().signal,
			alive: async () => true,
		});
		const refused = await post.director.recover(failureOf(error)).then(
			() => null,
			(caught: unknown) => caught,
		);
		const end = { type: 'run-ended', outcome: 'failed', open: false, warnings: [], failure: failureOf(error), summary: {} } as const;
		await post.over(end);
		return { refused, end: await watching, sent: end };
	};

	test.each(samples)('%s arrives with its class and all that it carries', async (name, error) => {
		expect(plain(error)).toMatchObject({ class: name, name, description: TOLD });
		expect(plain(await throughThread(error))).toEqual(plain(error));
		const { refused, end, sent } = await throughSocket(error, join(folder, `${name}.sock`));
		expect(plain(refused)).toEqual(plain(error));
		// The end of a run crosses as it is kept in the journal: as JSON.
		expect(end).toEqual({ how: 'over', end: sent });
		expect(failureOf(errorOf(sent.failure))).toEqual(failureOf(error));
		expect(exitCodeOf(sent.failure.class)).toBe(exitCodeOf(name));
	});

	test('a bug stays a bug, with its place, its message and its cause', async () => {
		const bug = new TypeError('x is not a function', { cause: new RangeError('deep') });
		const arrived = await throughThread(bug);
		expect(arrived).toMatchObject({
			name: 'TypeError',
			message: bug.message,
			stack: bug.stack,
			cause: { name: 'RangeError', message: 'deep' },
		});
		expect(failureOf(arrived)).toEqual(failureOf(bug));
		const twice = failureOf(errorOf(failureOf(bug)));
		expect(twice).toEqual(failureOf(bug));
		expect(twice).toMatchObject({ class: 'Bug', description: { message: 'lockstep itself failed: x is not a function' } });
	});

	test.each([['text'], [null], [undefined], [{ any: 'thing' }]])('%j that is thrown arrives as an error', async (thrown) => {
		expect(unpackError(packError(thrown))).toBeInstanceOf(Error);
	});
});

describe('a limit of the machine', () => {
	const system = (code: string, syscall = 'open', path?: string) =>
		Object.assign(new Error(`${code}: no, ${syscall}`), { code, syscall, ...(path === undefined ? {} : { path }) });
	test.each([
		[system('EMFILE', 'open', '/x'), 'Too many files are open. /x', 'ulimit -n'],
		[system('ENFILE'), 'Too many files are open.', 'sysctl'],
		[system('ENOMEM', 'spawn'), 'no more memory', 'ulimit -v'],
		[system('EAGAIN', 'spawn /bin/x'), 'no more processes', 'ulimit -u'],
		[system('ENOSPC', 'write'), 'The disk is full.', 'df -h'],
		[system('EDQUOT', 'write'), 'quota', 'quota -s'],
		[system('EPIPE', 'write'), 'The reader', 'pipe'],
		[system('EROFS', 'mkdir', '/y'), 'read-only. /y', 'file system'],
		[
			Object.assign(new Error('Worker terminated due to reaching memory limit'), { code: 'ERR_WORKER_OUT_OF_MEMORY' }),
			'memory',
			'ulimit -v',
		],
		[new RangeError('Array buffer allocation failed'), 'no more memory', 'ulimit -v'],
		[new RangeError('WebAssembly.Memory(): could not allocate memory'), 'no more memory', 'ulimit -v'],
	])('%s is explained, with what to do, and is no bug', (error, what, hints) => {
		const failure = failureOf(error);
		expect(failure).toMatchObject({ class: 'MachineLimit', description: { details: error.message } });
		expect(failure.stack).toBeUndefined();
		expect(failure.description.message).toContain(what);
		expect(failure.description.hints?.join('\n')).toContain(hints);
		// Behind another error of ours that does not know what to do, it is named, too.
		const behind = failureOf(new errors.ServerError({ message: 'A thread ended.' }, { cause: error }));
		expect(behind).toMatchObject({ class: 'ServerError', description: { message: 'A thread ended.', hints: failure.description.hints } });
		expect(behind.description.reason).toContain(what);
	});

	test.each([
		[new RangeError('Invalid array length')],
		[new TypeError('x is undefined')],
		[system('ENOENT')],
		[system('EAGAIN', 'read')],
		[Object.assign(new Error('mine'), { code: 'EMFILE' })],
		// The server's memory, not ours.
		[Object.assign(new Error('Out of memory (Needed 8 bytes)'), { code: 'ER_OUTOFMEMORY', errno: 1037, sqlState: 'HY001' })],
	])('%s is none', (error) => {
		expect(failureOf(error).class).toBe('Bug');
	});
});
