// How the rows of a table are read and loaded again, as far as both dialects say it alike.
import { id, type Row } from '../sql/sql.ts';
import type { RowColumn, RowTable } from './dialect.ts';

/** How a column that is not simply copied is read and loaded: SQL over the quoted name, and over `@v`. */
export type ColumnWays = { readonly select: string; readonly load: string | null };

/** The members of an ENUM or a SET as its definition lists them. */
const members = (definition: string): string[] =>
	[...definition.matchAll(/'((?:[^'\\]|''|\\.)*)'/gs)].map((found) => (found[1] ?? '').replaceAll("''", "'"));

/**
 * An ENUM by its number: its text does not tell an empty member from the error value 0, and what the error value loads as is a warning. Loaded,
 * a number in digits is a member's number unless a member has that very name. A SET whose empty member looks like no member at all likewise, and
 * loads as a number only: as text the server takes none for 64 members.
 */
function listed(type: string, column: string, definition: string): ColumnWays | null {
	if (type === 'enum') {
		const numeric = members(definition).some((member) => /^\s*[+-]?\p{Nd}+\s*$/u.test(member));
		if (!numeric) return { select: `${column} + 0`, load: null };
		const padded = members(definition).some((member) => /^\s*\p{Nd}{5}\s*$/u.test(member));
		return padded ? { select: `${column} + 0`, load: '@v + 0' } : { select: `LPAD(${column} + 0, 5, '0')`, load: null };
	}
	if (type === 'set') return { select: `CAST(${column} AS UNSIGNED)`, load: 'CAST(@v AS UNSIGNED)' };
	return null;
}

/**
 * Reads what `rowColumns` asks: a row a column, in order, with `db`, `tab`, `name`, `type` (DATA_TYPE), `full` (COLUMN_TYPE), `coll`, `nth` and
 * `part` (of the primary key: its place, and the length of a prefix), `kept` (1 unless generated) and `versioned` (1 where it has a history).
 */
export function readRowTables(rows: readonly Row[], own: (type: string, column: string) => ColumnWays | null): readonly RowTable[] {
	const tables = new Map<string, Row[]>();
	for (const row of rows) {
		const key = `${row.db}\0${row.tab}`;
		const known = tables.get(key);
		if (known === undefined) tables.set(key, [row]);
		else known.push(row);
	}
	return [...tables.values()].map((columns) => {
		const parts = columns.filter((row) => row.nth !== null && row.nth !== undefined).sort((a, b) => Number(a.nth) - Number(b.nth));
		const whole = parts.length > 0 && parts.every((row) => row.part === null && row.kept === '1');
		return {
			database: columns[0]?.db ?? '',
			table: columns[0]?.tab ?? '',
			columns: columns
				.filter((row) => row.kept === '1')
				.map((row): RowColumn => {
					const name = row.name ?? '';
					const type = (row.type ?? '').toLowerCase();
					const column = id(name).fragment[0] as string;
					return { name, ...(listed(type, column, row.full ?? '') ?? own(type, column) ?? { select: column, load: null }) };
				}),
			key: whole ? parts.map((row) => ({ name: row.name ?? '', type: row.full ?? '', collation: row.coll ?? null })) : null,
			rows: columns.some((row) => row.versioned === '1') ? ('vendor' as const) : ('select' as const),
		};
	});
}
