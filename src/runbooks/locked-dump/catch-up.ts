import { type LockstepError, VerifyFailed } from '../../core/errors.ts';
import type { Step } from '../../core/step.ts';
import { catchUp } from '../catch-up.ts';
import type { BackupEnv } from './env.ts';

type Facts = {
	/** All that was received and must be applied; null on a server that replicates from nobody. */
	readonly target: string | null;
	readonly running: boolean;
	readonly delaySeconds: number;
};

/** Longer than this a backup does not wait to be published. */
const MOST_MS = 15 * 60_000;

export const catchUpAgain: Step<BackupEnv, Facts, { readonly ms: number | null }> = {
	id: 'catch-up',
	title: 'Watch replication catch up',
	why: 'While the lock was held the replica received changes and could not apply them. It is watched until it has: the sign that this backup left nothing behind.',
	async inspect({ server, look }) {
		const channel = (await look('server', server.dialect.channel.status))[0];
		return {
			target: channel?.usesGtid ? channel.received : null,
			running: channel !== undefined && channel.io !== 'no' && channel.sql === 'yes',
			delaySeconds: channel?.delaySeconds ?? 0,
		};
	},
	plan: ({ server, facts }) =>
		facts.target === null || !facts.running || facts.delaySeconds > 0
			? []
			: [
					{
						kind: 'sql',
						id: 'wait',
						why: 'until all that was received is applied',
						on: 'server',
						statement: server.dialect.positions.wait(facts.target, 5).statement,
						changes: false,
					},
				],
	async run({ plan, ...at }) {
		if (plan.length === 0) {
			if (at.facts.delaySeconds > 0) at.note('The replica is delayed on purpose: it is not waited for.');
			return { ms: null };
		}
		try {
			const ms = await catchUp(at, { role: 'server', server: at.server }, at.facts.target ?? '', MOST_MS);
			for (const action of plan) await at.perform(action);
			return { ms };
		} catch (error) {
			// The backup itself is sound: that replication has trouble of its own is said and does not unmake it.
			if (!(error instanceof VerifyFailed)) throw error;
			at.note(`Replication did not catch up: ${error.checks[0]?.found ?? (error as LockstepError).told.what}`, 'warning');
			return { ms: null };
		}
	},
	standIn: { ms: null },
};
