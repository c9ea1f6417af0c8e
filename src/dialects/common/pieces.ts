// What the dialects make of the same pieces.
import { withoutLiterals, withoutValues } from '../../core/values.ts';
import { account, type Fragment, query, type Row, raw, type Statement, sql } from '../../sql/sql.ts';
import type { Need } from '../contract/objects.ts';
import type { Privileges } from '../contract/privileges.ts';

/** A variable's value as it stands in a SET: a word. */
export function value(text: string): Fragment {
	if (!/^\w+$/.test(text)) throw new TypeError(`not a variable's value: ${text}`);
	return raw(text);
}

export const need = (why: string, ...privileges: string[]): Need[] => privileges.map((privilege) => ({ privilege, why }));

/** `anyone`: how the account is written that stands for all others. */
export const proxies = (anyone: Statement): Pick<Privileges, 'known' | 'grantsProxies' | 'grantProxies'> => ({
	known: query(sql`SHOW PRIVILEGES`, (rows) => rows.map((row) => (row.Privilege ?? '').toUpperCase())),
	grantsProxies: query(sql`SHOW GRANTS FOR CURRENT_USER()`, (rows) =>
		rows.some((row) => /^GRANT PROXY ON (?:''|``)@(?:''|``|'%'|`%`) TO .* WITH GRANT OPTION/.test(Object.values(row)[0] ?? '')),
	),
	grantProxies: (to) => {
		const at = to.lastIndexOf('@');
		return sql`GRANT PROXY ON ${{ fragment: anyone.pieces }} TO ${account(to.slice(0, at), to.slice(at + 1))} WITH GRANT OPTION`;
	},
});

/**
 * A channel's error as `NUMBER: TEXT`, without the values in it; null where there is none. What init_connect or a plugin says comes without a
 * number (seen with an init_connect that fails).
 */
export const channelErrorText = (number: string | null | undefined, text: string | null | undefined): string | null =>
	(number === '0' || !number) && !text ? null : `${number || '0'}: ${withoutValues(text ?? '', Number(number || 0))}`;

/** How a channel's IO thread stands, by what the server says of it. */
export function ioThread(said: string | null | undefined): 'yes' | 'no' | 'connecting' {
	if (said === 'Yes') return 'yes';
	return (said ?? 'No') === 'No' ? 'no' : 'connecting';
}

/** A file and a place in it; none where the server names no file. */
export function placeIn(file: string | null | undefined, pos: string | null | undefined): { file: string | null; pos: number | null } {
	return file ? { file, pos: Number(pos) } : { file: null, pos: null };
}

/** What a session is at, as people and journals may see it: no passwords, and none of the customers' values. */
export const activityText = (info: string | null | undefined, passwords: RegExp): string =>
	withoutLiterals((info ?? '').replace(passwords, '$1 …'))
		.trim()
		.slice(0, 500);

/** A value in an option file. */
export const quoted = (text: string) => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

/** What makes a dump tool write what else than tables and rows is made in a database. */
export const CODE = ['--triggers', '--routines', '--events'];

export const leaving = (database: string, tables: readonly string[]): string[] =>
	tables.map((table) => `--ignore-table=${database}.${table}`);

/** By the attributes that clients give when they log in. Never a statement that may hold rows. */
export const lastStatement = (pid: number) =>
	query(
		sql`SELECT s.SQL_TEXT AS text, s.CURRENT_SCHEMA AS db FROM performance_schema.session_connect_attrs a
 JOIN performance_schema.threads t ON t.PROCESSLIST_ID = a.PROCESSLIST_ID JOIN performance_schema.events_statements_current s ON s.THREAD_ID = t.THREAD_ID
 WHERE a.ATTR_NAME = '_pid' AND a.ATTR_VALUE = ${String(pid)} AND s.SQL_TEXT IS NOT NULL`,
		([row]) =>
			/^(SHOW|SELECT)\b/i.test(row?.text ?? '')
				? `${(row?.text ?? '').replaceAll(/\s+/g, ' ').slice(0, 200)}${row?.db ? ` (in database ${row.db})` : ''}`
				: null,
	);

const literal = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;

/**
 * What a server prints of an account, with the names in its REQUIRE clause quoted: MySQL, and MariaDB before 11, print them as they are.
 * `parts`: the columns that hold them, in the order in which the server prints them.
 */
export function quotedRequire(printed: string, known: Row, parts: readonly string[]): string {
	const named = parts.filter((part) => (known[part] ?? '') !== '');
	const clause = (quote: (text: string) => string) =>
		` REQUIRE ${named.map((part) => `${part.toUpperCase()} ${quote(known[part] ?? '')}`).join(' ')}`;
	return printed.replace(
		clause((text) => `'${text}'`),
		() => clause(literal),
	);
}

/** A string literal for a text that a person reads and runs. */
export const stringLiteral = (text: string): string => `'${text.replaceAll(/['\\]/g, '\\$&')}'`;

/** User and host of an account as CURRENT_USER() gives it: user@host. */
export function accountParts(text: string): [user: string, host: string] {
	const at = text.lastIndexOf('@');
	return [text.slice(0, at), text.slice(at + 1)];
}

/** What an account may do everywhere is given and taken alike. */
export const grants: Pick<Privileges, 'grant' | 'revoke'> = {
	grant: (names, to) => {
		const plain = names.filter((name) => name !== 'GRANT OPTION').join(', ') || 'USAGE';
		const option = names.includes('GRANT OPTION') ? ' WITH GRANT OPTION' : '';
		return sql`GRANT ${raw(plain)} ON *.* TO ${account(...accountParts(to))}${raw(option)}`;
	},
	revoke: (names, from) => sql`REVOKE ${raw(names.join(', '))} ON *.* FROM ${account(...accountParts(from))}`,
};
