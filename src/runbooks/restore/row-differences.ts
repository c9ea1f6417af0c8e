import type { ManifestTable } from '../../archive/manifest.ts';
import { count } from '../../core/format.ts';
import type { RowPlace } from '../../core/row-differences.ts';
import { shellWord } from '../../core/shell.ts';
import type { ReadContext } from '../../core/step.ts';
import { qualified } from '../shared/server.ts';
import { filesOf, type RestoreEnv } from './env.ts';

/** Something that is not as it was dumped. */
export type Difference = {
	readonly what: string;
	readonly expected: string;
	readonly found: string;
	/** How to see more of it. */
	readonly hints?: readonly string[];
};

/** A table whose rows are not those of the backup. */
export type FoundRows = { readonly table: ManifestTable; readonly rows: number; readonly digest: string | null };

/** In so many tables the rows that differ are looked for: each is read twice more. */
export const EXPLAINED = 10;

export const rowsOf = (rows: number): string => `${count(rows)} ${rows === 1 ? 'row' : 'rows'}`;

/**
 * In what the rows of a table differ from the backup's: how many, and in which columns. Never what they hold: that would reach screens and the
 * journal. The backup's own row is named by its line in a file. Unless `explained` the digests alone are given.
 */
export async function rowDifferences(
	env: RestoreEnv & ReadContext,
	{ table, rows, digest }: FoundRows,
	explained: boolean,
): Promise<readonly Difference[]> {
	const what = `Table ${qualified(table)}`;
	const expected = `the ${rowsOf(table.rows)} with digest ${table.digest}`;
	const other = rows === table.rows ? `as many rows, but other values: digest ${digest}` : rowsOf(rows);
	const files = filesOf(env, 'rows').filter((file) => file.database === table.database && file.table === table.name);
	const inOrder = files.toSorted((a, b) => (a.chunk ?? 0) - (b.chunk ?? 0));
	if (!explained || files.some(({ format }) => format === 'sql')) return [{ what, expected, found: other }];
	const { database, name } = table;
	const columns = table.load.map(([column]) => column);
	const found = await env.rowDifferences('server', { database, name, folder: env.folder, files: inOrder, columns });
	if (found === null) return [{ what, expected, found: `${other}; its columns are not those of the backup` }];
	const most = found.exact ? '' : 'at least ';
	const parts = [
		[found.changed, 'with other values'],
		[found.missing, 'missing'],
		[found.additional, 'additional'],
	] as const;
	const phrases = parts.flatMap(([number, how]) => (number === 0 ? [] : [`${most}${rowsOf(number)} ${how}`]));
	const row = (place: RowPlace) => `row ${count(place.line)} of ${place.file}`;
	const missing = found.firstMissing === null ? '' : `; the first that is missing is ${row(found.firstMissing)}`;
	const see = (place: RowPlace | null) => (place === null ? {} : { hints: [`The row in the backup:  ${showRow(env.folder, place)}`] });
	return [
		{
			what,
			expected,
			found:
				phrases.length === 0 ? `${other}; every row is that of the backup’s files` : `${rowsOf(rows)}: ${phrases.join(', ')}${missing}`,
			...see(found.firstMissing),
		},
		...found.columns.map((column) => ({
			what: `Column ${column.name} of ${qualified(table)}`,
			expected: `${column.expected} (${row(column.place)})`,
			found: `${column.found}${found.changed === 1 ? '' : `; ${most}${rowsOf(column.rows)} differ in it`}`,
			...see(column.place),
		})),
	];
}

const UNPACK = { zst: 'zstdcat', gz: 'zcat' } as const;

/** A command that prints one row of a backup. */
export function showRow(folder: string, { file, line }: RowPlace): string {
	const unpack = UNPACK[/\.(zst|gz)$/.exec(file)?.[1] as keyof typeof UNPACK] ?? 'cat';
	return `${unpack} ${shellWord(`${folder}/${file}`)} | sed -n ${line}p`;
}
