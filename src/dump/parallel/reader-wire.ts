import type { Compression } from '../../core/action.ts';
import type { ServerAddress } from '../../server/address.ts';
import type { Settings } from '../../sql/settings.ts';
import type { Row } from '../../sql/sql.ts';
import type { Method, ThreadContract } from '../../workers/contract.ts';
import type { WireStatement } from '../../workers/serialize.ts';
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

export type Counters = { readonly rawBytes: number; readonly bytes: number; readonly rows: number };

/** A piece that began. `from`: what this thread had read before. */
export type Begun = {
	readonly database: string;
	readonly table: string;
	readonly chunk: number;
	readonly from: Pick<Counters, 'rawBytes' | 'rows'>;
};

export type DumpOrder = { readonly pieces: readonly Piece[]; readonly folder: string; readonly packing: Packing };

export type DumpProgress =
	/** All that this thread has read since it began. */
	| { readonly kind: 'flow'; readonly counters: Counters; readonly began: readonly Begun[] }
	/** On the disk: one a piece. */
	| { readonly kind: 'file'; readonly file: RowsFile };

/** One reader. It is ready with its connection's id; any failure but that of a query ends it. */
export interface ReaderThread extends ThreadContract {
	readonly data: ReaderData;
	readonly opened: number;
	readonly event: never;
	readonly methods: {
		/** With `bytes` each character of the answer is a byte. */
		readonly query: Method<{ readonly statement: WireStatement; readonly timeoutMs: number; readonly bytes: boolean }, readonly Row[]>;
		readonly dump: Method<DumpOrder, void, DumpProgress>;
	};
}
