import { accountsFile, databaseFiles } from '../../archive/layout.ts';
import { type Action, type PipeAction, pick, pickAll, type SqlAction } from '../../core/action.ts';
import { must } from '../../core/check.ts';
import { LockTimeout, Stopped, VerifyFailed } from '../../core/errors.ts';
import { duration } from '../../core/format.ts';
import { meter } from '../../core/progress.ts';
import type { Flow, HeldLease, Step, Working } from '../../core/step.ts';
import type { Position, TableFacts } from '../../dialects/dialect.ts';
import { estimator } from '../../dump/estimate.ts';
import type { DumpScan } from '../../dump/scan.ts';
import type { Statement } from '../../sql/sql.ts';
import { some } from '../server.ts';
import { type Blocker, blockersOf, tellBlocker } from './blockers.ts';
import { type BackupEnv, type DumpedFile, type LockedDumpOutput, splitTable } from './env.ts';
import { compareObjects, objectsOf } from './objects.ts';
import { predictHeld, tellPrediction } from './prediction.ts';
import { restarted } from './restarted.ts';
import { attemptMs, attemptSeconds, killAction, killable, takeLock } from './take-lock.ts';
import { watchReplica } from './watch.ts';

type Facts = {
	readonly readOnly: string;
	/** Null where the server has no such switch. */
	readonly superReadOnly: string | null;
	/** Another value means that the server was restarted since. */
	readonly startedAt: number;
	/** Who meets the lock now. */
	readonly blockers: readonly Blocker[];
	/** A server of its own: clients write to it and will wait. */
	readonly clientsWait: boolean;
	readonly replicates: boolean;
	readonly databases: readonly string[];
	/** What will be dumped. */
	readonly tables: readonly TableFacts[];
};

