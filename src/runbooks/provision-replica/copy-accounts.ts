import type { Action } from '../../core/action.ts';
import { must } from '../../core/check.ts';
import type { Step } from '../../core/step.ts';
import type { AccountName } from '../../dialects/dialect.ts';
import type { Statement } from '../../sql/sql.ts';
import { change } from '../change.ts';
import { some } from '../server.ts';
import { accountKey, type ProvisionEnv } from './env.ts';

type Facts = {
	/** On the primary, not on the replica. */
	readonly missing: readonly AccountName[];
	readonly present: readonly AccountName[];
};

export const copyAccounts: Step<ProvisionEnv, Facts, null> = {
	id: 'copy-accounts',
	title: 'Copy the accounts',
	why: 'A later ALTER USER or DROP USER on the primary would stop a replica that lacks the account (error 1396), and a backup without accounts restores to a server nobody can log in to. Accounts that the replica has already keep their passwords there.',
	async inspect({ primary, replica, look, memory }) {
		const { accounts } = primary.dialect;
		const there = await look('primary', accounts.list);
		const present = await look('replica', replica.dialect.accounts.list);
		const missing = there.filter((who) => !accounts.own(who) && !present.some((other) => accountKey(other) === accountKey(who)));
		for (const who of missing) {
			const statements: Statement[] = [];
			for (const each of accounts.recreate(who)) statements.push(...(await look('primary', each)));
			memory.accounts.set(accountKey(who), statements);
		}
		return { missing, present };
	},
	plan({ replica, facts, memory }) {
		const { locks } = replica.dialect;
		if (facts.missing.length === 0) return [];
		const actions: Action[] = [];
		const act = (id: string, why: string, statement: Statement) => actions.push(change('replica', id, why, statement));
		act('unlogged', 'not for the binary log', locks.unlogged);
		// All accounts before all grants: a grant may name a role that comes later.
		for (const round of [true, false]) {
			for (const who of facts.missing) {
				const statements = memory.accounts.get(accountKey(who)) ?? [];
				(round ? statements.slice(0, 1) : statements.slice(1)).forEach((statement, index) => {
					act(`${round ? 'create' : `grant-${index + 1}`}-${accountKey(who)}`, round ? 'as on the primary' : 'its rights', statement);
				});
			}
		}
		act('logged', 'as before', locks.logged);
		return actions;
	},
	async verify({ primary, replica, look, outputs }) {
		// Once replication is configured, accounts that are new on the primary come through it.
		if (outputs.connect !== undefined) return [];
		const { accounts } = primary.dialect;
		const present = (await look('replica', replica.dialect.accounts.list)).map(accountKey);
		const lacking = (await look('primary', accounts.list)).filter((who) => !accounts.own(who) && !present.includes(accountKey(who)));
		return [
			must('ACCOUNTS', 'The replica has the primary’s accounts', lacking.length === 0, {
				expected: 'all',
				wrong: `missing ${some(lacking.map(accountKey))}`,
			}),
		];
	},
	undo({ replica, facts, origin }) {
		const { accounts, locks } = replica.dialect;
		const were = origin.present.map(accountKey);
		const ours = facts.present.filter((who) => !were.includes(accountKey(who)) && !accounts.own(who));
		if (ours.length === 0) return [];
		const action = (id: string, why: string, statement: Statement): Action => change('replica', id, why, statement);
		return [
			action('unlogged', 'not for the binary log', locks.unlogged),
			...ours.map((who) => action(`drop-${accountKey(who)}`, 'copied by this run', accounts.drop(who))),
			action('logged', 'as before', locks.logged),
		];
	},
};
