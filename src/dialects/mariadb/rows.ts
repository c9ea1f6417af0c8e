import { query, type Statement, sql } from '../../sql/sql.ts';
import type { Dialect } from '../dialect.ts';
import { type ColumnWays, rowTables } from '../rows.ts';

function ways(type: string, column: string): ColumnWays | null {
	// As text a FLOAT has six digits.
	if (type === 'float') return { select: `CAST(${column} AS DOUBLE)`, load: null };
	// Sixteen bytes of no character set would be taken for the value itself.
	if (type === 'uuid' || type === 'inet4' || type === 'inet6') return { select: column, load: 'CONVERT(@v USING ascii)' };
	return null;
}

export const rowColumns: Dialect['catalogue']['rowColumns'] = rowTables(
	{ types: ['BASE TABLE', 'SYSTEM VERSIONED'], versioned: "TABLE_TYPE = 'SYSTEM VERSIONED'", kept: "IS_GENERATED = 'NEVER'" },
	ways,
);

export const readers: Dialect['readers'] = {
	session: [
		sql`SET SESSION character_set_results = binary, time_zone = '+00:00', net_write_timeout = 31536000, wait_timeout = 31536000, max_statement_time = 0`,
	],
	estimate: (select: Statement) => query(sql`EXPLAIN ${select}`, (rows) => Number(rows[0]?.rows ?? 0)),
};
