import { availableParallelism } from 'node:os';
import type { Manifest } from '../archive/manifest.ts';
import { type Check, must, should } from '../core/check.ts';
import { openReaders, type TableRows } from '../dump/parallel/readers.ts';
import { sumDigests } from '../dump/parallel/table-rows.ts';
import { qualified } from '../runbooks/server.ts';
import type { Throwaway } from '../sandbox/throwaway.ts';
import type { Context } from './context.ts';
import { addressOf, seriesOf, type Talk } from './drill-server.ts';

const MOST_READERS = 4;
const SHOWN = 20;

/**
 * Reads every row of the restored server as the backup's engine did, and compares each table's digest with the one that was noted under the
 * lock. Digests are of what a server says: those of another series need not be the same, and count as a warning there.
 * @returns how many were compared; null where the backup has no digests
 */
export async function compareDigests(
	context: Context,
	at: Talk,
	throwaway: Throwaway,
	manifest: Manifest,
): Promise<{ readonly checks: readonly Check[]; readonly compared: number | null }> {
	const noted = (manifest.tables ?? []).filter((table) => table.digest !== null && at.dialect.catalogue.ownRows(table.engine));
	if (noted.length === 0) return { checks: [], compared: null };
	const { signal } = context;
	const known = new Map((await at.look(at.dialect.catalogue.rowColumns)).map((each) => [keyOf(each.database, each.table), each]));
	const wanted = noted.flatMap(({ database, name, rows, data_bytes }): TableRows[] => {
		const found = known.get(keyOf(database, name));
		if (found === undefined) return [];
		return [{ database: found.database, name: found.table, rows, bytes: data_bytes, columns: found.columns, key: found.key }];
	});
	await using readers = await openReaders({
		...{ address: addressOf(throwaway), password: null, dialect: at.dialect, signal },
		workers: Math.min(MOST_READERS, availableParallelism()),
	});
	const read = await readers.dump(wanted, null, { signal });
	const digests = new Map<string, string[]>();
	for (const { database, table, digest } of read) {
		const key = keyOf(database, table);
		digests.set(key, [...(digests.get(key) ?? []), digest]);
	}
	const differ = noted.filter(({ database, name, digest }) => sumDigests(digests.get(keyOf(database, name)) ?? []) !== digest);
	const judge = seriesOf(throwaway.version) === seriesOf(manifest.server.version) ? must : should;
	const checks =
		differ.length === 0
			? [must('DRILL-DIGESTS', `Every row is the one that was dumped: the digests of ${noted.length} tables are alike`, true)]
			: differ.slice(0, SHOWN).map((table) =>
					judge('DRILL-DIGESTS', `The rows of ${qualified(table)} are those that were dumped`, false, {
						expected: `digest ${table.digest}`,
						found: `digest ${sumDigests(digests.get(keyOf(table.database, table.name)) ?? [])}`,
					}),
				);
	return { checks, compared: noted.length };
}

/** A server that does not tell the case of names apart gives them back in small letters. */
const keyOf = (database: string, table: string): string => `${database}\0${table}`.toLowerCase();
