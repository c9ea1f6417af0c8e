import type { RunHandle } from '../app/wizard-backend.ts';
import type { RunEnd } from '../core/runner.ts';
import type { RunState } from '../core/state.ts';
import type { RunRequest } from '../requests/index.ts';

/** A run that is watched, and what the session may do about it. */
export type Watching = {
	readonly handle: RunHandle;
	/** Started here: leaving its review declines it. Another's is only looked away from. */
	readonly own: boolean;
	/** Gives the question that is open its harmless answer; false where there is none. */
	readonly decline: () => boolean;
};

/** A run that went on when the wizard was left. */
export type LeftRun = { readonly run: string; readonly title: string; readonly servers: RunState['servers'] };

/** Work of this process that is no run, and cannot outlive it. */
export type Task = { readonly stop: () => void /** Never rejects. */; readonly ended: Promise<void> };

/** What outlives a screen: the run that is watched, and the last end that is told after leaving. */
export interface Session {
	began(watching: Watching): void;
	recordState(state: RunState, request: RunRequest | null): void;
	finished(handle: RunHandle): void;
	/** The screen of that run is left. */
	leave(handle: RunHandle): void;
	/** Stopped, and waited for, when the program ends. */
	attend(task: Task): void;
	/** A run that nobody asks about: it works, and must be stopped or left before the program may end. */
	readonly working: RunHandle | null;
	readonly last: { readonly end: RunEnd; readonly state: RunState; readonly request: RunRequest | null } | null;
	/** The run that was left at work by {@link close}. */
	readonly left: LeftRun | null;
	/** `stop`: stops safely what works, waits for its end. `leave`: what works goes on by itself; what only waits to be asked is declined. */
	close(how: 'stop' | 'leave'): Promise<void>;
}

const isAtWork = (state: RunState | null): boolean => state?.phase === 'running' || state?.phase === 'undoing';

export function openSession(): Session {
	let current: Watching | null = null;
	let state: RunState | null = null;
	let last: Session['last'] = null;
	let left: LeftRun | null = null;
	const tasks = new Set<Task>();
	return {
		began(watching) {
			current = watching;
		},
		recordState(next, request) {
			state = next;
			const { end } = next;
			if (end !== null && end.outcome !== 'declined' && end.outcome !== 'previewed') last = { end, state: next, request };
		},
		finished(handle) {
			if (current?.handle === handle) current = null;
		},
		leave(handle) {
			if (current?.handle !== handle) return;
			if (!current.own) handle.leave();
			else if (!current.decline()) handle.stop();
		},
		attend(task) {
			tasks.add(task);
			void task.ended.then(() => tasks.delete(task));
		},
		get working() {
			return isAtWork(state) ? (current?.handle ?? null) : null;
		},
		get last() {
			return last;
		},
		get left() {
			return left;
		},
		async close(how) {
			for (const task of tasks) task.stop();
			await Promise.all(Array.from(tasks, ({ ended }) => ended));
			if (current === null) return;
			const { handle, own, decline } = current;
			const atWork = isAtWork(state);
			// A question of a run at work stays open for the next who watches.
			const leaves = atWork ? how === 'leave' : !own;
			if (leaves) handle.leave();
			else if (!decline() || atWork) handle.stop();
			await handle.ended;
			if (leaves && atWork && state !== null && state.end === null) left = { run: handle.run, title: state.title, servers: state.servers };
		},
	};
}
