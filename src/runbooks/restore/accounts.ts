import { isMade } from '../../core/effects.ts';
import type { Thing } from '../../core/model.ts';
import type { Step } from '../../core/step.ts';
import type { AccountName } from '../../dialects/contract/accounts.ts';
import { change } from '../shared/change.ts';
import { accountKey, accountsIn } from './accounts-file.ts';
import { filesOf, partOf, type RestoreEnv } from './env.ts';

type Facts = {
	readonly present: readonly AccountName[];
	/** In the backup. */
	readonly named?: readonly string[];
};

const accountThere = (name: string): Thing => ({ on: 'server', kind: 'account', name });

export const accounts: Step<RestoreEnv, Facts, { readonly kept: number }> = {
	id: 'accounts',
	title: 'Load the accounts',
	why: 'Only on request: whatever account could log in to the server that was backed up can then log in here. Existing accounts are left as they are, with their passwords and their privileges.',
	async inspect(env) {
		return { present: await env.runQuery('server', env.server.dialect.accounts.list), named: [...(await accountsIn(env))] };
	},
	plan({ facts, origin, ...env }) {
		const { server, logged } = env;
		return filesOf(env, 'accounts').map((file) => ({
			kind: 'pipe',
			id: 'accounts',
			why: 'those that are not here',
			// Half of them may have come with an interrupted run, without their rights: these are ours.
			from: { ...partOf(env, file), withoutAccounts: origin.present.map(accountKey) },
			into: server.dialect.tools.load('server', logged),
			footer: true,
			changes: true,
			makes: (facts.named ?? []).filter((name) => !origin.present.some((who) => accountKey(who) === name)).map(accountThere),
		}));
	},
	async run({ plan, perform, origin }) {
		for (const action of plan) await perform(action);
		return { kept: origin.present.length };
	},
	undo({ server, facts, origin, logged, made }) {
		const { accounts: words, locks } = server.dialect;
		const were = new Set(origin.present.map(accountKey));
		const isOurs = (name: string) => (['server', 'replica'] as const).some((on) => isMade(made, { on, kind: 'account', name }));
		const drops = facts.present
			.filter((who) => !were.has(accountKey(who)) && !words.isOwn(who) && isOurs(accountKey(who)))
			.map((who) => change('server', `drop-${accountKey(who)}`, 'restored by this run', words.drop(who)));
		if (drops.length === 0 || logged) return drops;
		return [
			change('server', 'unlogged', 'not for the binary log', locks.unlogged),
			...drops,
			change('server', 'logged', 'as before', locks.logged),
		];
	},
};
