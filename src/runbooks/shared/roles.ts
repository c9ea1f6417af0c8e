// Roles that our account may not grant: an account that is to have them cannot be copied whole.
import { type Check, fail } from '../../core/check.ts';
import type { AccountName } from '../../dialects/contract/accounts.ts';
import type { Dialect } from '../../dialects/contract/dialect.ts';
import { type Query, shown } from '../../sql/sql.ts';
import { type Server, some } from './server.ts';

/** A role, and who of the accounts that are to be created has it. */
export type UngrantableRole = { readonly role: AccountName; readonly accounts: readonly string[] };

/** They are wanted all at once. */
const MOST_NAMED = 50;

/** `role NAME`, or `NAME@HOST` where a role is an account. */
const keyOf = ({ user, host, role }: AccountName): string => (role ? `role ${user}` : `${user}@${host}`);

/** Which of these roles we may not grant. `there`: the accounts and roles that the server has; others are created by us. */
export async function ungrantableRoles(
	{ privileges: { roles } }: Dialect,
	grants: readonly { readonly account: string; readonly role: AccountName }[],
	there: ReadonlySet<string>,
	runQuery: <T>(query: Query<T>) => Promise<T>,
): Promise<readonly UngrantableRole[]> {
	const foreign = grants.filter(({ role }) => !roles.creatorMayGrant || there.has(keyOf(role)));
	const grantable = foreign.length === 0 ? null : await runQuery(roles.grantable);
	if (grantable === null) return [];
	const ours = new Set(grantable.map(keyOf));
	return [
		...Map.groupBy(
			foreign.filter(({ role }) => !ours.has(keyOf(role))),
			({ role }) => keyOf(role),
		).values(),
	].flatMap((group) =>
		group[0] === undefined ? [] : [{ role: group[0].role, accounts: [...new Set(group.map(({ account }) => account))] }],
	);
}

/** Forbids, before anything changes, what the server would refuse. `account`: ours, as CURRENT_USER() gives it. */
export function rolesCheck(
	id: string,
	server: Server,
	account: string,
	{ ungrantable, otherwise }: { readonly ungrantable: readonly UngrantableRole[]; readonly otherwise: readonly string[] },
): Check[] {
	if (ungrantable.length === 0) return [];
	const { letGrant } = server.dialect.privileges.roles;
	return [
		fail(id, `${account} may not grant some roles of the accounts`, {
			expected: 'the right to grant each of these roles',
			wrong: some(
				ungrantable.map(({ role, accounts }) => `${keyOf(role)} (for ${some(accounts, 3)})`),
				MOST_NAMED,
			),
			hints: [
				...letGrant(
					ungrantable.map(({ role }) => role),
					account,
				).map((statement) => `As an account that may grant it:  ${shown(statement)};`),
				...otherwise,
			],
		}),
	];
}
