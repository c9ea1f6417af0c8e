import { id, list, raw, type Statement, sql } from '../../sql/sql.ts';
import type { TableRows } from './table-rows.ts';

/** The rows of a table, or of a range of its key, with every value as it is stored. */
export function selectRows({ database, name, columns, key }: TableRows, range: Statement | null): Statement {
	// A table may have nothing but generated columns.
	const what = columns.length === 0 ? raw('1') : list(columns.map((column) => raw(column.select)));
	// Not over a second index that happens to have all columns: rows are loaded fastest in the order of the key.
	const by = raw(key === null ? '' : ' FORCE INDEX (PRIMARY)');
	return range === null
		? sql`SELECT ${what} FROM ${id(database, name)}${by}`
		: sql`SELECT ${what} FROM ${id(database, name)}${by} WHERE ${range}`;
}
