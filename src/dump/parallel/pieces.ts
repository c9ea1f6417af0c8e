import { type TableRows, weight } from './table-rows.ts';

const MIB = 2 ** 20;
/** A table is cut only where it is larger than one of these: below, a second file costs more than it brings. */
export const CUT_FROM = { bytes: 64 * MIB, rows: 500_000 } as const;
const LEAST = 32 * MIB;
const MOST = 1024 * MIB;
/** What is so small goes to a reader together with others, in one message. */
const TOGETHER = { bytes: 8 * MIB, tables: 64 } as const;

/**
 * Into how large pieces each table is cut, in the order in which readers take them: the largest table first, and each piece a share of all that
 * is still to come, so that pieces become smaller and the readers end together. Pure. Gives shares of the whole table, which sum to 1.
 */
export function shares(
	tables: readonly TableRows[],
	readers: number,
): readonly { readonly table: TableRows; readonly shares: readonly number[] }[] {
	const ordered = [...tables].sort((a, b) => weight(b) - weight(a));
	let remaining = ordered.reduce((sum, table) => sum + weight(table), 0);
	return ordered.map((table) => {
		const whole = weight(table);
		const cut = table.key !== null && (table.bytes > CUT_FROM.bytes || table.rows > CUT_FROM.rows);
		const parts: number[] = [];
		for (let left = whole; left > 0; ) {
			const piece = Math.min(Math.max(remaining / (2 * readers), LEAST), MOST);
			const size = cut && left > 1.5 * piece ? piece : left;
			parts.push(size / whole);
			left -= size;
			remaining -= size;
		}
		return { table, shares: parts };
	});
}

/** Pieces in the order given, as many together as are worth one message, fewer towards the end. Pure. */
export function batches<T extends { readonly weight: number }>(pieces: readonly T[], readers: number): T[][] {
	let remaining = pieces.reduce((sum, piece) => sum + piece.weight, 0);
	const all: T[][] = [];
	let batch: T[] = [];
	let held = 0;
	for (const piece of pieces) {
		const most = Math.min(TOGETHER.bytes, remaining / (2 * readers));
		if (batch.length > 0 && (held + piece.weight > most || batch.length >= TOGETHER.tables)) {
			all.push(batch);
			remaining -= held;
			batch = [];
			held = 0;
		}
		batch.push(piece);
		held += piece.weight;
	}
	if (batch.length > 0) all.push(batch);
	return all;
}
