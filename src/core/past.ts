import type { Recorded } from './events.ts';
import { journals, readJournal } from './journal.ts';
import type { Json } from './json.ts';

/** What an interrupted run of the same work had seen and done. */
export type Past = {
	readonly run: string;
	readonly runbook: string;
	readonly key: string;
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
export function pastOf(events: readonly Recorded[]): Past | undefined {
	const start = events.find((event) => event.type === 'run-started');
	if (start?.type !== 'run-started') return undefined;
	const origins: Record<string, Json> = {};
	const outputs: Record<string, Json> = { ...start.carried.outputs };
	let touched: string[] = [...start.carried.touched];
	let open = true;
	for (const event of events) {
		switch (event.type) {
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
				open = event.open;
				if (event.outcome === 'undone' || (event.outcome === 'failed' && !event.open)) touched = [];
				break;
		}
	}
	return {
		run: start.run,
		runbook: start.runbook,
		key: start.key,
		started: start.at,
		request: start.request,
		origins,
		outputs,
		touched,
		// A run that changed nothing has nothing to go on with.
		open: open && touched.length > 0,
	};
}

/** The newest run of this work, where it was interrupted and can be gone on with. */
export function findOpen(folder: string, key: string): Past | undefined {
	const past = newest(folder, (candidate) => candidate.key === key);
	return past?.open ? past : undefined;
}

/** The newest run that `wanted` accepts. */
export function newest(folder: string, wanted: (past: Past) => boolean): Past | undefined {
	for (const path of journals(folder)) {
		const past = pastOf(readJournal(path));
		if (past !== undefined && wanted(past)) return past;
	}
	return undefined;
}
