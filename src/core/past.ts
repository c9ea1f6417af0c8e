import { UserError } from './errors.ts';
import type { RunEvent } from './events.ts';
import { journals, type ReadJournal, readJournal } from './journal.ts';
import type { Json } from './json.ts';

/** The process that does a run. */
export type Engine = Omit<Extract<RunEvent, { type: 'engine' }>, 'type'>;

/** What an earlier run had seen and done. */
export type Past = {
	readonly run: string;
	readonly runbook: string;
	readonly title: string;
	readonly key: string;
	readonly servers: { readonly [role: string]: string };
	readonly identities: { readonly [role: string]: Json };
	readonly afterFailure: 'put-back' | 'keep';
	/** Who did it; null in a journal of a run without a process of its own. */
	readonly engine: Engine | null;
	/** Its end, where it came to one. */
	readonly end: Extract<RunEvent, { type: 'run-ended' }> | null;
	/** A newer lockstep wrote to it: not ours to judge. */
	readonly newer: boolean;
	readonly started: string;
	readonly request: Json;
	/** Facts of each step as the first run first saw them: what undo goes back to. */
	readonly origins: { readonly [step: string]: Json };
	/** Outputs of the steps that were done. */
	readonly outputs: { readonly [step: string]: Json };
	/** Steps that had begun to change something, in order. */
	readonly touched: readonly string[];
	/** Whether there is something to go on with. */
	readonly open: boolean;
};

/** Folds a journal's events; undefined where they tell of no run. */
export function pastOf({ events, newer }: ReadJournal): Past | undefined {
	const start = events.find((event) => event.type === 'run-started');
	if (start?.type !== 'run-started') return undefined;
	const origins: Record<string, Json> = {};
	const outputs: Record<string, Json> = { ...start.carried.outputs };
	let touched: string[] = [...start.carried.touched];
	let open = true;
	let engine: Past['engine'] = null;
	let end: Past['end'] = null;
	for (const event of events) {
		switch (event.type) {
			case 'engine': {
				const { pid, birth, host, socket, version } = event;
				engine = { pid, birth, host, socket, version };
				break;
			}
			case 'facts':
				origins[event.step] ??= event.origin;
				break;
			case 'action-started':
				if (!event.undoing && event.action.changes && !touched.includes(event.step)) touched.push(event.step);
				break;
			case 'step-done':
				outputs[event.step] = event.output;
				break;
			case 'step-started':
				// Done again after it had been done: what it gave before counts no longer.
				delete outputs[event.step];
				break;
			case 'run-ended':
				end = event;
				open = event.open;
				if (!event.open && (event.outcome === 'undone' || event.outcome === 'failed')) touched = [];
				break;
		}
	}
	return {
		run: start.run,
		runbook: start.runbook,
		title: start.title,
		key: start.key,
		servers: start.servers,
		identities: start.identities,
		afterFailure: start.afterFailure,
		engine,
		end,
		newer,
		started: start.at,
		request: start.request,
		origins,
		outputs,
		touched,
		// A run that changed nothing has nothing to go on with.
		open: open && touched.length > 0,
	};
}

/** The newest run of this work, where it was interrupted and can be gone on with. Throws UserError where a newer lockstep did it. */
export function findOpen(folder: string, key: string): Past | undefined {
	const past = newest(folder, (candidate) => candidate.key === key);
	if (past?.newer) throw newerLockstep(past.run);
	return past?.open ? past : undefined;
}

/** Says that a run is not ours to judge. */
export const newerLockstep = (run: string): UserError =>
	new UserError({
		what: `The run ${run} was done by a newer lockstep.`,
		mend: ['Go on with that version: this one does not know all that its journal tells.'],
	});

/** What of an interrupted run must not stay: all, or where what was done is kept only what it would have put back itself. */
export const scopeOf = (past: Past): 'all' | 'passing' => (past.afterFailure === 'keep' ? 'passing' : 'all');

/** All runs of a folder, newest first. */
export function* pasts(folder: string): Generator<Past> {
	for (const path of journals(folder)) {
		const past = pastOf(readJournal(path));
		if (past !== undefined) yield past;
	}
}

/** The newest run that `wanted` accepts. */
export function newest(folder: string, wanted: (past: Past) => boolean): Past | undefined {
	for (const past of pasts(folder)) if (wanted(past)) return past;
	return undefined;
}
