import { must } from '../../core/check.ts';
import type { AnyStep, Step } from '../../core/step.ts';
import { connect } from '../provision-replica/connect.ts';
import { createAccount } from '../provision-replica/create-account.ts';
import { start } from '../provision-replica/start.ts';
import { untilThreadsRun } from '../provision-replica/threads.ts';
import { wait } from '../provision-replica/wait.ts';
import { change } from '../shared/change.ts';
import type { CaughtUpOutput, PositionOutput, ReplicatingEnv } from './env.ts';
import { onThrowaway } from './on-throwaway.ts';

type Target = { readonly target: string };

/** Provisioning's own wait, once both threads run: an error of theirs is told at once. */
const follow: Step<ReplicatingEnv, Target, CaughtUpOutput> = {
	...wait,
	async inspect(at) {
		// One that cannot be read is known before anything is begun.
		at.requirePassword();
		return wait.inspect(at);
	},
	async run(at) {
		const { gtid } = at.outputs['set-position'] as PositionOutput;
		await untilThreadsRun(at);
		const done = (await wait.run?.(at)) ?? { ms: 0 };
		return { ...done, transactions: at.server.dialect.positions.countMissing(gtid ?? '', at.facts.target) };
	},
	verify: async (at) => (await wait.verify?.(at)) ?? [],
	previewOutput: { ms: 0, transactions: 0 },
};

/** What was made on the primary goes as soon as it is of no more use. */
const endReplication: Step<ReplicatingEnv, null, null> = {
	id: 'end-replication',
	title: 'End replication',
	why: 'The restored server follows no longer; an account that was created for it is dropped.',
	inspect: async () => null,
	plan: ({ server, primary, account }) => [
		change('server', 'stop', 'it has all that it was to get', server.dialect.channel.stop),
		// Until it is gone the account stays among what the run has made: whoever rolls back looks for it.
		...(account.ours
			? [change('primary', 'drop-account', 'it was created for this drill', primary.dialect.accounts.drop({ ...account, role: false }))]
			: []),
	],
	async verify({ primary, account: { user, host, ours }, runQuery }) {
		if (!ours) return [];
		const isThere = await runQuery('primary', primary.dialect.accounts.exists(user, host));
		return [
			must(
				'DRILL-ACCOUNT-DROPPED',
				{ pass: `${user}@${host} is not on ${primary.name} any more`, fail: `${user}@${host} is still on ${primary.name}` },
				!isThere,
			),
		];
	},
};

const STOPPED = { running: false, stopped: true, superReadOnly: null, startedAt: 0, packet: 0 };

/** The restored server follows the primary to lag zero, with an account that is created for that, or with a person's. */
export const replicating = (options: { readonly createsAccount: boolean }): readonly AnyStep<ReplicatingEnv>[] => [
	...(options.createsAccount ? [createAccount as AnyStep<ReplicatingEnv>] : []),
	onThrowaway(connect as AnyStep<ReplicatingEnv>, async () => ({ channel: null })),
	onThrowaway(start as AnyStep<ReplicatingEnv>, async () => STOPPED),
	follow,
	endReplication,
];
