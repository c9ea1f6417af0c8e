import type { Action } from '../../core/action.ts';
import { type Check, must, warning } from '../../core/check.ts';
import { isMade } from '../../core/effects.ts';
import type { Thing } from '../../core/model.ts';
import type { Observed, ReadContext, Step } from '../../core/step.ts';
import { revokeOf } from '../../dialects/common/grants.ts';
import { raw, type Statement, sql } from '../../sql/sql.ts';
import { change } from '../shared/change.ts';
import { rolesCheck } from '../shared/roles.ts';
import { some } from '../shared/server.ts';
import { type Accounts, type AccountsOutput, accountsOfBoth, accountsThere, grantsOf, madeBy, ours } from './accounts.ts';
import { accountKey, type ProvisionEnv } from './env.ts';

type At = ProvisionEnv & Observed<Accounts>;

const accountThere = (name: string): Thing => ({ on: 'replica', kind: 'account', name });

/** The statements that these lines stand for, out of the binary log; nothing where there are none. */
function granting(at: At, made: readonly string[], which: 'wide' | 'objects', before: readonly Action[] = []): Action[] {
	const { replica, facts } = at;
	const grants = grantsOf(at, ours(at, made, facts.lacking), which);
	if (grants.length + before.length === 0) return [];
	const { locks } = replica.dialect;
	return [
		change('replica', 'unlogged', 'not for the binary log', locks.unlogged),
		...before,
		...grants.map(({ account, statement }, index) => change('replica', `grant-${index + 1}-${account}`, 'its privileges', statement)),
		change('replica', 'logged', 'as before', locks.logged),
	];
}

/** What the run gave to everybody is taken back from everybody: that account itself is never dropped. */
function everybodyBack({ facts, origin }: At): Action[] {
	const before = origin.everybody ?? facts.everybody;
	const given = facts.everybody.filter((line) => !before.includes(line)).flatMap((line) => revokeOf(line) ?? []);
	return given.map((text, index) => change('replica', `revoke-${index + 1}`, 'granted by this run', sql`${raw(text)}`));
}

function unlogged({ replica }: ProvisionEnv, actions: readonly Action[]): Action[] {
	const { locks } = replica.dialect;
	if (actions.length === 0) return [];
	return [
		change('replica', 'unlogged', 'not for the binary log', locks.unlogged),
		...actions,
		change('replica', 'logged', 'as before', locks.logged),
	];
}

/** Once replication is configured, what is new on the primary comes through it. */
async function lackingNow(at: ProvisionEnv & ReadContext, made: readonly string[], which: 'wide' | 'objects'): Promise<string[]> {
	if (at.outputs.connect !== undefined) return [];
	const now = await accountsOfBoth(at);
	return ours(at, made, now.lacking).flatMap(({ account, [which]: lines }) => lines.map((line) => `${account}: ${line}`));
}

/** Those that copying them created; in a preview those that it would. */
const created = ({ outputs, facts }: At): readonly string[] => [
	...((outputs['copy-accounts'] as AccountsOutput | null | undefined)?.made ?? []),
	...facts.missing.map(accountKey),
];

