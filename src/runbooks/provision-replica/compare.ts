import { setTimeout as pause } from 'node:timers/promises';
import { type Action, pick } from '../../core/action.ts';
import type { ChangedJson } from '../../core/changed-json.ts';
import { type Check, fail, must, note } from '../../core/check.ts';
import { VerifyFailed } from '../../core/errors.ts';
import { count, plural } from '../../core/format.ts';
import { meter } from '../../core/progress.ts';
import type { ReadContext, RunContext, Step } from '../../core/step.ts';
import { trackTables } from '../../core/table-progress.ts';
import type { ColumnFacts, ColumnName } from '../../dialects/contract/catalogue.ts';
import { warned } from '../../dump/parallel/readers.ts';
import { query, type Row, type Statement, sql } from '../../sql/sql.ts';
import { change } from '../shared/change.ts';
import { channelsOf } from '../shared/channels.ts';
import { qualified, some } from '../shared/server.ts';
import type { ProvisionEnv } from './env.ts';
import { asLoaded, findChangedByCopy, type JsonFound, jsonActions, jsonCheck, jsonColumns, jsonNote } from './json-types.ts';
import { momentActions, momentOf } from './moment.ts';
import { untilThreadsRun } from './threads.ts';

type Facts = {
	readonly tables: readonly {
		readonly database: string;
		readonly name: string;
		readonly rows: number;
		readonly columns: readonly ColumnFacts[];
	}[];
	readonly notCompared: readonly string[];
	/** Not in journals of earlier versions. */
	readonly jsonColumns?: readonly ColumnName[];
	readonly configured: boolean;
	readonly running: boolean;
	/** A stop that was begun, by whoever has died or was stopped since, is not at its end. */
	readonly stopping: boolean;
	/** ErrorMessage to run to a position and to stop there: only a comparison does that. */
	readonly bounded: boolean;
};
type Output = {
	readonly gtid: string;
	readonly compared: number;
	readonly different: readonly string[];
	readonly notCompared: readonly string[];
	/** JSON columns in which the copy changed types. */
	readonly changedJson?: readonly ChangedJson[];
};

const REACH_WITHIN_MS = 120_000;
/** How often both lists of objects are read where they differ, and how long the replica may take to what the primary had written then. */
const OBJECTS_CHECKS = 5;
const OBJECTS_WAIT_SECONDS = 5;
/** Of so many tables it is said in what they differ. */
const EXPLAINED = 10;
const listed = (columns: readonly ColumnFacts[]): string => JSON.stringify(columns.map(({ name, type }) => [name, type]));

/** Every object by name, one line each, so that two servers can be compared as lists. */
async function objects({ runQuery, ...env }: ProvisionEnv & ReadContext, role: 'primary' | 'replica'): Promise<string[]> {
	const { catalogue } = env[role].dialect;
	return [
		...(await runQuery(role, catalogue.databases)).map((name) => `database ${name}`),
		...(await runQuery(role, catalogue.tables)).map((table) => `${table.kind} ${qualified(table)}`),
		...(await runQuery(role, catalogue.triggers)).map((object) => `trigger ${qualified(object)}`),
		...(await runQuery(role, catalogue.routines)).map((object) => `${object.kind} ${qualified(object)}`),
		...(await runQuery(role, catalogue.events)).map((object) => `event ${qualified(object)}`),
	].sort();
}

/** What only one of them has. Lists are of two moments while somebody makes and drops tables: what differs still does at another one. */
async function sameObjects(at: ProvisionEnv & ReadContext): Promise<{ there: string[]; lacking: string[]; extra: string[] }> {
	for (let runQuery = 1; ; runQuery++) {
		const there = await objects(at, 'primary');
		const { written } = await at.runQuery('primary', at.primary.dialect.positions.current);
		await at.runQuery('replica', at.replica.dialect.positions.wait(written, OBJECTS_WAIT_SECONDS));
		const here = await objects(at, 'replica');
		const lacking = there.filter((name) => !here.includes(name));
		const extra = here.filter((name) => !there.includes(name));
		if (lacking.length + extra.length === 0 || runQuery === OBJECTS_CHECKS) return { there, lacking, extra };
	}
}

type At = ProvisionEnv & RunContext & { readonly facts: Facts; readonly plan: readonly Action[] };

