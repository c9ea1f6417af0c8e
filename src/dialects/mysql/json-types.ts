// Types that values inside JSON have on MySQL, and that text does not carry: a DECIMAL becomes a DOUBLE, a DATE a STRING. No expression over text
// gives them back but one that names each path with its type, so they are found and named.
import { type Fragment, id, list, query, type Statement, sql } from '../../sql/sql.ts';
import type { JsonTypes } from '../contract/catalogue.ts';

const OWN = list(['information_schema', 'performance_schema', 'mysql', 'sys']);

/** What JSON text itself distinguishes. */
const CARRIED = list(['OBJECT', 'ARRAY', 'STRING', 'INTEGER', 'DOUBLE', 'BOOLEAN', 'NULL']);

/** Whether text changes the type of this value. A number above the signed range comes back unsigned. */
const changes = (value: Fragment): Statement =>
	sql`(JSON_TYPE(${value}) NOT IN (${CARRIED}) AND NOT (JSON_TYPE(${value}) = 'UNSIGNED INTEGER' AND ${value} > 9223372036854775807))`;

export const jsonTypes: JsonTypes = {
	columns: query(
		sql`SELECT TABLE_SCHEMA AS db, TABLE_NAME AS tab, COLUMN_NAME AS name FROM information_schema.COLUMNS
 WHERE DATA_TYPE = 'json' AND GENERATION_EXPRESSION = '' AND TABLE_SCHEMA NOT IN (${OWN}) ORDER BY TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION`,
		(rows) => rows.map((row) => ({ database: row.db ?? '', table: row.tab ?? '', column: row.name ?? '' })),
	),
	types: (columns) =>
		columns.map(({ database, table, column }, nth) => {
			const root = id('t', column);
			const from = id(database, table);
			const inside = id('x', 'j');
			// A join for each path: several times as fast as one over all of them.
			const under = (path: string) =>
				sql`SELECT JSON_TYPE(${inside}) AS type FROM ${from} AS t JOIN JSON_TABLE(${root}, ${path} COLUMNS (j JSON PATH '$')) AS x WHERE ${changes(inside)}`;
			return sql`SELECT ${nth} AS nth, type FROM (SELECT JSON_TYPE(${root}) AS type FROM ${from} AS t WHERE ${changes(root)} UNION ALL ${under('$**.*')} UNION ALL ${under('$**[*]')}) AS found GROUP BY type ORDER BY type`;
		}),
	rows: (columns) =>
		columns.map(({ database, table, column }, nth) => {
			const root = id('t', column);
			return sql`SELECT ${nth} AS nth, COUNT(*) AS n FROM ${id(database, table)} AS t WHERE ${changes(root)} OR EXISTS (SELECT 1 FROM JSON_TABLE(${root}, '$' COLUMNS (NESTED PATH '$**.*' COLUMNS (a JSON PATH '$'), NESTED PATH '$**[*]' COLUMNS (b JSON PATH '$'))) AS x WHERE ${changes(id('x', 'a'))} OR ${changes(id('x', 'b'))})`;
		}),
};

/** What a load of the text of this JSON column gives. */
export const asLoaded = (column: string): string => `CAST(CAST(${column} AS CHAR CHARACTER SET utf8mb4) AS JSON)`;
