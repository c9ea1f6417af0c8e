import type { LoadAction, LoadResult } from '../core/action.ts';
import type { WireError } from '../core/error-wire.ts';
import type { ServerAddress } from '../server/address.ts';
import type { WireStatement } from '../server/lease-wire.ts';
import type { Settings } from '../sql/settings.ts';

/** What a thread that loads is started with; in memory only. */
export interface LoaderData {
	readonly address: ServerAddress;
	readonly password: string | null;
	readonly session: readonly WireStatement[];
	readonly settings: Settings;
}

export type LoadOrder = Pick<LoadAction, 'table' | 'harmless' | 'folder' | 'files' | 'rows' | 'digest'> & {
	readonly statement: WireStatement;
	readonly find: WireStatement;
	readonly empty: readonly WireStatement[];
	readonly withoutKeys: WireStatement | null;
	readonly withKeys: WireStatement | null;
	/** How its rows are read again, for their digest; null where it cannot be read. */
	readonly read: { readonly select: WireStatement; readonly columns: number } | null;
};

/** One load at a time: each is answered by `done` or `refused`. */
export type ToLoader = { readonly kind: 'load'; readonly order: LoadOrder } | { readonly kind: 'stop' } | { readonly kind: 'close' };

export type FromLoader =
	| { readonly kind: 'open' }
	| { readonly kind: 'failed'; readonly error: WireError }
	/** Bytes of rows sent so far. */
	| { readonly kind: 'flow'; readonly rawBytes: number }
	| { readonly kind: 'done'; readonly result: Omit<LoadResult, 'ms'> }
	/** `over`: the connection is gone. */
	| { readonly kind: 'refused'; readonly error: WireError; readonly over: boolean };
