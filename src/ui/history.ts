import type { Recorded } from '../core/events.ts';

/** How far the replica was behind, and when: milliseconds of the epoch, seconds. */
export type LagSample = { readonly at: number; readonly lag: number };

/** What a screen draws of the past of a run: the rates of its step, one a second, and the lag from its beginning to now. */
export type History = {
	readonly step: string | null;
	readonly at: number;
	readonly rates: readonly number[];
	readonly lags: readonly LagSample[];
};

export const NO_HISTORY: History = { step: null, at: 0, rates: [], lags: [] };

const SAMPLE_MS = 1000;
const SAMPLES = 240;

/** The history after an event. Pure. */
export function remember(history: History, event: Recorded): History {
	if (event.type === 'run-started') return NO_HISTORY;
	if (event.type !== 'progress') return history;
	const { progress, step } = event;
	const at = Date.parse(event.at);
	const next = step === history.step ? history : { ...history, step, at: 0, rates: [] };
	if (at - next.at < SAMPLE_MS) return next;
	return {
		...next,
		at,
		rates: progress.rate === null ? next.rates : [...next.rates, progress.rate].slice(-SAMPLES),
		lags: typeof progress.lagSeconds === 'number' ? withLag(next.lags, { at, lag: progress.lagSeconds }) : next.lags,
	};
}

/** One sample more. All of a long time stays to be seen: of two neighbours the one with the greater lag. Pure. */
export function withLag(before: readonly LagSample[], latest: LagSample): readonly LagSample[] {
	const lags = [...before, latest];
	if (lags.length <= SAMPLES) return lags;
	return lags.flatMap((sample, index) => {
		const next = lags[index + 1];
		if (index % 2 === 1) return [];
		return [next !== undefined && next.lag > sample.lag ? next : sample];
	});
}
