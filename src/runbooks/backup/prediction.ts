import type { HeldBefore } from '../../archive/list.ts';
import type { Compression } from '../../core/action.ts';
import { bytes, duration } from '../../core/format.ts';
import type { BackupEnv, DumpStrategy } from './env.ts';

export type Prediction = {
	readonly ms: number;
	/** From the last backups' rate; otherwise from {@link ASSUMED_RATE}, which nobody has seen here. */
	readonly measured: boolean;
	readonly lastMs: number | null;
};

/** Bytes of table data a second, where nothing is known: one mariadb-dump into zstd on a modest machine. */
export const ASSUMED_RATE = 40 * 1024 ** 2;
/** Of the newest backups so many count. */
const LAST = 3;
/** Opening, position, catalogue and proof take their time however small the data is. */
const LEAST_MS = 1_000;

/**
 * How long the lock will be held. `before`: oldest first. A rate counts as measured where a backup with the same engine and compression held at least a
 * quarter of today's data: a tiny one says nothing about a large one. Pure.
 */
export function predictHeld(
	dataBytes: number,
	how: { readonly compress: Compression; readonly engine: HeldBefore['engine'] },
	before: readonly HeldBefore[],
): Prediction {
	const like = before
		.filter((each) => each.compress === how.compress && each.engine === how.engine && each.heldMs > 0 && each.dataBytes * 4 >= dataBytes)
		.slice(-LAST);
	const sum = (of: (each: HeldBefore) => number) => like.reduce((all, each) => all + of(each), 0);
	const held = sum((each) => each.dataBytes);
	if (held === 0) return { ms: Math.max(LEAST_MS, (dataBytes / ASSUMED_RATE) * 1000), measured: false, lastMs: null };
	const ms = (dataBytes * sum((each) => each.heldMs)) / held;
	return { ms: Math.max(LEAST_MS, ms), measured: true, lastMs: like.at(-1)?.heldMs ?? null };
}

/** An automatic limit is so many times what was predicted: from earlier backups, and from the assumed rate alone. */
const LIMIT_TIMES = { measured: 3, assumed: 6 };
const LEAST_LIMIT_SECONDS = 300;

/** How long the lock may be held, seconds, in whole minutes where it is chosen here; null: no limit. Pure. */
export function lockLimit(asked: number | null | 'auto', { ms, measured }: Prediction): number | null {
	if (asked !== 'auto') return asked;
	const minutes = Math.ceil((ms / 60_000) * (measured ? LIMIT_TIMES.measured : LIMIT_TIMES.assumed));
	return Math.max(LEAST_LIMIT_SECONDS, minutes * 60);
}

/** How long a plan will hold the lock, and for how long it may: what screens, checks and the lease go by. */
export type LockTime = {
	readonly predicted: Prediction;
	/** Null: no limit. */
	readonly limitSeconds: number | null;
	/** Nothing is dumped under it: it is held until every connection has its snapshot. */
	readonly isInstant: boolean;
};

/** `heldBytes`: what is dumped under the lock. Pure. */
export function predictLock(
	{ compress, history, maxLockSeconds }: Pick<BackupEnv, 'compress' | 'history' | 'maxLockSeconds'>,
	{ engine, lock }: DumpStrategy,
	heldBytes: number,
): LockTime {
	const predicted = predictHeld(heldBytes, { compress, engine }, history);
	return { predicted, limitSeconds: lockLimit(maxLockSeconds, predicted), isInstant: lock === 'snapshot' && heldBytes === 0 };
}

function about(ms: number): string {
	const seconds = Math.max(1, Math.round(ms / 1000));
	if (seconds < 90) return `about ${seconds} s`;
	const minutes = Math.round(seconds / 60);
	return minutes < 90 ? `about ${minutes} min` : `about ${(minutes / 60).toFixed(1)} h`;
}

/** `about 6 min (last time 6:12)` */
export const describePrediction = ({ ms, measured, lastMs }: Prediction): string =>
	`${about(ms)} (${measured && lastMs !== null ? `last time ${duration(lastMs)}` : `assuming ${bytes(ASSUMED_RATE)}/s: no earlier backup of it to go by`})`;
