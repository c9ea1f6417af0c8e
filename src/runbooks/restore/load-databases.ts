import type { ManifestFile } from '../../archive/manifest.ts';
import { type Action, type PipeAction, pickAll } from '../../core/action.ts';
import { must } from '../../core/check.ts';
import { ToolError } from '../../core/errors.ts';
import type { ReadContext, Step } from '../../core/step.ts';
import { needsAnotherFirst } from '../../dialects/common/errors.ts';
import type { ObjectName } from '../../dialects/contract/objects.ts';
import { change } from '../shared/change.ts';
import { qualified, some } from '../shared/server.ts';
import { differences, whatIsThere } from './contents.ts';
import { cleared, filesOf, madeBy, partOf, type RestoreEnv, sqlBytes, wantsTable } from './env.ts';
import { type EventState, inspectEvents, schedulerActions, undoEventChanges, withEventsDisabled } from './events.ts';
import { loadProgress } from './load-progress.ts';
import { mapWithConcurrency } from './map-with-concurrency.ts';
import { rememberOthers } from './other-differences.ts';
import { undoRestore } from './undo.ts';

type Facts = {
	readonly databases: readonly string[];
	/** Of the single tables that were asked for. */
	readonly tables: readonly ObjectName[];
	readonly sleep: EventState;
};
type Output = { readonly disabled: readonly string[] };

const fileOf = (env: RestoreEnv, { id }: Action): ManifestFile => {
	const file = filesOf(env, 'database').find((each) => id === `load-${each.database}`);
	if (file === undefined) throw new TypeError(`no file for ${id}`);
	return file;
};

/** Whether all that the file holds is there, so that it need not be loaded again. */
async function whole(at: RestoreEnv & ReadContext, file: ManifestFile): Promise<boolean> {
	if (file.objects === undefined || file.rows === undefined) return false;
	const { objects, rows } = await whatIsThere(at, file.database ?? '');
	return rows === file.rows && differences(objects, file.objects).length === 0;
}

