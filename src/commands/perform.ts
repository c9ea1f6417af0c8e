import type { RunRequest } from '../core/desk.ts';
import type { Director } from '../core/director.ts';
import type { Recorded } from '../core/events.ts';
import { failureOf } from '../core/failure.ts';
import { openJournal } from '../core/journal.ts';
import type { RunEnd } from '../core/runner.ts';
import { textPrinter } from '../headless/text.ts';
import type { Context } from './context.ts';
import { newRunId, type Performance, type Prepared, prepare, runsFolder, type Wishes } from './prepare.ts';

export interface Watcher {
	readonly director: Director;
	/** Gets every event after it is in the journal. */
	readonly on: (event: Recorded) => void;
	readonly signal: AbortSignal;
	readonly preview?: boolean;
	/** Told once the servers have answered. */
	readonly onPrepared?: (prepared: Prepared) => void;
}

/** Prepares and performs a run with its journal and transcript: the one way in which runs are done. Never rejects. */
export async function perform(context: Context, request: RunRequest, wishes: Wishes, watcher: Watcher): Promise<RunEnd> {
	return withPrepared(context, request, wishes, watcher, (prepared, how) => prepared.perform(how));
}

/** The same for taking back what an earlier run did. */
export async function withPrepared(
	context: Context,
	request: RunRequest,
	wishes: Wishes,
	watcher: Watcher,
	work: (prepared: Prepared, how: Performance) => Promise<RunEnd>,
): Promise<RunEnd> {
	let ended: RunEnd | undefined;
	try {
		const prepared = await prepare(context, request, wishes);
		watcher.onPrepared?.(prepared);
		const run = newRunId(context, request.kind);
		// A preview leaves no trace.
		const journal = watcher.preview ? null : openJournal(runsFolder(context), run);
		const log: string[] = [];
		const jsonl: string[] = [];
		const print = textPrinter({
			out: { write: (text: string) => log.push(text) } as unknown as NodeJS.WritableStream,
			color: false,
			quiet: false,
			verbose: true,
			ascii: false,
		});
		try {
			ended = await work(prepared, {
				run,
				director: watcher.director,
				signal: watcher.signal,
				preview: watcher.preview ?? false,
				transcript: () => ({ log: log.join(''), jsonl: jsonl.join('') }),
				sink(event) {
					journal?.write(event);
					print(event);
					if (event.type !== 'progress') jsonl.push(`${JSON.stringify(event)}\n`);
					watcher.on(event);
				},
			});
			return ended;
		} finally {
			journal?.close();
		}
	} catch (error) {
		// A run that ended stays ended: what fails afterwards is only the goodbye.
		if (ended !== undefined) return ended;
		const end: RunEnd = { type: 'run-ended', outcome: 'failed', open: false, warnings: [], failure: failureOf(error), summary: {} };
		watcher.on({ v: 1, run: '', seq: 1, at: context.now().toISOString(), ...end });
		return end;
	}
}
