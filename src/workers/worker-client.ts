import { basename } from 'node:path';
import { Worker } from 'node:worker_threads';
import { LockstepError, Stopped } from '../core/errors.ts';
import type { Argument, FromThread, MethodName, Progress, Result, ThreadContract, ToThread } from './contract.ts';
import { unpackError } from './serialize.ts';

/** A thread of ours as the thread that started it sees it. It keeps the process alive only until it is ready and while a call is unanswered. */
export interface WorkerClient<C extends ThreadContract> {
	/** Why nothing more can be asked; null while it can. */
	readonly over: Error | null;
	/** Throws what the thread could not be opened for, or the signal's reason; then the thread is ended. Calls need not wait for it. */
	ready(signal?: AbortSignal): Promise<C['opened']>;
	/**
	 * Calls arrive in the order in which they are made and may be answered in any. Throws what the method throws, or why the thread is over. An
	 * abort is passed on, the answer is still awaited: a {@link Stopped} that comes then is replaced by the signal's reason.
	 */
	call<N extends MethodName<C>>(
		name: N,
		argument: Argument<C, N>,
		how?: { readonly signal?: AbortSignal | undefined; readonly onProgress?: (progress: Progress<C, N>) => void },
	): Promise<Result<C, N>>;
	/** Refuses with `why` whatever is unanswered or is still asked. */
	fail(why: Error): void;
	/** Lets the thread finish for `graceMs` at most, then ends it. Never throws. */
	close(graceMs?: number): Promise<void>;
}

export interface WorkerOptions<C extends ThreadContract> {
	readonly data: C['data'];
	/** What an unexpected end of the thread means for whoever waits; `cause` is what it threw, if it did. Called at most once. */
	readonly ended: (cause?: unknown) => Error;
	readonly onEvent?: (event: C['event']) => void;
}

interface Waiting extends PromiseWithResolvers<unknown> {
	readonly onProgress: (progress: unknown) => void;
}

/** Starts a thread whose file calls `serveThread`: see `ownProgram`. */
export function startWorker<C extends ThreadContract>(program: URL, options: WorkerOptions<C>): WorkerClient<C> {
	// Flags of this process are not the thread's: Node refuses a thread one that belongs to `--eval`.
	const worker = new Worker(program, { name: basename(program.pathname, '.js'), workerData: options.data, execArgv: [] });
	const opened = Promise.withResolvers<C['opened']>();
	opened.promise.catch(() => {});
	const closed = Promise.withResolvers<void>();
	const waiting = new Map<number, Waiting>();
	let calls = 0;
	let over: Error | null = null;
	let closing: Promise<void> | null = null;
	const post = (message: ToThread) => worker.postMessage(message);
	const rest = () => waiting.size === 0 && closing === null && worker.unref();

	const fail = (why: Error) => {
		over ??= why;
		opened.reject(over);
		for (const each of waiting.values()) each.reject(over);
	};
	const end = (cause?: unknown) => {
		if (over === null) fail(options.ended(cause));
		closed.resolve();
	};
	worker.on('error', end);
	worker.on('messageerror', end);
	worker.on('exit', () => end());
	worker.on('message', (message: FromThread) => {
		switch (message.kind) {
			case 'opened':
				opened.resolve(message.value);
				return rest();
			case 'progress':
				return waiting.get(message.id)?.onProgress(message.value);
			case 'result':
				return waiting.get(message.id)?.resolve(message.value);
			case 'refused':
				return waiting.get(message.id)?.reject(unpackError(message.error));
			case 'event':
				return options.onEvent?.(message.value);
			case 'broken':
				return fail(unpackError(message.error));
			case 'closed':
				return closed.resolve();
		}
	});

	const finish = async (graceMs: number) => {
		worker.ref();
		if (graceMs > 0) {
			post({ kind: 'close' });
			const late = setTimeout(closed.resolve, graceMs);
			await closed.promise;
			clearTimeout(late);
		}
		await worker.terminate();
	};
	const close = (graceMs = 0) => {
		closing ??= finish(graceMs);
		return closing;
	};

	return {
		get over() {
			return over;
		},
		fail,
		close,
		async ready(signal) {
			const stop = () => opened.reject(signal?.reason);
			signal?.addEventListener('abort', stop, { once: true });
			if (signal?.aborted) stop();
			try {
				return await opened.promise;
			} catch (error) {
				over ??= error as Error;
				await close();
				throw error;
			} finally {
				signal?.removeEventListener('abort', stop);
			}
		},
		async call(name, argument, { signal, onProgress = () => {} } = {}) {
			if (signal?.aborted) throw reasonOf(signal, new Stopped('A request was given up.'));
			if (over !== null) throw over;
			calls += 1;
			const id = calls;
			const answer = Promise.withResolvers<unknown>();
			waiting.set(id, { ...answer, onProgress: onProgress as Waiting['onProgress'] });
			const abort = () => post({ kind: 'abort', id });
			signal?.addEventListener('abort', abort, { once: true });
			try {
				worker.ref();
				post({ kind: 'call', id, name, argument });
				return await answer.promise;
			} catch (error) {
				throw signal?.aborted && error instanceof Stopped ? reasonOf(signal, error) : error;
			} finally {
				signal?.removeEventListener('abort', abort);
				waiting.delete(id);
				rest();
			}
		},
	};
}

const reasonOf = ({ reason }: AbortSignal, otherwise: Stopped): Error => (reason instanceof LockstepError ? reason : otherwise);
