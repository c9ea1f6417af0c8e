import { query, type Statement, sql } from '../../sql/sql.ts';
import { type ColumnWays, readerSettings, rowTables } from '../common/rows.ts';
import type { CatalogueQueries, Readers } from '../contract/catalogue.ts';
import { asLoaded } from './json-types.ts';

function ways(type: string, column: string): ColumnWays | null {
	// As text a FLOAT has six digits.
	if (type === 'float') return { select: `CAST(${column} AS DOUBLE)`, load: null };
	// Refused from bytes of no character set.
	if (type === 'json') return { select: column, load: 'CONVERT(@v USING utf8mb4)', asLoaded: asLoaded(column) };
	return null;
}

export const rowColumns: CatalogueQueries['rowColumns'] = rowTables(
	{ types: ['BASE TABLE'], versioned: '0', kept: "GENERATION_EXPRESSION = ''" },
	ways,
);

export const readers: Readers = {
	settings: readerSettings,
	estimate: (select: Statement) => query(sql`EXPLAIN FORMAT=TRADITIONAL ${select}`, (rows) => Number(rows[0]?.rows ?? 0)),
};
