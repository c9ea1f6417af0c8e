import type { Check } from './check.ts';
import type { Recovery, Review } from './director.ts';
import type { ErrorMessage } from './errors.ts';
import type { Json } from './json.ts';
import type { Failure, LockState, Thing } from './model.ts';
import type { Progress } from './progress.ts';
import type { ShownAction } from './shown-action.ts';
import type { Wait } from './waits.ts';

/** What happens in a run, in order. Screens fold it, `--json` prints it; what is marked durable is the journal. */
export type RunEvent =
	/** Durable, before all others: the process that does the run, and where it can be watched. `birth` tells it from a later one of the same pid. */
	| {
			readonly type: 'engine';
			readonly pid: number;
			readonly birth: string | null;
			readonly host: string;
			readonly socket: string | null;
			readonly version: string;
	  }
	/** Durable. `key` names the work: a later run with the same key goes on with this one. */
	| {
			readonly type: 'run-started';
			readonly runbook: string;
			readonly title: string;
			readonly key: string;
			readonly servers: { readonly [role: string]: string };
			/** What tells each server from another one at the same address. */
			readonly identities: { readonly [role: string]: Json };
			readonly afterFailure: 'put-back' | 'keep';
			readonly steps: readonly { readonly id: string; readonly title: string; readonly why: string }[];
			readonly resumes: string | null;
			/** What an interrupted run of the same work had done, so that this journal can stand alone. */
			readonly carried: {
				readonly touched: readonly string[];
				readonly outputs: { readonly [step: string]: Json };
				/** Null, or left out by an older lockstep: not known. */
				readonly made?: readonly Thing[] | null;
				readonly lost?: readonly Thing[];
			};
			readonly request: Json;
			/** Where each server stood when the run began, so that what others wrote since is noticed; see {@link Runbook.marks}. */
			readonly marks?: { readonly [role: string]: string };
	  }
	| { readonly type: 'looking'; readonly step: string }
	| { readonly type: 'review'; readonly review: Review }
	| { readonly type: 'reviewed'; readonly go: boolean; readonly typed: readonly string[] }
	| { readonly type: 'step-started'; readonly step: string }
	/** Durable, before the step changes anything: what it was before. */
	| { readonly type: 'facts'; readonly step: string; readonly facts: Json; readonly origin: Json }
	/** Durable, before the action. */
	| { readonly type: 'action-started'; readonly step: string; readonly action: ShownAction; readonly undoing: boolean }
	| {
			readonly type: 'action-done';
			readonly step: string;
			readonly action: string;
			readonly ms: number;
			readonly rows?: readonly { readonly [column: string]: string | null }[];
	  }
	/** `spared`: what it would have destroyed and did not, because the server refused it. `discarded`: its step gave it up by itself. */
	| {
			readonly type: 'action-failed';
			readonly step: string;
			readonly action: string;
			readonly ms: number;
			readonly description: ErrorMessage;
			readonly spared?: readonly Thing[];
			readonly discarded?: true;
	  }
	| { readonly type: 'progress'; readonly step: string; readonly progress: Progress }
	/** What takes long and has no other event. Null: nothing is waited for any longer. */
	| { readonly type: 'waiting'; readonly step: string | null; readonly wait: Wait | null }
	| { readonly type: 'lock'; readonly step: string; readonly lock: LockState }
	| { readonly type: 'note'; readonly step: string | null; readonly level: 'note' | 'warning'; readonly text: string }
	| { readonly type: 'checks'; readonly step: string; readonly checks: readonly Check[] }
	/** Durable. `again`: an earlier run had done it and it still holds. */
	| {
			readonly type: 'step-done';
			readonly step: string;
			readonly output: Json;
			readonly ms: number;
			readonly again: boolean;
			readonly acted: boolean;
	  }
	| { readonly type: 'step-failed'; readonly step: string; readonly failure: Failure }
	| { readonly type: 'recovery'; readonly step: string; readonly choice: Recovery }
	/** Durable. */
	| { readonly type: 'undo-started'; readonly steps: readonly string[] }
	/** Durable. `left`: what could not be put back; `foreign`: what somebody else changed since, left alone; `kept`: what else was done stays. */
	| { readonly type: 'undo-done'; readonly left: readonly string[]; readonly foreign: readonly string[]; readonly kept: boolean }
	/** Durable, last. `open`: an interrupted run that can be resumed. */
	| {
			readonly type: 'run-ended';
			readonly outcome: 'done' | 'previewed' | 'declined' | 'failed' | 'stopped' | 'undone';
			readonly open: boolean;
			readonly warnings: readonly string[];
			readonly failure: Failure | null;
			readonly summary: { readonly [key: string]: Json };
	  };

/** Events written before what they announce, and synced. */
export const DURABLE: ReadonlySet<RunEvent['type']> = new Set([
	'engine',
	'run-started',
	'facts',
	'action-started',
	'step-done',
	'undo-started',
	'undo-done',
	'run-ended',
]);

/** Events that only draw: of those that were missed the last is enough. */
export const PASSING: ReadonlySet<RunEvent['type']> = new Set(['progress', 'waiting']);

/** The version of journals and of JSON lines. 1 named the parts of an error otherwise: `journal.ts` still reads it. */
export const FORMAT = 2;

/** A run's event with its place: version of this format, run, number, time (RFC 3339). */
export type Recorded = RunEvent & { readonly v: typeof FORMAT; readonly run: string; readonly seq: number; readonly at: string };
