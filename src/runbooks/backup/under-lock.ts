import { type Action, pick, pickAll, type SqlAction } from '../../core/action.ts';
import { fail } from '../../core/check.ts';
import { LockTimeout, Stopped, VerifyFailed } from '../../core/errors.ts';
import { duration } from '../../core/format.ts';
import type { HeldLease, RunContext } from '../../core/step.ts';
import type { TableFacts } from '../../dialects/contract/catalogue.ts';
import type { Position } from '../../dialects/contract/positions.ts';
import type { Blocker } from './blockers.ts';
import { ANSWER_MS, type BackupEnv } from './env.ts';
import { guard } from './guard.ts';
import { objectsOf } from './objects.ts';
import { takeLock } from './take-lock.ts';

type Facts = {
	readonly readOnly: string;
	readonly clientsWait: boolean;
	readonly replicates: boolean;
	readonly seesPrepared: boolean;
	readonly blockers: readonly Blocker[];
	readonly databases: readonly string[];
};
type At = BackupEnv &
	RunContext & {
		readonly facts: Facts;
		readonly plan: readonly Action[];
		/** Tables whose rows are read when the lock has been given back. */
		readonly guarded: readonly TableFacts[];
	};

type Terms = {
	/** What must be there before the lock is asked for. */
	readonly ready: Promise<unknown> | null;
	/** Told since when the lock is held, and null when it is no more. */
	readonly since: (held: Date | null) => void;
	/** How long the lock may be held; null for no limit. */
	readonly limitSeconds: number | null;
};

/**
 * Takes the lock when what it needs is `ready`, does `work` while it is held and gives it back, whatever became of the work. The moment that it protected is proven at the end:
 * the connection was the same and the position stood still. `objects` is null where the lock was let go before the definitions are read.
 * Throws LockTimeout where it is not had or its time is spent, VerifyFailed where it was lost.
 */
export async function underLock<T>(at: At, { ready, since, limitSeconds }: Terms, work: (given: AbortSignal) => Promise<T>) {
	const { plan, facts, now, lock } = at;
	const requested = now();
	await using lease = await at.lease('server', { lockWaitSeconds: at.lockWaitSeconds });
	await ready;
	const state = { on: 'server', clientsWait: facts.clientsWait, until: null } as const;
	lock({ ...state, state: 'waiting', since: requested.toISOString() });
	try {
		await takeLock(at, lease);
	} catch (error) {
		lock({ ...state, state: 'released', since: now().toISOString() });
		throw error;
	}
	const acquired = now();
	since(acquired);
	const mostMs = limitSeconds === null ? null : limitSeconds * 1000;
	if (mostMs !== null) lease.startDeadline({ mostMs, back: pickAll(plan, 'sql', 'read-only-back').map((action) => action.statement) });
	const until = mostMs === null ? null : new Date(acquired.getTime() + mostMs).toISOString();
	lock({ ...state, state: 'held', since: acquired.toISOString(), until, connectionId: lease.connectionId });
	const ended = await momentOf(at, lease, () => work(AbortSignal.any([lease.lost, lease.expired]))).then(
		(done) => ({ done, cause: null }),
		(cause: unknown) => ({ done: null, cause: lease.expired.aborted ? timeSpent(at, mostMs ?? 0, lease.expired.reason) : cause }),
	);
	try {
		await release(at, lease);
	} catch (error) {
		// The first cause counts: what could not be put back here is tried again, and told, by whoever runs the steps.
		if (ended.done !== null) throw error;
	} finally {
		since(null);
		lock({ ...state, state: lease.lost.aborted ? 'lost' : 'released', since: now().toISOString() });
	}
	// Only now: whatever else a server or a network that fails broke first, the lock may have been lost with it.
	if (ended.done === null) throw lease.lost.aborted && !itsOwn(at, ended.cause) ? lostLock(ended.cause) : ended.cause;
	const { position, channels, objects, done, tables } = ended.done;
	return {
		done,
		objects,
		tables,
		moment: {
			...{ position, channels, channel: channels[0] ?? null },
			...{ statement: 'FLUSH TABLES WITH READ LOCK', connectionId: lease.connectionId },
			requested: requested.toISOString(),
			acquired: acquired.toISOString(),
			released: now().toISOString(),
		},
	};
}

