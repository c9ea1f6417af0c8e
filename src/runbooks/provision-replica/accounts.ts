import { type Effects, isMade } from '../../core/effects.ts';
import type { ReadContext } from '../../core/step.ts';
import { grantedRoles, holds, objectOf, plainGrant } from '../../dialects/common/grants.ts';
import type { AccountName } from '../../dialects/contract/accounts.ts';
import { type Statement, shown } from '../../sql/sql.ts';
import { type UngrantableRole, ungrantableRoles } from '../shared/roles.ts';
import { accountKey, type ProvisionEnv } from './env.ts';

/** What an account may on the primary and not on the replica, a line of SHOW GRANTS each. */
export type Lacking = {
	readonly account: string;
	/** On everything, on databases, roles: can be granted before there are any data. */
	readonly wide: readonly string[];
	/** On single tables and routines, which must be there. */
	readonly objects: readonly string[];
	/** On what is gone on the primary as well: no server takes it. */
	readonly gone: readonly string[];
};

export type Accounts = {
	/** On the primary, not on the replica. */
	readonly missing: readonly AccountName[];
	readonly present: readonly AccountName[];
	readonly lacking: readonly Lacking[];
	/** What the replica gives to everybody (PUBLIC); empty where it has no such thing. */
	readonly everybody: readonly string[];
	/** Roles of accounts that would be created, which we may not grant on the replica; not in journals of earlier versions. */
	readonly roles?: readonly UngrantableRole[];
	/** Ours on the replica, as CURRENT_USER() gives it. */
	readonly login?: string;
};

export const grantLine = (statement: Statement): string => plainGrant(shown(statement));

/** The accounts of both servers. The statements that create the primary's are kept in memory: they hold hashes. */
export async function accountsOfBoth({ primary, replica, memory, runQuery }: ProvisionEnv & ReadContext): Promise<Accounts> {
	const { accounts, catalogue } = primary.dialect;
	const statementsOf = async (role: 'primary' | 'replica', who: AccountName): Promise<Statement[]> => {
		const all: Statement[] = [];
		for (const query of (role === 'primary' ? primary : replica).dialect.accounts.recreate(who)) all.push(...(await runQuery(role, query)));
		return all;
	};
	const present = await runQuery('replica', replica.dialect.accounts.list);
	const there = new Set(present.map(accountKey));
	const { everybody } = accounts;
	const listed = await runQuery('primary', accounts.list);
	const wanted = listed.filter((who) => !accounts.isOwn(who) || (everybody !== null && accountKey(who) === accountKey(everybody)));
	const databases = new Set(await runQuery('primary', catalogue.databases));
	const objects = new Set([
		...(await runQuery('primary', catalogue.tables)).map(({ database, name }) => `table ${database}.${name}`),
		...(await runQuery('primary', catalogue.routines)).map(({ database, name }) => `routine ${database}.${name}`),
	]);
	const lacking: Lacking[] = [];
	for (const who of wanted) {
		const statements = await statementsOf('primary', who);
		memory.accounts.set(accountKey(who), statements);
		const have = there.has(accountKey(who)) ? (await statementsOf('replica', who)).slice(1).map(grantLine) : [];
		const lines = statements
			.slice(1)
			.map(grantLine)
			.filter((line) => !holds(have, line));
		const of = (line: string): keyof Omit<Lacking, 'account'> => {
			const object = objectOf(line);
			if (object === null) return 'wide';
			// The server's own tables are there already.
			if (!databases.has(object.database))
				return /^(?:mysql|sys|information_schema|performance_schema)$/i.test(object.database) ? 'wide' : 'gone';
			return objects.has(`${object.kind} ${object.database}.${object.name}`) ? 'objects' : 'gone';
		};
		if (lines.length === 0) continue;
		const kind = (kind: ReturnType<typeof of>) => lines.filter((line) => of(line) === kind);
		lacking.push({ account: accountKey(who), wide: kind('wide'), objects: kind('objects'), gone: kind('gone') });
	}
	const missing = wanted.filter((who) => !accounts.isOwn(who) && !there.has(accountKey(who)));
	const created = [...missing, ...(everybody === null ? [] : [everybody])].map(accountKey);
	const roleGrants = lacking
		.filter(({ account }) => created.includes(account))
		.flatMap(({ account, wide }) => wide.flatMap((line) => grantedRoles(line).map((role) => ({ account, role }))));
	return {
		missing,
		roles: await ungrantableRoles(replica.dialect, roleGrants, there, (query) => runQuery('replica', query)),
		login: (await runQuery('replica', replica.dialect.identity)).account,
		present,
		lacking,
		everybody:
			everybody === null || !there.has(accountKey(everybody)) ? [] : (await statementsOf('replica', everybody)).slice(1).map(grantLine),
	};
}

/** What an undo needs to know of the replica's accounts; where the replica cannot be reached, as the run left them. */
export async function accountsThere({
	replica: {
		dialect: { accounts },
	},
	runQuery,
	origin,
	made,
	absent,
}: ProvisionEnv &
	ReadContext & { readonly origin: Accounts; readonly made: Effects['made']; readonly absent: ReadonlySet<string> }): Promise<Accounts> {
	const nothing = { missing: [], lacking: [] };
	if (absent.has('replica')) {
		const copied = origin.missing.filter((who) => isMade(made, { on: 'replica', kind: 'account', name: accountKey(who) }));
		return { ...origin, ...nothing, present: [...origin.present, ...copied] };
	}
	const present = await runQuery('replica', accounts.list);
	const all = present.find((who) => accounts.everybody !== null && accountKey(who) === accountKey(accounts.everybody));
	const everybody: string[] = [];
	for (const query of all === undefined ? [] : accounts.recreate(all)) everybody.push(...(await runQuery('replica', query)).map(grantLine));
	return { ...nothing, present, everybody: everybody.slice(1) };
}

/** What copying the accounts gives: those that this run created on the replica. */
export type AccountsOutput = { readonly made: readonly string[] };

/** Of accounts that this run creates, and of what everybody may: others were on the replica before, and stay as they are. */
export function ours({ primary }: ProvisionEnv, made: readonly string[], lacking: readonly Lacking[]): readonly Lacking[] {
	const { everybody } = primary.dialect.accounts;
	const all = everybody === null ? made : [...made, accountKey(everybody)];
	return lacking.filter(({ account }) => all.includes(account));
}

/** Those that are to be created, and those that are there and were not when the run began. */
export function madeBy({ primary }: ProvisionEnv, facts: Accounts, origin: Accounts): string[] {
	const before = origin.present.map(accountKey);
	const present = facts.present.filter((who) => !before.includes(accountKey(who)) && !primary.dialect.accounts.isOwn(who));
	return [...facts.missing, ...present].map(accountKey);
}

/** The statements of these lines, each with the account it is of. */
export const grantsOf = (
	{ memory }: ProvisionEnv,
	lacking: readonly Lacking[],
	which: 'wide' | 'objects',
): readonly { readonly account: string; readonly statement: Statement }[] =>
	lacking.flatMap(({ account, [which]: lines }) =>
		(memory.accounts.get(account) ?? [])
			.slice(1)
			.filter((statement) => lines.includes(grantLine(statement)))
			.map((statement) => ({ account, statement })),
	);
