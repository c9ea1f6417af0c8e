import { hostname } from 'node:os';
import type { Director } from '../core/director.ts';
import { UserError } from '../core/errors.ts';
import { FORMAT, type Recorded } from '../core/events.ts';
import { failureOf } from '../core/failure.ts';
import { openJournal } from '../core/journal.ts';
import { jsonLine } from '../core/json.ts';
import type { Failure } from '../core/model.ts';
import { type Engine, newest, type RunRecord } from '../core/run-record.ts';
import type { RunEnd, Scope } from '../core/runner.ts';
import { fold, NOTHING_YET } from '../core/state.ts';
import { textPrinter } from '../render/text-printer.ts';
import type { RunRequest } from '../requests/index.ts';
import { buildRun } from './build-run.ts';
import { type BuiltRun, newRunId, type Performance, runsFolder } from './built-run.ts';
import type { AppContext } from './context.ts';
import type { ConnectionOptionsByRole } from './servers.ts';

export interface Watcher {
	readonly director: Director;
	/** Gets every event after it is in the journal. */
	readonly on: (event: Recorded) => void;
	readonly signal: AbortSignal;
	readonly preview?: boolean;
	/** Names typed for what an undo asks for. */
	readonly typed?: readonly string[];
	/** ErrorMessage once the servers have answered. */
	readonly onPrepared?: (prepared: Pick<BuiltRun, 'servers' | 'warnings'>) => void;
	/** The run's name, where it has one already. */
	readonly run?: string;
	/** The process that does it, where others can watch it. */
	readonly engine?: Pick<Engine, 'pid' | 'birth' | 'socket'>;
	/** Called right after each event that the journal keeps was written. */
	readonly onWritten?: (event: Recorded) => void;
}

/** Prepares and performs a run in this process, with its journal and transcript. Never rejects. */
export async function runInProcess(
	context: AppContext,
	request: RunRequest,
	connections: ConnectionOptionsByRole,
	watcher: Watcher,
): Promise<RunEnd> {
	return withPrepared(
		context,
		watcher,
		() => buildRun(context, request, connections),
		(prepared, how) => prepared.perform(how),
	);
}

/** What is to be taken back: all of it, unless `scope` says otherwise. */
interface Undo {
	readonly request: RunRequest;
	readonly connections: ConnectionOptionsByRole;
	readonly scope?: (record: RunRecord) => Scope;
	/** The failure that it is taken back for. */
	readonly why?: Failure;
}

/** Takes back what the run of the watcher's name did, and says so in that run's own journal. Never rejects. */
export async function undoRun(
	context: AppContext,
	{ request, connections, scope = () => 'all', why }: Undo,
	watcher: Watcher,
): Promise<RunEnd> {
	const open = () => buildRun(context, request, connections, watcher.run === undefined ? undefined : findRunRecord(context, watcher.run));
	return withPrepared(context, watcher, open, (prepared, how) => {
		const record = findRunRecord(context, how.run);
		return prepared.undo(how, record, scope(record), why);
	});
}

/** The run of that name. Throws UserError where there is none. */
export function findRunRecord(context: AppContext, run: string): RunRecord {
	const record = newest(runsFolder(context), (each) => each.run === run);
	if (record === undefined) throw new UserError({ message: `There is no run ${run}.`, hints: [`Runs are kept in ${runsFolder(context)}`] });
	return record;
}

async function withPrepared(
	context: AppContext,
	watcher: Watcher,
	open: () => Promise<BuiltRun>,
	work: (prepared: BuiltRun, how: Performance) => Promise<RunEnd>,
): Promise<RunEnd> {
	let ended: RunEnd | undefined;
	try {
		const prepared = await open();
		watcher.onPrepared?.(prepared);
		const run = watcher.run ?? newRunId(context, prepared.kind);
		// A preview leaves no trace.
		const journal = watcher.preview ? null : openJournal(runsFolder(context), run);
		const log: string[] = [];
		const events: Recorded[] = [];
		const print = textPrinter({
			out: { write: (text) => log.push(text) },
			color: false,
			quiet: false,
			verbose: true,
			ascii: false,
			zone: 'UTC',
		});
		let unwritten: string | null = null;
		const sink = (event: Recorded) => {
			let written = event;
			try {
				journal?.write(event);
				watcher.onWritten?.(event);
			} catch (error) {
				// A run that is over stays over; that this is not on disk belongs to its last word.
				if (event.type !== 'run-ended') throw error;
				const { message: what, reason: why } = failureOf(error).description;
				unwritten = `The end of this run is not in its journal, and may be asked for again. ${what}${why === undefined ? '' : `: ${why}`}`;
				written = { ...event, warnings: [...event.warnings, unwritten] };
			} finally {
				// Also what could not be written down is told to whoever watches.
				print(written);
				if (written.type !== 'progress') events.push(written);
				watcher.on(written);
			}
		};
		try {
			const engine = watcher.engine ?? { pid: process.pid, birth: null, socket: null };
			const place = { v: FORMAT, run, seq: 0, at: context.now().toISOString() } as const;
			sink({ ...place, type: 'engine', ...engine, host: hostname(), version: context.version });
			ended = await work(prepared, {
				run,
				director: watcher.director,
				signal: watcher.signal,
				preview: watcher.preview ?? false,
				typed: watcher.typed ?? [],
				transcript: () => ({ log: log.join(''), jsonl: events.map((event) => jsonLine(event)).join('') }),
				state: () => events.reduce(fold, NOTHING_YET),
				sink,
			});
			if (unwritten !== null) ended = { ...ended, warnings: [...ended.warnings, unwritten] };
			return ended;
		} finally {
			journal?.close();
		}
	} catch (error) {
		// A run that ended stays ended: what fails afterwards is only the goodbye.
		if (ended !== undefined) return ended;
		return failedEnd(context, watcher.on, failureOf(error));
	}
}

/** The end of a run that could not even begin, or not be taken back. */
export function failedEnd(context: AppContext, on: Watcher['on'], failure: Failure, open = false): RunEnd {
	const end: RunEnd = { type: 'run-ended', outcome: 'failed', open, warnings: [], failure, summary: {} };
	on({ v: FORMAT, run: '', seq: 1, at: context.now().toISOString(), ...end });
	return end;
}
