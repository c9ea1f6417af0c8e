import { type Action, pick, pickAll } from '../../core/action.ts';
import { must } from '../../core/check.ts';
import { VerifyFailed } from '../../core/errors.ts';
import { duration } from '../../core/format.ts';
import type { Step } from '../../core/step.ts';
import type { ColumnName, TableFacts } from '../../dialects/contract/catalogue.ts';
import type { Statement } from '../../sql/sql.ts';
import { qualified } from '../shared/server.ts';
import { type Blocker, blockersOf, describeBlocker } from './blockers.ts';
import { chooseStrategy, heldBytes } from './dump-strategy.ts';
import { dumping, invalidViews, sameDefinitions } from './dumping.ts';
import { ANSWER_MS, type BackupEnv, LIST_MS, type LockedDumpOutput } from './env.ts';
import { guardActions, guardedTables, guardTitle, mayGuard, sameTables, seesPrepared } from './guard.ts';
import { findChangedJson, jsonActions, jsonColumns, moment } from './json-types.ts';
import { compareObjects, compareRows, objectsOf } from './objects.ts';
import { planDump } from './plan-dump.ts';
import { describePrediction, predictLock } from './prediction.ts';
import { restarted } from './restarted.ts';
import { attemptMs, attemptSeconds, killAction, killable } from './take-lock.ts';
import { underLock } from './under-lock.ts';

type Facts = {
	readonly readOnly: string;
	/** Null where the server has no such switch. */
	readonly superReadOnly: string | null;
	/** Another value means that the server was restarted since. */
	readonly startedAt: number;
	/** Who meets the lock now. */
	readonly blockers: readonly Blocker[];
	/** Whether read_only is set while the lock is held; not in journals of earlier versions. */
	readonly refuses?: boolean;
	/** A server of its own: clients write to it and will wait. */
	readonly clientsWait: boolean;
	readonly replicates: boolean;
	readonly databases: readonly string[];
	/** What will be dumped. */
	readonly tables: readonly TableFacts[];
	/** Whether the account may keep all definitions as they are by one statement. */
	readonly mayGuard: boolean;
	/** Whether it may see prepared XA transactions. */
	readonly seesPrepared: boolean;
	/** Of the tables that will be dumped. */
	readonly jsonColumns: readonly ColumnName[];
};

/** How a statement of the plan is performed: on the lock's connection where nothing else is said. */
type How = { readonly changes: boolean; readonly session?: 'work' | 'lock' | 'readers'; readonly timeoutMs?: number };

