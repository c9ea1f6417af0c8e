import { parentPort, workerData } from 'node:worker_threads';
import type { Argument, FromThread, MethodName, Progress, Result, ThreadContract, ToThread } from './contract.ts';
import { packError } from './serialize.ts';

/** The thread that was started, as its own code sees it. */
export interface Thread<C extends ThreadContract> {
	report(event: C['event']): void;
	/** Nothing more is answered: whoever waits, or asks later, gets this error. Only the first one counts. */
	fail(error: unknown): void;
	/** Aborts every call that runs; resolves when all of them are answered. */
	abortAll(): Promise<void>;
}

/** One call: `signal` aborts when the caller gives up. */
export interface Call<P> {
	readonly signal: AbortSignal;
	report(progress: P): void;
}

export interface ThreadMethods<C extends ThreadContract> {
	readonly opened: C['opened'];
	readonly methods: {
		readonly [N in MethodName<C>]: (argument: Argument<C, N>, call: Call<Progress<C, N>>) => Promise<Result<C, N>>;
	};
	/** Lets go of what it holds; nothing is asked of it then. */
	close(): Promise<void>;
}

type Method = (argument: unknown, call: Call<unknown>) => Promise<unknown>;

/** What a thread that `startWorker` started does: opens, then answers each call, errors with their class. */
export async function serveThread<C extends ThreadContract>(
	open: (data: C['data'], thread: Thread<C>) => Promise<ThreadMethods<C>>,
): Promise<void> {
	const port = parentPort;
	if (port === null) throw new TypeError('this file is a thread of startWorker');
	const post = (message: FromThread) => port.postMessage(message);
	const running = new Map<number, { readonly stop: AbortController; readonly answered: Promise<void> }>();
	let broken = false;
	const thread: Thread<C> = {
		report: (event) => post({ kind: 'event', value: event }),
		fail(error) {
			if (!broken) post({ kind: 'broken', error: packError(error) });
			broken = true;
		},
		async abortAll() {
			for (const { stop } of running.values()) stop.abort();
			await Promise.all([...running.values()].map(({ answered }) => answered));
		},
	};

	let served: ThreadMethods<C>;
	try {
		served = await open(workerData, thread);
	} catch (error) {
		return thread.fail(error);
	}
	const call = ({ id, name, argument }: Extract<ToThread, { kind: 'call' }>) => {
		if (!Object.hasOwn(served.methods, name)) throw new TypeError(`a thread does not know the method ${name}`);
		const method = served.methods[name] as Method;
		const stop = new AbortController();
		const answered = method(argument, { signal: stop.signal, report: (value) => post({ kind: 'progress', id, value }) })
			.then(
				(value) => post({ kind: 'result', id, value }),
				(error) => post({ kind: 'refused', id, error: packError(error) }),
			)
			.finally(() => running.delete(id));
		running.set(id, { stop, answered });
	};
	port.on('message', (message: ToThread) => {
		switch (message.kind) {
			case 'call':
				return call(message);
			case 'abort':
				return running.get(message.id)?.stop.abort();
			case 'close':
				return void served.close().finally(() => post({ kind: 'closed' }));
			default:
				throw new TypeError('a thread was asked what it does not know');
		}
	});
	post({ kind: 'opened', value: served.opened });
}
