// How the rows of a table are read and loaded again, as far as both dialects say it alike.
import type { Settings } from '../../sql/settings.ts';
import { id, list, type Query, query, type Row, raw, sql } from '../../sql/sql.ts';
import type { RowColumn, RowTable } from '../contract/objects.ts';

/** Of a session that reads rows. */
export const readerSettings: Settings = {
	character_set_results: 'binary',
	time_zone: '+00:00',
	tx_read_only: 1,
	transaction_read_only: 1,
	net_write_timeout: 31_536_000,
	wait_timeout: 31_536_000,
};

/** How a column that is not simply copied is read and loaded: SQL over the quoted name, and over `@v`. */
export type ColumnWays = Omit<RowColumn, 'name'>;

/** Whether an expression over `@v` is one of those by which columns are loaded here. */
export const isConversion = (load: string): boolean => CONVERSION.test(load);
const CONVERSION = /^(?:@v \+ 0|CAST\(@v AS UNSIGNED\)|CONVERT\(@v USING (?:ascii|utf8mb4|ucs2|utf16|utf16le|utf32)\))$/;

/** The members of an ENUM as its definition lists them. */
const members = (definition: string): string[] =>
	[...definition.matchAll(/'((?:[^'\\]|''|\\.)*)'/gs)].map((found) => (found[1] ?? '').replaceAll("''", "'"));

/** Character sets without digits of one byte. */
const WIDE = /^(ucs2|utf16le|utf16|utf32)_/;

/**
 * An ENUM by its number: its text does not tell an empty member from the error value 0. Loaded, digits are a member's number unless a member has
 * that very name, so they are as many as no member has. A number instead of digits does it too, but the error value then is a warning.
 */
function numbered(column: string, names: readonly string[], collation: string): ColumnWays {
	const wide = WIDE.exec(collation)?.[1];
	const plain = { select: `${column} + 0`, load: '@v + 0' };
	const digits = (count: number) => names.some((name) => new RegExp(`^[\\s+-]*\\p{Nd}{${count}}\\s*$`, 'u').test(name));
	const free = [1, 2, 3, 4, 5].find((count) => 10 ** count > names.length && !digits(count));
	if (wide !== undefined) return free === 1 ? { ...plain, load: `CONVERT(@v USING ${wide})` } : plain;
	if (!names.some((name) => /^[\s+-]*\p{Nd}+\s*$/u.test(name))) return { ...plain, load: null };
	return free === undefined ? plain : { select: `LPAD(${column} + 0, ${free}, '0')`, load: null };
}

/** A SET whose empty member looks like no member at all; loaded as a number only: in digits the server takes none for 64 members. */
const flags = (column: string): ColumnWays => ({ select: `CAST(${column} AS UNSIGNED)`, load: 'CAST(@v AS UNSIGNED)' });

const OWN = list(['information_schema', 'performance_schema', 'mysql', 'sys']);

/** How a vendor's catalogue says it, as SQL: which TABLE_TYPEs have rows, which of them have a history, and that a column is not generated. */
export type CatalogueWords = { readonly types: readonly string[]; readonly versioned: string; readonly kept: string };

/** How the rows of all tables are read and loaded; `own`: what only this vendor's types need. */
export const rowTables = (
	{ types, versioned, kept }: CatalogueWords,
	own: (type: string, column: string) => ColumnWays | null,
): Query<readonly RowTable[]> =>
	query(
		// One after the other, not joined: MariaDB would compare every column with every table, and hold up who locks ten thousand of them.
		sql`SELECT 'table' AS what, TABLE_SCHEMA AS db, TABLE_NAME AS tab, NULL AS name, NULL AS type, NULL AS full, NULL AS coll, NULL AS kept, ${raw(versioned)} AS versioned,
 NULL AS nth, NULL AS part
 FROM information_schema.TABLES WHERE TABLE_SCHEMA NOT IN (${OWN}) AND TABLE_TYPE IN (${list([...types])})
 UNION ALL SELECT 'key', TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, NULL, NULL, NULL, NULL, NULL, SEQ_IN_INDEX, SUB_PART
 FROM information_schema.STATISTICS WHERE TABLE_SCHEMA NOT IN (${OWN}) AND INDEX_NAME = 'PRIMARY'
 UNION ALL SELECT 'column', TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, COLLATION_NAME, ${raw(kept)}, NULL, ORDINAL_POSITION, NULL
 FROM information_schema.COLUMNS WHERE TABLE_SCHEMA NOT IN (${OWN})`,
		(rows) => readRowTables(rows, own),
	);

/**
 * Reads what `rowTables` asks, in any order, by `what`: a `table` (`db`, `tab`, and `versioned`: 1 where it has a history), a `column` of whatever
 * has columns (`name`, its place `nth`, `type` (DATA_TYPE), `full` (COLUMN_TYPE), `coll`, and `kept`: 1 unless generated), or one of a primary `key`
 * (`name`, its place `nth`, and `part`: the length of a prefix).
 */
function readRowTables(rows: readonly Row[], own: (type: string, column: string) => ColumnWays | null): readonly RowTable[] {
	const tables = new Map<string, { readonly row: Row; readonly columns: Row[]; readonly key: Row[] }>();
	const place = (row: Row) => `${row.db}\0${row.tab}`;
	for (const row of rows) if (row.what === 'table') tables.set(place(row), { row, columns: [], key: [] });
	for (const row of rows) {
		if (row.what === 'column') tables.get(place(row))?.columns.push(row);
		else if (row.what === 'key') tables.get(place(row))?.key.push(row);
	}
	return [...tables.values()].map(({ row, columns, key }) => {
		const parts = inOrder(key).map((part) => ({ part, column: columns.find(({ name }) => name === part.name) }));
		const whole = parts.length > 0 && parts.every(({ part, column }) => part.part === null && column?.kept === '1');
		return {
			database: row.db ?? '',
			table: row.tab ?? '',
			columns: inOrder(columns)
				.filter((column) => column.kept === '1')
				.map((column): RowColumn => {
					const name = column.name ?? '';
					const type = (column.type ?? '').toLowerCase();
					const quoted = id(name).fragment[0] as string;
					if (type === 'enum') return { name, ...numbered(quoted, members(column.full ?? ''), column.coll ?? '') };
					if (type === 'set') return { name, ...flags(quoted) };
					return { name, ...(own(type, quoted) ?? { select: quoted, load: null }) };
				}),
			key: whole
				? parts.map(({ column }) => ({ name: column?.name ?? '', type: column?.full ?? '', collation: column?.coll ?? null }))
				: null,
			rows: row.versioned === '1' ? ('vendor' as const) : ('select' as const),
		};
	});
}

const inOrder = (rows: readonly Row[]): Row[] => [...rows].sort((a, b) => Number(a.nth) - Number(b.nth));
