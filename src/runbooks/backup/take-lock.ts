import { setTimeout as pause } from 'node:timers/promises';
import { type Action, pick, type SqlAction } from '../../core/action.ts';
import { type Check, must } from '../../core/check.ts';
import { CheckFailed, LockTimeout, ServerError, VerifyFailed } from '../../core/errors.ts';
import type { HeldLease, RunContext } from '../../core/step.ts';
import { isLockRefused, isSessionGone } from '../../dialects/common/errors.ts';
import { shown } from '../../sql/sql.ts';
import { preparedCheck } from '../shared/prepared.ts';
import { qualified, some } from '../shared/server.ts';
import {
	type Blocker,
	blockersOf,
	describeBlocker,
	holdsUp,
	keepsTablesOpen,
	mayBeKilled,
	overtaken,
	stillTheSame,
	worthWaitingFor,
} from './blockers.ts';
import { ANSWER_MS, type BackupEnv } from './env.ts';

/** So long one attempt may wait: no client that came after it is held up any longer. */
const ATTEMPT_SECONDS = 5;
/** Where it waits for reads nothing that takes longer than an instant is at work when it is tried. */
const ATTEMPT_BESIDE_READS_SECONDS = 1;
/** Beyond the server's own bound, before we give the connection up. */
const GRACE_MS = 5_000;
/** Between attempts, so that those who queued can write; doubled each time. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 10_000;
const CHECK_EVERY_MS = 200;
/** It reads all of performance_schema's locks, on a server that may be busy. */
const ACTIVITY_MS = 15_000;
/** Between two notes of who is waited for. */
const NOTE_EVERY_MS = 5_000;

export const attemptSeconds = ({ server, lockWaitSeconds }: BackupEnv): number =>
	Math.min(server.dialect.features.lockWaitsForReads ? ATTEMPT_BESIDE_READS_SECONDS : ATTEMPT_SECONDS, lockWaitSeconds);
export const attemptMs = (seconds: number): number => seconds * 1000 + GRACE_MS;

type Taking = BackupEnv &
	RunContext & {
		readonly plan: readonly Action[];
		readonly facts: { readonly blockers: readonly Blocker[]; readonly replicates: boolean; readonly seesPrepared: boolean };
	};

/** What takes somebody out of the way, as a plan shows it. */
export const killAction = ({ server }: BackupEnv, each: Blocker): SqlAction => ({
	kind: 'sql',
	id: `kill-${each.id}`,
	why: `only if it is still at it: ${describeBlocker(each)}`,
	on: 'server',
	session: 'work',
	statement: server.dialect.locks.kill(each.id),
	changes: true,
});

/** Behind whom a plan with `--long-queries kill` does not wait. */
export const killable = ({ server }: BackupEnv, blockers: readonly Blocker[]): readonly Blocker[] =>
	blockers.filter((each) => mayBeKilled(each, server.dialect.features.lockWaitsForReads));

/** Who meets the lock now. */
async function meets(at: Taking, lease: HeldLease): Promise<readonly Blocker[]> {
	return blockersOf(await at.runQuery('server', { ...at.server.dialect.locks.activity, mostMs: ACTIVITY_MS }), [lease.connectionId]);
}

/**
 * Takes the lock within `lockWaitSeconds` in all: waits until nobody long is in the way, then tries for a few seconds at a time. A lock that
 * waits holds up every client that comes after it, so each attempt that fails is taken back and followed by a pause in which they write.
 * Throws LockTimeout, with who is in the way, and VerifyFailed where the applier's temporary tables are open under the lock to the last.
 */