/** Opens the primary's snapshot and gives its position. */
async function openSnapshot(at: At): Promise<string> {
	const { plan, primary, runQuery, perform } = at;
	const snapshot = pick(plan, 'sql', 'open-snapshot');
	if (snapshot === undefined) throw new TypeError('no open-snapshot in the plan');
	const given = async ([row]: readonly Row[]) => {
		// Of a snapshot that it did not give the server says no more.
		if (Number(row?.warnings ?? 0) > 0)
			throw warned(
				snapshot.statement,
				await runQuery(
					'primary',
					query(sql`SHOW WARNINGS`, (rows) => rows),
				),
			);
	};
	await given(await perform(snapshot));
	if (primary.dialect.positions.settled === null) return momentOf(at, { open: async () => {} });
	// Whatever is noted on disk in between, commits come in between as well: so the one that counts is opened anew.
	const again = query(snapshot.statement, (rows) => rows);
	return momentOf(at, { open: async () => given(await runQuery('primary', again)) });
}

/** How the replica's channel stands. */
async function threadsOf({
	replica,
	runQuery,
}: ProvisionEnv & ReadContext): Promise<Pick<Facts, 'configured' | 'running' | 'stopping' | 'bounded'>> {
	const channel = (await runQuery('replica', replica.dialect.channel.status))[0];
	return {
		configured: channel !== undefined,
		running: channel !== undefined && channel.io !== 'no' && channel.sql === 'yes',
		stopping: await runQuery('replica', replica.dialect.channel.stopping),
		bounded: channel?.bounded ?? false,
	};
}

/** In what a table differs, in words: how many rows each has, or in which columns they differ. Never a value: they are customers'. */
async function differenceOf(at: At, table: Facts['tables'][number], sums: readonly (string | null)[]): Promise<string> {
	const [there, copy] = sums.map((sum) => (sum === null ? null : Number(sum.split(':')[0])));
	if (there == null || copy == null) return `${there == null ? 'cannot be read on the primary' : 'cannot be read on the replica'}`;
	if (there !== copy) return `${rowCount(there)} on the primary, ${rowCount(copy)} on the replica`;
	const { primary, replica, runQuery } = at;
	const [one, other] = await Promise.all([
		runQuery('primary', primary.dialect.catalogue.columnSums(table, table.columns)),
		runQuery('replica', replica.dialect.catalogue.columnSums(table, table.columns)),
	]);
	const names = table.columns.flatMap(({ name }, index) => (one[index] === other[index] ? [] : [name]));
	if (names.length === 0) return `${rowCount(there)} on both, which combine the values of their columns differently`;
	return `${rowCount(there)} on both, with other values in ${names.length === 1 ? 'column' : 'columns'} ${some(names)}`;
}

const rowCount = (rows: number): string => `${count(rows)} ${rows === 1 ? 'row' : 'rows'}`;

/** Waits until the replica's channel has run to that position and stopped there. Throws VerifyFailed where it does not. */
async function untilReached({ replica, runQuery, now, signal }: At, gtid: string): Promise<void> {
	const { positions } = replica.dialect;
	const until = now().getTime() + REACH_WITHIN_MS;
	for (;;) {
		const status = (await channelsOf(replica, runQuery, 'replica'))[0];
		if (positions.contains((await runQuery('replica', positions.current)).replicated, gtid) && status?.sql === 'no') return;
		if (status?.sqlError || now().getTime() > until) {
			throw new VerifyFailed([
				fail('COMPARE-REACH', 'The replica does not reach the primary’s snapshot', {
					expected: gtid,
					found: status?.sqlError ?? 'not within two minutes',
				}),
			]);
		}
		await pause(100, undefined, { signal }).catch(() => signal.throwIfAborted());
	}
}

/** In what the replica's copy of a table, with the columns `held`, differs; null where it does not. `explain`: in more words than that it does. */
async function compareTable(
	at: At,
	table: Facts['tables'][number],
	held: readonly ColumnFacts[],
	explain: boolean,
): Promise<string | null> {
	if (held.length === 0) return 'not on the replica';
	if (listed(held) !== listed(table.columns)) return 'other columns on the replica';
	const { primary, replica, runQuery } = at;
	const [there, copy] = await Promise.all([
		runQuery('primary', primary.dialect.catalogue.checksum(table, table.columns)),
		runQuery('replica', replica.dialect.catalogue.checksum(table, table.columns)),
	]);
	if (there === copy && there !== null) return null;
	return explain ? await differenceOf(at, table, [there, copy]) : 'other checksums';
}

