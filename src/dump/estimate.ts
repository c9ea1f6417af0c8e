import type { TableFacts } from '../dialects/contract/catalogue.ts';

/** So much is taken to be as large in text as on disk, so that the first few small tables do not decide. */
const PRIOR = 16 * 1024 ** 2;

type Table = Pick<TableFacts, 'database' | 'name' | 'bytes'>;
const key = (database: string, table: string) => `${database}\0${table}`;

/**
 * Guesses how many bytes a dump will have. SQL text is not as large as the data on disk, so what the finished tables really took corrects
 * the guess for the others. `rawBytes` counts the text over all files of the dump.
 */
export function estimator(tables: readonly Table[]) {
	const left = new Map(tables.map((table) => [key(table.database, table.name), table.bytes]));
	let rest = tables.reduce((sum, table) => sum + table.bytes, 0);
	let current: { readonly database: string; readonly table: string; readonly from: number } | null = null;
	let finishedOnDisk = 0;
	let finishedAsText = 0;

	function ended(rawBytes: number): void {
		if (current === null) return;
		const name = key(current.database, current.table);
		const bytes = left.get(name);
		if (bytes !== undefined) {
			left.delete(name);
			rest -= bytes;
			finishedOnDisk += bytes;
			finishedAsText += rawBytes - current.from;
		}
		current = null;
	}

	return {
		/** The table in hand is done. */
		ended,
		/** A table begins here, and the one before it is done. */
		began(table: { readonly database: string; readonly table: string }, rawBytes: number): void {
			if (current?.database === table.database && current.table === table.table) return;
			ended(rawBytes);
			current = { ...table, from: rawBytes };
		},
		at(rawBytes: number): { readonly total: number; readonly tables: { done: number; total: number }; readonly current: string | null } {
			const ratio = (finishedAsText + PRIOR) / (finishedOnDisk + PRIOR);
			return {
				total: Math.max(rawBytes, (current?.from ?? rawBytes) + rest * ratio),
				tables: { done: tables.length - left.size, total: tables.length },
				current: current === null ? null : `${current.database}.${current.table}`,
			};
		},
	};
}
