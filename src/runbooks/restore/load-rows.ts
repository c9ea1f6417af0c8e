import type { ManifestFile, ManifestTable } from '../../archive/manifest.ts';
import { type Action, type LoadAction, type PipeAction, pick, pickAll } from '../../core/action.ts';
import { fail, must } from '../../core/check.ts';
import type { Step } from '../../core/step.ts';
import { constraint, type KeyLines, keyName } from '../../dialects/common/load.ts';
import { keyLines } from '../../dump/definitions/keys.ts';
import { change } from '../shared/change.ts';
import { qualified, restarted, some } from '../shared/server.ts';
import { type LateKeys, lateKeys } from './definitions.ts';
import { cleared, filesOf, partOf, type RestoreEnv, tablesOf } from './env.ts';
import { forgetHeld, heldRows } from './existing-rows.ts';
import { loadProgress } from './load-progress.ts';
import { mapWithConcurrency } from './map-with-concurrency.ts';
import { rememberOthers } from './other-differences.ts';

type Facts = {
	readonly localInfile: boolean;
	readonly startedAt: number;
	readonly late: readonly LateKeys[];
	/** The keys that those tables have now; one that is not there yet is not named. */
	readonly now: readonly LateKeys[];
	/** Versioned tables: their past counts, and they are emptied otherwise. */
	readonly versioned: readonly string[];
	/** Tables whose rows are stored elsewhere: never loaded, and above all never emptied. */
	readonly elsewhere: readonly string[];
	/** Tables that hold exactly the backup's rows already. */
	readonly whole: readonly string[];
	/** What tables hold that this restore did not put there, a few words each. */
	readonly strays: readonly string[];
};

type Loads = { readonly table: ManifestTable; readonly files: readonly ManifestFile[]; readonly rawBytes: number };

/** The tables with rows, the largest first: what remains at the end is small. */
function loadsOf(env: RestoreEnv, facts: Pick<Facts, 'elsewhere'>): readonly Loads[] {
	const { ownRows } = env.server.dialect.catalogue;
	const byTable = Map.groupBy(filesOf(env, 'rows'), (file) => `${file.database}\0${file.table}`);
	return tablesOf(env)
		.map((table) => {
			const files = (byTable.get(`${table.database}\0${table.name}`) ?? []).toSorted((a, b) => (a.chunk ?? 0) - (b.chunk ?? 0));
			return { table, files, rawBytes: files.reduce((sum, file) => sum + file.raw_bytes, 0) };
		})
		.filter(({ files, table }) => files.length > 0 && ownRows(table.engine) && !facts.elsewhere.includes(qualified(table)))
		.toSorted((a, b) => b.rawBytes - a.rawBytes);
}

const keysOf = (all: readonly LateKeys[], { database, name }: { readonly database: string; readonly name: string }): KeyLines | null =>
	all.find((each) => each.database === database && each.name === name)?.keys ?? null;

