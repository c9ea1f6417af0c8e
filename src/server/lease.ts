import { Worker } from 'node:worker_threads';
import { unpackError } from '../core/error-wire.ts';
import { LockstepError, Stopped } from '../core/errors.ts';
import { ownProgram } from '../core/program-files.ts';
import type { Secret } from '../sql/secret.ts';
import type { Row, Statement } from '../sql/sql.ts';
import type { ServerAddress } from './address.ts';
import { type FromLease, givenBack, type LeaseData, lockLost, serializeStatement, type ToLease } from './lease-wire.ts';
import { givenUp } from './session.ts';

/**
 * The connection that holds a lock: one of its own, never shared, never reconnected. It lives in a thread of its own, so that no busy main
 * thread, stalled screen or garbage collection keeps its heartbeat from the server or the time it may be held from its end. The server ends
 * it when nothing was heard of us for `leaseSeconds`: a machine that froze or a network that swallows everything cannot keep the lock.
 * It does not keep the process alive, but for as long as an answer is awaited. Source: .github/docs/measured.md, Lost locks.
 */
export interface Lease extends AsyncDisposable {
	readonly connectionId: number;
	readonly since: Date;
	/**
	 * Aborts when the connection is gone or is another one, or its thread died: whatever the lock protected is worthless from then on. The
	 * reason is a ServerError. Never for what {@link startDeadline} or {@link release} ended.
	 */
	readonly lost: AbortSignal;
	/** Aborts when the time of {@link startDeadline} was spent and the server is free again. The reason is a LockTimeout. */
	readonly expired: AbortSignal;
	/**
	 * Runs a statement on the connection: rows and errors are those of Session.query, but it is given up after half the lease unless said
	 * otherwise. Once the lease is lost, spent or given back it throws just that.
	 */
	query(statement: Statement, options?: { readonly timeoutMs?: number; readonly signal?: AbortSignal }): Promise<readonly Row[]>;
	/**
	 * From now on `mostMs` are counted down. When they are spent, what still runs on the connection is ended, each statement of `back` gets a
	 * few seconds (on another connection where this one had to be cut), and the connection ends. A second call begins anew.
	 */
	startDeadline(options: { readonly mostMs: number; readonly back: readonly Statement[] }): void;
	/** Asks the server now. Throws ServerError where the connection is gone or another, LockTimeout where the time is spent. */
	verify(): Promise<void>;
	/** Ends the lock and the connection, within seconds. Never throws, and what was lost before stays lost. */
	release(): Promise<void>;
}

/** How to hold a lock. */
export interface LeaseOptions {
	/** After so many silent seconds the server ends the connection, and the lock with it: 60. */
	readonly leaseSeconds?: number;
	/** 10 s, and never more than a quarter of the lease. Null: none. */
	readonly heartbeatMs?: number | null;
	/** `lock_wait_timeout` of the session, in seconds. */
	readonly lockWaitSeconds: number;
	readonly signal?: AbortSignal;
	readonly now?: () => Date;
}

/** Not even a short lease is worth more questions than this. */
const LEAST_HEARTBEAT_MS = 100;
/** What still runs is given up and the connection ended, in that time; then the thread is ended, and the connection with it. */
const RELEASE_MS = 4_000;

// The sources run as they are in tests: the thread's file has the ending of this one.
const THREAD = ownProgram('server/lease-worker');

