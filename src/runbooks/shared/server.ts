import { type Check, fail, must } from '../../core/check.ts';
import type { ToolFault } from '../../dialects/common/fits.ts';
import type { Dialect } from '../../dialects/contract/dialect.ts';
import type { Identity } from '../../dialects/contract/identity.ts';
import type { Need } from '../../dialects/contract/objects.ts';
import type { Privileges } from '../../dialects/contract/privileges.ts';

/** A server as a runbook knows it: how to speak to it, never how to reach it. */
export interface Server {
	/** What must be typed to have it changed: its profile's name, else HOST:PORT. */
	readonly name: string;
	readonly host: string;
	readonly port: number;
	/** Whether its files may be looked at from here. */
	readonly local: boolean;
	readonly dialect: Dialect;
}

/** One check for all privileges: every missing one named, with the GRANT that fixes it. */
export function privilegeCheck(
	id: string,
	server: Server,
	account: string,
	{ held, needed }: { readonly held: readonly string[]; readonly needed: readonly Need[] },
): Check {
	const { missing, grant } = server.dialect.privileges;
	const lacking = missing(held, needed);
	return must(
		id,
		{ pass: `${account} has the privileges it needs on ${server.name}`, fail: `${account} lacks privileges on ${server.name}` },
		lacking.length === 0,
		{
			expected: needed.map((need) => need.privilege).join(', '),
			found: lacking.length === 0 ? 'all' : `missing ${lacking.map((need) => `${need.privilege} (${need.why})`).join(', ')}`,
			hints: [
				`${grantText(
					grant(
						lacking.map((need) => need.privilege),
						account,
					),
				)};`,
			],
		},
	);
}

function grantText(statement: ReturnType<Privileges['grant']>): string {
	return statement.pieces.filter((piece): piece is string => typeof piece === 'string').join('');
}

export const titleOf = (server: Server, identity: Identity): string => `${server.dialect.title} ${identity.version.replace(/-.*/, '')}`;

/** `shop.orders` for people; names that need it in backquotes. */
export function qualified(object: { readonly database: string; readonly name: string }): string {
	const plain = (name: string) => (/^[\w$]+$/.test(name) ? name : `\`${name.replaceAll('`', '``')}\``);
	return `${plain(object.database)}.${plain(object.name)}`;
}

/** `h.fed (FEDERATED)` */
export const describeElsewhere = (table: { readonly database: string; readonly name: string; readonly engine: string | null }): string =>
	`${qualified(table)} (${table.engine ?? 'no engine'})`;

/** Settings of the server that the dump tool would obey to the backup's harm. */
export const misledCheck = (misledBy: readonly { readonly setting: string; readonly hint: string }[]): Check[] =>
	misledBy.length === 0
		? []
		: [
				fail('DUMP-TOOL-LIMITS', 'A setting of the server makes the dump tool leave rows out', {
					found: misledBy.map(({ setting }) => setting).join(', '),
					hints: misledBy.map(({ hint }) => hint),
				}),
			];

/** Databases that the dump tool cannot select: known before it is started, under a lock or in mid-copy. */
export function selectableCheck({ dialect }: Server, databases: readonly string[], hints: readonly string[]): Check[] {
	const bad = databases.filter((database) => dialect.tools.cannotSelect(database));
	if (bad.length === 0) return [];
	return [
		fail('TOOL-NAMES', 'The dump tool cannot select some databases', {
			expected: 'no quote, backslash or end of line in the name of a database',
			found: some(bad.map((database) => JSON.stringify(database))),
			hints,
		}),
	];
}

/** A list that stays readable: the first few and how many more. */
export function some(names: readonly string[], most = 6): string {
	return names.length <= most ? names.join(', ') : `${names.slice(0, most).join(', ')} and ${names.length - most} more`;
}

/** Whether a server was restarted between two looks. Its own clock gives the second at which it started only nearly. */
export const restarted = (before: { readonly startedAt: number }, now: { readonly startedAt: number }): boolean =>
	Math.abs(before.startedAt - now.startedAt) > 5;

/** What the vendor's dump tool cannot write so that it loads again; `hints`: what can be used in its place. Only of these databases. */
export function toolFaultsCheck(
	id: string,
	faults: readonly ToolFault[],
	databases: readonly string[] | null,
	hints: readonly string[],
): Check[] {
	const found = faults.filter(({ database }) => databases === null || databases.includes(database));
	if (found.length === 0) return [];
	return [
		fail(id, 'The vendor’s dump tool cannot write some objects', {
			wrong: some(found.map(({ kind, database, name, why }) => `${kind} ${database}.${name} (${why})`)),
			hints,
		}),
	];
}
