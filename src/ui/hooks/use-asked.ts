import { useEffect, useState } from 'react';
import { failureOf } from '../../core/failure.ts';
import type { Failure } from '../../core/model.ts';

export type Asked<T> = {
	/** Null until it is there. */
	readonly value: T | null;
	readonly failure: Failure | null;
	readonly again: () => void;
};

/** Asks the desk when a screen is opened, and again on demand. */
export function useAsked<T>(ask: () => Promise<T>): Asked<T> {
	const [seen, setSeen] = useState<Pick<Asked<T>, 'value' | 'failure'>>({ value: null, failure: null });
	const [round, setRound] = useState(0);
	// biome-ignore lint/correctness/useExhaustiveDependencies: asked when the screen is opened, not for every drawing.
	useEffect(() => {
		let mine = true;
		setSeen({ value: null, failure: null });
		ask().then(
			(value) => mine && setSeen({ value, failure: null }),
			(error) => mine && setSeen({ value: null, failure: failureOf(error) }),
		);
		return () => {
			mine = false;
		};
	}, [round]);
	return { ...seen, again: () => setRound(round + 1) };
}