export async function takeLock(at: Taking, lease: HeldLease): Promise<void> {
	const { plan, perform, server, lockWaitSeconds } = at;
	const { features } = server.dialect;
	const lock = planned(plan, 'lock');
	// The wall clock may be set meanwhile.
	const until = performance.now() + lockWaitSeconds * 1000;
	const left = () => until - performance.now();
	const known = new Map(at.facts.blockers.map((each) => [each.id, each]));
	let pauseMs = FIRST_PAUSE_MS;
	// Whose tables a refused attempt closed, by session.
	const closed = new Map<number, Blocker>();
	for (let attempt = 1; ; attempt++) {
		await noBlockers(at, lease, { known, left, closed });
		const seconds = Math.max(1, Math.min(attemptSeconds(at), Math.round(left() / 1000)));
		const failed = await tryLock(at, lock, seconds);
		if (failed === null) return;
		// The lock went with its connection; where only another one gave no answer, the lock is given back first.
		if (failed instanceof ServerError && lease.lost.aborted) throw notAcquired(at, await meets(at, lease), closed, { cause: failed });
		// Also after an error: some servers keep part of a lock that they refused (.github/docs/measured.md, Refused locks).
		await perform(planned(plan, 'unlock'), { shielded: true });
		const others = (await meets(at, lease)).filter((each) => holdsUp(each, features.lockWaitsForReads));
		if (failed instanceof ServerError && features.lockWaitsForReads) rememberClosed(closed, others);
		if (left() < FIRST_PAUSE_MS + 1_000) {
			if (!(failed instanceof ServerError)) throw obstacleError(at, failed);
			throw notAcquired(at, others, closed, { cause: failed, unnamed: await suspects(at, lease, others) });
		}
		const why = failed instanceof ServerError ? describeRefusal(failed, seconds, others) : describeObstacles(failed);
		const rest = Math.min(pauseMs, left() - 1_000);
		const still = others.filter((each) => closed.has(each.id));
		const after = still.length > 0 ? stillClosed(still) : 'Clients continue.';
		at.note(`Attempt ${attempt} for the lock: ${why}. ${after} The next attempt is in ${Math.round(rest / 1000)} s or later.`);
		await pause(rest, undefined, { signal: at.signal }).catch(() => at.signal.throwIfAborted());
		pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
	}
}

/** What makes a moment no good for a backup although the lock is held. */
type Obstacles = {
	/** How many temporary tables the applier has open. */
	readonly open: number;
	/** Statements that define a table and were overtaken. */
	readonly defining: readonly string[];
	/** Prepared XA transactions. */
	readonly prepared: readonly string[];
};

const isFree = ({ open, defining, prepared }: Obstacles): boolean => open === 0 && defining.length === 0 && prepared.length === 0;

/** One attempt of so many seconds. Null: the lock is had. Else what was found under it, or the error where it was refused. */
async function tryLock(at: Taking, lock: SqlAction, seconds: number): Promise<Obstacles | ServerError | null> {
	try {
		await askForLock(at, lock, seconds);
		const found = await obstaclesUnderLock(at);
		return isFree(found) ? null : found;
	} catch (cause) {
		if (!(cause instanceof ServerError) || !(cause.connectionLost || isLockRefused(cause))) throw cause;
		return cause;
	}
}

async function askForLock({ plan, perform, server }: Taking, lock: SqlAction, seconds: number): Promise<void> {
	const { locks } = server.dialect;
	const bound = pick(plan, 'sql', 'bound-lock');
	const limit = locks.boundWait(seconds);
	const bounded: SqlAction = { ...lock, statement: locks.flushTablesWithReadLock(seconds), timeoutMs: attemptMs(seconds) };
	if (bound !== undefined && limit !== null) await perform({ ...bound, statement: limit });
	await perform(bounded);
}

async function obstaclesUnderLock({ facts, server, runQuery }: Taking): Promise<Obstacles> {
	const { locks, channel } = server.dialect;
	const open = facts.replicates ? await runQuery('server', { ...channel.openTemporaryTables, mostMs: ANSWER_MS }) : 0;
	const defining = overtaken(await runQuery('server', { ...locks.activity, mostMs: ANSWER_MS })).map(
		(each) => `${each.id} ${each.user}: ${each.text.slice(0, 100)}`,
	);
	const prepared = facts.seesPrepared ? await runQuery('server', { ...locks.prepared.query, mostMs: ANSWER_MS }) : [];
	return { open, defining, prepared };
}

function describeObstacles({ open, defining, prepared }: Obstacles): string {
	if (open > 0) return `the applier opened ${open} temporary tables just before`;
	if (prepared.length > 0) return `XA transactions were prepared: ${some(prepared, 3)}`;
	return `it overtook who defines a table, which could not be read until the unlock: ${some(defining, 3)}`;
}

