import { type Check, must } from '../../core/check.ts';
import type { ReadContext } from '../../core/step.ts';
import { grantedPrivileges, grantedRoles } from '../../dialects/common/grants.ts';
import { isWord, tokensOf } from '../../dump/definitions/tokens.ts';
import { shown } from '../../sql/sql.ts';
import { rolesCheck, type UngrantableRole, ungrantableRoles } from '../shared/roles.ts';
import { type Server, some } from '../shared/server.ts';
import { type AccountStatement, accountKey, accountStatements, restrictedOf } from './accounts-file.ts';
import type { RestoreEnv } from './env.ts';

/** Something that accounts of the backup need, and which accounts these are. */
type Needed = readonly (readonly [name: string, accounts: readonly string[]])[];

/** What of a backup's accounts a server would refuse. */
export type AccountNeeds = {
	/** With partial revokes, where the server takes none. */
	readonly restricted: readonly string[];
	/** Ways to log in that the server does not have (1524). */
	readonly plugins: Needed;
	/** Privileges that belong to what the server does not have. */
	readonly unknown: Needed;
	/** Privileges that this account does not hold and so cannot grant. */
	readonly ungrantable: Needed;
	/** May act for others, which this account cannot grant. */
	readonly proxies: readonly string[];
	/** Roles that this account may not grant. */
	readonly roles?: readonly UngrantableRole[];
};

export const ACCOUNT_CHECKS = [
	'SERVER-PARTIAL-REVOKES',
	'SERVER-LOGINS',
	'SERVER-PRIVILEGES-KNOWN',
	'SERVER-GRANTS',
	'SERVER-ROLES',
] as const;

const NONE: AccountNeeds = { restricted: [], plugins: [], unknown: [], ungrantable: [], proxies: [], roles: [] };

export async function inspectAccountNeeds(env: RestoreEnv & Pick<ReadContext, 'runQuery'>): Promise<AccountNeeds> {
	const { dialect } = env.server;
	const all = env.manifest.server.flavor === dialect.id ? await accountStatements(env) : [];
	if (all.length === 0) return NONE;
	// Those that are there are left as they are.
	const there = new Set((await env.runQuery('server', dialect.accounts.list)).map(accountKey));
	const wanted = all.filter(({ account }) => !there.has(account));
	const setting = (await env.runQuery('server', dialect.catalogue.variables)).find(([name]) => name === 'partial_revokes');
	const plugins = new Set((await env.runQuery('server', dialect.fits.activePlugins)).map((name) => name.toLowerCase()));
	const privileges = grouped(wanted, privilegesOf);
	const known = await env.runQuery('server', dialect.privileges.known);
	// Of other names one server knows several for the same.
	const unknown = privileges.filter(([name]) => name.includes('_') && !known.includes(name));
	const held = await env.runQuery('server', dialect.privileges.held);
	const missing = new Set(
		dialect.privileges
			.missing(
				held,
				privileges.map(([privilege]) => ({ privilege, why: '' })),
			)
			.map(({ privilege }) => privilege),
	);
	const proxies = wanted.filter(({ text }) => PROXY.test(text)).map(({ account }) => account);
	const roleGrants = wanted.flatMap(({ account, text }) => grantedRoles(text).map((role) => ({ account, role })));
	return {
		restricted: setting === undefined || setting[1] === 'ON' ? [] : [...restrictedOf(wanted)],
		plugins: grouped(wanted, pluginsOf).filter(([name]) => !plugins.has(name.toLowerCase())),
		unknown,
		ungrantable: privileges.filter((each) => missing.has(each[0]) && !unknown.includes(each)),
		proxies: proxies.length === 0 || (await env.runQuery('server', dialect.privileges.grantsProxies)) ? [] : [...new Set(proxies)],
		roles: await ungrantableRoles(dialect, roleGrants, there, (query) => env.runQuery('server', query)),
	};
}

const PROXY = /^GRANT\s+PROXY\s+ON\b/i;

function grouped(all: readonly AccountStatement[], read: (text: string) => readonly string[]): Needed {
	const found = new Map<string, Set<string>>();
	for (const { account, text } of all) for (const name of read(text)) found.set(name, (found.get(name) ?? new Set()).add(account));
	return [...found].map(([name, accounts]) => [name, [...accounts]]);
}

