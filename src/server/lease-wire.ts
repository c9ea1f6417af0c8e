import type { WireError } from '../core/error-wire.ts';
import { ServerError } from '../core/errors.ts';
import { Secret } from '../sql/secret.ts';
import type { Row, Statement } from '../sql/sql.ts';
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

/** What the thread is asked. Every `query` and `prove` is answered once, by its number. */
export type ToLease =
	| { readonly kind: 'query'; readonly id: number; readonly statement: WireStatement; readonly timeoutMs: number }
	| { readonly kind: 'prove'; readonly id: number }
	| { readonly kind: 'abort'; readonly id: number }
	| { readonly kind: 'hold'; readonly mostMs: number; readonly back: readonly WireStatement[] }
	| { readonly kind: 'release' };

/** What the thread tells. `open` or `failed` comes first, `closed` last. */
export type FromLease =
	| { readonly kind: 'open'; readonly connectionId: number }
	| { readonly kind: 'failed'; readonly error: WireError }
	| { readonly kind: 'answer'; readonly id: number; readonly rows: readonly Row[] }
	| { readonly kind: 'refused'; readonly id: number; readonly error: WireError }
	| { readonly kind: 'lost'; readonly error: WireError }
	| { readonly kind: 'spent'; readonly error: WireError }
	| { readonly kind: 'closed' };

/** A class does not survive the way between threads: a secret goes as what it hides, and is one again on the other side. */
export type WireStatement = readonly (string | { readonly secret: string })[];

export const serializeStatement = ({ pieces }: Statement): WireStatement =>
	pieces.map((piece) => (typeof piece === 'string' ? piece : { secret: piece.reveal() }));

export const unpackStatement = (wire: WireStatement): Statement => ({
	pieces: wire.map((piece) => (typeof piece === 'string' ? piece : new Secret(piece.secret))),
});

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