/** For backups of the parallel engine: the rows of every table by a statement of its own. */
export const loadRows: Step<RestoreEnv, Facts, null> = {
	id: 'load-rows',
	title: 'Load the rows',
	why: 'All chunks of a table flow into one LOAD DATA, the largest table first, several tables at a time: into an empty table that is the fastest way, because the server need not be able to undo each row. Secondary keys and constraints of large tables are taken away before and made in one go afterwards. The server says how many rows it took, and whether it changed any: if it did, nothing of that table is kept. After an interruption a table counts as loaded only if the digest of its rows is the backup’s.',
	isTransient: true,
	async inspect(env) {
		const { server, runQuery } = env;
		const { dialect } = server;
		const tables = await runQuery('server', dialect.catalogue.tables);
		const late = await lateKeys(env);
		const there = late.filter((each) => tables.some((table) => table.database === each.database && table.name === each.name));
		const now: LateKeys[] = [];
		for (const each of there) now.push({ ...each, keys: keyLines(await runQuery('server', dialect.load.definition(each))) });
		const held = cleared(env) ? await heldRows(env) : { whole: [], other: [] };
		return {
			whole: held.whole,
			strays: held.other.map(({ words }) => words),
			localInfile: await runQuery('server', dialect.load.localInfile),
			startedAt: (await runQuery('server', dialect.identity)).startedAt,
			late,
			now,
			versioned: tables.filter((table) => table.versioned).map(qualified),
			elsewhere: tables.filter((table) => !table.ownRows).map(qualified),
		};
	},
	checks({ facts }) {
		return facts.strays.length === 0
			? []
			: [
					fail('STRAY-ROWS', 'The tables hold rows that this restore did not load', {
						wrong: some(facts.strays),
						hints: ['Start the same command again: it asks whether this may be overwritten.'],
					}),
				];
	},
	plan({ facts, ...env }) {
		const { server, logged, folder } = env;
		const { load, tools } = server.dialect;
		const whole = new Set(facts.whole);
		const loads = loadsOf(env, facts).filter(({ table }) => !whole.has(qualified(table)));
		const actions: Action[] = [];
		const texts = loads.some(({ files }) => files.some((file) => file.format !== 'sql'));
		const infile = texts && !facts.localInfile;
		if (infile) actions.push(change('server', 'local-infile', 'lets us send rows', load.setLocalInfile(true)));
		actions.push(...constraintsOff(env, facts));
		actions.push(...keysOn(env, facts));
		for (const { table, files } of loads) {
			const id = `load-${qualified(table)}`;
			const versioned = facts.versioned.includes(qualified(table));
			if (files.some((file) => file.format === 'sql')) {
				for (const file of files) {
					const { tables: _, ...from } = partOf(env, file);
					const into = tools.load('server', logged);
					actions.push({
						kind: 'pipe',
						id,
						why: 'as the vendor’s tool wrote them',
						from,
						into,
						footer: true,
						changes: true,
					});
				}
				continue;
			}
			const wanted = keysOf(facts.late, table)?.filter((line) => !constraint(line)) ?? [];
			const now = keysOf(facts.now, table) ?? wanted;
			const droppable = now.filter((line) => wanted.some((each) => keyName(each) === keyName(line)));
			actions.push({
				kind: 'load',
				id,
				why: wanted.length === 0 ? 'its rows' : 'its rows, then its keys',
				on: 'server',
				table: { database: table.database, name: table.name },
				session: load.session(logged),
				settings: load.settings,
				statement: load.rows(table, table.load),
				find: load.find(table),
				empty: load.empty(table, versioned),
				withoutKeys: droppable.length === 0 ? null : load.withoutKeys(table, droppable),
				withKeys: wanted.length === 0 ? null : load.withKeys(table, wanted),
				harmless: load.harmless,
				folder,
				files: files.map(({ path, bytes, raw_bytes, sha256 }) => ({ path, bytes, raw_bytes, sha256 })),
				rows: table.rows,
				digest: table.digest,
			});
		}
		actions.push(...constraintsOn(env, facts));
		if (infile) actions.push(change('server', 'local-infile-back', 'as it was', load.setLocalInfile(false)));
		return actions;
	},
	async run(at) {
		const { plan, perform, workers, progress, now, facts } = at;
		forgetHeld(at);
		await rememberOthers(at);
		const loads = loadsOf(at, facts).filter(({ table }) => !facts.whole.includes(qualified(table)));
		const shown = loadProgress(progress, now, {
			each: 'table',
			parts: loads.map(({ table, rawBytes }) => ({ name: qualified(table), total: rawBytes })),
		});
		const on = pick(plan, 'sql', 'local-infile');
		const back = pick(plan, 'sql', 'local-infile-back');
		if (on !== undefined) await perform(on);
		const before = pickAll(plan, 'sql', 'aside-').filter((each, index, all) => all.findIndex(({ id }) => id === each.id) === index);
		for (const each of [...before, ...pickAll(plan, 'sql', 'constraints-off-'), ...pickAll(plan, 'sql', 'keys-on-')]) await perform(each);
		await mapWithConcurrency(loads, workers, async ({ table, rawBytes }, until, worker) => {
			const name = qualified(table);
			shown.begin(worker, name);
			const action = plan.find((each): each is LoadAction | PipeAction => each.id === `load-${name}`);
			if (action?.kind === 'load') {
				await perform(action, { until, onFlow: (flow) => shown.at(worker, flow.rawBytes) });
			} else {
				const pipes = pickAll(plan, 'pipe', `load-${name}`).filter((each) => each.id === `load-${name}`);
				for (const each of pipes) await perform(each, { until, onFlow: (flow) => shown.at(worker, flow.rawBytes) });
			}
			shown.done(worker, rawBytes);
		});
		for (const each of [...before, ...pickAll(plan, 'sql', 'constraints-on-'), ...pickAll(plan, 'sql', 'no-longer-aside')])
			await perform(each);
		if (back !== undefined) await perform(back);
		return null;
	},
	async verify({ server, runQuery, facts, ...env }) {
		// Done by an earlier run: then its rows must be there still.
		const gone = env.outputs['load-rows'] === undefined ? [] : tablesOf(env).filter(({ rows }) => rows > 0);
		const lost = gone.map(qualified).filter((name) => !facts.whole.includes(name));
		const wrong: string[] = [];
		for (const table of facts.late) {
			const has = new Set(keyLines(await runQuery('server', server.dialect.load.definition(table))).map(keyName));
			const missing = table.keys.map(keyName).filter((key) => !has.has(key));
			if (missing.length > 0) wrong.push(`${qualified(table)}: ${missing.join(', ')}`);
		}
		return [
			must('KEYS', { pass: 'Every key and constraint exists', fail: 'Some keys or constraints do not exist' }, wrong.length === 0, {
				wrong: `missing ${some(wrong)}`,
			}),
			must('WHOLE', { pass: 'Every table holds the rows of the backup', fail: 'Some rows of the backup are missing' }, lost.length === 0, {
				wrong: `not in ${some(lost)}`,
			}),
		];
	},
	undo({ server, facts, origin }) {
		if (origin.localInfile || !facts.localInfile || restarted(origin, facts)) return [];
		return [change('server', 'local-infile-back', 'as it was', server.dialect.load.setLocalInfile(false))];
	},
};

