// What the dialects make of the same pieces.
import { type Fragment, raw } from '../sql/sql.ts';
import type { Need } from './dialect.ts';

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
