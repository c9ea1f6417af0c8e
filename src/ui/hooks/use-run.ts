import { useCallback, useEffect, useRef, useState } from 'react';
import type { Desk, RunHandle, RunRequest } from '../../core/desk.ts';
import type { Director, Recovery, Review, Reviewed } from '../../core/director.ts';
import type { Failure, Recorded } from '../../core/events.ts';
import { fold, NOTHING_YET, type RunState } from '../../core/state.ts';
import { type History, NO_HISTORY, remember } from '../history.ts';
import type { Session } from '../session.ts';

export type Question =
	| { readonly kind: 'review'; readonly review: Review; readonly answer: (reviewed: Reviewed) => void }
	| { readonly kind: 'recover'; readonly failure: Failure; readonly answer: (choice: Recovery) => void };

export type Watched = {
	readonly state: RunState;
	readonly history: History;
	/** What the run waits for a person to say. */
	readonly question: Question | null;
	readonly stopping: boolean;
	readonly stop: () => void;
	/** Ends what waits at its review and begins anew. */
	readonly again: () => void;
};

const PAINT_MS = 150;

/** Starts a run, folds its events, and lets keys be its director. */
export function useRun(desk: Desk, request: RunRequest, session: Session): Watched {
	const [view, setView] = useState<{ state: RunState; history: History }>({ state: NOTHING_YET, history: NO_HISTORY });
	const [question, setQuestion] = useState<Question | null>(null);
	const [stopping, setStopping] = useState(false);
	const [round, setRound] = useState(0);
	const handle = useRef<RunHandle | null>(null);
	const pending = useRef<Question | null>(null);

	// biome-ignore lint/correctness/useExhaustiveDependencies: a new round is a new run; the request of a run never changes.
	useEffect(() => {
		let latest = { state: NOTHING_YET, history: NO_HISTORY };
		let timer: NodeJS.Timeout | undefined;
		let mounted = true;
		const paint = () => {
			timer = undefined;
			if (mounted) setView(latest);
		};
		const on = (event: Recorded) => {
			latest = { state: fold(latest.state, event), history: remember(latest.history, event) };
			session.told(latest.state, request);
			// What comes many times a second is drawn a few times a second.
			timer ??= setTimeout(paint, event.type === 'progress' ? PAINT_MS : 0);
		};
		const ask = <T>(make: (answer: (value: T) => void) => Question): Promise<T> =>
			new Promise((resolve) => {
				const next = make((value) => {
					pending.current = null;
					if (mounted) setQuestion(null);
					resolve(value);
				});
				pending.current = next;
				clearTimeout(timer);
				paint();
				if (mounted) setQuestion(next);
			});
		const director: Director = {
			review: (review) => ask<Reviewed>((answer) => ({ kind: 'review', review, answer })),
			recover: (failure) => ask<Recovery>((answer) => ({ kind: 'recover', failure, answer })),
		};
		const begin = () => {
			if (!mounted) return;
			const started = desk.start(request, director, on);
			handle.current = started;
			session.began(started, () => {
				const waiting = pending.current;
				if (waiting?.kind === 'review') waiting.answer({ go: false, previewOnly: false });
				else if (waiting?.kind === 'recover') waiting.answer('keep');
				return waiting !== null;
			});
			void started.ended.then(() => session.finished(started));
		};
		setView(latest);
		setStopping(false);
		// The run before must have let go of its servers.
		if (handle.current === null) begin();
		else void handle.current.ended.then(begin);
		return () => {
			mounted = false;
			clearTimeout(timer);
			// Leaving the screen leaves the question: the harmless answer.
			if (handle.current !== null) session.leave(handle.current);
		};
	}, [round]);

	const stop = useCallback(() => {
		setStopping(true);
		handle.current?.stop();
	}, []);
	const again = useCallback(() => setRound((before) => before + 1), []);
	return { ...view, question, stopping, stop, again };
}