export const lockAndDump: Step<BackupEnv, Facts, LockedDumpOutput> = {
	id: 'lock-and-dump',
	title: 'Lock, dump, prove, unlock',
	why: 'The global read lock stops every write, replication’s too, so that all tables of all engines belong to one moment. The lock lives on one connection that does nothing else: if this program dies, it goes with it. At the end that very connection must still hold it and the position must not have moved, or the dump is worthless. read_only (on MySQL super_read_only, too) goes back to what it was, not to OFF. A lock that waits makes all later writes wait: so it is waited for who is long in the way before it is asked for, then for a few seconds at a time, with pauses in which clients write. With --long-queries kill sessions that hold it up for longer than 10 s are ended, each only if it still runs what was seen; sessions that come after the plan are ended, too, and named in a note: the typed name stands for all of them.',
	async inspect(at) {
		const { server, databases, ignoreTables, runQuery } = at;
		const { catalogue, channel, identity } = server.dialect;
		const { readOnly, superReadOnly, startedAt } = await runQuery('server', identity);
		const wanted = databases ?? (await runQuery('server', catalogue.databases));
		const tables = await runQuery('server', catalogue.tables);
		const held = await runQuery('server', server.dialect.privileges.held);
		const replicates = (await runQuery('server', channel.status)).length > 0;
		const dumped = dumpedOf(tables, wanted, ignoreTables);
		const clientsWait = readOnly === 'OFF' && !replicates;
		const strategy = chooseStrategy(at, { clientsWait, tables: dumped });
		return {
			readOnly,
			superReadOnly,
			startedAt,
			blockers: blockersOf(await runQuery('server', server.dialect.locks.activity)),
			// Who only waits for an instant need not be refused.
			refuses: readOnly === 'OFF' && planDump(at, { databases: wanted, tables: dumped }, strategy).held.length > 0,
			clientsWait,
			replicates,
			databases: wanted,
			tables: dumped,
			mayGuard: mayGuard(server, held),
			seesPrepared: seesPrepared(server, held),
			jsonColumns: await jsonColumns(at, dumped),
		};
	},
	consents({ facts, ...env }) {
		if (env.longQueries !== 'kill') return [];
		const some = killable(env, facts.blockers).map(describeBlocker);
		return [
			{
				name: env.server.name,
				reason: `Sessions that hold up the lock on ${env.server.name} are killed, and what they have not committed is lost`,
				affected: [...some, `every${some.length > 0 ? ' other' : ''} session that holds it up for longer than 10 s when the lock is taken`],
			},
		];
	},
	plan({ facts, ...env }) {
		const { server, lockWaitSeconds } = env;
		const { catalogue, locks, positions } = server.dialect;
		const actions: Action[] = [];
		const act = (id: string, why: string, statement: Statement, { changes, session = 'lock', timeoutMs }: How) =>
			actions.push({ kind: 'sql', id, why, on: 'server', session, statement, changes, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
		const inMemory = facts.tables.filter((table) => table.inMemory);
		if (inMemory.length > 0) {
			// After a restart whoever first opens such a table writes a TRUNCATE to the log: not under the lock, and not into a replica's log at
			// all; a primary's replicas need it (.github/docs/measured.md, MEMORY tables). Nothing that this session does later belongs into a log either.
			if (facts.replicates) act('unlogged', 'not for the replica’s own binary log', locks.unlogged, { changes: true, session: 'work' });
			for (const table of inMemory)
				act(`touch-${table.database}.${table.name}`, 'a MEMORY table is loaded before the lock', catalogue.touch(table), {
					changes: false,
					session: 'work',
				});
		}
		actions.push(...planDump(env, facts, chooseStrategy(env, facts)).before);
		if (env.longQueries === 'kill') actions.push(...killable(env, facts.blockers).map((each) => killAction(env, each)));
		const seconds = attemptSeconds(env);
		const limit = locks.boundWait(seconds);
		if (limit !== null) act('bound-lock', 'the server itself ends the wait', limit, { changes: false });
		const strategy = chooseStrategy(env, facts);
		const dump = planDump(env, facts, strategy);
		const { predicted, limitSeconds: most, isInstant } = predictLock(env, strategy, heldBytes(strategy, facts.tables));
		act(
			'lock',
			`${most === null ? 'held without a limit' : `held for at most ${duration(most * 1000)}`}; stops all writes, ${isInstant ? 'for milliseconds' : describePrediction(predicted)}; tried for ${seconds} s at a time, at most ${lockWaitSeconds} s in all`,
			locks.flushTablesWithReadLock(seconds),
			{ changes: true, timeoutMs: attemptMs(seconds) },
		);
		const changing = { changes: true, timeoutMs: ANSWER_MS };
		const reading = { changes: false, timeoutMs: ANSWER_MS };
		if (facts.refuses) act('read-only', 'clients are refused rather than left waiting', locks.setReadOnly('ON'), changing);
		act('position', 'the moment of this backup', positions.current.statement, reading);
		if (strategy.lock === 'snapshot') {
			act('snapshot', 'on each connection: this moment', locks.snapshot, { ...reading, session: 'readers' });
			actions.push(...guardActions(env, facts));
		}
		actions.push(...dump.held, ...moment(env, facts, strategy));
		act('prove', 'the position has not moved', positions.current.statement, reading);
		if (facts.refuses) act('read-only-back', 'as it was', locks.restoreReadOnly(facts.readOnly), changing);
		act('unlock', 'writes and replication continue', locks.unlock, { changes: true });
		actions.push(...dump.after, ...jsonActions(env, facts, strategy));
		return actions;
	},
	async run(at) {
		const { plan, facts, perform } = at;
		const strategy = chooseStrategy(at, facts);
		for (const action of plan) {
			if (action.kind === 'sql' && action.session === 'work' && !action.id.startsWith('kill-')) await perform(action);
		}
		// Somebody may have made or dropped tables since they were looked at.
		let { tables } = facts;
		const now = async () => {
			const all = await at.runQuery('server', { ...at.server.dialect.catalogue.tables, mostMs: LIST_MS });
			tables = dumpedOf(all, facts.databases, at.ignoreTables);
			return planDump(at, { ...facts, tables }, strategy);
		};
		const opening = at.readers('server', { count: strategy.engine === 'parallel' ? at.connections : Math.min(2, at.connections) });
		// It is awaited only later: until then its failure has no other handler.
		opening.catch(() => {});
		await using _readers = { [Symbol.asyncDispose]: async () => (await opening.catch(() => null))?.[Symbol.asyncDispose]() };
		const parts = strategy.lock === 'snapshot' ? await now() : planDump(at, facts, strategy);
		let heldSince: Date | null = null;
		const dump = dumping(at, () => heldSince);
		try {
			if (parts.before.length > 0) await opening;
			const before = await dump.all(parts.before);
			const held = await underLock(
				{ ...at, guarded: strategy.lock === 'snapshot' ? guardedTables(tables) : [] },
				{
					ready: opening,
					since: (since) => {
						heldSince = since;
					},
					limitSeconds: predictLock(at, strategy, heldBytes(strategy, facts.tables)).limitSeconds,
				},
				// Under the lock nobody makes any: what is there now is what is dumped.
				async (given) => {
					const done = await dump.all((strategy.engine === 'parallel' && strategy.lock === 'held' ? await now() : parts).held, given);
					const counted = pick(plan, 'sql', 'json-moment');
					if (counted !== undefined) await perform(counted);
					return done;
				},
			);
			// A snapshot shows no definitions: those are as they are now, which must be as they were.
			const objects = held.objects ?? (await objectsOf(at, facts.databases));
			const after = await dump.all(parts.after);
			const json = await findChangedJson(at);
			await sameTables(at, held.tables);
			if (parts.before.length > 0) sameDefinitions(before, after);
			const files = [...held.done.files, ...after.files];
			const elsewhere = strategy.engine === 'parallel' ? tables.filter((table) => !table.ownRows) : [];
			const rows = {
				files: [...held.done.rows.files, ...after.rows.files],
				tables: [
					...[...held.done.rows.tables, ...after.rows.tables].map((table) => {
						const loaded = json.digests.get(qualified(table));
						return loaded == null ? table : { ...table, loaded };
					}),
					...elsewhere.map(({ database, name }) => ({ database, name, rows: 0, digest: null, load: [] })),
				],
			};
			const definitions = [...held.done.definitions, ...after.definitions];
			const checks = [
				...compareObjects(objects, files, [...at.ignoreTables, ...invalidViews(definitions)]),
				...compareRows(files, rows.tables),
			];
			if (checks.length > 0) throw new VerifyFailed(checks, 'The dump does not hold all that the server has.');
			return {
				...held.moment,
				strategy,
				files,
				rows,
				argv: argvOf(plan),
				guard: strategy.lock === 'snapshot' ? guardTitle(facts) : null,
				changedJson: json.columns,
			};
		} finally {
			dump.stop();
		}
	},
	async verify({ server, runQuery, origin }) {
		const { readOnly, superReadOnly } = await runQuery('server', server.dialect.identity);
		return [
			must('READ-ONLY-BACK', { pass: 'read_only is what it was', fail: 'read_only is not what it was' }, readOnly === origin.readOnly, {
				expected: origin.readOnly,
				found: readOnly,
			}),
			...(superReadOnly === null
				? []
				: [
						must(
							'SUPER-READ-ONLY-BACK',
							{ pass: 'super_read_only is what it was', fail: 'super_read_only is not what it was' },
							superReadOnly === origin.superReadOnly,
							{
								expected: origin.superReadOnly ?? '',
								found: superReadOnly,
							},
						),
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
				statement: server.dialect.locks.restoreReadOnly(origin.readOnly),
				changes: true,
			},
		];
	},
	drift({ server, facts, origin }) {
		if (oursToPutBack(facts, origin)) return [];
		const differenceLines = (name: string, before: string, now: string): string[] => {
			if (before === now) return [];
			const differs = `${name} on ${server.name} was ${before} and is ${now}`;
			return [
				restarted(facts, origin)
					? `${differs}: the server was restarted since, so its option file decided that.`
					: `${differs}, which this run never set.`,
			];
		};
		const others = differenceLines('super_read_only', origin.superReadOnly ?? '', facts.superReadOnly ?? '');
		// super_read_only keeps read_only ON.
		if (facts.superReadOnly === 'ON' && origin.superReadOnly === 'OFF' && origin.readOnly === 'OFF')
			return others.map((text) => `${text} With it read_only, which was OFF, stays ON.`);
		return [...differenceLines('read_only', origin.readOnly, facts.readOnly), ...others];
	},
};

const dumpedOf = (tables: readonly TableFacts[], databases: readonly string[], ignoreTables: readonly string[]): readonly TableFacts[] =>
	tables.filter((table) => databases.includes(table.database) && !ignoreTables.includes(`${table.database}.${table.name}`));

/**
 * This run only ever turns it from OFF to ON, and a server that was restarted has it from its option file. Where somebody turned on what is
 * stronger since, to put it back would end that as well.
 */
const oursToPutBack = (facts: Facts, origin: Facts): boolean =>
	origin.refuses !== false &&
	origin.readOnly === 'OFF' &&
	facts.readOnly === 'ON' &&
	facts.superReadOnly === origin.superReadOnly &&
	!restarted(facts, origin);

const argvOf = (plan: readonly Action[]): readonly string[] =>
	pickAll(plan, 'pipe', '').flatMap(({ from }) =>
		'lists' in from || 'folder' in from || 'writes' in from ? [] : [[from].flat()[0]?.argv ?? []],
	)[0] ?? [];
