import { useCallback, useEffect, useRef, useState } from 'react';
import type { RunHandle, WizardBackend } from '../../app/wizard-backend.ts';
import type { Director, Recovery, Review, Reviewed } from '../../core/director.ts';
import type { Recorded } from '../../core/events.ts';
import type { Json } from '../../core/json.ts';
import type { Failure } from '../../core/model.ts';
import { fold, NOTHING_YET, type RunState } from '../../core/state.ts';
import type { RunRequest } from '../../requests/index.ts';
import { type History, NO_HISTORY, remember } from '../history.ts';
import type { Session } from '../session.ts';

export type Question =
	| { readonly kind: 'review'; readonly review: Review; readonly answer: (reviewed: Reviewed) => void }
	| { readonly kind: 'recover'; readonly failure: Failure; readonly answer: (choice: Recovery) => void };

/** Where a run's events come from: it is started here, watched while another's engine does it, or put back after it was cut off. */
export type Source =
	| { readonly kind: 'start'; readonly request: RunRequest }
	| {
			readonly kind: 'attach' | 'recover';
			readonly run: string;
			readonly request: RunRequest | null;
			/** All of it is undone, and not only what must not stay: with the names that were typed for it. */
			readonly undo?: { readonly typed: readonly string[] };
	  };

export type Watched = {
	readonly source: Source['kind'];
	/** What was asked for; null until a run that was not started here has told it. */
	readonly request: RunRequest | null;
	readonly state: RunState;
	readonly history: History;
	/** What the run waits for a person to say. */
	readonly question: Question | null;
	readonly stopping: boolean;
	readonly stop: () => void;
	/** Ends what waits at its review and begins anew; null where that is not ours to do. */
	readonly again: (() => void) | null;
};

const PAINT_MS = 150;

type View = { readonly state: RunState; readonly history: History; readonly request: RunRequest | null };

const isRequest = (value: Json): boolean =>
	typeof value === 'object' &&
	value !== null &&
	'kind' in value &&
	['backup', 'provision', 'restore', 'drill'].includes(value.kind as string);

/** The view after an event. What is put back only looks while it reads what was done. */
function after(view: View, event: Recorded, source: Source): View {
	const state = fold(view.state, event);
	return {
		state: source.kind === 'recover' && state.phase !== 'ended' ? { ...state, phase: 'undoing' } : state,
		history: remember(view.history, event),
		request: event.type === 'run-started' && isRequest(event.request) ? (event.request as unknown as RunRequest) : view.request,
	};
}

function open(backend: WizardBackend, source: Source, director: Director, on: (event: Recorded) => void): RunHandle {
	switch (source.kind) {
		case 'start':
			return backend.start(source.request, director, on);
		case 'attach':
			return backend.attach(source.run, director, on);
		case 'recover':
			return source.undo === undefined ? backend.recover(source.run, on) : backend.undo(source.run, source.undo.typed, on);
	}
}

/** Begins to watch a run, folds its events, and lets keys be its director. `say`: tells the person something in passing. */
export function useRun(backend: WizardBackend, source: Source, session: Session, say: (text: string) => void): Watched {
	const nothing: View = {
		state: source.kind === 'recover' ? { ...NOTHING_YET, phase: 'undoing' } : NOTHING_YET,
		history: NO_HISTORY,
		request: source.request,
	};
	const [view, setView] = useState(nothing);
	const [question, setQuestion] = useState<Question | null>(null);
	const [stopping, setStopping] = useState(false);
	const [round, setRound] = useState(0);
	const handle = useRef<RunHandle | null>(null);
	const pending = useRef<Question | null>(null);

	// biome-ignore lint/correctness/useExhaustiveDependencies: a new round is a new run; the source of a run never changes.
	useEffect(() => {
		let latest = nothing;
		let timer: NodeJS.Timeout | undefined;
		let mounted = true;
		const paint = () => {
			timer = undefined;
			if (mounted) setView(latest);
		};
		const on = (event: Recorded) => {
			latest = after(latest, event, source);
			session.recordState(latest.state, latest.request);
			// Answered, perhaps by somebody else who watches.
			if (event.type === 'reviewed' || event.type === 'recovery' || event.type === 'run-ended') {
				pending.current = null;
				if (mounted) setQuestion(null);
			}
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
			answered: (text) => mounted && say(text),
		};
		const begin = () => {
			if (!mounted) return;
			session.recordState(latest.state, latest.request);
			const opened = open(backend, source, director, on);
			handle.current = opened;
			session.began({
				handle: opened,
				own: source.kind === 'start',
				decline: () => {
					const waiting = pending.current;
					if (waiting?.kind === 'review') waiting.answer({ go: false, previewOnly: false });
					else if (waiting?.kind === 'recover') waiting.answer('keep');
					return waiting !== null;
				},
			});
			void opened.ended.then(() => session.finished(opened));
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
	return { ...view, source: source.kind, question, stopping, stop, again: source.kind === 'attach' ? null : again };
}
