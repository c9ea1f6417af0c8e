import { query, type Statement, sql } from '../../sql/sql.ts';
import { type ColumnWays, readerSettings, rowTables } from '../common/rows.ts';
import type { CatalogueQueries, Readers } from '../contract/catalogue.ts';

function ways(type: string, column: string): ColumnWays | null {
	// As text a FLOAT has six digits.
	if (type === 'float') return { select: `CAST(${column} AS DOUBLE)`, load: null };
	// Sixteen bytes of no character set would be taken for the value itself.
	if (type === 'uuid' || type === 'inet4' || type === 'inet6') return { select: column, load: 'CONVERT(@v USING ascii)' };
	return null;
}

export const rowColumns: CatalogueQueries['rowColumns'] = rowTables(
	{ types: ['BASE TABLE', 'SYSTEM VERSIONED'], versioned: "TABLE_TYPE = 'SYSTEM VERSIONED'", kept: "IS_GENERATED = 'NEVER'" },
	ways,
);

export const readers: Readers = {
	settings: readerSettings,
	estimate: (select: Statement) => query(sql`EXPLAIN ${select}`, (rows) => Number(rows[0]?.rows ?? 0)),
};
