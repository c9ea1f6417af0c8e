// Sums by which the rows of a table are compared on two servers: the same statements on both vendors.
import { type Fragment, id, list, raw, sql } from '../../sql/sql.ts';
import type { CatalogueQueries, ColumnFacts } from '../contract/catalogue.ts';

/** `summed`: SQL for the bytes of a column, whatever the session's settings, and for whether it is NULL. */
export const checksums = (summed: (column: ColumnFacts) => Fragment[]): Pick<CatalogueQueries, 'checksum' | 'columnSums'> => ({
	// Not CHECKSUM TABLE: with a generated column it differs between equal tables (seen on MariaDB 10.11 and 11.8).
	checksum: ({ database, name }, columns) => ({
		statement: sql`SELECT CONCAT_WS(':', COUNT(*), COALESCE(SUM(r.c), 0), COALESCE(BIT_XOR(r.c), 0)) AS sum FROM (SELECT CRC32(CONCAT_WS(0x1F, ${list(columns.flatMap(summed))})) AS c FROM ${id(database, name)}) r`,
		read: (rows) => rows[0]?.sum ?? null,
		mostMs: 0,
	}),
	columnSums: ({ database, name }, columns) => ({
		statement: sql`SELECT ${list(columns.map((column, at) => one(summed(column), at)))} FROM ${id(database, name)}`,
		read: ([row]) => columns.map((_, at) => row?.[`c${at}`] ?? ''),
		mostMs: 0,
	}),
});

function one(parts: Fragment[], at: number): Fragment {
	const sum = sql`CRC32(CONCAT_WS(0x1F, ${list(parts)}))`.pieces;
	return { fragment: sql`CONCAT_WS(':', SUM(${{ fragment: sum }}), BIT_XOR(${{ fragment: sum }})) AS ${raw(`c${at}`)}`.pieces };
}