function describeRefusal(refused: ServerError, seconds: number, others: readonly Blocker[]): string {
	const what = refused.connectionLost ? refused.message : `not acquired within ${seconds} s`;
	return `${what}${others.length === 0 ? '' : `, in the way: ${others.slice(0, 3).map(describeBlocker).join('; ')}`}`;
}

/** Why the last attempt was in vain although the lock was had. */
function obstacleError(at: Taking, { open, defining, prepared }: Obstacles): CheckFailed | LockTimeout | VerifyFailed {
	if (prepared.length > 0) return new CheckFailed([preparedCheck(prepared)]);
	if (open === 0) return alwaysOvertaken(at, defining);
	return new VerifyFailed([temporaryTables(open)], 'Under the lock the applier had temporary tables open, to the last attempt.');
}

/** Remembers whose tables an attempt closed that was refused. */
function rememberClosed(closed: Map<number, Blocker>, others: readonly Blocker[]): void {
	for (const each of others) if (each.how === 'reads' || each.how === 'tables') closed.set(each.id, each);
}

type Memory = {
	/** Who was seen before, by session. */
	readonly known: Map<number, Blocker>;
	/** Milliseconds until the lock is waited for no longer. */
	readonly left: () => number;
	/** Whose tables a refused attempt closed, by session. */
	readonly closed: ReadonlyMap<number, Blocker>;
};

/**
 * Waits, without queueing, until there is nobody behind whom the lock would wait for long; ends who may be ended by consent.
 * Where the lock waits for reads it is not asked for while any statement has been at work for longer than an instant, whatever --long-queries
 * says: what a refused lock leaves there does not end with it.
 */
async function noBlockers(at: Taking, lease: HeldLease, { known, left, closed }: Memory): Promise<void> {
	const { lockWaitsForReads } = at.server.dialect.features;
	let named = '';
	let notedAt = Number.NEGATIVE_INFINITY;
	for (;;) {
		const open = at.facts.replicates ? await at.runQuery('server', at.server.dialect.channel.openTemporaryTables) : 0;
		const seen = await meets(at, lease);
		// One at a time, each right after a look: what is ended must still be what was seen before.
		if (at.longQueries === 'kill' && (await killed(at, seen, known))) continue;
		const long = seen.filter((each) => worthWaitingFor(each, lockWaitsForReads));
		const waiting = waitedFor(at, seen, long);
		if (waiting.length === 0 && open === 0) return;
		if (left() <= 0 || (at.longQueries === 'abort' && lockWaitsForReads && long.length > 0)) {
			if (waiting.length > 0) throw notAcquired(at, waiting, closed);
			throw alwaysOpen(at, open);
		}
		const names = `${waiting.map((each) => each.id).join()} ${open > 0}`;
		if (names !== named && performance.now() - notedAt >= NOTE_EVERY_MS) {
			named = names;
			notedAt = performance.now();
			noteWaiting(at, waiting, open);
		}
		await pause(CHECK_EVERY_MS, undefined, { signal: at.signal }).catch(() => at.signal.throwIfAborted());
	}
}

/** For whom the lock is not even asked yet. */
function waitedFor({ server, longQueries }: Taking, seen: readonly Blocker[], long: readonly Blocker[]): readonly Blocker[] {
	const { lockWaitsForReads } = server.dialect.features;
	return seen.filter(
		(each) => keepsTablesOpen(each, lockWaitsForReads) || (long.includes(each) && (longQueries !== 'abort' || lockWaitsForReads)),
	);
}

function noteWaiting(at: Taking, waiting: readonly Blocker[], open: number): void {
	if (waiting.length > 0) at.note(`Not locked yet, waiting for: ${some(waiting.map(describeBlocker), 3)}`);
	if (open > 0) at.note(`Not locked yet: the applier has ${open} temporary tables open, which the backup would lack.`);
}

/** Ends one of those who are in the way, and says whether it did. Who came just now is only remembered. */
async function killed(at: Taking, seen: readonly Blocker[], known: Map<number, Blocker>): Promise<boolean> {
	for (const each of killable(at, seen)) {
		const before = known.get(each.id);
		known.set(each.id, each);
		if (before === undefined || !stillTheSame(before, each)) continue;
		const action = pick(at.plan, 'sql', `kill-${each.id}`);
		try {
			await at.perform(action ?? killAction(at, each));
		} catch (error) {
			if (!isSessionGone(error)) throw error;
		}
		known.delete(each.id);
		at.note(`Killed${action === undefined ? ', come after the plan was made' : ''}: ${describeBlocker(each)}`);
		return true;
	}
	return false;
}

