import type { Recorded } from './events.ts';
import type { RunRecord } from './run-record.ts';

/**
 * How a run stands. `interrupted`: its process is gone, and what must not stay is not rolled back yet. `unfinished`: what it did is kept, to be
 * resumed.
 */
export type RunStatus = 'running' | 'interrupted' | 'unfinished' | 'finished';

/** Of a run that is not over. */
export type OpenRunStatus = Exclude<RunStatus, 'finished'>;

/** A run of this machine in a list; the same fields that `lockstep runs --json` prints. Times: RFC 3339. */
export interface RunEntry {
	readonly run: string;
	readonly title: string;
	readonly servers: { readonly [role: string]: string };
	readonly started: string;
	/** Null while it is at work, and where its process died. */
	readonly ended: string | null;
	readonly state: RunStatus;
	/** How it ended; null where it did not. */
	readonly outcome: NonNullable<RunRecord['end']>['outcome'] | null;
	/** How long it worked, without what a person waited at the plan; null where nothing tells. */
	readonly ms: number | null;
	/** How long it held locks; null where it held none. */
	readonly lock_ms: number | null;
	/** Of the backup that it made, on disk. */
	readonly bytes: number | null;
	/** Of the data that it read or loaded. */
	readonly raw_bytes: number | null;
	readonly steps: { readonly done: number; readonly of: number };
	/** The later run that went on with its work. */
	readonly resumed_by: string | null;
}

/** What the process that did the run wrote: one that rolled it back later wrote to the same journal. */
function eventsOfWork(events: readonly Recorded[]): readonly Recorded[] {
	const engines = events.flatMap(({ type }, index) => (type === 'engine' ? [index] : []));
	return events.slice(0, engines[1] ?? events.length);
}

function lockTime(events: readonly Recorded[]): number | null {
	let sum: number | null = null;
	let since: string | null = null;
	for (const event of events) {
		const isLast = event === events.at(-1);
		if (event.type === 'lock' && event.lock.state === 'held') since ??= event.at;
		const isOver = isLast || (event.type === 'lock' && event.lock.state !== 'held');
		if (since === null || !isOver) continue;
		sum = (sum ?? 0) + Date.parse(event.at) - Date.parse(since);
		since = null;
	}
	return sum;
}

const numberOf = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null);

/**
 * What a list shows of a run.
 * @param state whether its process lives is no matter of its journal
 */
export function runEntryOf(
	record: RunRecord,
	events: readonly Recorded[],
	{ state, resumedBy, now }: { readonly state: RunStatus; readonly resumedBy: string | null; readonly now: Date },
): RunEntry {
	const work = eventsOfWork(events);
	const begun = work.find(({ type }) => type === 'reviewed')?.at ?? record.started;
	const last = state === 'running' ? now.toISOString() : work.at(-1)?.at;
	const summaries = events.flatMap((event) => (event.type === 'run-ended' ? [event.summary] : []));
	const figure = (name: string) => numberOf(summaries.findLast((summary) => numberOf(summary[name]) !== null)?.[name]);
	return {
		run: record.run,
		title: record.title,
		servers: record.servers,
		started: record.started,
		ended: work.findLast(({ type }) => type === 'run-ended')?.at ?? null,
		state,
		outcome: record.end?.outcome ?? null,
		ms: last === undefined ? null : Math.max(0, Date.parse(last) - Date.parse(begun)),
		lock_ms: figure('heldMs') ?? lockTime(work),
		bytes: figure('bytes'),
		raw_bytes: figure('rawBytes'),
		steps: { done: record.steps.filter((id) => record.outputs[id] !== undefined).length, of: record.steps.length },
		resumed_by: resumedBy,
	};
}
