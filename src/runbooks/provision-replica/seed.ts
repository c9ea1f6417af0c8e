import { setTimeout as pause } from 'node:timers/promises';
import type { Action, PipeAction, PipeResult } from '../../core/action.ts';
import { pick } from '../../core/action.ts';
import { fail, must } from '../../core/check.ts';
import { type Effects, isMade } from '../../core/effects.ts';
import { CheckFailed, Stopped, ToolError, VerifyFailed } from '../../core/errors.ts';
import type { Failure, Thing } from '../../core/model.ts';
import { meter } from '../../core/progress.ts';
import type { Flow, Observed, ReadContext, RunContext, Step } from '../../core/step.ts';
import { followStream, trackTables } from '../../core/table-progress.ts';
import { estimator } from '../../dump/estimate.ts';
import type { DumpScan } from '../../dump/sql/scan.ts';
import { query, type Statement } from '../../sql/sql.ts';
import { seesPrepared } from '../backup/guard.ts';
import { change } from '../shared/change.ts';
import { channelsOf } from '../shared/channels.ts';
import { preparedCheck } from '../shared/prepared.ts';
import { qualified, some } from '../shared/server.ts';
import type { ProvisionEnv, SeedOutput } from './env.ts';
import { momentActions, momentOf } from './moment.ts';

/** A tool is let through, and its snapshot is there, within milliseconds: commits in between cost an attempt. */
const GATE_EVERY_MS = 1;
/** A tool that is not there by then never will be. */
const GATE_MS = 60_000;

type Facts = {
	readonly databases: readonly string[];
	/** With the primary’s estimates of their sizes. */
	readonly tables: readonly { readonly database: string; readonly name: string; readonly bytes: number }[];
	readonly versioned: boolean;
	/** Where the primary stood when it was looked at: the position of "no data" where it has no databases. */
	readonly gtid: string;
	readonly onReplica: readonly string[];
};

/** Whoever provisions again after that was told to: another copy is the only remedy. */
export async function isUseless({
	replica,
	runQuery,
	failure,
}: ProvisionEnv & ReadContext & { readonly failure: Failure | null }): Promise<boolean> {
	if (failure?.checks.some((check) => check.id.startsWith('COMPARE-'))) return true;
	const { channel } = replica.dialect;
	return (await channelsOf(replica, runQuery, 'replica')).some(({ ioError, sqlError }) =>
		[ioError, sqlError].some((error) => error !== null && channel.needsReseed(error)),
	);
}

/** Databases on the replica, as what an action makes or destroys. */
export const databasesThere = (names: readonly string[]): readonly Thing[] =>
	names.map((name) => ({ on: 'replica', kind: 'database', name }));

/** The databases on the replica; where it cannot be reached, those that the run made there. */
export async function databasesLeft({
	replica,
	runQuery,
	made,
	absent,
}: ProvisionEnv & ReadContext & { readonly made: Effects['made']; readonly absent: ReadonlySet<string> }): Promise<readonly string[]> {
	if (!absent.has('replica')) return runQuery('replica', replica.dialect.catalogue.databases);
	return (made ?? []).filter(({ on, kind }) => on === 'replica' && kind === 'database').map(({ name }) => name);
}

/** Drops the databases that the run brought, by name: others that are there now came from elsewhere, or through replication. */
export function dropCopied({
	replica,
	facts,
	origin,
	made,
}: ProvisionEnv & Observed<{ readonly onReplica: readonly string[] }> & { readonly made: Effects['made'] }): readonly Action[] {
	const { catalogue, load, locks } = replica.dialect;
	const ours = facts.onReplica.filter(
		(name) => !origin.onReplica.includes(name) && isMade(made, { on: 'replica', kind: 'database', name }),
	);
	if (ours.length === 0) return [];
	const action = (id: string, why: string, statement: Statement) => change('replica', id, why, statement);
	return [
		action('unlogged', 'not for the binary log', locks.unlogged),
		action('unchecked', 'without foreign key checks', load.unchecked),
		...ours.map((name) => action(`drop-${name}`, 'copied by this run', catalogue.drop(name))),
		action('logged', 'as before', locks.logged),
	];
}

const notAtGate = (): ToolError =>
	new ToolError({
		message: `The dump tool did not take its snapshot within ${GATE_MS / 1000} s.`,
		reason: 'It waits before its snapshot by --init-command, which mysqldump has since 8.0.32.',
		hints: ['mysqldump --version', 'Put a newer mysqldump first on the PATH.'],
	});

const gateTaken = (server: string, name: string, session: number | null): ToolError =>
	new ToolError({
		message: `The dump tool was not started: session ${session ?? 'of unknown number'} of ${server} has held the named lock '${name}' for ${GATE_MS / 1000} s.`,
		reason: 'The dump tool of another run, perhaps of one that was killed, holds that lock until its session ends.',
		hints: [
			`SELECT * FROM information_schema.PROCESSLIST WHERE ID = IS_USED_LOCK('${name}')`,
			...(session === null ? [] : [`KILL ${session}  where no other run needs it, then the same command again`]),
		],
	});

