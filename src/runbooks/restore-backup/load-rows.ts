import type { ManifestFile, ManifestTable } from '../../archive/manifest.ts';
import { type Action, type LoadAction, type PipeAction, pick, pickAll } from '../../core/action.ts';
import { must } from '../../core/check.ts';
import type { Step } from '../../core/step.ts';
import { constraint, type KeyLines, keyLines, keyName } from '../../dialects/load.ts';
import type { Statement } from '../../sql/sql.ts';
import { change } from '../change.ts';
import { qualified, restarted, some } from '../server.ts';
import { bytesProgress } from './bytes.ts';
import { type LateKeys, lateKeys } from './definitions.ts';
import { filesOf, partOf, type RestoreEnv, tablesOf } from './env.ts';
import { sideBySide } from './side-by-side.ts';

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
	why: 'All chunks of a table flow into one LOAD DATA, the largest table first, several tables at a time: into an empty table that is the fastest way, because the server need not be able to undo each row. Secondary keys and constraints of large tables are taken away before and made in one go afterwards. The server says how many rows it took, and whether it changed any: if it did, nothing of that table is kept. Whatever an interruption left half-loaded is emptied and loaded again.',
	passing: true,
	async inspect(env) {
		const { server, look } = env;
		const { dialect } = server;
		const tables = await look('server', dialect.catalogue.tables);
		const late = await lateKeys(env);
		const there = late.filter((each) => tables.some((table) => table.database === each.database && table.name === each.name));
		const now: LateKeys[] = [];
		for (const each of there) now.push({ ...each, keys: keyLines(await look('server', dialect.load.definition(each))) });
		return {
			localInfile: await look('server', dialect.load.localInfile),
			startedAt: (await look('server', dialect.identity)).startedAt,
			late,
			now,
			versioned: tables.filter((table) => table.versioned).map(qualified),
			elsewhere: tables.filter((table) => !table.ownRows).map(qualified),
		};
	},
	plan({ facts, ...env }) {
		const { server, logged, folder } = env;
		const { load, tools } = server.dialect;
		const loads = loadsOf(env, facts);
		const actions: Action[] = [];
		const texts = loads.some(({ files }) => files.some((file) => file.format !== 'sql'));
		const infile = texts && !facts.localInfile;
		if (infile) actions.push(change('server', 'local-infile', 'lets us send rows', load.setLocalInfile(true)));
		actions.push(...constraintsOff(env, facts));
		for (const { table, files } of loads) {
			const id = `load-${qualified(table)}`;
			const versioned = facts.versioned.includes(qualified(table));
			if (files.some((file) => file.format === 'sql')) {
				load.empty(table, versioned).forEach((statement, index) => {
					actions.push(change('server', `empty-${qualified(table)}-${index + 1}`, 'only where it is not whole', statement));
				});
				for (const file of files) {
					const { folder, file: known } = partOf(env, file);
					const into = tools.load('server', logged);
					actions.push({
						kind: 'pipe',
						id,
						why: 'as the vendor’s tool wrote them',
						from: { folder, file: known },
						into,
						footer: true,
						changes: true,
					});
				}
				continue;
			}
			const wanted = keysOf(facts.late, table)?.filter((line) => !constraint(line)) ?? [];
			const now = keysOf(facts.now, table) ?? wanted;
			const has = new Set(now.map(keyName));
			const lacking = wanted.filter((line) => !has.has(keyName(line)));
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
				count: load.count(table, versioned).statement,
				empty: load.empty(table, versioned),
				withoutKeys: droppable.length === 0 ? null : load.withoutKeys(table, droppable),
				withKeys: wanted.length === 0 ? null : load.withKeys(table, wanted),
				lacking: lacking.length === 0 ? null : load.withKeys(table, lacking),
				harmless: load.harmless,
				folder,
				files: files.map(({ path, bytes, sha256 }) => ({ path, bytes, sha256 })),
				rows: table.rows,
			});
		}
		actions.push(...constraintsOn(env, facts));
		if (infile) actions.push(change('server', 'local-infile-back', 'as it was', load.setLocalInfile(false)));
		return actions;
	},
	async run(at) {
		const { plan, perform, workers, progress, now, look, server, facts, logged } = at;
		const loads = loadsOf(at, facts);
		const told = bytesProgress(progress, now, { total: loads.reduce((sum, each) => sum + each.rawBytes, 0), parts: loads.length });
		const on = pick(plan, 'sql', 'local-infile');
		const back = pick(plan, 'sql', 'local-infile-back');
		if (on !== undefined) await perform(on);
		const before = pickAll(plan, 'sql', 'aside-').filter((each, index, all) => all.findIndex(({ id }) => id === each.id) === index);
		for (const each of [...before, ...pickAll(plan, 'sql', 'constraints-off-')]) await perform(each);
		await sideBySide(loads, workers, async ({ table, rawBytes }, until) => {
			const name = qualified(table);
			const action = plan.find((each): each is LoadAction | PipeAction => each.id === `load-${name}`);
			if (action?.kind === 'load') {
				await perform(action, { until, onFlow: (flow) => told.at(name, flow.rawBytes) });
			} else {
				const { count } = server.dialect.load;
				const there = await look('server', count(table, facts.versioned.includes(name)));
				if (there !== table.rows) {
					if (there > 0) for (const each of unlogged(at, pickAll(plan, 'sql', `empty-${name}-`), logged)) await perform(each);
					const pipes = pickAll(plan, 'pipe', `load-${name}`).filter((each) => each.id === `load-${name}`);
					for (const each of pipes) await perform(each, { until, onFlow: (flow) => told.at(name, flow.rawBytes) });
				}
			}
			told.done(name, rawBytes);
		});
		for (const each of [...before, ...pickAll(plan, 'sql', 'constraints-on-'), ...pickAll(plan, 'sql', 'no-longer-aside')])
			await perform(each);
		if (back !== undefined) await perform(back);
		return null;
	},
	async verify({ server, look, facts }) {
		const wrong: string[] = [];
		for (const table of facts.late) {
			const has = new Set(keyLines(await look('server', server.dialect.load.definition(table))).map(keyName));
			const missing = table.keys.map(keyName).filter((key) => !has.has(key));
			if (missing.length > 0) wrong.push(`${qualified(table)}: ${missing.join(', ')}`);
		}
		return [must('KEYS', 'Every key and constraint is there', wrong.length === 0, { wrong: `missing ${some(wrong)}` })];
	},
	undo({ server, facts, origin }) {
		if (origin.localInfile || !facts.localInfile || restarted(origin, facts)) return [];
		return [change('server', 'local-infile-back', 'as it was', server.dialect.load.setLocalInfile(false))];
	},
};

/** Before and after the statements of this session about constraints. */
const aside = ({ server, logged }: RestoreEnv): Action[] => [
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
			: [change('server', `constraints-off-${qualified(table)}`, 'until all rows are there', load.withoutKeys(table, there))];
	});
	return drops.length === 0 ? [] : [...aside(env), ...drops];
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
	return [...aside(env), ...adds, ...(env.logged ? [] : [change('server', 'no-longer-aside', 'as before', locks.logged)])];
}

/** Around statements that must not reach the binary log. */
function unlogged<T extends { readonly statement: Statement }>({ server }: RestoreEnv, actions: readonly T[], logged: boolean) {
	const { locks } = server.dialect;
	if (logged) return actions;
	const around = (id: string, statement: Statement) => change('server', id, 'not for the binary log', statement);
	return [
		around('unlogged', locks.unlogged),
		...(actions as readonly unknown[] as ReturnType<typeof change>[]),
		around('logged', locks.logged),
	];
}