/**
 * Compares these tables at one moment; the replica replicates again afterwards, whatever happens. `explain`: says in what those that differ do,
 * which reads them once more.
 */
async function atOneMoment(
	at: At,
	tables: Facts['tables'],
	{ explain, json }: { readonly explain: boolean; readonly json: JsonFound | null },
): Promise<{ gtid: string; different: Map<string, string>; json: JsonFound }> {
	const { plan, replica, runQuery, perform, progress, now, signal } = at;
	const step = (id: string) => {
		const action = pick(plan, 'sql', id);
		if (action === undefined) throw new TypeError(`no ${id} in the plan`);
		return action;
	};
	const different = new Map<string, string>();
	const { positions, channel, catalogue } = replica.dialect;
	let gtid = '';
	let found: JsonFound = { held: [], changed: [] };
	// Threads that run until a position would stop there later, when nobody looks any more.
	let bounded = false;
	try {
		await perform(step('stop'));
		gtid = await openSnapshot(at);
		const here = (await runQuery('replica', positions.current)).replicated;
		if (!positions.contains(here, gtid)) {
			bounded = true;
			await perform({ ...step('run-until'), statement: channel.startUntil(gtid) });
			await untilReached(at, gtid);
			bounded = false;
		}
		found = json ?? (await findChangedByCopy(at, at.facts.jsonColumns ?? []));
		const columns = await runQuery('replica', catalogue.columns);
		const measure = meter(() => now().getTime());
		const total = tables.reduce((sum, table) => sum + table.rows + 1, 0);
		const tracker = trackTables(
			() => now().getTime(),
			tables.map((table) => ({ name: qualified(table), total: table.rows + 1 })),
		);
		let done = 0;
		for (const table of asLoaded(tables, found.held)) {
			signal.throwIfAborted();
			const name = qualified(table);
			tracker.begin(1, name);
			progress({
				unit: 'rows',
				done,
				total,
				estimated: true,
				...measure(done, total),
				...tracker.view(),
			});
			done += table.rows + 1;
			// How far a checksum is no server says.
			const held = columns.filter((column) => column.database === table.database && column.table === table.name);
			const how = await compareTable(at, table, held, explain && different.size < EXPLAINED);
			tracker.advance(1, table.rows + 1, table.rows);
			if (how !== null) different.set(name, how);
		}
	} finally {
		try {
			await perform(step('close-snapshot'), { shielded: true });
		} finally {
			if (bounded) await perform(step('stop'), { shielded: true });
			await perform(step('start'), { shielded: true });
		}
	}
	return { gtid, different, json: found };
}