type Gate = NonNullable<ProvisionEnv['primary']['dialect']['locks']['seedGate']>;

/** The primary's prepared XA transactions; none where the account may not see them, which its own check has said. */
async function preparedNow({ primary, runQuery }: ProvisionEnv & ReadContext): Promise<readonly string[]> {
	const { privileges, locks } = primary.dialect;
	return seesPrepared(primary, await runQuery('primary', privileges.held)) ? runQuery('primary', locks.prepared.query) : [];
}

/** One that was prepared before the snapshot and still is after it: the replica would be given the end of a transaction that it does not have. */
async function copyBesidePrepared(
	at: ProvisionEnv & RunContext,
	action: PipeAction,
	onFlow: (flow: Flow) => void,
): Promise<{ result: PipeResult; at: null }> {
	const before = await preparedNow(at);
	const stop = new AbortController();
	let checkedAt: Promise<void> | null = null;
	const spans = async () => {
		const now = new Set(await preparedNow(at));
		const both = before.filter((xid) => now.has(xid));
		if (both.length > 0) stop.abort(new CheckFailed([preparedCheck(both)]));
	};
	const copied = at.perform(action, {
		until: stop.signal,
		onFlow(flow) {
			// What flows is of the snapshot.
			if (before.length > 0 && checkedAt === null) {
				checkedAt = spans();
				checkedAt.catch(() => {});
			}
			onFlow(flow);
		},
	});
	const result = await copied.catch((error: unknown) => {
		stop.signal.throwIfAborted();
		throw error;
	});
	await checkedAt;
	stop.signal.throwIfAborted();
	return { result, at: null };
}

