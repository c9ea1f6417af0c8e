import { setTimeout as pause } from 'node:timers/promises';
import { pickAll, type SqlAction } from '../../core/action.ts';
import { LockTimeout } from '../../core/errors.ts';
import type { ReadContext, RunContext, Step } from '../../core/step.ts';
import { change } from '../shared/change.ts';
import type { BackupEnv } from './env.ts';
import { restarted } from './restarted.ts';

type Facts = {
	/** The channels whose SQL thread runs, and all there are, by name. */
	readonly running: readonly string[];
	readonly channels: readonly string[];
	/** A stop that was begun, by whoever has died or was stopped since, is not at its end. */
	readonly stopping: boolean;
	readonly startedAt: number;
};
/** The channels whose SQL thread was stopped; null in a preview. */
type Paused = { readonly stopped: readonly string[] | null };

const CHECK_EVERY_MS = 200;

async function inspect({ server, runQuery }: BackupEnv & ReadContext): Promise<Facts> {
	const channels = await runQuery('server', server.dialect.channel.status);
	return {
		running: channels.filter((channel) => channel.sql === 'yes').map((channel) => channel.name),
		channels: channels.map((channel) => channel.name),
		stopping: await runQuery('server', server.dialect.channel.stopping),
		startedAt: (await runQuery('server', server.dialect.identity)).startedAt,
	};
}

const idOf = (verb: 'stop' | 'start', channel: string): string => (channel === '' ? verb : `${verb}-${channel}`);
const called = (channel: string): string => (channel === '' ? 'the SQL thread' : `the SQL thread of channel ${channel}`);

const starts = ({ server }: BackupEnv, channels: readonly string[]): SqlAction[] =>
	channels.map((name) => change('server', idOf('start', name), 'it ran before', server.dialect.channel.startApplier(name)));

/** Those that ran and do not any more, or soon will not. */
const stoppedSince = (facts: Facts, origin: Facts): readonly string[] =>
	origin.running.filter((name) => facts.stopping || !facts.running.includes(name));

/** Only with `--stop-applier`: the lock holds the applier just as well, and frees it when this program dies. */
export const pauseApplier: Step<BackupEnv, Facts, Paused> = {
	id: 'pause-applier',
	title: 'Stop the SQL thread',
	why: 'Only with --stop-applier: STOP SLAVE SQL_THREAD, in newer words STOP REPLICA SQL_THREAD. The lock alone holds the SQL thread too, and lets it go by itself if this program dies; a stopped thread stays stopped. So what it was is noted first, channel by channel, and it is started again whatever happens. It is not left stopped in the middle of work with temporary tables: they would be missing from the backup.',
	inspect,
	plan: ({ server, stopApplier, facts }) =>
		stopApplier
			? facts.running.map((name) =>
					change(
						'server',
						idOf('stop', name),
						'before the lock: it could not be stopped under it',
						server.dialect.channel.stopApplier(name),
					),
				)
			: [],
	async run(at) {
		const { plan, facts, server } = at;
		if (plan.length === 0) return { stopped: [] };
		const until = performance.now() + at.lockWaitSeconds * 1000;
		for (;;) {
			await noTemporaryTables(at, until);
			for (const action of pickAll(plan, 'sql', 'stop')) await at.perform(action);
			// They may have been opened just before it stopped, and would then stay open for good.
			if ((await at.runQuery('server', server.dialect.channel.openTemporaryTables)) === 0) return { stopped: [...facts.running] };
			for (const action of starts(at, facts.running)) await at.perform(action);
			at.note('The applier was stopped in the middle of work with temporary tables, and continues until it is done.');
		}
	},
	undo: ({ facts, origin, ...env }) =>
		restarted(facts, origin)
			? []
			: starts(
					env,
					stoppedSince(facts, origin).filter((name) => facts.channels.includes(name)),
				),
	drift({ server, facts, origin }) {
		const again = restarted(facts, origin);
		return stoppedSince(facts, origin)
			.filter((name) => again || !facts.channels.includes(name))
			.map((name) =>
				facts.channels.includes(name)
					? `${called(name)} on ${server.name} ran and does not run: the server was restarted since, and did not start it.`
					: `${called(name)} on ${server.name} ran; that channel is gone.`,
			);
	},
};

async function noTemporaryTables(at: BackupEnv & RunContext, until: number): Promise<void> {
	let isReported = false;
	for (;;) {
		const open = await at.runQuery('server', at.server.dialect.channel.openTemporaryTables);
		if (open === 0) return;
		if (performance.now() > until) {
			throw new LockTimeout({
				message: `The applier was not stopped within ${at.lockWaitSeconds} s.`,
				reason: `It had ${open} temporary tables open all the time: a backup of that moment could not be made a replica.`,
				hints: ['Nothing is locked and nothing was changed. Try again later, or wait longer with --lock-wait.'],
			});
		}
		if (!isReported) at.note(`Not stopped yet: the applier has ${open} temporary tables open, which the backup would lack.`);
		isReported = true;
		await pause(CHECK_EVERY_MS, undefined, { signal: at.signal }).catch(() => at.signal.throwIfAborted());
	}
}

export const resumeApplier: Step<BackupEnv, Facts, null> = {
	id: 'resume-applier',
	title: 'Start the SQL thread again',
	why: 'Only if this run stopped it, each channel’s own.',
	inspect,
	plan({ facts, outputs, ...env }) {
		const { stopped } = (outputs['pause-applier'] as Paused | undefined) ?? { stopped: null };
		const ran = stopped ?? (env.stopApplier ? facts.running : []);
		// In a preview they still run.
		return starts(
			{ ...env, outputs },
			ran.filter((name) => facts.channels.includes(name) && (stopped === null || !facts.running.includes(name))),
		);
	},
};