async function momentOf<T>(at: At, lease: HeldLease, dumpHeld: () => Promise<T>) {
	const { plan, server, perform, runQuery } = at;
	const { positions, channel } = server.dialect;
	const readOnly = pick(plan, 'sql', 'read-only');
	if (readOnly !== undefined) await perform(readOnly);
	const snapshot = pick(plan, 'sql', 'snapshot');
	if (snapshot !== undefined) await perform(snapshot);
	const tables = await guard(at);
	const position = positions.current.read(await perform(planned(plan, 'position')));
	const channels = await runQuery('server', { ...channel.status, mostMs: ANSWER_MS });
	const objects = snapshot === undefined ? await objectsOf(at, at.facts.databases) : null;
	const done = await dumpHeld();
	await proveLock(at, lease, position);
	return { position, channels, objects, done, tables };
}

function planned(plan: readonly Action[], id: string): SqlAction {
	const action = pick(plan, 'sql', id);
	if (action === undefined) throw new TypeError(`no ${id} in the plan`);
	return action;
}

/** The very connection still answers, and nothing was written: otherwise what was dumped belongs to no one moment. */
async function proveLock({ plan, server, perform }: At, lease: HeldLease, before: Position): Promise<void> {
	try {
		await lease.verify();
	} catch (cause) {
		throw lostLock(cause);
	}
	const after = server.dialect.positions.current.read(await perform(planned(plan, 'prove')));
	const same = after.gtid === before.gtid && after.written === before.written && after.file === before.file && after.pos === before.pos;
	if (!same) {
		throw new VerifyFailed(
			[
				fail('POSITION-STILL', 'The position moved while the lock was held', {
					expected: positionText(before),
					found: positionText(after),
				}),
			],
			'The lock did not hold: the dump is worthless.',
		);
	}
}

const positionText = (position: Position): string => `${position.file ?? 'no log'}:${position.pos ?? 0} ${position.gtid}`;

/** What is told as it is, even where the lock was lost as well: a proof that failed, the time that was allowed, a stop. */
const itsOwn = (at: At, cause: unknown): boolean =>
	cause instanceof VerifyFailed || cause instanceof LockTimeout || at.signal.reason instanceof Stopped;

function lostLock(cause: unknown): VerifyFailed {
	const message = cause instanceof Error ? cause.message : String(cause);
	return new VerifyFailed(
		[fail('LOCK-HELD', 'The connection that held the lock was lost or replaced', { expected: 'the same connection', found: message })],
		'The lock was lost: the dump is worthless.',
		{ cause },
	);
}

function timeSpent({ maxLockSeconds }: At, mostMs: number, cause: unknown): LockTimeout {
	return new LockTimeout(
		{
			message: `The lock was held for the ${duration(mostMs)} that ${maxLockSeconds === 'auto' ? 'are allowed without --max-lock-time' : '--max-lock-time allows'}, so the dump was stopped.`,
			reason: 'Clients and replication continue: they have precedence over the backup.',
			hints: [
				'What was written stays in the folder that ends in .partial; it is no backup.',
				'Give it longer with --max-lock-time 2h (0: no limit), or dump less at a time with --databases.',
			],
		},
		{ cause },
	);
}

/** Puts read_only back and unlocks, in this order, however the dump ended. */
async function release({ plan, perform, runQuery, server, facts }: At, lease: HeldLease): Promise<void> {
	const back = pick(plan, 'sql', 'read-only-back');
	const alive = !lease.lost.aborted && !lease.expired.aborted;
	if (back !== undefined) {
		// A lease whose time is spent has put it back already, unless it could not.
		const there =
			lease.expired.aborted && (await runQuery('server', { ...server.dialect.identity, mostMs: ANSWER_MS })).readOnly === facts.readOnly;
		if (!there) await perform(alive ? back : { ...back, session: 'work' }, { shielded: true });
	}
	if (alive) await perform(planned(plan, 'unlock'), { shielded: true });
}