export const copyAccounts: Step<ProvisionEnv, Accounts, AccountsOutput> = {
	id: 'copy-accounts',
	title: 'Copy the accounts',
	why: 'A later ALTER USER or DROP USER on the primary would stop a replica that lacks the account (error 1396), and a backup without accounts restores to a server without logins. Accounts that the replica has already keep their passwords there. What they may do on single tables and routines is granted after the data.',
	inspect: accountsOfBoth,
	checks(at): readonly Check[] {
		const { replica, facts, origin } = at;
		const own = ours(at, madeBy(at, facts, origin), facts.lacking);
		const fewer = facts.lacking.filter((each) => !own.includes(each) && each.wide.length + each.objects.length > 0);
		const gone = facts.lacking.flatMap(({ account, gone: lines }) => lines.map((line) => `${account}: ${line}`));
		return [
			...rolesCheck('REPLICA-ROLES', replica, facts.login ?? '', { ungrantable: facts.roles ?? [], otherwise: [] }),
			...(fewer.length === 0
				? []
				: [
						warning('ACCOUNTS-FEWER', `Some accounts may do less on ${replica.name} than on the primary`, {
							wrong: `${some(fewer.map(({ account }) => account))} existed before and may do less`,
							hints: fewer.flatMap(({ wide, objects }) => [...wide, ...objects].map((line) => `${line};`)).slice(0, 12),
						}),
					]),
			...(gone.length === 0
				? []
				: [
						warning('GRANTS-GONE', 'Some privileges are on objects that do not exist', {
							wrong: `on objects that are missing on the primary as well, so they are not copied: ${some(gone)}`,
							hints: ['On the primary:  REVOKE … ON …  where it is not needed any more.'],
						}),
					]),
		];
	},
	plan(at) {
		const { facts, origin, memory } = at;
		// All accounts before all grants: a grant may name a role that comes later.
		const creating = facts.missing.flatMap((who) =>
			(memory.accounts.get(accountKey(who)) ?? []).slice(0, 1).map((statement: Statement) => ({
				...change('replica', `create-${accountKey(who)}`, 'as on the primary', statement),
				makes: [accountThere(accountKey(who))],
			})),
		);
		return granting(at, madeBy(at, facts, origin), 'wide', creating);
	},
	async run(at) {
		for (const action of at.plan) await at.perform(action);
		return { made: madeBy(at, at.facts, at.origin) };
	},
	async verify(at) {
		const { primary, replica, runQuery, outputs } = at;
		if (outputs.connect !== undefined) return [];
		const { accounts } = primary.dialect;
		const present = (await runQuery('replica', replica.dialect.accounts.list)).map(accountKey);
		const lacking = (await runQuery('primary', accounts.list)).filter((who) => !accounts.isOwn(who) && !present.includes(accountKey(who)));
		const missing = await lackingNow(at, at.output?.made ?? [], 'wide');
		return [
			must(
				'ACCOUNTS',
				{ pass: 'The replica has the primary’s accounts', fail: 'The replica lacks accounts of the primary' },
				lacking.length === 0,
				{
					expected: 'all',
					wrong: `missing ${some(lacking.map(accountKey))}`,
				},
			),
			must(
				'ACCOUNTS-GRANTS',
				{ pass: 'The accounts may do what they may on the primary', fail: 'Some accounts may not do what they may on the primary' },
				missing.length === 0,
				{
					expected: 'the same privileges',
					wrong: `missing ${some(missing)}`,
				},
			),
		];
	},
	inspectReachable: accountsThere,
	undo(at) {
		const { replica, facts, origin } = at;
		const { accounts } = replica.dialect;
		const were = origin.present.map(accountKey);
		const made = facts.present.filter(
			(who) => !were.includes(accountKey(who)) && !accounts.isOwn(who) && isMade(at.made, accountThere(accountKey(who))),
		);
		return unlogged(at, [
			...made.map((who) => change('replica', `drop-${accountKey(who)}`, 'copied by this run', accounts.drop(who))),
			...everybodyBack(at),
		]);
	},
};

/** After the data: no server takes a grant on a table or a routine that it does not have (1146, 1305). */
export const grantObjects: Step<ProvisionEnv, Accounts, null> = {
	id: 'grant-objects',
	title: 'Grant what is on single tables',
	why: 'Privileges on single tables, columns and routines can be granted only when these exist. Without them a later REVOKE on the primary would stop the replica (errors 1141, 1147).',
	inspect: accountsOfBoth,
	plan: (at) => granting(at, created(at), 'objects'),
	async verify(at) {
		const lacking = await lackingNow(at, created(at), 'objects');
		return [
			must(
				'OBJECT-GRANTS',
				{ pass: 'The copied accounts have all their privileges', fail: 'Some copied accounts lack privileges' },
				lacking.length === 0,
				{
					expected: 'as on the primary',
					wrong: `missing ${some(lacking)}`,
				},
			),
		];
	},
	inspectReachable: accountsThere,
	undo: (at) => unlogged(at, everybodyBack(at)),
};
