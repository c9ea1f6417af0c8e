import { type Check, warning } from '../../core/check.ts';
import type { Step } from '../../core/step.ts';
import type { AccountName } from '../../dialects/contract/accounts.ts';
import { accountsIn } from '../restore/accounts-file.ts';
import { change } from '../shared/change.ts';
import { accountKey, seeded } from './env.ts';
import type { FromBackupEnv } from './on-replica.ts';
import { nameOf } from './operator.ts';

type Facts = {
	/** On both servers, and not in the backup. */
	readonly later: readonly AccountName[];
	/** The one that we are logged in as there, where it is such a one. */
	readonly login: string | null;
};

/** The replication account of an earlier run and the operator's come back by this run itself: nobody's loss. */
const notOurs =
	({ account, operator }: FromBackupEnv) =>
	(name: string): boolean =>
		!(account.ours && name === nameOf(account)) && !(operator !== null && name === nameOf(operator));

/** A server that was a replica before has accounts that come once more. */
export const forgetAccounts: Step<FromBackupEnv, Facts, null> = {
	id: 'forget-accounts',
	title: 'Forget the accounts that come again',
	why: 'The replica gets the accounts of the backup, and what the primary made since then comes through replication: CREATE USER of one that exists already would stop it (error 1396). So accounts that are on both servers and not in the backup are dropped on the replica first. Its own ones stay. On a new server there is nothing to do.',
	async inspect(at) {
		const { primary, replica, runQuery } = at;
		const backed = await accountsIn(at);
		const there = new Set((await runQuery('primary', primary.dialect.accounts.list)).map(accountKey));
		const { account } = await runQuery('replica', replica.dialect.identity);
		const later = (await runQuery('replica', replica.dialect.accounts.list)).filter(
			(who) =>
				there.has(accountKey(who)) &&
				!backed.has(accountKey(who)) &&
				!replica.dialect.accounts.isOwn(who) &&
				// Backups of older versions hold none of these.
				who.user !== '',
		);
		return {
			later: later.filter((who) => accountKey(who) !== account),
			login: later.some((who) => accountKey(who) === account) ? account : null,
		};
	},
	checks({ facts, replica }): readonly Check[] {
		if (facts.login === null) return [];
		return [
			warning('SEED-LOGIN', 'The backup lacks the account that lockstep logs in with', {
				wrong: `${facts.login} is on the primary and not in the backup: if the primary made it since then, replication stops there (error 1396)`,
				hints: [`Log in to ${replica.name} as another one, which is on that server only.`],
			}),
		];
	},
	consents({ facts, ...env }) {
		const { replica } = env;
		const lost = facts.later.map(accountKey).filter(notOurs(env));
		if (lost.length === 0 || seeded(env) !== undefined) return [];
		return [
			{
				name: replica.name,
				reason: `${replica.name} has accounts that the primary made after the backup: they are dropped, and come back through replication`,
				affected: lost.map((name) => `account ${name}`),
			},
		];
	},
	plan({ facts, replica, ...env }) {
		if (facts.later.length === 0 || seeded(env) !== undefined) return [];
		const { accounts, locks } = replica.dialect;
		return [
			change('replica', 'unlogged', 'not for the binary log', locks.unlogged),
			...facts.later.map(accountKey).map((name, index) => ({
				...change('replica', `drop-${name}`, 'it comes through replication', accounts.drop(facts.later[index] as AccountName)),
				destroys: notOurs({ ...env, replica })(name) ? [{ on: 'replica', kind: 'account' as const, name }] : [],
			})),
			change('replica', 'logged', 'as before', locks.logged),
		];
	},
	undo: () => [],
};
