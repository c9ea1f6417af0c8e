import type { Activity } from '../../dialects/contract/locks.ts';

/**
 * How somebody at work meets the global read lock.
 * `tables`: holds LOCK TABLES … WRITE. `rows`: holds rows that others wait for, and so whatever they hold. `writes`: a statement that
 * writes. `waits`: waits for rows itself. `ending`: was killed and rolls back. These the lock waits for.
 * `reads`: a statement that only reads. `idle`: an open transaction at rest; the lock passes it by, its COMMIT waits for the unlock.
 */
export type Blocker = Activity & { readonly how: 'tables' | 'rows' | 'writes' | 'waits' | 'ending' | 'reads' | 'idle' };

/** Longer than this a statement or a transaction is one that others will wait for. */
export const LONG_SECONDS = 10;
/** A statement that has run for so long may run for as long again, and whoever opens its tables would wait for it. */
const INSTANT_MS = 300;

const SERVERS_OWN = new Set(['system user', 'event_scheduler', 'unauthenticated user']);
/** Commands of the server's own threads, of replicas that read the log, and of those who only connect. */
const NOT_AT_WORK = new Set(['Daemon', 'Binlog Dump', 'Binlog Dump GTID', 'Slave_IO', 'Slave_SQL', 'Slave_worker', 'Connect']);
const READS = /^(SELECT|SHOW|WITH|VALUES|EXPLAIN|DESC|DESCRIBE|SET|DO|USE|HELP|KILL)\b/i;
const LOCKING_READ = /\b(FOR\s+UPDATE|INTO\s+OUTFILE)\b/i;

function onlyReads(text: string): boolean {
	const bare = text.replace(/^(\s|\(|\/\*(?!!).*?\*\/|(--\s|#).*\n)*/s, '').replace(/^SET\s+STATEMENT\b.*?\bFOR\s+/is, '');
	return READS.test(bare) && !LOCKING_READ.test(bare);
}

function howOf(each: Activity): Blocker['how'] | null {
	if (each.command === 'Killed') return 'ending';
	if (each.command === 'Sleep' && each.locked.length > 0) return 'tables';
	if (each.waitsForRows) return 'waits';
	if (each.blocks > 0) return 'rows';
	if (each.command === 'Sleep') return each.transactionSeconds === null ? null : 'idle';
	return onlyReads(each.text) ? 'reads' : 'writes';
}

/** Everybody who meets the lock, the longest at it first; never replication, the server's own threads, or `ours`. Pure. */
export function blockersOf(activity: readonly Activity[], ours: readonly number[] = []): readonly Blocker[] {
	return activity
		.filter((each) => !SERVERS_OWN.has(each.user) && !NOT_AT_WORK.has(each.command) && !ours.includes(each.id))
		.flatMap((each) => {
			const how = howOf(each);
			return how === null ? [] : [{ ...each, how }];
		})
		.toSorted((a, b) => ageOf(b) - ageOf(a));
}

/** For how many seconds it has been so. */
export const ageOf = (each: Blocker): number =>
	each.how === 'rows' || each.how === 'idle' ? Math.max(each.seconds, each.transactionSeconds ?? 0) : each.seconds;

export const isLong = (each: Blocker): boolean => ageOf(each) >= LONG_SECONDS;

/** Whether the lock itself waits for it. */
export const holdsUp = (each: Blocker, lockWaitsForReads: boolean): boolean =>
	each.how !== 'idle' && (each.how !== 'reads' || lockWaitsForReads);

/** Whom it makes no sense to queue behind: a lock that waits makes every later write wait. */
export const worthWaitingFor = (each: Blocker, lockWaitsForReads: boolean): boolean =>
	holdsUp(each, lockWaitsForReads) && (isLong(each) || each.how === 'tables' || each.how === 'ending');

/**
 * Behind whom the lock must not even be tried where it waits for reads: it closes the tables of these statements first, and whoever opens
 * one of them waits until they end, also when the lock was refused long before.
 */
export const keepsTablesOpen = (each: Blocker, lockWaitsForReads: boolean): boolean =>
	lockWaitsForReads && holdsUp(each, lockWaitsForReads) && (each.how === 'rows' || (each.usesTables && each.milliseconds >= INSTANT_MS));

/** Whom a person may want to have ended: the cause, and never somebody who merely waits for it. */
export const mayBeKilled = (each: Blocker, lockWaitsForReads: boolean): boolean =>
	holdsUp(each, lockWaitsForReads) && isLong(each) && each.how !== 'waits' && each.how !== 'ending';

/** Whether `now` is what was seen: the same session at the same statement, and no new one. */
export const stillTheSame = (seen: Blocker, now: Blocker): boolean =>
	now.id === seen.id &&
	now.user === seen.user &&
	now.host === seen.host &&
	now.how === seen.how &&
	now.command === seen.command &&
	now.text === seen.text &&
	// A clock of the server's own, in whole seconds: a new statement starts at 0.
	now.seconds >= seen.seconds;

const DEFINES = /^(CREATE|ALTER|DROP|RENAME|TRUNCATE|OPTIMIZE|REPAIR|ANALYZE)\b/i;

/**
 * Who was overtaken by the lock in the middle of a statement that defines a table, the applier above all: it may hold that table until the
 * unlock, so that whoever reads it under the lock, a dump too, would wait for ever. Pure.
 */
export const overtaken = (activity: readonly Activity[]): readonly Activity[] =>
	activity.filter((each) => each.command !== 'Sleep' && DEFINES.test(each.text.replace(/^(\s|\/\*(?!!).*?\*\/)*/s, '')));

const DOING: Readonly<Record<Blocker['how'], (each: Blocker) => string>> = {
	tables: (each) => `LOCK TABLES on ${each.locked.join(', ')}`,
	rows: (each) => `${each.text || 'an open transaction at rest'} (others wait for its rows)`,
	writes: (each) => each.text,
	waits: (each) => `${each.text} (waits for rows of another)`,
	ending: (each) => `killed, rolls back ${each.text}`,
	reads: (each) => each.text,
	idle: () => 'an open transaction at rest',
};

/** `17 app@10.0.0.7 23 s: UPDATE …` */
export const describeBlocker = (each: Blocker): string =>
	`${each.id} ${each.user}@${each.host.replace(/:\d+$/, '')} ${ageOf(each)} s: ${DOING[each.how](each).replaceAll(/\s+/g, ' ').slice(0, 100)}`;
