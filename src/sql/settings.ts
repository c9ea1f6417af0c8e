// Variables of a session that a result rests on: set, and read back.
import { list, type Query, query, type Row, raw, type Statement, sql } from './sql.ts';

const DEFAULT = 'DEFAULT';

/** Variables of a session by name, each with the value that it must have. One that a server does not know is left out. */
export type Settings = Readonly<Record<string, string | number>>;

/** What a session has now, of these; those that the server does not know are missing. */
export const currentSettings = (settings: Settings): Query<Settings> =>
	query(sql`SHOW SESSION VARIABLES WHERE Variable_name IN (${list(Object.keys(settings))})`, (rows: readonly Row[]) =>
		Object.fromEntries(rows.map((row) => [(row.Variable_name ?? '').toLowerCase(), row.Value ?? ''])),
	);

/** Sets them for this session alone. The names are this program's own words. */
export const setSettings = (settings: Settings): Statement =>
	sql`SET ${list(Object.entries(settings).map(([name, value]) => ({ fragment: sql`SESSION ${raw(name)} = ${value === DEFAULT ? raw(DEFAULT) : value}`.pieces })))}`;

/** Those that the server knows and that have another value. */
export const unlikeSettings = (wanted: Settings, found: Settings): Settings =>
	Object.fromEntries(Object.entries(wanted).filter(([name, value]) => name in found && !same(value, found[name] ?? '')));

/** The longest of some time limits on Windows, seconds: a larger value becomes it. */
const LONGEST_ON_WINDOWS = 2_147_483;

function same(wanted: string | number, found: string | number): boolean {
	const [a, b] = [normal(wanted), normal(found)];
	return a === b || (Number(wanted) > LONGEST_ON_WINDOWS && Number(found) === LONGEST_ON_WINDOWS);
}

/** `ON` and 1 are one, as are `0.000000` and 0, and a mode's words in any order. */
function normal(value: string | number): string {
	const text = String(value).toUpperCase();
	if (text === 'ON') return '1';
	if (text === 'OFF') return '0';
	if (/^\d+\.\d+$/.test(text)) return String(Number(text));
	return text.split(',').sort().join();
}
