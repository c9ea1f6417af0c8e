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
	// One after the other, not joined: MariaDB would compare every column with every table, and hold up who locks ten thousand of them.
	sql`SELECT 'table' AS what, TABLE_SCHEMA AS db, TABLE_NAME AS tab, NULL AS name, NULL AS type, NULL AS full, NULL AS coll, NULL AS kept, TABLE_TYPE = 'SYSTEM VERSIONED' AS versioned,
 NULL AS nth, NULL AS part
 FROM information_schema.TABLES WHERE TABLE_SCHEMA NOT IN (${OWN}) AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')
 UNION ALL SELECT 'key', TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, NULL, NULL, NULL, NULL, NULL, SEQ_IN_INDEX, SUB_PART
 FROM information_schema.STATISTICS WHERE TABLE_SCHEMA NOT IN (${OWN}) AND INDEX_NAME = 'PRIMARY'
 UNION ALL SELECT 'column', TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, COLLATION_NAME, IS_GENERATED = 'NEVER', NULL, ORDINAL_POSITION, NULL
 FROM information_schema.COLUMNS WHERE TABLE_SCHEMA NOT IN (${OWN})`,
	(rows) => readRowTables(rows, ways),
);

export const readers: Dialect['readers'] = {
	session: [
		sql`SET SESSION character_set_results = binary, time_zone = '+00:00', net_write_timeout = 31536000, wait_timeout = 31536000, max_statement_time = 0`,
	],
	estimate: (select: Statement) => query(sql`EXPLAIN ${select}`, (rows) => Number(rows[0]?.rows ?? 0)),
};
