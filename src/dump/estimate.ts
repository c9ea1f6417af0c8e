import type { TableFacts } from '../dialects/dialect.ts';

/** So much is taken to be as large in text as on disk, so that the first few small tables do not decide. */
const PRIOR = 16 * 1024 ** 2;

const key = (database: string, table: string) => `${database}\0${table}`;

/**
 * Guesses how many bytes a dump will have. SQL text is not as large as the data on disk, so what the finished tables really took corrects
 * the guess for the others.
 */
export function estimator(tables: readonly Pick<TableFacts, 'database' | 'name' | 'bytes'>[]) {
	const left = new Map(tables.map((table) => [key(table.database, table.name), table.bytes]));
	const total = tables.length;
	let current: { readonly key: string; readonly from: number } | null = null;
	let finishedOnDisk = 0;
	let finishedAsText = 0;
	let finished = 0;

	return {
		/** Says where the dump stands: bytes of text so far over all files, and the table in hand. */
		at(
			rawBytes: number,
			database: string,
			table: string | null,
		): { readonly total: number; readonly tables: { done: number; total: number } } {
			const now = table === null ? null : key(database, table);
			if (current !== null && current.key !== now) {
				finishedOnDisk += left.get(current.key) ?? 0;
				finishedAsText += rawBytes - current.from;
				if (left.delete(current.key)) finished++;
				current = null;
			}
			if (now !== null && current === null) current = { key: now, from: rawBytes };
			let rest = 0;
			for (const bytes of left.values()) rest += bytes;
			const ratio = (finishedAsText + PRIOR) / (finishedOnDisk + PRIOR);
			const from = current?.from ?? rawBytes;
			return { total: Math.max(rawBytes, from + rest * ratio), tables: { done: finished, total } };
		},
	};
}
