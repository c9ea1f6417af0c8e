// What stands in the lines of SHOW GRANTS, which both vendors write alike.
import type { AccountName } from '../contract/accounts.ts';

/** An object below a database that a privilege is on. */
export type GrantObject = { readonly kind: 'table' | 'routine'; readonly database: string; readonly name: string };

type Parsed = { readonly privileges: readonly string[]; readonly on: string; readonly option: boolean };

const NAME = '`(?:[^`]|``)*`';
const GRANT = new RegExp(
	`^GRANT ((?:[^\`]|${NAME})+?) ON ((?:(?:TABLE|PROCEDURE|FUNCTION|PACKAGE BODY|PACKAGE|LIBRARY) )?(?:\\*|${NAME})\\.(?:\\*|${NAME})) TO (.*)$`,
	's',
);
const OBJECT = new RegExp(`^(?:(TABLE|PROCEDURE|FUNCTION|PACKAGE BODY|PACKAGE|LIBRARY) )?(${NAME})\\.(${NAME})$`, 's');

const ROLE = `${NAME}(?:@${NAME})?`;
const GRANT_ROLES = new RegExp(`^GRANT (${ROLE}(?:, ?${ROLE})*) TO `, 's');
const ROLES = new RegExp(`(${NAME})(?:@(${NAME}))?`, 'gs');

const plainName = (quoted: string): string => quoted.slice(1, -1).replaceAll('``', '`');

function parse(text: string): Parsed | null {
	const found = GRANT.exec(text);
	if (found?.[1] === undefined || found[2] === undefined) return null;
	// Commas within a list of columns divide no privileges.
	const privileges = found[1].split(/,\s*(?![^(]*\))/).map((name) => name.trim());
	return { privileges, on: found[2], option: / WITH .*GRANT OPTION/.test(found[3] ?? '') };
}

/** A line without the password and the requirements that MariaDB puts into it. */
export const plainGrant = (text: string): string =>
	text
		.replace(/ IDENTIFIED (?:BY PASSWORD|VIA|WITH) .*?(?= REQUIRE | WITH |$)/s, '')
		.replace(/ REQUIRE (?:SSL|X509|NONE|(?:(?:ISSUER|SUBJECT|CIPHER) '(?:[^'\\]|\\.|'')*' ?(?:AND )?)+)/s, '')
		.trim();

/** The privileges that a GRANT gives, without the columns that they are on, and whether on everything; null where it gives none of them. */
export function grantedPrivileges(text: string): { readonly privileges: readonly string[]; readonly everywhere: boolean } | null {
	const found = parse(text);
	if (found === null) return null;
	return { privileges: found.privileges.map((name) => name.replace(/\s*\(.*$/s, '').toUpperCase()), everywhere: found.on === '*.*' };
}

/** The roles that a GRANT gives. MySQL writes them with a host. */
export function grantedRoles(text: string): readonly AccountName[] {
	return [...(GRANT_ROLES.exec(text)?.[1] ?? '').matchAll(ROLES)].map(([, user = '', host]) => ({
		user: plainName(user),
		host: host === undefined ? '' : plainName(host),
		role: host === undefined,
	}));
}

/** What it is on, where that is no more than one object of a database; null otherwise. */
export function objectOf(text: string): GrantObject | null {
	const found = OBJECT.exec(parse(text)?.on ?? '');
	if (found?.[2] === undefined || found[3] === undefined) return null;
	const kind = found[1] === undefined || found[1] === 'TABLE' ? 'table' : 'routine';
	return { kind, database: plainName(found[2]), name: plainName(found[3]) };
}

/** Whether these lines hold all that one line gives. */
export function holds(have: readonly string[], text: string): boolean {
	if (have.includes(text)) return true;
	const wanted = parse(text);
	if (wanted === null) return false;
	const given = have.flatMap((line) => parse(line) ?? []).filter(({ on }) => on === wanted.on);
	const all = given.some(({ privileges }) => privileges.includes('ALL PRIVILEGES'));
	const held = new Set(given.flatMap(({ privileges }) => privileges));
	if (wanted.option && !given.some(({ option }) => option)) return false;
	return wanted.privileges.every((name) => name === 'USAGE' || all || held.has(name));
}

/** The REVOKE that takes back what a line gives; null where it is none. */
export function revokeOf(text: string): string | null {
	if (!text.startsWith('GRANT ')) return null;
	const bare = text.replace(/ WITH (?:ADMIN|GRANT) OPTION$/, '');
	const at = bare.lastIndexOf(' TO ');
	return at < 0 ? null : `REVOKE ${bare.slice('GRANT '.length, at)} FROM ${bare.slice(at + ' TO '.length)}`;
}
