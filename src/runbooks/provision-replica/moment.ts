import { setTimeout as pause } from 'node:timers/promises';
import { type Action, pickAll } from '../../core/action.ts';
import { type LockstepError, LockTimeout } from '../../core/errors.ts';
import type { RunContext } from '../../core/step.ts';
import { isLockRefused } from '../../dialects/common/errors.ts';
import type { Statement } from '../../sql/sql.ts';
import { type Blocker, blockersOf, describeBlocker, keepsTablesOpen } from '../backup/blockers.ts';
import type { ProvisionEnv } from './env.ts';

type At = ProvisionEnv & RunContext & { readonly plan: readonly Action[] };

/** So long a snapshot without a lock is tried, before a lock of milliseconds is. */
const WITHOUT_LOCK_MS = 5_000;
const WITHIN_MS = 60_000;
/** In which those who queued behind a lock that was refused, or whoever is at work, come to an end. */
const PAUSE_MS = 1_000;

/** What a plan shows of {@link momentOf}; nothing where the snapshot itself knows its position. */
export function momentActions({ primary }: ProvisionEnv): Action[] {
	const { lockMoment, settleMoment } = primary.dialect.locks;
	const act = (id: string, statements: readonly Statement[], why: string): Action[] =>
		statements.map((statement, index) => ({ kind: 'sql', id: `${id}-${index + 1}`, why, on: 'primary', statement, changes: false }));
	return [
		...act(
			'lock-snapshot',
			lockMoment,
			'only where transactions commit too close together to prove the position without a lock, and never beside a running statement; for milliseconds',
		),
		...act('settle-snapshot', settleMoment, 'after that lock: clients continue'),
	];
}

/**
 * Opens a snapshot of the primary and gives its position. Where the snapshot does not know it, nothing was committed around it, or a lock of
 * milliseconds is taken; not beside a running statement, whose tables it would close for everybody.
 * `prepare` comes before each attempt, `discard` after each that failed. Throws LockTimeout where neither can be had within a minute, and what
 * made each moment unusable.
 */
export async function momentOf(
	at: At,
	o: {
		open(): Promise<void>;
		prepare?(): Promise<void>;
		discard?(): Promise<void>;
		/** What makes this moment one that cannot be used, asked while nothing has been committed since; null: nothing. */
		unusable?(): Promise<LockstepError | null>;
	},
): Promise<string> {
	const { open, prepare, discard } = o;
	const { plan, primary, runQuery, perform, note, signal } = at;
	const { positions, locks, features } = primary.dialect;
	const position = () => positions.snapshot((query) => runQuery('primary', query));
	if (positions.settled === null) {
		await open();
		return position();
	}
	const { settled } = positions;
	let refused: LockstepError | null = null;
	const proven = async (): Promise<string | null> => {
		const before = await position();
		await open();
		refused = (await o.unusable?.()) ?? null;
		if (refused !== null) return null;
		return (await settled((query) => runQuery('primary', query))) === before ? before : null;
	};
	const locked = async (): Promise<string | null> => {
		try {
			for (const action of pickAll(plan, 'sql', 'lock-snapshot')) await perform(action);
			const gtid = await position();
			await open();
			refused = (await o.unusable?.()) ?? null;
			return refused === null ? gtid : null;
		} catch (error) {
			if (!isLockRefused(error)) throw error;
			note(`The snapshot of ${primary.name}: the lock of milliseconds was refused and given back.`);
			return null;
		} finally {
			for (const action of pickAll(plan, 'sql', 'settle-snapshot')) await perform(action, { shielded: true });
		}
	};
	const began = performance.now();
	let noted = false;
	for (;;) {
		await prepare?.();
		const late = performance.now() - began > WITHOUT_LOCK_MS;
		const atWork = late
			? blockersOf(await runQuery('primary', locks.activity)).filter((each) => keepsTablesOpen(each, features.lockWaitsForReads))
			: [];
		const withLock = late && atWork.length === 0 && refused === null;
		const gtid = await (withLock ? locked() : proven());
		if (gtid !== null) return gtid;
		await discard?.();
		if (refused !== null && late) throw refused;
		if (performance.now() - began > WITHIN_MS) throw notProven(at, atWork);
		if (!late) continue;
		if (!noted && atWork.length > 0)
			note(
				`No lock is taken on ${primary.name} beside running statements; waiting for: ${atWork.slice(0, 3).map(describeBlocker).join('; ')}`,
			);
		noted ||= atWork.length > 0;
		await pause(PAUSE_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
	}
}

const notProven = ({ primary }: At, atWork: readonly Blocker[]): LockTimeout =>
	new LockTimeout({
		message: `Could not take a snapshot of ${primary.name} at a known position within ${WITHIN_MS / 1000} s.`,
		reason:
			atWork.length === 0
				? 'Transactions commit too close together, and the global read lock of milliseconds was refused each time.'
				: 'Transactions commit too close together, and these statements keep tables open, which even a lock of milliseconds would close for other clients:',
		hints: [...atWork.slice(0, 5).map(describeBlocker), `No lock is held on ${primary.name}. Try again when there is less to do there.`],
	});
