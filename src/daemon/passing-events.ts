import type { Recorded } from '../core/events.ts';

type Placed = { readonly at: number; readonly event: Recorded };

/** Events that only draw, as far as a terminal that attaches later needs them to draw the same. */
export interface PassingEvents {
	/** `at`: how many other events came before it. */
	take(event: Recorded, at: number): void;
	/** Samples of the progress from there on, in order: its rates and lags over time. */
	samples(since: number): readonly Placed[];
	/** The last word of the progress and of what is waited for. */
	latest(): readonly Placed[];
}

const SAMPLE_MS = 1_000;
const SAMPLES = 240;

export function keepPassingEvents(): PassingEvents {
	let samples: Placed[] = [];
	let everyMs = SAMPLE_MS;
	let sampled = Number.NEGATIVE_INFINITY;
	const latest = new Map<Recorded['type'], Placed>();
	return {
		take(event, at) {
			latest.set(event.type, { at, event });
			if (event.type !== 'progress') return;
			const time = Date.parse(event.at);
			if (time - sampled < everyMs) return;
			sampled = time;
			// What is in hand now is in the last word alone.
			const { workers: _, finished: _finished, next: _next, ...progress } = event.progress;
			samples.push({ at, event: { ...event, progress } });
			if (samples.length <= SAMPLES) return;
			samples = samples.filter((_sample, index) => index % 2 === 0);
			everyMs *= 2;
		},
		samples: (since) => samples.filter(({ at }) => at >= since),
		latest: () => [...latest.values()],
	};
}
