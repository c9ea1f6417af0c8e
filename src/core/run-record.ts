import { type Effects, NO_EFFECTS, tally } from './effects.ts';
import { UserError } from './errors.ts';
import type { RunEvent } from './events.ts';
import { journals, type ReadJournal, readJournal } from './journal.ts';
import type { Json } from './json.ts';
import type { ShownAction } from './shown-action.ts';

/** The process that does a run. */
export type Engine = Omit<Extract<RunEvent, { type: 'engine' }>, 'type'>;

type RunStarted = Extract<RunEvent, { type: 'run-started' }>;

/** What an earlier run had seen and done. */
export type RunRecord = Pick<RunStarted, 'runbook' | 'title' | 'key' | 'servers' | 'identities' | 'afterFailure' | 'request'> & {
	readonly run: string;
	/** Who did it; null in a journal of a run without a process of its own. */
	readonly engine: Engine | null;
	/** Its end, where it came to one. */
	readonly end: Extract<RunEvent, { type: 'run-ended' }> | null;
	/** A newer lockstep wrote to it: not ours to judge. */
	readonly newer: boolean;
	readonly started: string;
	/** Whether it took over what an earlier run of this work had done. */
	readonly resumes: boolean;
	/** Their ids, in order. */
	readonly steps: readonly string[];
	/** Facts of each step as the first run first saw them: what undo goes back to. */
	readonly origins: { readonly [step: string]: Json };
	/** Outputs of the steps that were done. */
	readonly outputs: { readonly [step: string]: Json };
	/** Steps that had begun to change something, in order. */
	readonly touched: readonly string[];
	readonly effects: Effects;
	/** Steps that an undo began to roll back, whether it came to its end or not. */
	readonly undoing: readonly string[];
	/** When it last changed something on each server, or put it back, RFC 3339. */
	readonly acted: { readonly [role: string]: string };
	/** Where each server stood when it began. */
	readonly marks: { readonly [role: string]: string };
	/** Whether there is something to go on with. */
	readonly open: boolean;
};

/** Folds a journal's events; undefined where they tell of no run. */
export function runRecordOf({ events, newer }: ReadJournal): RunRecord | undefined {
	const start = events.find((event) => event.type === 'run-started');
	if (start?.type !== 'run-started') return undefined;
	const origins: Record<string, Json> = {};
	const outputs: Record<string, Json> = { ...start.carried.outputs };
	let effects: Effects = NO_EFFECTS;
	const undoing = new Set<string>();
	const acted: Record<string, string> = {};
	/** Whether all that it did is rolled back. */
	let over = false;
	let open = true;
	let engine: RunRecord['engine'] = null;
	let end: RunRecord['end'] = null;
	for (const event of events) {
		effects = tally(effects, event);
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
				over = false;
				if (event.undoing) undoing.add(event.step);
				if (event.action.changes) for (const role of rolesOf(event.action, start.servers)) acted[role] = event.at;
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
				over = !event.open && (event.outcome === 'undone' || event.outcome === 'failed');
				break;
		}
	}
	const touched = over ? [] : effects.touched;
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
		resumes: start.resumes != null || start.carried.touched.length > 0,
		steps: start.steps.map(({ id }) => id),
		request: start.request,
		origins,
		outputs,
		touched,
		effects,
		undoing: [...undoing],
		acted,
		marks: start.marks ?? {},
		// A run that changed nothing has nothing to go on with.
		open: open && touched.length > 0,
	};
}

/** The servers that an action changes: a pipe from a server into another is shown as the first's. */
function rolesOf({ kind, on }: ShownAction, servers: RunRecord['servers']): readonly string[] {
	if (kind === 'pipe') return Object.keys(servers);
	return on in servers ? [on] : [];
}

