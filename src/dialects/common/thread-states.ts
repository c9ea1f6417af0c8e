// What holds up a replica's threads while they run and name no error: their states say it.
import type { Activity } from '../contract/locks.ts';

/** Of a thread that has no room to write; MySQL says then that it runs, and no error. */
export const NO_ROOM = /disk (?:space|is full)|free space/i;

/** Of the applier's threads: `Waiting for global read lock`, `Waiting for table metadata lock`; not that they wait for work or for each other. */
const LOCK = /^Waiting for .*\b(?:lock|flush)\b/i;

export type ApplierWait = {
	/** As the server says it; null where it waits for rows. */
	readonly state: string | null;
	readonly seconds: number;
	/** Sessions of clients that may be what it waits for, the longest first: none where the server does not show it. */
	readonly suspects: readonly Pick<Activity, 'id' | 'user' | 'seconds'>[];
};

/** The longest wait of the applier's threads for a lock; null: none waits. Pure. */
export function applierWait(activity: readonly Activity[]): ApplierWait | null {
	const threads = activity.filter(({ user }) => user === 'system user');
	const waiting = threads.filter(({ state, waitsForRows }) => LOCK.test(state) || waitsForRows);
	const [longest] = waiting.toSorted((a, b) => b.seconds - a.seconds);
	if (longest === undefined) return null;
	const isRows = !LOCK.test(longest.state);
	const suspects = activity
		.filter(({ user, locked, blocks, transactionSeconds, command }) => {
			if (user === 'system user' || user === 'event_scheduler' || /^(?:Binlog Dump|Daemon)/.test(command)) return false;
			return isRows ? blocks > 0 : locked.length > 0 || transactionSeconds !== null || command === 'Sleep' || blocks > 0;
		})
		.toSorted((a, b) => b.seconds - a.seconds)
		.map(({ id, user, seconds }) => ({ id, user, seconds }));
	return { state: isRows ? null : longest.state, seconds: longest.seconds, suspects: suspects.slice(0, 3) };
}