/** Before and after the statements of this session about constraints. */
const settings = ({ server, logged }: RestoreEnv): Action[] => [
	...(logged ? [] : [change('server', 'aside-unlogged', 'not for the binary log', server.dialect.locks.unlogged)]),
	change('server', 'aside-unchecked', 'the data has passed these checks before', server.dialect.load.unchecked),
];

/**
 * Constraints go before all rows and come after all of them: made beside others' changes of the table that it refers to, one is refused
 * (MariaDB 10.11, error 1825).
 */
function constraintsOff(env: RestoreEnv, { late, now }: Facts): Action[] {
	const { load } = env.server.dialect;
	const drops = late.flatMap((table) => {
		const there = (keysOf(now, table) ?? table.keys).filter(
			(line) => constraint(line) && table.keys.some((key) => keyName(key) === keyName(line)),
		);
		return there.length === 0
			? []
			: [change('server', `constraints-off-${qualified(table)}`, 'until all rows are loaded', load.withoutKeys(table, there))];
	});
	return drops.length === 0 ? [] : [...settings(env), ...drops];
}

function constraintsOn(env: RestoreEnv, { late }: Facts): Action[] {
	const { load, locks } = env.server.dialect;
	const adds = late.flatMap((table) => {
		const wanted = table.keys.filter(constraint);
		return wanted.length === 0
			? []
			: [change('server', `constraints-on-${qualified(table)}`, 'as in the backup', load.withKeys(table, wanted))];
	});
	if (adds.length === 0) return [];
	return [...settings(env), ...adds, ...(env.logged ? [] : [change('server', 'no-longer-aside', 'as before', locks.logged)])];
}

/** The keys that are missing on tables whose rows came before an interruption. */
function keysOn(env: RestoreEnv, { late, now, whole }: Facts): Action[] {
	const { load } = env.server.dialect;
	const adds = late
		.filter((table) => whole.includes(qualified(table)))
		.flatMap((table) => {
			const has = new Set((keysOf(now, table) ?? []).map(keyName));
			const missing = table.keys.filter((line) => !constraint(line) && !has.has(keyName(line)));
			return missing.length === 0
				? []
				: [change('server', `keys-on-${qualified(table)}`, 'its rows came before the interruption', load.withKeys(table, missing))];
		});
	return adds.length === 0 ? [] : [...settings(env), ...adds];
}
