import { useCallback, useEffect, useRef, useState } from 'react';
import type { ProgressListener } from '../../app/wizard-backend.ts';
import { Stopped } from '../../core/errors.ts';
import { failureOf } from '../../core/failure.ts';
import type { Failure } from '../../core/model.ts';
import type { Progress } from '../../core/progress.ts';
import type { Session } from '../session.ts';

/** Work of this process that is no run. */
export type Task<T> = {
	readonly phase: 'working' | 'stopping' | 'done' | 'failed';
	/** What was told, oldest first. */
	readonly said: readonly string[];
	/** How far what was told last is. */
	readonly progress: Progress | null;
	readonly result: T | null;
	readonly failure: Failure | null;
	readonly stop: () => void;
};

const PAINT_MS = 150;

type View<T> = Omit<Task<T>, 'stop'>;

/** Begins `work` when the screen is opened; it is stopped, and its end waited for, when the program ends. */
export function useTask<T>(
	session: Session,
	work: (listener: ProgressListener, signal: AbortSignal) => Promise<T>,
	stopWords: string,
): Task<T> {
	const [view, setView] = useState<View<T>>({ phase: 'working', said: [], progress: null, result: null, failure: null });
	const abort = useRef<() => void>(() => {});
	// biome-ignore lint/correctness/useExhaustiveDependencies: begun once.
	useEffect(() => {
		const stopping = new AbortController();
		let latest = view;
		let mounted = true;
		let timer: NodeJS.Timeout | undefined;
		const show = (next: Partial<View<T>>, ms: number) => {
			latest = { ...latest, ...next };
			timer ??= setTimeout(() => {
				timer = undefined;
				if (mounted) setView(latest);
			}, ms);
		};
		const stop = () => {
			if (stopping.signal.aborted || latest.phase === 'done' || latest.phase === 'failed') return;
			show({ phase: 'stopping' }, 0);
			stopping.abort(new Stopped(stopWords));
		};
		abort.current = stop;
		const listener: ProgressListener = {
			say: (text) => show({ said: [...latest.said, text], progress: null }, 0),
			// What comes many times a second is drawn a few times a second.
			progress: (progress) => show({ progress }, PAINT_MS),
		};
		const ended = work(listener, stopping.signal).then(
			(result) => show({ phase: 'done', result }, 0),
			(error) => show({ phase: 'failed', failure: failureOf(error) }, 0),
		);
		session.attend({ stop, ended });
		return () => {
			mounted = false;
			clearTimeout(timer);
			stop();
		};
	}, []);
	const stop = useCallback(() => abort.current(), []);
	return { ...view, stop };
}