export const lockAndDump: Step<BackupEnv, Facts, LockedDumpOutput> = {
	id: 'lock-and-dump',
	title: 'Lock, dump, prove, unlock',
	why: 'The global read lock stops every write, replication’s too, so that all tables of all engines belong to one moment. The lock lives on one connection that does nothing else: if this program dies, it goes with it. At the end that very connection must still hold it and the position must not have moved, or the dump is worthless. read_only (on MySQL super_read_only, too) goes back to what it was, not to OFF. A lock that waits makes all later writes wait: so it is waited for who is long in the way before it is asked for, then for a few seconds at a time, with pauses in which clients write. With --long-queries kill those who hold it up for longer than 10 s are ended, each only if it is still at what was seen; who comes after the review is, too, and is told as a note: the typed name stands for all of them.',
	async inspect({ server, databases, ignoreTables, look }) {
		const { catalogue, channel, identity } = server.dialect;
		const { readOnly, superReadOnly, startedAt } = await look('server', identity);
		const wanted = databases ?? (await look('server', catalogue.databases));
		const ignored = new Set(ignoreTables);
		const tables = await look('server', catalogue.tables);
		const replicates = (await look('server', channel.status)).length > 0;
		return {
			readOnly,
			superReadOnly,
			startedAt,
			blockers: blockersOf(await look('server', server.dialect.locks.activity)),
			clientsWait: readOnly === 'OFF' && !replicates,
			replicates,
			databases: wanted,
			tables: tables.filter((table) => wanted.includes(table.database) && !ignored.has(`${table.database}.${table.name}`)),
		};
	},
	consents({ facts, ...env }) {
		if (env.longQueries !== 'kill') return [];
		const some = killable(env, facts.blockers).map(tellBlocker);
		return [
			{
				name: env.server.name,
				reason: `Sessions that hold up the lock on ${env.server.name} are killed, and what they have not committed is lost`,
				affected: [...some, `whoever${some.length > 0 ? ' else' : ''} holds it up for longer than 10 s when it is to be taken`],
			},
		];
	},
	plan({ facts, ...env }) {
		const { server, paths, compress, lockWaitSeconds, ignoreTables } = env;
		const { catalogue, locks, positions, tools } = server.dialect;
		const actions: Action[] = [];
		const act = (id: string, why: string, statement: Statement, changes: boolean, session: 'work' | 'lock' = 'lock', timeoutMs?: number) =>
			actions.push({ kind: 'sql', id, why, on: 'server', session, statement, changes, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
		const inMemory = facts.tables.filter((table) => table.inMemory);
		if (inMemory.length > 0) {
			// After a restart whoever first opens such a table writes a TRUNCATE to the log: not under the lock, and not into a replica's log at
			// all; a primary's replicas need it (faults.md, finding 10). Nothing that this session does later belongs into a log either.
			if (facts.replicates) act('unlogged', 'not for the replica’s own binary log', locks.unlogged, true, 'work');
			for (const table of inMemory)
				act(`touch-${table.database}.${table.name}`, 'a MEMORY table wakes before the lock', catalogue.touch(table), false, 'work');
		}
		if (env.longQueries === 'kill') actions.push(...killable(env, facts.blockers).map((each) => killAction(env, each)));
		const seconds = attemptSeconds(lockWaitSeconds);
		const limit = locks.boundWait(seconds);
		if (limit !== null) act('bound-lock', 'the server itself ends the wait', limit, false);
		act(
			'lock',
			`stops all writes, ${tellPrediction(predictHeld(sizeOf(facts), compress, env.history))}; tried for ${seconds} s at a time, at most ${lockWaitSeconds} s in all`,
			locks.flushTablesWithReadLock(seconds),
			true,
			'lock',
			attemptMs(seconds),
		);
		if (facts.readOnly === 'OFF') act('read-only', 'clients are refused rather than left waiting', locks.setReadOnly('ON'), true);
		act('position', 'the moment of this backup', positions.current.statement, false);
		const files = databaseFiles(facts.databases, compress);
		const versioned = facts.tables.some((table) => table.versioned);
		for (const database of facts.databases) {
			const ignore = ignoreTables.map(splitTable).filter((table) => table.database === database);
			actions.push({
				kind: 'pipe',
				id: `dump-${database}`,
				why: 'schema, rows, routines, triggers, events',
				from: tools.dumpDatabase(
					'server',
					database,
					ignore.map((table) => table.name),
					{ versioned },
				),
				into: { file: `${paths.partial}/${files.get(database) ?? ''}`, compress },
				footer: true,
				changes: false,
			});
		}
		actions.push({
			kind: 'pipe',
			id: 'accounts',
			why: 'CREATE USER and GRANT, with password hashes',
			from: tools.dumpAccounts('server') ?? { on: 'server', tells: 'accounts' },
			into: { file: `${paths.partial}/${accountsFile(compress)}`, compress },
			footer: true,
			changes: false,
		});
		act('prove', 'the position has not moved', positions.current.statement, false);
		if (facts.readOnly === 'OFF') act('read-only-back', 'as it was', locks.setReadOnly(facts.readOnly), true);
		act('unlock', 'writes and replication go on', locks.unlock, true);
		return actions;
	},
	async run(at) {
		const { plan, facts, perform, now, lock } = at;
		for (const action of plan) {
			if (action.kind === 'sql' && action.session === 'work' && !action.id.startsWith('kill-')) await perform(action);
		}
		const requested = now();
		await using lease = await at.lease('server', { lockWaitSeconds: at.lockWaitSeconds });
		const state = { on: 'server', clientsWait: facts.clientsWait, until: null } as const;
		lock({ ...state, state: 'waiting', since: requested.toISOString() });
		try {
			await takeLock(at, lease);
		} catch (error) {
			lock({ ...state, state: 'released', since: now().toISOString() });
			throw error;
		}
		const acquired = now();
		const mostMs = at.maxLockSeconds === null ? null : at.maxLockSeconds * 1000;
		if (mostMs !== null) lease.hold({ mostMs, back: pickAll(plan, 'sql', 'read-only-back').map((action) => action.statement) });
		const until = mostMs === null ? null : new Date(acquired.getTime() + mostMs).toISOString();
		lock({ ...state, state: 'held', since: acquired.toISOString(), until });
		const ended = await underLock(at, lease, acquired).then(
			(done) => ({ done, cause: null }),
			(cause: unknown) => ({ done: null, cause: lease.spent.aborted ? timeSpent(at, lease.spent.reason) : cause }),
		);
		try {
			await release(at, lease);
		} catch (error) {
			// The first cause counts: what could not be put back here is tried again, and told, by whoever runs the steps.
			if (ended.done !== null) throw error;
		} finally {
			lock({ ...state, state: lease.lost.aborted ? 'lost' : 'released', since: now().toISOString() });
		}
		// Only now: whatever else a server or a network that fails broke first, the lock may have been lost with it.
		if (ended.done === null) throw lease.lost.aborted && !itsOwn(at, ended.cause) ? lostLock(ended.cause) : ended.cause;
		const { result, objects } = ended.done;
		const checks = compareObjects(objects, result.files, at.ignoreTables);
		if (checks.length > 0) throw new VerifyFailed(checks, 'The dump does not hold all that the server has.');
		const statement = 'FLUSH TABLES WITH READ LOCK';
		return {
			...result,
			statement,
			connectionId: lease.connectionId,
			requested: requested.toISOString(),
			acquired: acquired.toISOString(),
			released: now().toISOString(),
		};
	},
	async verify({ server, look, origin }) {
		const { readOnly, superReadOnly } = await look('server', server.dialect.identity);
		return [
			must('READ-ONLY-BACK', 'read_only is what it was', readOnly === origin.readOnly, { expected: origin.readOnly, found: readOnly }),
			...(superReadOnly === null
				? []
				: [
						must('SUPER-READ-ONLY-BACK', 'super_read_only is what it was', superReadOnly === origin.superReadOnly, {
							expected: origin.superReadOnly ?? '',
							found: superReadOnly,
						}),
					]),
		];
	},
	undo({ server, facts, origin }) {
		if (!oursToPutBack(facts, origin)) return [];
		return [
			{
				kind: 'sql',
				id: 'read-only-back',
				why: 'as it was',
				on: 'server',
				statement: server.dialect.locks.setReadOnly(origin.readOnly),
				changes: true,
			},
		];
	},
	foreign({ server, facts, origin }) {
		if (oursToPutBack(facts, origin)) return [];
		const told = (name: string, before: string, now: string): string[] => {
			if (before === now) return [];
			const differs = `${name} on ${server.name} was ${before} and is ${now}`;
			return [
				restarted(facts, origin)
					? `${differs}: the server was restarted since, so its option file decided that.`
					: `${differs}, which this run never set.`,
			];
		};
		return [
			...told('read_only', origin.readOnly, facts.readOnly),
			...told('super_read_only', origin.superReadOnly ?? '', facts.superReadOnly ?? ''),
		];
	},
};

/**
 * This run only ever turns it from OFF to ON, and a server that was restarted has it from its option file. Where somebody turned on what is
 * stronger since, to put it back would end that as well.
 */
const oursToPutBack = (facts: Facts, origin: Facts): boolean =>
	origin.readOnly === 'OFF' && facts.readOnly === 'ON' && facts.superReadOnly === origin.superReadOnly && !restarted(facts, origin);

const sizeOf = ({ tables }: Facts): number => tables.reduce((sum, table) => sum + (table.kind === 'table' ? table.bytes : 0), 0);

type At = BackupEnv & Working & { readonly facts: Facts; readonly plan: readonly Action[] };

function planned(plan: readonly Action[], id: string): SqlAction {
	const action = pick(plan, 'sql', id);
	if (action === undefined) throw new TypeError(`no ${id} in the plan`);
	return action;
}

async function underLock(at: At, lease: HeldLease, acquired: Date) {
	const { plan, server, perform, look, signal } = at;
	const { positions, channel } = server.dialect;
	const readOnly = pick(plan, 'sql', 'read-only');
	if (readOnly !== undefined) await perform(readOnly);
	const position = positions.current.read(await perform(planned(plan, 'position')));
	const channels = await look('server', channel.status);
	const objects = await objectsOf(at, at.facts.databases);
	const files: DumpedFile[] = [];
	const progress = dumpProgress(at, acquired);
	const given = AbortSignal.any([lease.lost, lease.spent]);
	try {
		for (const action of pickAll(plan, 'pipe', '')) {
			signal.throwIfAborted();
			const database = action.id.startsWith('dump-') ? action.id.slice('dump-'.length) : null;
			const result = await perform(action, { until: given, onFlow: progress.flow });
			progress.finished(result);
			saidNothing(at, action, result.words);
			files.push({
				path: fileOf(action),
				kind: database === null ? 'accounts' : 'database',
				database,
				bytes: result.bytes,
				rawBytes: result.rawBytes,
				sha256: result.sha256 ?? '',
				found: result.found as DumpScan,
			});
		}
	} finally {
		progress.stop();
	}
	await proveLock(at, lease, position);
	return { result: { position, channel: channels[0] ?? null, channels, files, argv: argvOf(plan) }, objects };
}

/** A tool that ended well and complained has left something out: only what is known to be harmless passes, and is told. */
function saidNothing({ server, note }: At, { id, from }: PipeAction, words: readonly string[]): void {
	const { harmless } = server.dialect.tools;
	const unexpected = words.filter((line) => !harmless(line));
	if (unexpected.length > 0) {
		throw new VerifyFailed(
			[
				must('TOOL-WORDS', `${toolOf(from)} ended well and said nothing (${id})`, false, {
					expected: 'nothing',
					found: some(unexpected, 10),
				}),
			],
			'The dump tool ended well but complained: what it wrote is no backup.',
		);
	}
	for (const line of words) note(`${toolOf(from)}: ${line}`, 'warning');
}

const fileOf = (action: PipeAction): string => ('file' in action.into ? (action.into.file.split('/').at(-1) ?? '') : '');
const argvOf = (plan: readonly Action[]): readonly string[] =>
	pickAll(plan, 'pipe', '').flatMap(({ from }) => ('argv' in from ? [from.argv] : []))[0] ?? [];
const toolOf = (from: PipeAction['from']): string => ('names' in from ? (from.names[0] ?? '') : 'the server');

/** The very connection still answers, and nothing was written: otherwise what was dumped belongs to no one moment. */
async function proveLock({ plan, server, perform }: At, lease: HeldLease, before: Position): Promise<void> {
	try {
		await lease.prove();
	} catch (cause) {
		throw lostLock(cause);
	}
	const after = server.dialect.positions.current.read(await perform(planned(plan, 'prove')));
	const same = after.gtid === before.gtid && after.written === before.written && after.file === before.file && after.pos === before.pos;
	if (!same) {
		throw new VerifyFailed(
			[must('POSITION-STILL', 'Nothing was written while the lock was held', false, { expected: told(before), found: told(after) })],
			'The lock did not hold: the dump is worthless.',
		);
	}
}

const told = (position: Position): string => `${position.file ?? 'no log'}:${position.pos ?? 0} ${position.gtid}`;

/** What is told as it is, even where the lock was lost as well: a proof that failed, the time that was allowed, a stop. */
const itsOwn = (at: At, cause: unknown): boolean =>
	cause instanceof VerifyFailed || cause instanceof LockTimeout || at.signal.reason instanceof Stopped;

function lostLock(cause: unknown): VerifyFailed {
	const words = cause instanceof Error ? cause.message : String(cause);
	return new VerifyFailed(
		[must('LOCK-HELD', 'The connection that holds the lock is still the same', false, { expected: 'the same connection', found: words })],
		'The lock was lost: the dump is worthless.',
		{ cause },
	);
}

function timeSpent({ maxLockSeconds }: At, cause: unknown): LockTimeout {
	return new LockTimeout(
		{
			what: `The lock was held for the ${duration((maxLockSeconds ?? 0) * 1000)} that --max-lock-time allows, so the dump was stopped.`,
			why: 'Clients and replication go on: they come before the backup.',
			mend: [
				'What was written stays in the folder that ends in .partial; it is no backup.',
				'Give it longer with --max-lock-time, or dump less at a time with --databases.',
			],
		},
		{ cause },
	);
}

/** Puts read_only back and unlocks, in this order, however the dump ended. */
async function release({ plan, perform, look, server, facts }: At, lease: HeldLease): Promise<void> {
	const back = pick(plan, 'sql', 'read-only-back');
	const alive = !lease.lost.aborted && !lease.spent.aborted;
	if (back !== undefined) {
		// A lease whose time is spent has put it back already, unless it could not.
		const there = lease.spent.aborted && (await look('server', server.dialect.identity)).readOnly === facts.readOnly;
		if (!there) await perform(alive ? back : { ...back, session: 'work' }, { shielded: true });
	}
	if (alive) await perform(planned(plan, 'unlock'), { shielded: true });
}

function dumpProgress(at: At, acquired: Date) {
	const measure = meter(() => at.now().getTime());
	const estimate = estimator(at.facts.tables.filter((table) => table.kind === 'table'));
	const watch = watchReplica(at);
	let before = { rawBytes: 0, bytes: 0, rows: 0 };
	return {
		flow(flow: Flow) {
			const done = before.rawBytes + flow.rawBytes;
			for (const each of flow.began) estimate.began(each, before.rawBytes + each.rawBytes);
			const { total, tables, current } = estimate.at(done);
			at.progress({
				unit: 'bytes',
				done,
				total,
				estimated: true,
				...measure(done, total),
				current,
				tables,
				rows: before.rows + flow.rows,
				onDisk: before.bytes + flow.bytes,
				heldMs: at.now().getTime() - acquired.getTime(),
				...watch.latest(),
			});
		},
		finished(result: { rawBytes: number; bytes: number; found: unknown }) {
			estimate.ended(before.rawBytes + result.rawBytes);
			before = {
				rawBytes: before.rawBytes + result.rawBytes,
				bytes: before.bytes + result.bytes,
				rows: before.rows + ((result.found as DumpScan | null)?.rows ?? 0),
			};
		},
		stop: watch.stop,
	};
}
