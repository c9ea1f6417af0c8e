import type { Compression } from '../../core/action.ts';
import type { WireError } from '../../core/error-wire.ts';
import type { ServerAddress } from '../../server/address.ts';
import type { WireStatement } from '../../server/lease-wire.ts';
import type { Settings } from '../../sql/settings.ts';
import type { Row } from '../../sql/sql.ts';
import type { RowsFile } from './table-rows.ts';

/** What the thread is started with; in memory only. */
export interface ReaderData {
	readonly address: ServerAddress;
	readonly password: string | null;
	/** Variables of its session. */
	readonly settings: Settings;
	/** No byte of rows for so long, milliseconds, and they are waited for no longer. */
	readonly silentMs: number;
}

/** A table, or a range of its key. */
export interface Piece {
	readonly database: string;
	readonly table: string;
	readonly chunk: number;
	readonly columns: number;
	readonly select: WireStatement;
	/** Where to; null: nowhere. */
	readonly path: string | null;
}

export type Packing = { readonly compress: Compression; readonly level: number };

/** What the thread is asked. `query` is answered once, `dump` by a `file` a piece and then `dumped`. */
export type ToReader =
	| {
			readonly kind: 'query';
			readonly id: number;
			readonly statement: WireStatement;
			readonly timeoutMs: number;
			/** Each character of the answer is a byte. */
			readonly bytes: boolean;
	  }
	| { readonly kind: 'dump'; readonly pieces: readonly Piece[]; readonly folder: string; readonly packing: Packing }
	| { readonly kind: 'end' };

export type Counters = { readonly rawBytes: number; readonly bytes: number; readonly rows: number };

/** A piece that began. `rawBytes`: what this thread had read before. */
export type Begun = { readonly database: string; readonly table: string; readonly chunk: number };

export type FromReader =
	| { readonly kind: 'open'; readonly connectionId: number }
	| { readonly kind: 'failed'; readonly error: WireError }
	| { readonly kind: 'answer'; readonly id: number; readonly rows: readonly Row[] }
	| { readonly kind: 'refused'; readonly id: number; readonly error: WireError }
	/** All that this thread has read since it began. */
	| { readonly kind: 'flow'; readonly counters: Counters; readonly began: readonly Begun[] }
	| { readonly kind: 'file'; readonly file: RowsFile }
	| { readonly kind: 'dumped' }
	| { readonly kind: 'broken'; readonly error: WireError }
	| { readonly kind: 'closed' };
