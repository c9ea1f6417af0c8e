import { type Action, pick } from '../../core/action.ts';
import type { ReadContext, RunContext } from '../../core/step.ts';
import type { EventFacts } from '../../dialects/common/load.ts';
import { shown } from '../../sql/sql.ts';
import { change } from '../shared/change.ts';
import { restarted } from '../shared/server.ts';
import type { RestoreEnv } from './env.ts';

/** What keeps events that come with a backup from firing by surprise. */
export type EventState = {
	readonly scheduler: string;
	readonly startedAt: number;
	/** Those in the databases that are restored which would fire if the scheduler ran. */
	readonly awake: readonly EventFacts[];
};

export async function inspectEvents({ server, databases, runQuery }: RestoreEnv & ReadContext): Promise<EventState> {
	const { eventScheduler, startedAt } = await runQuery('server', server.dialect.identity);
	const awake = (await runQuery('server', server.dialect.load.events)).filter(
		(event) => event.enabled && databases.includes(event.database),
	);
	return { scheduler: eventScheduler, startedAt, awake };
}

/** Before something comes that may hold events, and after: `[…before, …load, …after]`. */
export function schedulerActions(
	{ server, only }: RestoreEnv,
	{ scheduler }: EventState,
): { readonly before: readonly Action[]; readonly after: readonly Action[] } {
	// With single tables no event comes.
	if (scheduler !== 'ON' || only !== null) return { before: [], after: [] };
	const { setEventScheduler } = server.dialect.locks;
	return {
		before: [change('server', 'scheduler-off', 'no event fires while they come', setEventScheduler('OFF'))],
		after: [change('server', 'scheduler-back', 'as it was; those that came with the backup are disabled by then', setEventScheduler('ON'))],
	};
}

function disabled({ server, logged }: RestoreEnv, awake: readonly EventFacts[]): readonly Action[] {
	if (awake.length === 0) return [];
	const { load, locks } = server.dialect;
	const disable = awake.map((event) =>
		change('server', `disable-${event.database}.${event.name}`, 'it would fire here', load.setEvent(event, false)),
	);
	if (logged) return disable;
	return [
		change('server', 'unlogged', 'not for the binary log', locks.unlogged),
		...disable,
		change('server', 'logged', 'as before', locks.logged),
	];
}

/** Does `work` while the scheduler is off; gives the statements that wake what was put to sleep. */
export async function withEventsDisabled(
	at: RestoreEnv &
		RunContext & {
			readonly facts: { readonly sleep: EventState };
			readonly origin: { readonly sleep: EventState };
			readonly plan: readonly Action[];
		},
	work: () => Promise<void>,
): Promise<readonly string[]> {
	const { plan, perform } = at;
	const off = pick(plan, 'sql', 'scheduler-off');
	const back = pick(plan, 'sql', 'scheduler-back');
	if (off !== undefined) await perform(off);
	await work();
	if (off === undefined || back === undefined) return [];
	const { awake } = await inspectEvents(at);
	for (const action of disabled(at, awake)) await perform(action);
	await perform(back);
	return awake.map((event) => `${shown(at.server.dialect.load.setEvent(event, true))};`);
}

/** The scheduler goes back only when nothing of the backup would fire by it. */
export function undoEventChanges(env: RestoreEnv, facts: EventState, origin: EventState): readonly Action[] {
	if (origin.scheduler !== 'ON' || facts.scheduler !== 'OFF' || restarted(origin, facts)) return [];
	const back = change('server', 'scheduler-back', 'as it was', env.server.dialect.locks.setEventScheduler('ON'));
	return [...disabled(env, facts.awake), back];
}

/** The statements that enable what a step disabled, by its output. Journals of older locksteps name them otherwise. */
export function disabledBy(output: unknown): readonly string[] {
	const named = new Map<string, unknown>(typeof output === 'object' && output !== null ? Object.entries(output) : []);
	return (named.get('disabled') ?? named.get('asleep') ?? []) as readonly string[];
}
