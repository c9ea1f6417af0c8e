import { UserError } from '../core/errors.ts';
import type { Recorded } from '../core/events.ts';
import { journals, readJournal } from '../core/journal.ts';
import { type RunEntry, type RunStatus, runEntryOf } from '../core/run-entry.ts';
import { newerLockstep, type RunRecord, runRecordOf } from '../core/run-record.ts';
import { fold, NOTHING_YET } from '../core/state.ts';
import { type RunRequest, toCommandLine } from '../requests/index.ts';
import { runsFolder } from './built-run.ts';
import type { AppContext } from './context.ts';
import { canUndo } from './run-to-undo.ts';
import { leftFolder, newerRuns, openStatusOf } from './runs.ts';
import type { NextStep, RunDetails } from './wizard-backend.ts';

const ORDER: readonly RunStatus[] = ['running', 'interrupted', 'unfinished', 'finished'];

/** A run of this machine, with all that its journal tells. */
export interface KnownRun {
	readonly entry: RunEntry;
	readonly record: RunRecord;
	readonly events: readonly Recorded[];
}

/** The runs of this machine, newest first, each read when it is asked for. `most`: of so many of the newest journals. */
async function* newestRuns(context: AppContext, most = Number.POSITIVE_INFINITY): AsyncGenerator<KnownRun> {
	/** The one that came after those still to be read, by its work. */
	const nextOf = new Map<string, RunRecord>();
	for (const path of journals(runsFolder(context)).slice(0, most)) {
		const journal = readJournal(path);
		const record = runRecordOf(journal);
		if (record === undefined) continue;
		const next = nextOf.get(record.key);
		nextOf.set(record.key, record);
		const resumedBy = record.open && next?.resumes ? next.run : null;
		const state = (record.newer ? null : await openStatusOf(record, next)) ?? 'finished';
		const entry = runEntryOf(record, journal.events, { state, resumedBy, now: context.now() });
		yield { entry, record, events: journal.events };
	}
}

/**
 * The runs of this machine: at work, interrupted, unfinished, finished; the newest first in each.
 * @param most read only so many of the newest journals
 */
export async function allRuns(context: AppContext, most?: number): Promise<readonly KnownRun[]> {
	const found: KnownRun[] = [];
	for await (const each of newestRuns(context, most)) found.push(each);
	return found.toSorted((a, b) => ORDER.indexOf(a.entry.state) - ORDER.indexOf(b.entry.state));
}

/** How many there are, by their journals alone. */
export const countRuns = (context: AppContext): number => journals(runsFolder(context)).length;

/** What can be done with it now, each as a command. */
function nextSteps(context: AppContext, { entry, record }: KnownRun): readonly NextStep[] {
	const { run, state } = entry;
	if (record.newer) return [];
	const undo: readonly NextStep[] = canUndo(record) ? [{ goal: 'undo', command: `lockstep undo ${run}` }] : [];
	const resume = (): NextStep => ({
		goal: 'resume',
		command: toCommandLine(record.request as RunRequest, context.configFile ?? undefined),
	});
	switch (state) {
		case 'running':
			return [{ goal: 'watch', command: `lockstep attach ${run}` }];
		case 'interrupted':
			return [{ goal: 'recover', command: `lockstep recover ${run}` }, ...(record.afterFailure === 'keep' ? [resume(), ...undo] : [])];
		case 'unfinished':
			return [resume(), ...undo];
		case 'finished':
			return entry.resumed_by === null ? undo : [];
	}
}

/** Those of which something on a server can be undone, newest first. `most`: as {@link allRuns}. */
export async function runsToUndo(context: AppContext, most?: number): Promise<readonly RunEntry[]> {
	const found: RunEntry[] = [];
	for await (const each of newestRuns(context, most))
		if (nextSteps(context, each).some(({ goal }) => goal === 'undo')) found.push(each.entry);
	return found;
}

/** All there is to say of one run. Throws UserError where there is none of that name, or only a newer lockstep can read it. */
export async function runDetails(context: AppContext, run: string): Promise<RunDetails> {
	// Whether a later one resumed it is in newer journals alone: the older ones are not read.
	let known: KnownRun | undefined;
	for await (const each of newestRuns(context)) {
		if (each.entry.run !== run) continue;
		known = each;
		break;
	}
	if (known === undefined) {
		if (newerRuns(context).includes(run)) throw newerLockstep(run);
		throw new UserError({ message: `There is no run ${run}.`, hints: ['lockstep runs'] });
	}
	const { entry, record, events } = known;
	return {
		entry,
		request: record.request as RunRequest,
		state: events.reduce(fold, NOTHING_YET),
		end: record.end,
		next: nextSteps(context, known),
		partial: leftFolder(record),
	};
}