/** For backups of the vendor's tool: each database in one file. */
export const loadDatabases: Step<RestoreEnv, Facts, Output> = {
	id: 'load-databases',
	title: 'Load the databases',
	why: 'Each database comes as the vendor’s tool wrote it, through the vendor’s client, several at a time, without checks of keys and constraints that the data has passed before. Events are enabled in such a dump: so that none fires by surprise the scheduler is off meanwhile, and those that would fire afterwards are disabled. A database that an interruption left half-loaded is dropped and loaded again. Of single tables only their parts of the dump are loaded: structure, rows, triggers.',
	isTransient: true,
	async inspect(env) {
		const { server, databases, runQuery } = env;
		return {
			databases: (await runQuery('server', server.dialect.catalogue.databases)).filter((name) => databases.includes(name)),
			tables: env.only === null ? [] : await tablesThere(env),
			sleep: await inspectEvents(env),
		};
	},
	plan({ facts, ...env }) {
		const { server, logged } = env;
		const { catalogue, load, locks, tools } = server.dialect;
		const files = filesOf(env, 'database').toSorted((a, b) => b.raw_bytes - a.raw_bytes);
		const { before, after } = schedulerActions(env, facts.sleep);
		// Before room was made what is there is somebody else's, and goes with that step.
		// Of single tables each is dropped by the dump itself, and its triggers with it.
		const again = cleared(env) && env.only === null ? facts.databases : [];
		const drops = again.map((name) => ({
			...change('server', `drop-${name}`, 'only where it is not whole', catalogue.drop(name)),
			destroys: [{ on: 'server', kind: 'database' as const, name }],
		}));
		return [
			...before,
			...(drops.length === 0
				? []
				: [
						...(logged ? [] : [change('server', 'unlogged', 'not for the binary log', locks.unlogged)]),
						change('server', 'unchecked', 'others may refer to it', load.unchecked),
						...drops,
					]),
			...files.map(
				(file): Action => ({
					kind: 'pipe',
					id: `load-${file.database}`,
					why: env.only === null ? 'tables, rows, triggers, events, routines, views' : 'their structure, rows and triggers',
					from: partOf(env, file),
					into: tools.load('server', logged),
					footer: true,
					changes: true,
					makes: madeBy(env, file, facts.databases),
				}),
			),
			...after,
		];
	},
	async run(at) {
		const { plan, perform, workers, progress, now, note, server } = at;
		await rememberOthers(at);
		const loads = pickAll(plan, 'pipe', 'load-');
		const parts = loads.map((action) => fileOf(at, action)).map((file) => ({ name: file.database ?? '', total: sqlBytes(at, file) }));
		const shown = loadProgress(progress, now, { each: 'database', parts });
		const drops = pickAll(plan, 'sql', 'drop-');
		for (const action of pickAll(plan, 'sql', 'un')) await perform(action);
		const load = async (action: PipeAction, worker: number, until?: AbortSignal) => {
			const file = fileOf(at, action);
			const name = file.database ?? '';
			shown.begin(worker, name);
			const result = await perform(action, { ...(until && { until }), onFlow: ({ rawBytes }) => shown.at(worker, rawBytes) });
			const words = result.lines.filter((line) => !server.dialect.tools.isHarmless(line));
			if (words.length > 0) note(`${name}: ${some(words, 10)}`, 'warning');
			shown.done(worker, sqlBytes(at, file));
		};
		const disabled = await withEventsDisabled(at, async () => {
			let later: { readonly action: PipeAction; readonly error: ToolError }[] = [];
			await mapWithConcurrency(loads, workers, async (action, until, worker) => {
				const file = fileOf(at, action);
				const drop = drops.find((each) => each.id === `drop-${file.database}`);
				if (drop !== undefined) {
					shown.begin(worker, file.database ?? '');
					if (await whole(at, file)) return shown.done(worker, sqlBytes(at, file));
					await perform(drop);
				}
				await load(action, worker, until).catch((error: unknown) => {
					if (!(error instanceof ToolError) || !needsAnotherFirst(error.description.details ?? '')) throw error;
					shown.giveUp(worker);
					later.push({ action, error });
				});
			});
			// One may need another one of them: as long as any gets further.
			while (later.length > 0) {
				const left: typeof later = [];
				for (const { action } of later) {
					note(`${fileOf(at, action).database} has views of databases that came after it: it is loaded once more.`);
					await load(action, 1).catch((error: unknown) => {
						if (!(error instanceof ToolError) || !needsAnotherFirst(error.description.details ?? '')) throw error;
						shown.giveUp(1);
						left.push({ action, error });
					});
				}
				if (left.length === later.length) throw left[0]?.error;
				later = left;
			}
		});
		return { disabled };
	},
	async verify({ runQuery, ...env }) {
		const { catalogue } = env.server.dialect;
		const there = await runQuery('server', catalogue.databases);
		const missing = env.databases.filter((name) => !there.includes(name));
		const whole = must('DATABASES', { pass: 'Every database exists', fail: 'Some databases do not exist' }, missing.length === 0, {
			wrong: `missing ${some(missing)}`,
		});
		if (env.only === null) return [whole];
		const tables = new Set((await tablesThere({ ...env, runQuery })).map(qualified));
		const lacking = env.only.map(qualified).filter((name) => !tables.has(name));
		return [
			whole,
			must('TABLES', { pass: 'Every table exists', fail: 'Some tables do not exist' }, lacking.length === 0, {
				wrong: `missing ${some(lacking)}`,
			}),
		];
	},
	undo({ facts, origin, scope, made, ...env }) {
		const enable = undoEventChanges(env, facts.sleep, origin.sleep);
		// What came stays, to be resumed: only the scheduler must not stay as it is.
		return scope === 'passing' ? enable : [...enable, ...undoRestore(env, facts, origin, made)];
	},
};

/** Of those that were asked for. */
const tablesThere = async (env: RestoreEnv & Pick<ReadContext, 'runQuery'>): Promise<readonly ObjectName[]> =>
	(await env.runQuery('server', env.server.dialect.catalogue.tables))
		.filter(({ database, name }) => wantsTable(env, database, name))
		.map(({ database, name }) => ({ database, name }));