/** Opens the connection that is to hold a lock; the lock itself is the caller's statement. Throws what `connect` throws. */
export async function openLease(address: ServerAddress, password: Secret | null, options: LeaseOptions): Promise<Lease> {
	const { leaseSeconds = 60, heartbeatMs = 10_000, lockWaitSeconds, signal, now = () => new Date() } = options;
	const lost = new AbortController();
	const spent = new AbortController();
	const opened = Promise.withResolvers<number>();
	const closed = Promise.withResolvers<void>();
	const waiting = new Map<number, PromiseWithResolvers<readonly Row[]>>();
	let asked = 0;
	let released = false;

	if (signal?.aborted) throw givenUp(address, signal);
	const workerData: LeaseData = {
		address,
		password: password?.reveal() ?? null,
		lockWaitSeconds,
		leaseSeconds,
		heartbeatMs: heartbeatMs === null ? null : Math.max(LEAST_HEARTBEAT_MS, Math.min(heartbeatMs, leaseSeconds * 250)),
	};
	// Flags of this process are not the thread's: Node refuses a thread one that belongs to `--eval`.
	const worker = new Worker(THREAD, { name: 'lease', workerData, execArgv: [] });
	const tell = (message: ToLease) => worker.postMessage(message);

	/** Why nothing more can be asked. */
	const over = (): Error | null => lost.signal.reason ?? spent.signal.reason ?? (released ? givenBack() : null);
	/** The thread is no more, and its connection with it. */
	const died = (cause?: unknown) => {
		const why = `The thread that held the connection to ${address.name} ended${cause instanceof Error ? `: ${cause.message}` : ''}.`;
		const error = lockLost(why, cause);
		opened.reject(cause ?? error);
		if (over() === null) lost.abort(error);
		for (const each of waiting.values()) each.reject(over());
		closed.resolve();
	};
	worker.on('error', died);
	worker.on('messageerror', died);
	worker.on('exit', () => died());
	worker.on('message', (message: FromLease) => {
		switch (message.kind) {
			case 'open':
				return opened.resolve(message.connectionId);
			case 'failed':
				return opened.reject(unpackError(message.error));
			case 'answer':
				return waiting.get(message.id)?.resolve(message.rows);
			case 'refused':
				return waiting.get(message.id)?.reject(unpackError(message.error));
			case 'lost':
				return lost.abort(unpackError(message.error));
			case 'spent':
				return spent.abort(unpackError(message.error));
			case 'closed':
				return closed.resolve();
		}
	});

	const ask = async (message: (id: number) => ToLease): Promise<readonly Row[]> => {
		const before = over();
		if (before !== null) throw before;
		asked += 1;
		const id = asked;
		const answer = Promise.withResolvers<readonly Row[]>();
		waiting.set(id, answer);
		worker.ref();
		tell(message(id));
		try {
			return await answer.promise;
		} finally {
			waiting.delete(id);
			if (waiting.size === 0 && !released) worker.unref();
		}
	};
	const query: Lease['query'] = async (statement, { timeoutMs = leaseSeconds * 500, signal: stop } = {}) => {
		const stopped = () =>
			stop?.reason instanceof LockstepError ? stop.reason : new Stopped(`A statement on ${address.name} was given up.`);
		if (stop?.aborted) throw stopped();
		let abort = () => {};
		try {
			return await ask((id) => {
				abort = () => tell({ kind: 'abort', id });
				stop?.addEventListener('abort', abort, { once: true });
				return { kind: 'query', id, statement: serializeStatement(statement), timeoutMs };
			});
		} catch (error) {
			throw stop?.aborted && error instanceof Stopped ? stopped() : error;
		} finally {
			stop?.removeEventListener('abort', abort);
		}
	};

	let releasing: Promise<void> | null = null;
	const end = async () => {
		released = true;
		worker.ref();
		tell({ kind: 'release' });
		const late = setTimeout(closed.resolve, RELEASE_MS);
		await closed.promise;
		clearTimeout(late);
		await worker.terminate();
	};
	const release = () => {
		releasing ??= end();
		return releasing;
	};

	const stopOpening = () => signal && opened.reject(givenUp(address, signal));
	signal?.addEventListener('abort', stopOpening, { once: true });
	try {
		const connectionId = await opened.promise;
		worker.unref();
		return {
			connectionId,
			since: now(),
			lost: lost.signal,
			expired: spent.signal,
			query,
			startDeadline: ({ mostMs, back }) => tell({ kind: 'hold', mostMs, back: back.map(serializeStatement) }),
			verify: async () => void (await ask((id) => ({ kind: 'prove', id }))),
			release,
			[Symbol.asyncDispose]: release,
		};
	} catch (error) {
		released = true;
		await worker.terminate();
		throw error;
	} finally {
		signal?.removeEventListener('abort', stopOpening);
	}
}
