import type { Json } from '../core/json.ts';
import type { RunEnd } from '../core/runner.ts';
import type { RunState } from '../core/state.ts';

/** What a command came to; `cli.ts` turns it into words and an exit code. */
export interface CommandResult {
	readonly end: RunEnd | null;
	/** Fields for the last JSON line. */
	readonly extra?: { readonly [key: string]: Json };
	/** Lines for people, after the summary. */
	readonly next?: readonly string[];
	/** In place of the one that follows from its end: of a check that failed without an error, or a watch that was ended. */
	readonly exitCode?: number;
	/** One document was printed: no last line follows. */
	readonly document?: boolean;
	/** What the run came to, where its events were not printed. */
	readonly state?: RunState | null;
	/** Already said on the screen. */
	readonly said?: string | null;
}
