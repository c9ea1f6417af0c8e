/** How far one table is, or what it came to. Amounts are in the unit of the progress that it belongs to. */
export type TableWork = {
	/** `database.table`, with backquotes where a name needs them. */
	readonly name: string;
	readonly done: number;
	/** An estimate, unless it is done; null: not known. */
	readonly total: number | null;
	readonly rows?: number;
	/** Since it began, or in all. */
	readonly ms: number;
	/** Per second, of late, or in all. */
	readonly rate: number | null;
};

/** What one connection, thread or tool has in hand. Workers are counted from 1. */
export type WorkerProgress = TableWork & {
	readonly worker: number;
	/** Where the table is read in parts: the which part of how many, from 1. */
	readonly part?: { readonly at: number; readonly of: number };
};

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
	/** Those that are done, of how many. */
	readonly tables?: { readonly done: number; readonly total: number };
	/** What {@link tables}, {@link workers}, {@link finished} and {@link next} count; left out: tables. */
	readonly each?: 'table' | 'file' | 'database';
	/** By their numbers; a worker without anything in hand is left out. */
	readonly workers?: readonly WorkerProgress[];
	/** The last few that are done, the latest last. */
	readonly finished?: readonly TableWork[];
	/** The first few that are to come, in order. */
	readonly next?: readonly { readonly name: string; readonly total: number | null }[];
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
