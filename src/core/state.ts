import type { Check } from './check.ts';
import type { Review } from './director.ts';
import { type Effects, NO_EFFECTS, tally } from './effects.ts';
import type { Recorded } from './events.ts';
import type { Failure, LockState } from './model.ts';
import type { Progress } from './progress.ts';
import type { ShownAction } from './shown-action.ts';
import type { Wait } from './waits.ts';

export type StepState = {
	readonly id: string;
	readonly title: string;
	readonly why: string;
	readonly status: 'waiting' | 'looking' | 'running' | 'done' | 'failed' | 'undone';
	readonly startedAt: string | null;
	readonly ms: number | null;
	readonly checks: readonly Check[];
	readonly progress: Progress | null;
	/** When it was last told, RFC 3339. */
	readonly progressAt: string | null;
	readonly again: boolean;
	/** Whether it did anything. */
	readonly acted: boolean;
};

/** One statement, command or file of a run, in the order in which they were done. */
export type TranscriptLine = {
	readonly step: string;
	readonly action: ShownAction;
	readonly undoing: boolean;
	readonly at: string;
	readonly ms: number | null;
	readonly status: 'running' | 'done' | 'failed' | 'discarded';
};

/** All that a watcher of a run needs to draw it; {@link fold} makes it from events alone. */
export type RunState = {
	readonly run: string | null;
	readonly runbook: string | null;
	readonly title: string;
	readonly servers: { readonly [role: string]: string };
	readonly phase: 'looking' | 'review' | 'running' | 'undoing' | 'ended';
	readonly startedAt: string | null;
	readonly resumes: string | null;
	readonly steps: readonly StepState[];
	readonly current: string | null;
	readonly review: Review | null;
	readonly lock: LockState | null;
	/** How long locks were held, in ms, once they are released; null where none was, or where nothing says when it was lost. */
	readonly heldMs: number | null;
	/** What the step in hand waits for. */
	readonly wait: Wait | null;
	readonly transcript: readonly TranscriptLine[];
	/** Steps that are being put back. */
	readonly undoing: readonly string[];
	readonly notes: readonly { readonly level: 'note' | 'warning'; readonly text: string; readonly at: string }[];
	readonly failure: Failure | null;
	/** What it changed on its servers, rolled back, and destroyed. */
	readonly effects: Effects;
	readonly end: Extract<Recorded, { type: 'run-ended' }> | null;
};

export const NOTHING_YET: RunState = {
	run: null,
	runbook: null,
	title: '',
	servers: {},
	phase: 'looking',
	startedAt: null,
	resumes: null,
	steps: [],
	current: null,
	review: null,
	lock: null,
	heldMs: null,
	wait: null,
	transcript: [],
	undoing: [],
	notes: [],
	failure: null,
	effects: NO_EFFECTS,
	end: null,
};

const change = (state: RunState, step: string, part: Partial<StepState>): RunState => ({
	...state,
	steps: state.steps.map((each) => (each.id === step ? { ...each, ...part } : each)),
});

type Finished = Extract<Recorded, { type: 'action-done' | 'action-failed' }>;

function statusAfter(event: Finished): 'done' | 'discarded' | 'failed' {
	if (event.type === 'action-done') return 'done';
	return event.discarded ? 'discarded' : 'failed';
}

const finish = (state: RunState, event: Finished): RunState => {
	const index = state.transcript.findLastIndex((line) => line.step === event.step && line.action.id === event.action && line.ms === null);
	const status = statusAfter(event);
	return {
		...state,
		transcript: state.transcript.map((line, at) => (at === index ? { ...line, ms: event.ms, status } : line)),
	};
};

/** How long locks were held until then. */
function heldAt({ lock, heldMs }: RunState, at: string): number | null {
	if (lock?.state !== 'held') return heldMs;
	return (heldMs ?? 0) + Math.max(0, Date.parse(at) - Date.parse(lock.since));
}

/** The state after an event. Pure. */
export function fold(state: RunState, event: Recorded): RunState {
	const next = step(state, event);
	const effects = tally(state.effects, event);
	return effects === next.effects ? next : { ...next, effects };
}

function step(state: RunState, event: Recorded): RunState {
	switch (event.type) {
		case 'run-started':
			return {
				...NOTHING_YET,
				run: event.run,
				runbook: event.runbook,
				title: event.title,
				servers: event.servers,
				startedAt: event.at,
				resumes: event.resumes,
				steps: event.steps.map((step) => ({
					...step,
					status: 'waiting',
					startedAt: null,
					ms: null,
					checks: [],
					progress: null,
					progressAt: null,
					again: false,
					acted: false,
				})),
			};
		case 'looking':
			return { ...change(state, event.step, { status: 'looking', startedAt: event.at, progress: null }), current: event.step };
		case 'review':
			return {
				...state,
				phase: 'review',
				wait: null,
				review: event.review,
				current: null,
				steps: state.steps.map((step) => ({
					...step,
					status: 'waiting',
					startedAt: null,
					progress: null,
					checks: event.review.steps.find((planned) => planned.id === step.id)?.checks ?? [],
				})),
			};
		case 'reviewed':
			return { ...state, phase: 'running' };
		case 'step-started':
			return {
				...change(state, event.step, { status: 'running', startedAt: event.at, progress: null }),
				phase: 'running',
				current: event.step,
			};
		case 'checks':
			return change(state, event.step, { checks: event.checks });
		case 'progress':
			return change(state, event.step, { progress: event.progress, progressAt: event.at });
		case 'waiting':
			return { ...state, wait: event.wait };
		case 'lock':
			return { ...state, lock: event.lock, heldMs: event.lock.state === 'held' ? state.heldMs : heldAt(state, event.at) };
		case 'note':
			return { ...state, notes: [...state.notes, { level: event.level, text: event.text, at: event.at }] };
		case 'action-started':
			return {
				...state,
				transcript: [
					...state.transcript,
					{ step: event.step, action: event.action, undoing: event.undoing, at: event.at, ms: null, status: 'running' },
				],
			};
		case 'action-done':
		case 'action-failed':
			return finish(state, event);
		case 'step-done':
			return change(state, event.step, { status: 'done', ms: event.ms, again: event.again, acted: event.acted });
		case 'step-failed':
			return { ...change(state, event.step, { status: 'failed' }), failure: event.failure };
		case 'undo-started':
			return { ...state, phase: 'undoing', undoing: event.steps };
		case 'undo-done': {
			const undone = (step: StepState) =>
				state.undoing.includes(step.id) || (!event.kept && ['done', 'failed', 'running'].includes(step.status));
			return { ...state, undoing: [], steps: state.steps.map((step) => (undone(step) ? { ...step, status: 'undone' } : step)) };
		}
		case 'recovery':
		case 'facts':
			return state;
		case 'engine':
			// Another process: what the one before it held ended with its connections.
			return { ...state, lock: null };
		case 'run-ended':
			// A lock ends with its connection, at the latest then.
			return { ...state, phase: 'ended', wait: null, heldMs: heldAt(state, event.at), end: event, failure: event.failure ?? state.failure };
	}
}
