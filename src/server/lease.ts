import { ownProgram } from '../core/program-files.ts';
import type { Secret } from '../sql/secret.ts';
import type { Row, Statement } from '../sql/sql.ts';
import { packStatement, unpackError } from '../workers/serialize.ts';
import { startWorker } from '../workers/worker-client.ts';
import type { ServerAddress } from './address.ts';
import { givenBack, type LeaseThread, lockLost } from './lease-wire.ts';
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

const THREAD = ownProgram('server/lease-worker');

/** Opens the connection that is to hold a lock; the lock itself is the caller's statement. Throws what `connect` throws. */
export async function openLease(address: ServerAddress, password: Secret | null, options: LeaseOptions): Promise<Lease> {
	const { leaseSeconds = 60, heartbeatMs = 10_000, lockWaitSeconds, signal, now = () => new Date() } = options;
	const lost = new AbortController();
	const spent = new AbortController();
	let isOpen = false;
	let released = false;

	if (signal?.aborted) throw givenUp(address, signal);
	/** Why nothing more can be asked. */
	const over = (): Error | null => lost.signal.reason ?? spent.signal.reason ?? (released ? givenBack() : null);
	const thread = startWorker<LeaseThread>(THREAD, {
		data: {
			address,
			password: password?.reveal() ?? null,
			lockWaitSeconds,
			leaseSeconds,
			heartbeatMs: heartbeatMs === null ? null : Math.max(LEAST_HEARTBEAT_MS, Math.min(heartbeatMs, leaseSeconds * 250)),
		},
		onEvent: ({ kind, error }) => (kind === 'lost' ? lost : spent).abort(unpackError(error)),
		// Its connection ended with it.
		ended(cause) {
			if (!isOpen && cause instanceof Error) return cause;
			const why = `The thread that held the connection to ${address.name} ended${cause instanceof Error ? `: ${cause.message}` : ''}.`;
			if (over() === null) lost.abort(lockLost(why, cause));
			return over() as Error;
		},
	});

	let connectionId: number;
	try {
		connectionId = await thread.ready(signal);
	} catch (error) {
		throw signal?.aborted ? givenUp(address, signal) : error;
	}
	isOpen = true;

	const call: typeof thread.call = async (name, argument, how) => {
		const before = over();
		if (before !== null && !how?.signal?.aborted) throw before;
		return await thread.call(name, argument, how);
	};
	const release = () => {
		released = true;
		return thread.close(RELEASE_MS);
	};
	return {
		connectionId,
		since: now(),
		lost: lost.signal,
		expired: spent.signal,
		query: (statement, { timeoutMs = leaseSeconds * 500, signal: stop } = {}) =>
			call('query', { statement: packStatement(statement), timeoutMs }, { signal: stop }),
		startDeadline({ mostMs, back }) {
			// A lease that is over has ended already.
			call('startDeadline', { mostMs, back: back.map(packStatement) }).catch(() => {});
		},
		verify: () => call('verify', null),
		release,
		[Symbol.asyncDispose]: release,
	};
}
