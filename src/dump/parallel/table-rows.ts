import type { KeyPart, RowColumn } from '../../dialects/contract/objects.ts';

/** A table whose rows are to be dumped. */
export type TableRows = {
	readonly database: string;
	readonly name: string;
	readonly columns: readonly RowColumn[];
	/** Estimates: they decide how the work is shared, and nothing else. */
	readonly rows: number;
	readonly bytes: number;
	/** The primary key. */
	readonly key: readonly KeyPart[] | null;
};

/** What came of one chunk of a table. */
export type RowsFile = {
	/** Name only; empty where nothing was written. */
	readonly path: string;
	readonly database: string;
	readonly table: string;
	readonly chunk: number;
	readonly rows: number;
	/** On disk. */
	readonly bytes: number;
	/** As text. */
	readonly rawBytes: number;
	/** Of the file; of nothing where nothing was written. */
	readonly sha256: string;
	/** Hashes of the rows, summed modulo 2^64: 16 hex digits. A table's is the sum of its chunks'. */
	readonly digest: string;
	/** Bytes of the largest row as the server sent it. */
	readonly largest: number;
};

/** Sums digests modulo 2^64: a table's from its chunks'. */
export const sumDigests = (digests: Iterable<string>): string => {
	let sum = 0n;
	for (const digest of digests) sum += BigInt(`0x${digest}`);
	return BigInt.asUintN(64, sum).toString(16).padStart(16, '0');
};

/** Estimated bytes; never 0, so that shares can be taken of it. */
export const weight = ({ bytes, rows }: Pick<TableRows, 'bytes' | 'rows'>): number => Math.max(bytes, rows * 16, 1);
