/** How far something long has come. Estimates are marked as such: `total` corrects itself as it goes. */
export type Progress = {
	readonly unit: 'bytes' | 'rows' | 'tables' | 'transactions' | 'seconds';
	readonly done: number;
	/** Null: not known (yet). */
	readonly total: number | null;
	/** Whether `total` is an estimate. */
	readonly estimated: boolean;
	/** Per second, over the last five seconds and since the start; null until there is enough to say. */
	readonly rate: number | null;
	readonly average: number | null;
	/** Milliseconds left; null before 1 % or 5 s. */
	readonly leftMs: number | null;
	readonly elapsedMs: number;
	/** What is in hand: a table, a database. */
	readonly current: string | null;
	readonly tables?: { readonly done: number; readonly total: number };
	readonly rows?: number;
	/** Bytes on disk so far. */
	readonly onDisk?: number;
	/** Milliseconds that the lock has been held. */
	readonly heldMs?: number;
	/** Seconds that the replica is behind, and transactions that wait to be applied. */
	readonly lagSeconds?: number | null;
	readonly waiting?: number | null;
	/** Free bytes where the backup goes. */
	readonly freeBytes?: number;
};

/** Fractions shown stop at 99 % until the end is proven. */
export function fraction(progress: Pick<Progress, 'done' | 'total'>): number | null {
	if (progress.total === null || progress.total <= 0) return null;
	return Math.min(0.99, progress.done / progress.total);
}

const WINDOW_MS = 5_000;

/** Turns counts into rates and a time left. The clock comes in, so that tests need none. */
export function meter(
	now: () => number,
): (done: number, total: number | null) => Pick<Progress, 'rate' | 'average' | 'leftMs' | 'elapsedMs'> {
	const start = now();
	let samples: { at: number; done: number }[] = [{ at: start, done: 0 }];
	let smooth: number | null = null;
	return (done, total) => {
		const at = now();
		samples.push({ at, done });
		const first = samples.findLastIndex((sample) => sample.at <= at - WINDOW_MS);
		if (first > 0) samples = samples.slice(first);
		const elapsedMs = at - start;
		const oldest = samples[0] ?? { at: start, done: 0 };
		const span = at - oldest.at;
		const rate = span >= 500 ? ((done - oldest.done) * 1000) / span : null;
		const average = elapsedMs >= 500 ? (done * 1000) / elapsedMs : null;
		if (rate !== null) smooth = smooth === null ? rate : smooth * 0.8 + rate * 0.2;
		const enough = total !== null && total > 0 && (done / total >= 0.01 || elapsedMs >= 5_000);
		const speed = smooth !== null && average !== null ? (smooth + average) / 2 : null;
		const leftMs = enough && speed !== null && speed > 0 ? Math.max(0, ((total - done) / speed) * 1000) : null;
		return { rate, average, leftMs, elapsedMs };
	};
}
