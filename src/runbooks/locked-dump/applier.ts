import type { Looking, Step } from '../../core/step.ts';
import { change } from '../change.ts';
import type { BackupEnv } from './env.ts';

type Facts = { readonly running: boolean };
/** Null in a preview. */
type Paused = { readonly stopped: boolean | null };

async function inspect({ server, look }: BackupEnv & Looking): Promise<Facts> {
	return { running: (await look('server', server.dialect.channel.status)).some((channel) => channel.sql === 'yes') };
}

/** Only with `--stop-applier`: the lock holds the applier just as well, and frees it when this program dies. */
export const pauseApplier: Step<BackupEnv, Facts, Paused> = {
	id: 'pause-applier',
	title: 'Stop the SQL thread',
	why: 'Only with --stop-applier. The lock alone holds the SQL thread too, and lets it go by itself if this program dies; a stopped thread stays stopped. So what it was is noted first, and it is started again whatever happens.',
	inspect,
	plan: ({ server, stopApplier, facts }) =>
		stopApplier && facts.running
			? [change('server', 'stop', 'before the lock: it could not be stopped under it', server.dialect.channel.stopApplier)]
			: [],
	async run({ plan, perform }) {
		for (const action of plan) await perform(action);
		return { stopped: plan.length > 0 };
	},
	undo: ({ server, facts, origin }) =>
		origin.running && !facts.running ? [change('server', 'start', 'it ran before', server.dialect.channel.startApplier)] : [],
	standIn: { stopped: null },
};

export const resumeApplier: Step<BackupEnv, Facts, null> = {
	id: 'resume-applier',
	title: 'Start the SQL thread again',
	why: 'Only if this run stopped it.',
	inspect,
	plan({ server, facts, stopApplier, outputs }) {
		const { stopped } = (outputs['pause-applier'] as Paused | undefined) ?? { stopped: null };
		const needed = stopped === null ? stopApplier && facts.running : stopped && !facts.running;
		return needed ? [change('server', 'start', 'it ran before', server.dialect.channel.startApplier)] : [];
	},
};
