import type { Recorded } from './events.ts';
import type { Thing } from './model.ts';

/** What a run did to its servers, from its journal alone. */
export type Effects = {
	/** Steps that began to change something, in order. */
	readonly touched: readonly string[];
	/** What is there by this run, by name. Null: the journal is an older lockstep's, which did not write it down. */
	readonly made: readonly Thing[] | null;
	/** What was there before this run, was destroyed by it, and cannot be restored. */
	readonly lost: readonly Thing[];
	/** `all`: everything that can be was rolled back; `part`: what must not stay. */
	readonly undone: 'no' | 'part' | 'all';
	/** Statements that would roll back what could not be. */
	readonly left: readonly string[];
	/** What others changed since, left alone: a sentence each. */
	readonly drift: readonly string[];
};

export const NO_EFFECTS: Effects = { touched: [], made: [], lost: [], undone: 'no', left: [], drift: [] };

const isSame = (a: Thing) => (b: Thing) => a.on === b.on && a.kind === b.kind && a.name === b.name;
const has = (things: readonly Thing[], thing: Thing): boolean => things.some(isSame(thing));
const without = (things: readonly Thing[], gone: readonly Thing[]): readonly Thing[] => things.filter((thing) => !has(gone, thing));
const union = (things: readonly Thing[], more: readonly Thing[]): readonly Thing[] => [...things, ...without(more, things)];

/** Whether the run made a thing; where its journal does not say, whatever was not there in the beginning may be the run's. */
export const isMade = (made: Effects['made'], thing: Thing): boolean => made === null || has(made, thing);

/** The same, and these things too. */
export const withMade = (effects: Effects, more: readonly Thing[]): Effects => ({
	...effects,
	made: effects.made && union(effects.made, more),
});

/** The deeds after one more event. Pure. */
export function tally(effects: Effects, event: Recorded): Effects {
	switch (event.type) {
		case 'run-started': {
			const { touched, made, lost } = event.carried;
			return { ...NO_EFFECTS, touched, made: made ?? null, lost: lost ?? [] };
		}
		case 'action-started': {
			const { action, step, undoing } = event;
			if (!action.changes) return effects;
			const { makes = [], destroys = [] } = action;
			if (undoing) return { ...effects, made: effects.made && without(effects.made, destroys) };
			const own = effects.made ?? [];
			return {
				...effects,
				undone: 'no',
				left: [],
				touched: effects.touched.includes(step) ? effects.touched : [...effects.touched, step],
				lost: union(
					effects.lost,
					destroys.filter((thing) => !has(own, thing)),
				),
				made: effects.made && union(without(effects.made, destroys), makes),
			};
		}
		case 'action-failed':
			// The server refused it: nothing was destroyed.
			return event.spared === undefined ? effects : { ...effects, lost: without(effects.lost, event.spared) };
		case 'undo-done':
			return { ...effects, left: event.left, drift: event.foreign, undone: event.kept ? 'part' : 'all' };
		default:
			return effects;
	}
}

/** What a server's state is after a run. */
export type Aftermath = {
	/**
	 * `untouched`: nothing was changed. `as-before`: all was rolled back. `rolled-back-except`: all that can be was, {@link Effects.lost} is gone or
	 * others have changed something since. `kept`: what was done is there, to be resumed or undone. `left-changed`: something could not be rolled back.
	 * `complete`: the run did what was asked.
	 */
	readonly state: 'untouched' | 'as-before' | 'rolled-back-except' | 'kept' | 'left-changed' | 'complete';
	readonly lost: readonly Thing[];
	readonly drift: readonly string[];
};

/**
 * THE answer to "what is different now": from the journal's deeds and how the run ended, never from an error's class.
 * `end`: null where the process that did the run is gone and nothing was rolled back.
 */
export function aftermath(effects: Effects, end: { readonly outcome: string; readonly open: boolean } | null): Aftermath {
	const { lost, drift } = effects;
	const as = (state: Aftermath['state']): Aftermath => ({ state, lost, drift });
	if (effects.touched.length === 0) return as('untouched');
	if (effects.left.length > 0) return as('left-changed');
	if (end?.outcome === 'done') return as('complete');
	if (effects.undone === 'all' && (end === null || !end.open))
		return as(lost.length + drift.length > 0 ? 'rolled-back-except' : 'as-before');
	return as('kept');
}

/** Whether servers differ from what they were, by a run that did not do what was asked. */
export const isChanged = ({ state }: Aftermath): boolean => state === 'kept' || state === 'left-changed';

const FATES: { readonly [kind in Thing['kind']]: readonly [one: string, many: string, fate: string, act: string] } = {
	database: ['database ', 'databases ', 'dropped, cannot be restored', 'DROP'],
	table: ['table ', 'tables ', 'dropped, cannot be restored', 'DROP'],
	account: ['account ', 'accounts ', 'dropped, cannot be restored', 'DROP'],
	replication: ['replication from ', 'replication from ', 'reset, cannot be restored', 'RESET'],
	position: ['the position ', 'the positions ', 'reset, cannot be restored', 'RESET'],
	'binary log': ['the binary log ', 'the binary logs ', 'reset, cannot be restored', 'RESET'],
};

type Names = { readonly [role: string]: string };

/** What is gone for good, a line for each server and kind. `servers`: their names by role. */
export const lostWords = (lost: readonly Thing[], servers: Names): string[] =>
	grouped(lost, servers, (all, [, , fate]) => `${all}: ${fate}`);

/** What a plan destroys, in the same lines: `DROP databases crm, shop on db3`. */
export const thingsWords = (things: readonly Thing[], servers: Names): string[] =>
	grouped(things, servers, (all, [, , , act]) => `${act} ${all}`);

function grouped(lost: readonly Thing[], servers: Names, say: (all: string, fate: (typeof FATES)[Thing['kind']]) => string): string[] {
	const groups = Map.groupBy(lost, ({ on, kind }) => `${on}\0${kind}`);
	return [...groups.values()].flatMap((things) => {
		const [first] = things;
		if (first === undefined) return [];
		const [one, many] = FATES[first.kind];
		const all = `${things.length === 1 ? one : many}${things.map(({ name }) => name).join(', ')} on ${servers[first.on] ?? first.on}`;
		return [say(all, FATES[first.kind])];
	});
}
