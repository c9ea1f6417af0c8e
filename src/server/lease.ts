import { ServerError } from '../core/errors.ts';
import type { Secret } from '../sql/secret.ts';
import { sql } from '../sql/sql.ts';
import type { ServerAddress } from './address.ts';
import { connect, type Session } from './session.ts';

/**
 * The connection that holds a lock: one of its own, never shared, never reconnected. The server ends it when nothing was heard from us for
 * `leaseSeconds`, so that a machine that froze or a network that swallows everything cannot keep the lock; a heartbeat keeps it until then.
 * Source: knowledge/faults.md 2.4 and 2.5.
 */
export interface Lease extends AsyncDisposable {
	readonly session: Session;
	/** Aborts when the connection is gone or is another one: whatever the lock protected is worthless from then on. The reason is the ServerError. */
	readonly lost: AbortSignal;
	readonly since: Date;
	/** Asks the server now. Throws ServerError where the connection is gone or another. */
	prove(): Promise<void>;
	/** Ends the lock and the connection. Never throws, and what was lost before stays lost. */
	release(): Promise<void>;
}

/** How to hold a lock. */
export interface LeaseOptions {
	/** After so many silent seconds the server ends the connection, and the lock with it: 120. */
	readonly leaseSeconds?: number;
	/** 10 s. Shorter than half of the lease. */
	readonly heartbeatMs?: number;
	/** `lock_wait_timeout` of the session, in seconds. */
	readonly lockWaitSeconds: number;
	readonly signal?: AbortSignal;
	readonly now?: () => Date;
}

/** Opens the connection that is to hold a lock; the lock itself is the caller's statement. Throws what {@link connect} throws. */
export async function openLease(address: ServerAddress, password: Secret | null, options: LeaseOptions): Promise<Lease> {
	const { leaseSeconds = 120, heartbeatMs = 10_000, lockWaitSeconds, signal, now = () => new Date() } = options;
	const session = await connect(address, password, {
		lockWaitSeconds,
		waitTimeoutSeconds: leaseSeconds,
		...(signal === undefined ? {} : { signal }),
	});
	const lost = new AbortController();
	let released = false;
	const lose = (why: string, cause?: unknown) => {
		if (released || lost.signal.aborted) return;
		clearInterval(heart);
		lost.abort(
			new ServerError(
				{
					what: 'The connection that held the lock is gone, and the lock with it.',
					why,
					mend: ['What was read under the lock may be inconsistent: throw it away and start again.'],
				},
				{ cause, connectionLost: true },
			),
		);
		session.destroy();
	};
	const prove = async () => {
		if (lost.signal.aborted) throw lost.signal.reason;
		if (released) throw new ServerError('The lock was given back already.', { connectionLost: true });
		try {
			// As long as half the lease without an answer is as good as none: the server may have let go already.
			const [row] = await session.query(sql`SELECT CONNECTION_ID() AS id`, { timeoutMs: (leaseSeconds * 1000) / 2 });
			if (Number(row?.id) !== session.connectionId)
				lose(`It was connection ${session.connectionId} of ${address.name}, and now ${row?.id ?? 'none'} answers.`);
		} catch (error) {
			lose(`It was connection ${session.connectionId} of ${address.name}.`, error);
		}
		if (lost.signal.aborted) throw lost.signal.reason;
	};
	// A statement that runs keeps the connection from being idle, and tells of its loss itself.
	const heart = setInterval(() => session.busy || prove().catch(() => {}), heartbeatMs);
	const gone = () =>
		lose(`It was connection ${session.connectionId} of ${address.name}: the server, an administrator or the network ended it.`);
	session.lost.addEventListener('abort', gone, { once: true });
	if (session.lost.aborted) gone();
	const release = async () => {
		clearInterval(heart);
		released = true;
		await session.close();
	};
	return { session, lost: lost.signal, since: now(), prove, release, [Symbol.asyncDispose]: release };
}