/** `IDENTIFIED WITH 'x'`, or MariaDB's `IDENTIFIED VIA x USING '…' OR y`. */
function pluginsOf(text: string): readonly string[] {
	if (!/^(CREATE|ALTER)\s/i.test(text)) return [];
	const tokens = tokensOf(text);
	const begins = tokens.findIndex((token, at) => isWord(token, 'IDENTIFIED') && isWord(tokens[at + 1], 'WITH', 'VIA'));
	if (begins < 0) return [];
	return tokens.flatMap((token, at) => {
		const names = (isWord(tokens[at - 1], 'WITH', 'VIA') && isWord(tokens[at - 2], 'IDENTIFIED')) || isWord(tokens[at - 1], 'OR');
		if (at <= begins || !names || token.kind === 'sign') return [];
		return [token.kind === 'text' ? token.text.slice(1, -1) : token.text];
	});
}

/** What ALL PRIVILEGES on a database are made of. */
const OF_DATABASES =
	'SELECT INSERT UPDATE DELETE CREATE DROP REFERENCES INDEX ALTER EXECUTE EVENT TRIGGER,CREATE TEMPORARY TABLES,LOCK TABLES,CREATE VIEW,SHOW VIEW,CREATE ROUTINE,ALTER ROUTINE';

function privilegesOf(text: string): readonly string[] {
	const found = grantedPrivileges(text);
	if (found === null) return [];
	if (found.privileges.includes('ALL PRIVILEGES') && !found.everywhere)
		return OF_DATABASES.split(',').flatMap((part, at) => (at === 0 ? part.split(' ') : [part]));
	return found.privileges.filter((name) => name !== 'USAGE' && name !== 'GRANT OPTION');
}

const neededText = (all: Needed): string => some(all.map(([name, accounts]) => `${name} (${some(accounts, 3)})`));

export function accountChecks(server: Server, account: string, needs: AccountNeeds): Check[] {
	const { restricted, plugins, unknown, ungrantable, proxies, roles = [] } = needs;
	const without = 'Or leave out --accounts.';
	const lacking = [...ungrantable, ...(proxies.length === 0 ? [] : [['PROXY', proxies] as const])];
	const { grant } = server.dialect.privileges;
	return [
		must(
			'SERVER-PARTIAL-REVOKES',
			{ pass: 'The server takes the partial revokes of accounts', fail: 'The server takes no partial revokes of accounts' },
			restricted.length === 0,
			{
				expected: 'partial_revokes = ON',
				wrong: `it is OFF, and these accounts have some: ${some(restricted)}`,
				hints: ['SET PERSIST partial_revokes = ON;', without],
			},
		),
		must(
			'SERVER-LOGINS',
			{ pass: 'The server knows how the accounts log in', fail: 'The server does not know how some accounts log in' },
			plugins.length === 0,
			{
				expected: 'the same authentication plugins',
				wrong: `it lacks ${neededText(plugins)} (error 1524)`,
				hints: [...plugins.map(([name]) => `INSTALL PLUGIN ${name} SONAME '….so';`), without],
			},
		),
		must(
			'SERVER-PRIVILEGES-KNOWN',
			{ pass: 'The server knows the privileges of the accounts', fail: 'The server does not know some privileges of the accounts' },
			unknown.length === 0,
			{
				wrong: `of a plugin or component that it lacks: ${neededText(unknown)}`,
				hints: ['Install that plugin or component as it is on the server that was backed up.', without],
			},
		),
		must(
			'SERVER-GRANTS',
			{ pass: `${account} may grant what the accounts hold`, fail: `${account} may not grant all that the accounts hold` },
			lacking.length === 0,
			{
				wrong: `missing, with GRANT OPTION: ${neededText(lacking)}`,
				hints: [
					...(ungrantable.length === 0 ? [] : [`${shown(grant([...ungrantable.map(([name]) => name), 'GRANT OPTION'], account))};`]),
					...(proxies.length === 0 ? [] : [`${shown(server.dialect.privileges.grantProxies(account))};`]),
					without,
				],
			},
		),
		...rolesCheck('SERVER-ROLES', server, account, { ungrantable: roles, otherwise: [without] }),
	];
}