/**
 * Without performance_schema a server tells which tables are locked, but not by whom: any session at rest may be the one. None where others are
 * known to be in the way.
 */
async function suspects(at: Taking, lease: HeldLease, others: readonly Blocker[]): Promise<readonly string[]> {
	if (others.length > 0) return [];
	const { locks } = at.server.dialect;
	const tables = await at.runQuery('server', locks.tablesInUse);
	if (tables.length === 0) return [];
	const atRest = (await at.runQuery('server', locks.activity)).filter((each) => each.command === 'Sleep' && each.id !== lease.connectionId);
	return [
		`Locked or in use, by a session that the server does not name (performance_schema is off): ${some(tables.map(qualified))}. At rest there are:`,
		...atRest
			.toSorted((a, b) => b.seconds - a.seconds)
			.slice(0, 8)
			.map((each) => `${each.id} ${each.user}@${each.host} ${each.seconds} s`),
	];
}

const alwaysOpen = ({ lockWaitSeconds }: Taking, open: number): LockTimeout =>
	new LockTimeout({
		message: `Could not acquire the global read lock within ${lockWaitSeconds} s.`,
		reason: `The applier had ${open} temporary tables open all the time: a backup of that moment could not be made a replica.`,
		hints: ['Nothing is locked and nothing was changed. Try again later, or wait longer with --lock-wait.'],
	});

const alwaysOvertaken = ({ lockWaitSeconds }: Taking, defining: readonly string[]): LockTimeout =>
	new LockTimeout({
		message: `The lock could not be kept within ${lockWaitSeconds} s.`,
		reason:
			'Each time it overtook a statement that defines a table: that table could not be read until the unlock, and the dump would wait for ever.',
		hints: [...defining, 'Nothing is locked and nothing was changed. Try again when they are done, or wait longer with --lock-wait.'],
	});

const temporaryTables = (open: number): Check =>
	must(
		'TEMPORARY-TABLES',
		{ pass: 'The applier holds no temporary table open under the lock', fail: 'The applier holds temporary tables open under the lock' },
		open === 0,
		{
			expected: '0',
			found: String(open),
			hints: ['They would be missing from a replica made of this backup. Nothing is locked any more; try again in a moment.'],
		},
	);

/** What a refused lock has left behind, and how it ends. */
const stillClosed = (still: readonly Blocker[]): string =>
	`The refused attempt closed the tables of ${some(still.map(describeBlocker), 3)}: until it ends, statements that open these tables wait ("Waiting for table flush").`;

function notAcquired(
	at: Taking,
	others: readonly Blocker[],
	closed: ReadonlyMap<number, Blocker>,
	{ cause, unnamed = [] }: { readonly cause?: ServerError; readonly unnamed?: readonly string[] } = {},
): LockTimeout {
	const still = others.filter((each) => {
		const before = closed.get(each.id);
		return before !== undefined && stillTheSame(before, each);
	});
	return new LockTimeout(
		{
			message: `Could not acquire the global read lock within ${at.lockWaitSeconds} s.`,
			reason: others.length === 0 ? 'No session is in the way any more, as far as the server shows.' : 'In the way, longest first:',
			hints: [
				...others.slice(0, 5).map(describeBlocker),
				...unnamed,
				...(still.length === 0
					? []
					: [stillClosed(still), ...still.map((each) => `On ${at.server.name}:  ${shown(at.server.dialect.locks.kill(each.id))};`)]),
				`Nothing is locked and nothing was changed. Try again when ${others.length === 1 ? 'it has' : 'they have'} ended, wait longer with --lock-wait, or have them ended with --long-queries kill.`,
			],
			...(cause?.description.details !== undefined && { details: cause.description.details }),
		},
		{ cause },
	);
}

function planned(plan: readonly Action[], id: string): SqlAction {
	const action = pick(plan, 'sql', id);
	if (action === undefined) throw new TypeError(`no ${id} in the plan`);
	return action;
}
