import type { Action, LoadAction, PipeAction } from '../../core/action.ts';
import type { Json } from '../../core/json.ts';
import type { Thing } from '../../core/model.ts';
import type { ReadContext, RunContext, Step } from '../../core/step.ts';
import type { RestoreEnv } from '../restore/env.ts';
import { type ProvisionEnv, seeded } from './env.ts';

/** A provisioning whose data come from a backup: `server` is the replica. */
export type FromBackupEnv = ProvisionEnv & RestoreEnv;

const roleOf = (role: string): string => (role === 'server' ? 'replica' : role);

const thereToo = (things: readonly Thing[] | undefined): readonly Thing[] =>
	(things ?? []).map((thing) => ({ ...thing, on: roleOf(thing.on) }));

/** The same action on the replica. */
function onReplica<A extends Action>(given: A): A {
	const action = { ...given, makes: thereToo(given.makes), destroys: thereToo(given.destroys) };
	if (action.kind === 'pipe') {
		const { into } = action as PipeAction;
		return into !== null && 'on' in into ? { ...action, into: { ...into, on: roleOf(into.on) } } : action;
	}
	return 'on' in action ? { ...action, on: roleOf((action as LoadAction).on) } : action;
}

/** What it looks and works with, when it means the replica by `server`. */
export function aimed<At extends ReadContext & Partial<RunContext>>(at: At): At {
	const { perform, readers } = at;
	return {
		...at,
		runQuery: (on, query) => at.runQuery(roleOf(on), query),
		tool: (on, names) => at.tool(roleOf(on), names),
		digests: (on, tables, options) => at.digests(roleOf(on), tables, options),
		rowDifferences: (on, table) => at.rowDifferences(roleOf(on), table),
		definitions: (on, databases, options) => at.definitions(roleOf(on), databases, options),
		...(perform === undefined ? {} : { perform: (action: Action, options) => perform(onReplica(action), options) }),
		...(readers === undefined ? {} : { readers: (on: string, options) => readers(roleOf(on), options) }),
	} as At;
}

/** The events stay asleep there: an earlier step sees to it. */
const stays = ({ id }: Action): boolean => id !== 'scheduler-off' && id !== 'scheduler-back';

/** A restore's step as a provisioning's: what it does to its server it does to the replica. When the replica has its data it is over. */
export function restoring<Facts extends Json, Output extends Json>(
	step: Step<RestoreEnv, Facts, Output>,
): Step<FromBackupEnv, Facts, Output> {
	const { run, undo } = step;
	return {
		...step,
		inspect: (at) => step.inspect(aimed(at)),
		plan: (at) => step.plan(at).filter(stays).map(onReplica),
		...(run === undefined ? {} : { run: (at) => run(aimed(at)) }),
		// What replication changes from then on is no business of theirs.
		...(step.proves === undefined ? {} : { proves: (env: FromBackupEnv) => seeded(env) === undefined }),
		verify: async (at) => (seeded(at) === undefined ? ((await step.verify?.(aimed(at))) ?? []) : []),
		...(undo === undefined ? {} : { undo: (at) => undo(at).map(onReplica) }),
	};
}