/** The newest run of this work, where it was interrupted and can be resumed. Throws UserError where a newer lockstep did it. */
export function findOpen(folder: string, key: string): RunRecord | undefined {
	const record = newest(folder, (candidate) => candidate.key === key);
	if (record?.newer) throw newerLockstep(record.run);
	return record?.open ? record : undefined;
}

type Identities = { readonly [role: string]: Json };

/** Whether two identities are of one server. What only one of them tells (an older journal, a login that may see less) decides nothing. */
export function isSameServer(a: Json | undefined, b: Json | undefined): boolean {
	const known = (value: Json | undefined) => (typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {});
	const [one, other] = [known(a) as { readonly [key: string]: Json }, known(b) as { readonly [key: string]: Json }];
	const both = Object.keys(one).filter((key) => one[key] != null && other[key] != null);
	return both.length > 0 && both.every((key) => one[key] === other[key]);
}

/** The first role of which another server answers now than the one that the run knew. */
export const changedServer = (record: RunRecord, now: Identities): string | undefined =>
	Object.keys(record.identities).find((role) => !isSameServer(record.identities[role], now[role]));

/** When it last acted on a server of that identity; undefined where it never did. */
const actedOn = (record: RunRecord, identity: Json | undefined): string | undefined =>
	Object.keys(record.acted)
		.filter((role) => isSameServer(record.identities[role], identity))
		.map((role) => record.acted[role] ?? '')
		.toSorted()
		.at(-1);

/** A run that put back all that it changed leaves nothing for others to stumble over. */
const leavesNothing = ({ afterFailure, end }: RunRecord): boolean => afterFailure === 'put-back' && end !== null && !end.open;

/** The newest other run that has changed one of these servers since that run last did. */
function laterRun(folder: string, record: RunRecord): RunRecord | undefined {
	for (const other of runRecords(folder)) {
		if (other.run === record.run || leavesNothing(other)) continue;
		for (const identity of Object.values(record.identities)) {
			const then = actedOn(other, identity);
			if (then !== undefined && then > (actedOn(record, identity) ?? record.started)) return other;
		}
	}
	return undefined;
}

/**
 * The run to be resumed: the newest of this work, where it was interrupted, its servers are the same ones, and nothing else has changed them
 * since. `refused`: why an interrupted one is not resumed; all begins anew then, and what is in the way is asked about again.
 */
export function findResumable(
	folder: string,
	key: string,
	identities: Identities,
): { readonly record: RunRecord | undefined; readonly refused: string | null } {
	const record = findOpen(folder, key);
	if (record === undefined) return { record, refused: null };
	const role = changedServer(record, identities);
	const anew = `The interrupted run ${record.run} is not resumed`;
	if (role !== undefined)
		return {
			record: undefined,
			refused: `${anew}: ${record.servers[role] ?? role} is not the server that it changed. This run begins anew.`,
		};
	const other = laterRun(folder, record);
	if (other === undefined) return { record, refused: null };
	return {
		record: undefined,
		refused: `${anew}: the run ${other.run} (${other.title}) changed the same server since. This run begins anew.`,
	};
}

/** Says that a run is not ours to judge. */
export const newerLockstep = (run: string): UserError =>
	new UserError({
		message: `The run ${run} was done by a newer lockstep.`,
		hints: ['Resume it with that version: this one does not understand all of its journal.'],
	});

/** What of an interrupted run must not stay: all, or where what was done is kept only what it would have put back itself. */
export const scopeOf = (record: RunRecord): 'all' | 'passing' => (record.afterFailure === 'keep' ? 'passing' : 'all');

/** All runs of a folder, newest first. */
export function* runRecords(folder: string): Generator<RunRecord> {
	for (const path of journals(folder)) {
		const record = runRecordOf(readJournal(path));
		if (record !== undefined) yield record;
	}
}

/** The newest run that `wanted` accepts. */
export function newest(folder: string, wanted: (record: RunRecord) => boolean): RunRecord | undefined {
	for (const record of runRecords(folder)) if (wanted(record)) return record;
	return undefined;
}