/** Lets the dump tool to its snapshot when the position is known, and what it writes to the replica when that is proven. */
async function copyAtKnownMoment(
	at: ProvisionEnv & RunContext & { readonly plan: readonly Action[] },
	action: PipeAction,
	gate: Gate,
	onFlow: (flow: Flow) => void,
): Promise<{ result: PipeResult; at: string }> {
	const { primary, runQuery, perform, signal } = at;
	const ask = (statement: Statement) =>
		runQuery(
			'primary',
			query(statement, (rows) => Object.values(rows[0] ?? {})[0] === '1'),
		);
	/** Asks again until it is so. Ends with the tool's own error where the tool does. */
	const until = async <T>(asked: () => Promise<T>, tooLate: () => Promise<Error> | Error, running?: Promise<unknown>): Promise<T> => {
		const failed = running?.then(() => null);
		failed?.catch(() => {});
		const late = AbortSignal.timeout(GATE_MS);
		for (;;) {
			const found = await (failed === undefined ? asked() : Promise.race([asked(), failed]));
			if (found) return found;
			if (late.aborted) throw await tooLate();
			await pause(GATE_EVERY_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
		}
	};
	/**
	 * The server ends the session of a tool that was stopped or killed only when it notices. Until then that session holds the gate, and another
	 * tool would not be seen to wait there.
	 */
	const shut = () =>
		until(
			() => ask(gate.shut),
			async () => gateTaken(primary.name, gate.name, await runQuery('primary', gate.holder)),
		);
	let copy = {
		session: 0,
		begin: Promise.withResolvers<void>(),
		stop: new AbortController(),
		done: Promise.resolve<PipeResult | null>(null),
	};
	const discard = async () => {
		copy.stop.abort(new Stopped('The position of this snapshot is not known.'));
		await copy.done.catch(() => null);
	};
	try {
		const gtid = await momentOf(at, {
			async prepare() {
				await shut();
				const others = await runQuery('primary', gate.waiting);
				const [begin, stop] = [Promise.withResolvers<void>(), new AbortController()];
				const done = perform(action, { onFlow, begin: begin.promise, until: stop.signal });
				done.catch(() => {});
				copy = { session: 0, begin, stop, done };
				const ours = async () => (await runQuery('primary', gate.waiting)).find((id) => !others.includes(id)) ?? 0;
				copy.session = await until(ours, notAtGate, done);
			},
			async open() {
				await ask(gate.open);
				await until(() => runQuery('primary', gate.hasSnapshot(copy.session)), notAtGate, copy.done);
			},
			discard,
			unusable: async () => {
				const prepared = await preparedNow(at);
				return prepared.length === 0 ? null : new CheckFailed([preparedCheck(prepared)]);
			},
		});
		copy.begin.resolve();
		const result = await copy.done;
		if (result === null) throw new TypeError('nothing was copied');
		return { result, at: gtid };
	} catch (error) {
		await discard();
		throw error;
	} finally {
		await ask(gate.open).catch(() => null);
	}
}

export const seed: Step<ProvisionEnv, Facts, SeedOutput> = {
	id: 'seed',
	title: 'Copy the data',
	why: 'The manual’s recipe forgets this step, and without it a replica says Yes/Yes with no data. One consistent snapshot of the primary, taken without a lock (on MySQL, where the position is proven around it, with a lock of milliseconds only under very many commits) so that no client waits, flows straight into the replica; nothing is put on disk in between. The position to start from is the snapshot’s own.',
	async inspect({ primary, replica, runQuery }) {
		const tables = await runQuery('primary', primary.dialect.catalogue.tables);
		return {
			databases: await runQuery('primary', primary.dialect.catalogue.databases),
			tables: tables.filter((table) => table.kind === 'table').map(({ database, name, bytes }) => ({ database, name, bytes })),
			versioned: tables.some((table) => table.versioned),
			gtid: (await runQuery('primary', primary.dialect.positions.current)).written,
			onReplica: await runQuery('replica', replica.dialect.catalogue.databases),
		};
	},
	plan({ facts, ...env }) {
		if (facts.databases.length === 0) return [];
		const { primary, replica } = env;
		return [
			...momentActions(env),
			{
				kind: 'pipe',
				id: 'copy',
				why: 'a snapshot of the primary flows into the replica',
				from: primary.dialect.tools.dumpForSeed('primary', facts.databases, facts),
				into: replica.dialect.tools.load('replica'),
				footer: true,
				changes: true,
				makes: databasesThere(facts.databases),
			},
		];
	},
	async run(at) {
		const { primary, plan, facts, progress, now, note } = at;
		const action = pick(plan, 'pipe', 'copy');
		if (action === undefined) return { gtid: facts.gtid, databases: [], tables: 0, rows: 0, rawBytes: 0 };
		const measure = meter(() => now().getTime());
		const estimate = estimator(facts.tables);
		const tracker = trackTables(
			() => now().getTime(),
			facts.tables.map((table) => ({ name: qualified(table), total: table.bytes })),
		);
		const follow = followStream(tracker, qualified);
		const onFlow = (flow: Flow) => {
			const { rawBytes, rows } = flow;
			for (const each of flow.began) estimate.began(each, each.rawBytes);
			follow(flow);
			const { total } = estimate.at(rawBytes);
			progress({ unit: 'bytes', done: rawBytes, total, estimated: true, ...measure(rawBytes, total), ...tracker.view(), rows });
		};
		// Contents that are compared prove it themselves; those of a replica that is delayed on purpose are not.
		const identities = async () =>
			at.delaySeconds === 0 ? [] : at.runQuery('primary', primary.dialect.catalogue.tableIds(facts.tables)).catch(() => []);
		const before = await identities();
		const { result, at: moment } =
			primary.dialect.locks.seedGate === null
				? await copyBesidePrepared(at, action, onFlow)
				: await copyAtKnownMoment(at, action, primary.dialect.locks.seedGate, onFlow);
		const after = new Map((await identities()).map((each) => [qualified(each), each.id]));
		const exchanged = before.filter((each) => after.get(qualified(each)) !== each.id).map(qualified);
		if (exchanged.length > 0)
			note(
				`Dropped, renamed, truncated or made anew while they were copied, so that their rows may be of another table: ${some(exchanged)}. A delayed replica is not compared: provision it again while no statement exchanges tables.`,
				'warning',
			);
		for (const words of result.lines) if (!primary.dialect.tools.isHarmless(words)) note(words, 'warning');
		const found = result.found as DumpScan;
		const gtid = moment ?? found.position?.gtid;
		if (gtid === undefined || gtid === null) {
			throw new VerifyFailed([
				fail('SEED-POSITION', 'The copied data does not name its position', {
					expected: `${primary.dialect.terms.replicated} in the stream`,
					found: 'none',
				}),
			]);
		}
		return {
			gtid,
			databases: facts.databases,
			tables: found.databases.reduce((sum, database) => sum + database.tables.length, 0),
			rows: found.rows,
			rawBytes: result.rawBytes,
		};
	},
	async verify({ replica, runQuery, output }) {
		const databases = await runQuery('replica', replica.dialect.catalogue.databases);
		const tables = (await runQuery('replica', replica.dialect.catalogue.tables)).filter((table) => table.kind === 'table').length;
		const lacking = output.databases.filter((name) => !databases.includes(name));
		return [
			must('SEED-DATABASES', { pass: 'Every database arrived', fail: 'Some databases did not arrive' }, lacking.length === 0, {
				expected: output.databases.join(', '),
				wrong: `missing ${some(lacking)}`,
			}),
			must(
				'SEED-TABLES',
				{ pass: 'Every table arrived', fail: 'Some tables did not arrive' },
				tables >= output.tables || output.databases.length === 0,
				{
					expected: String(output.tables),
					found: String(tables),
				},
			),
		];
	},
	isStale: isUseless,
	inspectReachable: async (at) => ({ ...at.origin, onReplica: await databasesLeft(at) }),
	undo: dropCopied,
	previewOutput: { gtid: '<the position of the copied data>', databases: [], tables: -1, rows: 0, rawBytes: 0 },
};