export const compare: Step<ProvisionEnv, Facts, Output> = {
	id: 'compare',
	title: 'Compare the contents',
	why: 'Yes/Yes on a replica with other data is the worst of all states. The primary opens a snapshot (no client waits), the replica is let run to exactly that position, and every table’s checksum is compared at that one moment.',
	async inspect(at) {
		const { primary, runQuery } = at;
		const tables = (await runQuery('primary', primary.dialect.catalogue.tables)).filter((table) => table.kind === 'table');
		const columns = await runQuery('primary', primary.dialect.catalogue.columns);
		const compared = tables
			.filter((table) => !table.inMemory && table.ownRows)
			.map(({ database, name, rows }) => ({
				database,
				name,
				rows,
				columns: columns.filter((column) => column.database === database && column.table === name),
			}));
		return {
			tables: compared,
			jsonColumns: await jsonColumns(at, compared),
			notCompared: tables.filter((table) => table.inMemory || !table.ownRows).map(qualified),
			...(await threadsOf(at)),
		};
	},
	checks: ({ facts, delaySeconds }) => jsonNote(facts.jsonColumns ?? [], delaySeconds === 0),
	plan({ facts, ...env }) {
		const { primary, replica, delaySeconds } = env;
		if (delaySeconds > 0) return [];
		const { channel, locks } = primary.dialect;
		const queryAction = (on: string, id: string, why: string, statement: Statement): Action => ({
			...change(on, id, why, statement),
			changes: false,
		});
		return [
			change('replica', 'stop', 'it waits for the moment to compare', channel.pause),
			queryAction('primary', 'open-snapshot', 'one moment to compare', locks.snapshot),
			...momentActions(env),
			change('replica', 'run-until', 'to exactly that moment', channel.startUntil('<the snapshot’s position>')),
			...jsonActions(env, facts.jsonColumns ?? []),
			...facts.tables.map((table) =>
				queryAction(
					'both',
					`checksum-${qualified(table)}`,
					`${qualified(table)}, on both at one position`,
					replica.dialect.catalogue.checksum(table, table.columns).statement,
				),
			),
			queryAction('primary', 'close-snapshot', 'the moment is over', locks.closeSnapshot),
			change('replica', 'start', 'replication continues', channel.start),
		];
	},
	async run(at) {
		const { plan, facts, note } = at;
		if (plan.length === 0) return { gtid: '', compared: 0, different: [], notCompared: facts.tables.map(qualified) };
		let { gtid, different, json } = await atOneMoment(at, facts.tables, { explain: false, json: null });
		if (different.size > 0) {
			// What really differs still does at another moment; a verdict this grave is not given on one look.
			note(`${some([...different.keys()])}: different at ${gtid}, read a second time`);
			const again = facts.tables.filter((table) => different.has(qualified(table)));
			({ gtid, different, json } = await atOneMoment(at, again, { explain: true, json }));
		}
		await untilThreadsRun(at);
		return {
			gtid,
			compared: facts.tables.length,
			different: [...different].map(([name, how]) => `${name} (${how})`),
			notCompared: facts.notCompared,
			...(json.changed.length === 0 ? {} : { changedJson: json.changed }),
		};
	},
	async verify(at) {
		const { output } = at;
		if (output.gtid === '' && output.compared === 0) {
			return [
				{ id: 'COMPARE', title: 'Contents were not compared', status: 'warning', found: 'the replica is delayed on purpose' },
				...jsonNote(at.facts.jsonColumns ?? [], false),
			];
		}
		const { there, lacking, extra } = await sameObjects(at);
		const checks: Check[] = [
			must(
				'COMPARE-OBJECTS',
				{
					pass: 'Both have the same databases, tables, views, triggers, routines and events',
					fail: 'The two servers do not have the same objects',
				},
				lacking.length + extra.length === 0,
				{
					expected: `${there.length} objects`,
					wrong: [lacking.length > 0 ? `missing ${some(lacking)}` : '', extra.length > 0 ? `too many ${some(extra)}` : '']
						.filter(Boolean)
						.join('; '),
					hints: ['Provision it again: a replica that differs cannot be repaired by replication.'],
				},
			),
			must(
				'COMPARE-CONTENTS',
				{
					pass: `All ${output.compared} tables have the same contents at ${output.gtid}`,
					fail: `The servers have different contents in ${plural(output.different.length, 'table')} of ${output.compared} at ${output.gtid}`,
				},
				output.different.length === 0,
				{
					expected: 'equal checksums',
					wrong: some(output.different),
					hints: ['Provision it again, or find out what wrote to the replica, or to a table without snapshots, during the copy.'],
				},
			),
		];
		checks.push(...jsonCheck(output.changedJson ?? []));
		if (output.notCompared.length > 0)
			checks.push(note('COMPARE-NOT', 'Not compared: kept in memory only, or their rows are stored elsewhere', some(output.notCompared)));
		return checks;
	},
	isTransient: true,
	proves: () => true,
	async inspectReachable(at) {
		if (at.absent.has('replica')) return { ...at.origin, running: false };
		return { ...at.origin, ...(await threadsOf(at)) };
	},
	undo({ replica, facts, origin, scope }) {
		const { channel } = replica.dialect;
		// The channel goes with all the rest: one that an error has stopped could not even be started.
		if (scope === 'all') return [];
		// A channel that was undone already has nothing to start.
		if (!origin.running || !facts.configured || (facts.running && !facts.stopping && !facts.bounded)) return [];
		const start = change('replica', 'start', 'it ran before', channel.start);
		return facts.bounded ? [change('replica', 'stop', 'it would stop at the compared position', channel.pause), start] : [start];
	},
	previewOutput: { gtid: '', compared: 0, different: [], notCompared: [] },
};
