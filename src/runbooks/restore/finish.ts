import type { Action } from '../../core/action.ts';
import { pickAll } from '../../core/action.ts';
import type { ReadContext, RunContext, Step } from '../../core/step.ts';
import type { ObjectName } from '../../dialects/contract/objects.ts';
import { change } from '../shared/change.ts';
import { qualified, some } from '../shared/server.ts';
import { filesOf, partOf, type RestoreEnv } from './env.ts';
import { type EventState, inspectEvents, schedulerActions, undoEventChanges, withEventsDisabled } from './events.ts';
import { rememberOthers } from './other-differences.ts';

type Facts = { readonly sleep: EventState; readonly triggers: readonly ObjectName[] };

/** For backups of the parallel engine: what must not be there while rows come. */
export const finish: Step<RestoreEnv, Facts, { readonly disabled: readonly string[] }> = {
	id: 'finish',
	title: 'Triggers, routines, events, views',
	why: 'They come last: a trigger would have fired at every row, a view may rest on any table. Events are enabled in a backup: so that none fires by surprise the scheduler is off meanwhile, and those that would fire afterwards are disabled.',
	isTransient: true,
	inspect: async (env) => ({ sleep: await inspectEvents(env), triggers: await triggersOf(env) }),
	plan({ facts, ...env }) {
		const { before, after } = schedulerActions(env, facts.sleep);
		const files = filesOf(env, 'post').map(
			(file): Action => ({
				kind: 'pipe',
				id: `post-${file.database}`,
				why: env.only === null ? 'routines, events, triggers, views' : 'their triggers',
				from: partOf(env, file),
				into: env.server.dialect.tools.load('server', env.logged),
				footer: true,
				changes: true,
			}),
		);
		return files.length === 0 ? [] : [...before, ...files, ...after];
	},
	async run(at) {
		const { plan, perform, note, server } = at;
		await rememberOthers(at);
		const disabled = await withEventsDisabled(at, async () => {
			let waiting = pickAll(plan, 'pipe', 'post-');
			// A view may rest on one of a database that comes later: as long as any gets further, those that failed are tried again.
			while (waiting.length > 0) {
				const left: { readonly action: (typeof waiting)[number]; readonly error: unknown }[] = [];
				for (const action of waiting) {
					try {
						await dropTriggers(at, action.id.slice('post-'.length));
						const { lines } = await perform(action);
						const said = lines.filter((line) => !server.dialect.tools.isHarmless(line));
						if (said.length > 0) note(some(said, 10), 'warning');
					} catch (error) {
						at.signal.throwIfAborted();
						left.push({ action, error });
					}
				}
				if (left.length === waiting.length) throw left[0]?.error;
				waiting = left.map((each) => each.action);
			}
		});
		return { disabled };
	},
	undo: ({ facts, origin, ...env }) => undoEventChanges(env, facts.sleep, origin.sleep),
};

const triggersOf = async ({ server, databases, runQuery }: RestoreEnv & ReadContext): Promise<readonly ObjectName[]> =>
	(await runQuery('server', server.dialect.catalogue.triggers)).filter((each) => databases.includes(each.database));

/** Those that an interrupted run has made already: the vendor's tool replaces all but triggers. */
async function dropTriggers(at: RestoreEnv & RunContext & { readonly origin: Facts }, database: string): Promise<void> {
	const { server, perform, logged, only, origin } = at;
	const before = new Set(only === null ? [] : origin.triggers.map(qualified));
	const ours = (await triggersOf(at)).filter((each) => each.database === database && !before.has(qualified(each)));
	if (ours.length === 0) return;
	const { locks, load } = server.dialect;
	if (!logged) await perform(change('server', 'unlogged', 'not for the binary log', locks.unlogged));
	for (const each of ours) await perform(change('server', `drop-${qualified(each)}`, 'it comes once more', load.dropTrigger(each)));
	if (!logged) await perform(change('server', 'logged', 'as before', locks.logged));
}
