import type { Action, Performed, SqlAction } from '../core/action.ts';
import { type ConnectError, LockstepError, ServerError, Stopped } from '../core/errors.ts';
import type { Executor } from '../core/executor.ts';
import type { Role } from '../core/model.ts';
import type { HeldLease, PerformOptions } from '../core/step.ts';
import type { Dialect } from '../dialects/contract/dialect.ts';
import { compareSeries, seriesOf } from '../dialects/series.ts';
import { ephemeralLeft, ephemeralProgram, removeEphemeral, startEphemeral } from '../sandbox/ephemeral-server.ts';
import { type Lease, openLease } from '../server/lease.ts';
import { wasNeverSent } from '../server/query.ts';
import { connect, type Session } from '../server/session.ts';
import type { Query } from '../sql/sql.ts';
import type { ConnectionTarget } from './connection-target.ts';
import { fileEffect, folderFacts } from './files.ts';
import { type Loader, openLoader } from './loader.ts';
import { openPipes } from './pipes.ts';
import { endOf, untilRestarted } from './restart.ts';
import { openRows } from './rows.ts';
import { acquireRunLock, type RunLock } from './run-lock.ts';

export interface ServerExecutor extends Executor, AsyncDisposable {
	/** Claims the role's server for as long as this World lives, so that two runs never work there at once. Gives what aborts when it is lost. Throws Busy. */
	lockRun(role: Role): Promise<AbortSignal>;
}

/** Dropping a large database or stopping a busy replica takes its time. */
const STATEMENT_MS = 600_000;
/** After so many silent seconds the server lets go of a claim: behind a network that swallows everything nobody else does. */
const RUN_LOCK_SECONDS = 120;
/** A server that is there again is claimed again within this. */
const RECLAIM_MS = 30_000;
/** A waiting session of ours must outlive any dump; the lock's own lease is short. */
const YEAR_SECONDS = 31_536_000;

/**
 * Keeps this session's doings out of a replica's own binary log. Even a look may write there: whoever first opens a MEMORY table after a
 * restart, be it through information_schema, logs a TRUNCATE of it, which stops strict replication (.github/docs/measured.md, MEMORY tables).
 * On a primary that TRUNCATE is right: its replicas must empty the table, too. Where the account may not, the session stays as it is.
 */
export async function disableBinlog(session: Session, dialect: Dialect): Promise<boolean> {
	try {
		const { status } = dialect.channel;
		const replicates = status.read(await session.query(status.statement)).length > 0;
		if (replicates) await session.query(dialect.locks.unlogged);
		return replicates;
	} catch (error) {
		if (!(error instanceof LockstepError)) throw error;
		return false;
	}
}

