import { ServerError } from '../core/errors.ts';
import type { Row } from '../sql/sql.ts';
import type { Method, ThreadContract } from '../workers/contract.ts';
import type { WireError, WireStatement } from '../workers/serialize.ts';
import type { ServerAddress } from './address.ts';

/** What the thread is started with; in memory only. */
export interface LeaseData {
	readonly address: ServerAddress;
	readonly password: string | null;
	readonly lockWaitSeconds: number;
	readonly leaseSeconds: number;
	/** Null: none. */
	readonly heartbeatMs: number | null;
}

/** The thread that a lease's connection lives in. It is ready with the connection's id. */
export interface LeaseThread extends ThreadContract {
	readonly data: LeaseData;
	readonly opened: number;
	readonly event: { readonly kind: 'lost' | 'spent'; readonly error: WireError };
	readonly methods: {
		readonly query: Method<{ readonly statement: WireStatement; readonly timeoutMs: number }, readonly Row[]>;
		readonly verify: Method<null>;
		readonly startDeadline: Method<{ readonly mostMs: number; readonly back: readonly WireStatement[] }>;
	};
}

/** The lock went with its connection: the reason of `lost`. */
export const lockLost = (why: string, cause: unknown): ServerError =>
	new ServerError(
		{
			message: 'The connection that held the lock is gone, and the lock with it.',
			reason: why,
			hints: ['What was read under the lock may be inconsistent: throw it away and start again.'],
		},
		{ cause, connectionLost: true },
	);

/** What was asked came too late. */
export const givenBack = (): ServerError => new ServerError('The lock was given back already.', { connectionLost: true });
