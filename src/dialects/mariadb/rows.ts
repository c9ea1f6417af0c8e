import { list, query, type Statement, sql } from '../../sql/sql.ts';
import type { Dialect } from '../dialect.ts';
import { type ColumnWays, readRowTables } from '../rows.ts';

const OWN = list(['information_schema', 'performance_schema', 'mysql', 'sys']);

function ways(type: string, column: string): ColumnWays | null {
	// As text a FLOAT has six digits.
	if (type === 'float') return { select: `CAST(${column} AS DOUBLE)`, load: null };
	// Sixteen bytes of no character set would be taken for the value itself.
	if (type === 'uuid' || type === 'inet4' || type === 'inet6') return { select: column, load: 'CONVERT(@v USING ascii)' };
	return null;
}

export const rowColumns: Dialect['catalogue']['rowColumns'] = query(
	sql`SELECT c.TABLE_SCHEMA AS db, c.TABLE_NAME AS tab, c.COLUMN_NAME AS name, c.DATA_TYPE AS type, c.COLUMN_TYPE AS full, c.COLLATION_NAME AS coll,
 s.SEQ_IN_INDEX AS nth, s.SUB_PART AS part, c.IS_GENERATED = 'NEVER' AS kept, t.TABLE_TYPE = 'SYSTEM VERSIONED' AS versioned
 FROM information_schema.COLUMNS c
 JOIN information_schema.TABLES t ON t.TABLE_SCHEMA = c.TABLE_SCHEMA AND t.TABLE_NAME = c.TABLE_NAME AND t.TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')
 LEFT JOIN information_schema.STATISTICS s ON s.TABLE_SCHEMA = c.TABLE_SCHEMA AND s.TABLE_NAME = c.TABLE_NAME AND s.COLUMN_NAME = c.COLUMN_NAME
  AND s.INDEX_NAME = 'PRIMARY'
 WHERE c.TABLE_SCHEMA NOT IN (${OWN}) ORDER BY c.TABLE_SCHEMA, c.TABLE_NAME, c.ORDINAL_POSITION`,
	(rows) => readRowTables(rows, ways),
);

export const readers: Dialect['readers'] = {
	session: [
		sql`SET SESSION character_set_results = binary, time_zone = '+00:00', net_write_timeout = 31536000, wait_timeout = 31536000, max_statement_time = 0`,
	],
	estimate: (select: Statement) => query(sql`EXPLAIN ${select}`, (rows) => Number(rows[0]?.rows ?? 0)),
};