/** The real World: sessions, tools and files. The only place where plans become deeds. */
export function openExecutor(options: {
	readonly reach: Readonly<Record<Role, ConnectionTarget>>;
	readonly env: NodeJS.ProcessEnv;
	/** Of servers that cannot be reached: how connecting to them failed. Nothing is tried there again. */
	readonly absent?: ReadonlyMap<Role, ConnectError>;
	readonly signal: AbortSignal;
	readonly now?: () => Date;
	/** Seconds of silence after which the server frees a claim: 120. */
	readonly runLockSeconds?: number;
}): ServerExecutor {
	const { reach, env, signal, now = () => new Date() } = options;
	const leaseSeconds = testLease(env);
	const runLockSeconds = options.runLockSeconds ?? leaseSeconds ?? RUN_LOCK_SECONDS;
	const sessions = new Map<Role, Promise<Session>>();
	const claims = new Map<Role, RunLock>();
	const leases = new Map<Role, Lease>();
	const loaders = new Map<Role, Loader>();
	const quiet = new Map<Role, boolean>();

	function reachOf(role: Role): ConnectionTarget {
		const known = reach[role];
		if (known === undefined) throw new TypeError(`this run has no ${role}`);
		return known;
	}

	async function session(role: Role): Promise<Session> {
		const absent = options.absent?.get(role);
		if (absent !== undefined) throw absent;
		const open = await sessions.get(role)?.catch(() => undefined);
		if (open !== undefined && !open.lost.aborted) return open;
		const { address, password, dialect } = reachOf(role);
		const fresh = connect(address, password, { waitTimeoutSeconds: YEAR_SECONDS }).then(async (session) => {
			// A provisioning says itself what its replica is to log; its primary may be a replica of another.
			if (role === 'replica') return session;
			const known = quiet.get(role);
			// Asked once: a session that is opened anew, perhaps under a lock, may ask for nothing that can hang there.
			if (known === undefined) quiet.set(role, await disableBinlog(session, dialect));
			else if (known) await session.query(dialect.locks.unlogged);
			return session;
		});
		sessions.set(role, fresh);
		return fresh;
	}

	async function forget(role: Role): Promise<void> {
		const open = await sessions.get(role)?.catch(() => undefined);
		open?.destroy();
	}

	async function runQuery<T>(role: Role, { statement, mostMs, read }: Query<T>): Promise<T> {
		const bound = mostMs === undefined ? {} : { timeoutMs: mostMs };
		// What is put back looks, too, while the run is being stopped.
		const ask = async () => read(await (await session(role)).query(statement, mostMs === 0 ? { ...bound, signal } : bound));
		// One that waited for its turn does not fail because the one before it was given up.
		return ask().catch((error: unknown) => (wasNeverSent(error) ? ask() : Promise.reject(error)));
	}

	const { tool, pipe } = openPipes({ reachOf, session, runQuery, reasonOf, env, now });
	const rows = openRows({ reachOf, runQuery, signal, now });

	async function statement(action: SqlAction, options: PerformOptions & { signal: AbortSignal }) {
		const lease = action.session === 'lock' ? leases.get(action.on) : undefined;
		if (action.session === 'lock' && lease === undefined) throw new TypeError(`no lease is open on ${action.on}`);
		const bound = action.timeoutMs === undefined ? {} : { timeoutMs: action.timeoutMs };
		if (lease !== undefined) return lease.query(action.statement, { signal: options.signal, ...bound });
		if (action.session === 'readers') return await onReaders(action, bound);
		const how = { signal: options.signal, timeoutMs: STATEMENT_MS, ...bound };
		if (action.session !== 'own') return (await session(action.on)).query(action.statement, how);
		return await onOwnSession(action, how);
	}

	async function onReaders(action: SqlAction, bound: { readonly timeoutMs?: number }) {
		const readers = rows.readersOf(action.on);
		if (action.shares === undefined) return (await readers.each(action.statement, bound))[0] ?? [];
		return await readers.share(action.shares, bound);
	}

	/** On a session that is there for it alone. Where it is to end the server, that it did is its answer. */
	async function onOwnSession(action: SqlAction, how: { readonly signal: AbortSignal; readonly timeoutMs: number }) {
		const { address, password } = reachOf(action.on);
		const own = await connect(address, password, { waitTimeoutSeconds: YEAR_SECONDS });
		try {
			if (action.ends !== undefined) claims.get(action.on)?.patient(YEAR_SECONDS * 1000);
			return await own.query(action.statement, how);
		} catch (error) {
			const ended = action.ends !== undefined && error instanceof ServerError ? endOf(error, action.ends) : null;
			if (ended === null || how.signal.aborted) {
				claims.get(action.on)?.patient(0);
				throw error;
			}
			return [{ ended }];
		} finally {
			await own.close();
		}
	}

	const executor: ServerExecutor = {
		absent: new Set(options.absent?.keys()),
		signal,
		now,
		runQuery,
		async runQueryAs(as, on, query) {
			const { user } = reachOf(as).address;
			const session = await connect({ ...reachOf(on).address, user }, reachOf(as).password);
			try {
				return query.read(await session.query(query.statement));
			} finally {
				await session.close();
			}
		},
		digests: rows.digests,
		rowDifferences: rows.differences,
		definitions: (on, databases, { connections }) =>
			rows.definitions({ on, databases, ignoreTables: [], readers: connections }, { signal }),
		tool,
		folderFacts,
		serverProgram: (vendor, series) => ephemeralProgram({ vendor, fits: atLeast(series) }, env),
		serverLeft: ephemeralLeft,
		async perform<A extends Action>(action: A, options: PerformOptions & { signal: AbortSignal }): Promise<Performed<A>> {
			options.signal.throwIfAborted();
			switch (action.kind) {
				case 'sql':
					return (await statement(action, options)) as Performed<A>;
				case 'pipe':
					return (await pipe(action, options)) as Performed<A>;
				case 'load': {
					const loader =
						loaders.get(action.on) ??
						openLoader(reachOf(action.on), () => runQuery(action.on, reachOf(action.on).dialect.catalogue.rowColumns));
					loaders.set(action.on, loader);
					const signal = options.until === undefined ? options.signal : AbortSignal.any([options.signal, options.until]);
					return (await loader.load(action, { ...options, signal })) as Performed<A>;
				}
				case 'rows':
					return (await rows.dump(action, options)) as Performed<A>;
				case 'definitions':
					return (await rows.definitions(action, options)) as Performed<A>;
				case 'file':
					return (await fileEffect(action)) as Performed<A>;
				case 'restart':
					await untilRestarted(action, options, {
						before: await sessions.get(action.on)?.catch(() => undefined),
						connect: () => session(action.on),
						name: reachOf(action.on).address.name,
						env,
					}).finally(() => claims.get(action.on)?.patient(RECLAIM_MS));
					return undefined as Performed<A>;
				case 'server-start':
					return (await startEphemeral(action, {
						fits: atLeast(action.series),
						env,
						signal: options.signal,
						say: options.say ?? (() => undefined),
					})) as Performed<A>;
				case 'server-stop':
					return (await removeEphemeral(action.folder)) as Performed<A>;
				case 'hand':
					return undefined as Performed<A>;
			}
		},
		async lease(role, { lockWaitSeconds }): Promise<HeldLease> {
			const { address, password } = reachOf(role);
			const lease = await openLease(address, password, { lockWaitSeconds, signal, now, ...(leaseSeconds && { leaseSeconds }) });
			leases.set(role, lease);
			// What ended it, a network above all, may have swallowed the other session too: nothing waits for that one's answers.
			lease.lost.addEventListener('abort', () => void forget(role), { once: true });
			return {
				...lease,
				async [Symbol.asyncDispose]() {
					leases.delete(role);
					await lease.release();
				},
			};
		},
		readers: (role, options) => rows.readers(role, options),
		async lockRun(role) {
			const own = await acquireRunLock(reachOf(role), runLockSeconds);
			claims.set(role, own);
			return own.lost;
		},
		async [Symbol.asyncDispose]() {
			for (const lease of leases.values()) await lease.release();
			await rows.closeAll();
			await Promise.all([...loaders.values()].map((each) => each.close()));
			const open = await Promise.allSettled(sessions.values());
			await Promise.all(open.map((each) => (each.status === 'fulfilled' ? each.value.close() : null)));
			await Promise.all([...claims.values()].map((each) => each[Symbol.asyncDispose]()));
		},
	};
	return executor;
}

/** Whether a version is of that series, or of a newer one. */
const atLeast =
	(series: string) =>
	(version: string): boolean =>
		compareSeries(seriesOf(version), series) >= 0;

/** For tests only: `LOCKSTEP_TEST_LEASE_SECONDS` is after how much silence the server lets go of a lock or a claim of ours. */
function testLease(env: NodeJS.ProcessEnv): number | undefined {
	const text = env.LOCKSTEP_TEST_LEASE_SECONDS;
	return text === undefined ? undefined : Number(text);
}

/** Why it was aborted: a stop, or the lock's loss; both are errors of ours. */
function reasonOf(signal: AbortSignal): unknown {
	const { reason } = signal;
	return reason instanceof ServerError || reason instanceof Stopped ? reason : new Stopped('Stopped.');
}
