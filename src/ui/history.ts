import type { Recorded } from '../core/events.ts';

/** What a screen draws of the past of a long step: one sample a second, and the tables that went by. */
export type History = {
	readonly step: string | null;
	readonly at: number;
	readonly rates: readonly number[];
	readonly lags: readonly number[];
	readonly tables: readonly { readonly name: string; readonly done: number; readonly ms: number }[];
	readonly current: { readonly name: string; readonly done: number; readonly elapsedMs: number } | null;
};

export const NO_HISTORY: History = { step: null, at: 0, rates: [], lags: [], tables: [], current: null };

const SAMPLE_MS = 1000;
const SAMPLES = 240;
const TABLES = 50;

/** The history after an event. Pure. */
export function remember(history: History, event: Recorded): History {
	if (event.type === 'run-started') return NO_HISTORY;
	if (event.type !== 'progress') return history;
	const { progress, step } = event;
	const at = Date.parse(event.at);
	let next = step === history.step ? history : { ...NO_HISTORY, step };
	if (next.current?.name !== progress.current) {
		const before = next.current;
		const tables =
			before === null
				? next.tables
				: [...next.tables, { name: before.name, done: progress.done - before.done, ms: progress.elapsedMs - before.elapsedMs }];
		const current = progress.current === null ? null : { name: progress.current, done: progress.done, elapsedMs: progress.elapsedMs };
		next = { ...next, current, tables: tables.slice(-TABLES) };
	}
	if (at - next.at < SAMPLE_MS) return next;
	return {
		...next,
		at,
		rates: progress.rate === null ? next.rates : [...next.rates, progress.rate].slice(-SAMPLES),
		lags: typeof progress.lagSeconds === 'number' ? [...next.lags, progress.lagSeconds].slice(-SAMPLES) : next.lags,
	};
}
