// What the dialects make of the same pieces.
import { type Fragment, raw } from '../sql/sql.ts';
import type { Dialect, Need } from './dialect.ts';

/** A variable's value as it stands in a SET: a word. */
export function value(text: string): Fragment {
	if (!/^\w+$/.test(text)) throw new TypeError(`not a variable's value: ${text}`);
	return raw(text);
}

export const need = (why: string, ...privileges: string[]): Need[] => privileges.map((privilege) => ({ privilege, why }));

/** A value in an option file. */
export const quoted = (text: string) => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

/** What makes a dump tool write what else than tables and rows is made in a database. */
export const CODE = ['--triggers', '--routines', '--events'];

export const leaving = (database: string, tables: readonly string[]): string[] =>
	tables.map((table) => `--ignore-table=${database}.${table}`);

/** Dumps of definitions: the tool goes by `names`; `noRows` is how each vendor's is told to write none, its option file first. */
export const definitionTools = (
	names: readonly string[],
	noRows: readonly string[],
): Pick<Dialect['tools'], 'dumpTables' | 'dumpCode'> => ({
	dumpTables: (on, database, without) => ({
		on,
		names,
		argv: [...noRows, '--skip-triggers', ...leaving(database, without), '--databases', database],
	}),
	dumpCode: (on, database, views, without) => [
		{
			on,
			names,
			argv: [...noRows, ...CODE, '--no-create-info', '--no-create-db', ...leaving(database, without), '--databases', database],
		},
		...(views.length === 0 ? [] : [{ on, names, argv: [...noRows, '--skip-triggers', database, ...views] }]),
	],
});
