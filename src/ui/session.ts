import type { RunHandle, RunRequest } from '../core/desk.ts';
import type { RunEnd } from '../core/runner.ts';
import type { RunState } from '../core/state.ts';

/** What outlives a screen: the run at work, and the last end that is told after leaving. */
export interface Session {
	began(handle: RunHandle, decline: () => boolean): void;
	told(state: RunState, request: RunRequest): void;
	finished(handle: RunHandle): void;
	/** The screen of that run is left. */
	leave(handle: RunHandle): void;
	/** A run that nobody asks about: it works, and must be stopped before the program may end. */
	readonly working: RunHandle | null;
	readonly last: { readonly end: RunEnd; readonly state: RunState; readonly request: RunRequest } | null;
	/** Stops safely what works, waits for its end. */
	close(): Promise<void>;
}

export function openSession(): Session {
	let current: RunHandle | null = null;
	let decline: () => boolean = () => false;
	let phase: RunState['phase'] = 'ended';
	let last: Session['last'] = null;
	return {
		began(handle, refuse) {
			current = handle;
			decline = refuse;
			phase = 'looking';
		},
		told(state, request) {
			phase = state.phase;
			const { end } = state;
			if (end !== null && end.outcome !== 'declined' && end.outcome !== 'previewed') last = { end, state, request };
		},
		finished(handle) {
			if (current === handle) current = null;
		},
		leave(handle) {
			if (current !== handle) return;
			if (!decline()) handle.stop();
		},
		get working() {
			return current !== null && (phase === 'running' || phase === 'undoing') ? current : null;
		},
		get last() {
			return last;
		},
		async close() {
			const handle = current;
			if (handle === null) return;
			if (!decline() || phase === 'running') handle.stop();
			await handle.ended;
		},
	};
}
