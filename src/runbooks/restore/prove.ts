import type { Action } from '../../core/action.ts';
import { pick } from '../../core/action.ts';
import { type Check, fail, note, ok, warning } from '../../core/check.ts';
import { plural } from '../../core/format.ts';
import { meter } from '../../core/progress.ts';
import type { RunContext, Step } from '../../core/step.ts';
import { followWorkers, trackTables } from '../../core/table-progress.ts';
import { definitionTitle } from '../../dialects/common/definitions.ts';
import type { TableFacts } from '../../dialects/contract/catalogue.ts';
import { qualified, some } from '../shared/server.ts';
import { differences, whatIsThere } from './contents.ts';
import { definitionDifferences, expectedDefinitions } from './definitions.ts';
import { filesOf, foundTables, parallel, type RestoreEnv, tablesOf } from './env.ts';
import { isSameSeries } from './existing-rows.ts';
import { type OtherDifference, otherChecks, otherDifferences } from './other-differences.ts';
import { type Difference, EXPLAINED, type FoundRows, rowDifferences, rowsOf } from './row-differences.ts';

type Output = {
	readonly tables: number;
	readonly rows: number;
	/** Tables whose rows were read again and compared by digest. */
	readonly digests: number;
	/** Objects whose definitions were compared; null where the backup has no list of them. */
	readonly definitions: number | null;
	readonly wrong: readonly Difference[];
	/** What may be right: what servers of two series print or store differently. */
	readonly doubtful: readonly Difference[];
	/** What the backup does not say enough about, a few words each. */
	readonly unproven: readonly string[];
	/** What else on the server changed; missing or null where that is not known. */
	readonly others?: readonly OtherDifference[] | null;
};

const NOTHING: Output = { tables: 0, rows: 0, digests: 0, definitions: null, wrong: [], doubtful: [], unproven: [] };

/** What the rows came to; `differ`: other values, and as many rows. */
type Rows = Omit<Output, 'definitions' | 'doubtful' | 'others'> & { readonly differ: readonly Difference[] };
const NO_ROWS: Rows = { tables: 0, rows: 0, digests: 0, wrong: [], differ: [], unproven: [] };

const SHOWN = 20;

const rowsTo = (env: RestoreEnv) => tablesOf(env).filter((table) => table.digest !== null);

export const prove: Step<RestoreEnv, Record<string, never>, Output> = {
	id: 'prove',
	title: 'Verify the restored data',
	why: 'A load that says yes is no proof. Where the backup has digests of its tables, every row is read back from the server and compared with them: this costs about as much as reading the rows once, over several connections. Tables without a digest are counted. Definitions are compared object by object with the backup’s list of them.',
	inspect: async () => ({}),
	plan(env) {
		const definitions: Action = {
			...{ kind: 'definitions', id: 'read-definitions', on: 'server', databases: env.databases, ignoreTables: [], changes: false },
			why: 'every object, to be compared with the backup',
			readers: env.workers,
		};
		const compared = filesOf(env, 'definitions').length > 0 ? [definitions] : [];
		const tables = rowsTo(env).map(({ database, name, rows, data_bytes }) => ({ database, name, rows, bytes: data_bytes }));
		if (tables.length === 0) return compared;
		const action: Action = {
			...{ kind: 'rows', id: 'read-back', on: 'server', tables, into: null, changes: false },
			why: 'every row that was restored, for the digests of the backup',
			readers: Math.min(env.workers, tables.length),
		};
		return [action, ...compared];
	},
	async run(env) {
		const rows = await ofRows(env);
		const sameSeries = await isSameSeries(env);
		const objects = await ofDefinitions(env);
		const differ = [...rows.differ, ...(objects?.differ ?? [])];
		return {
			...{ tables: rows.tables, rows: rows.rows, digests: rows.digests, definitions: objects?.compared ?? null },
			wrong: [...rows.wrong, ...(objects?.wrong ?? []), ...(sameSeries ? differ : [])],
			doubtful: sameSeries ? [] : differ,
			others: await otherDifferences(env),
			unproven: [...rows.unproven, ...(objects === null ? ['definitions: the backup has no list of them'] : [])],
		};
	},
	async verify({ output, ...env }): Promise<readonly Check[]> {
		// A proof is of the moment at which it was made.
		if (env.outputs.prove !== undefined) return [fail('PROVEN', 'It was not proven in this run')];
		const { wrong, doubtful, unproven, digests, definitions, others } = output;
		const say = (state: typeof fail) => (each: Difference) =>
			state('CONTENTS', `${each.what} is not as it was dumped`, {
				expected: each.expected,
				found: each.found,
				hints: [
					...(each.hints ?? []),
					'Start the same command again: it begins anew. Does something else write to the server, or change what is written (triggers, settings)?',
				],
			});
		const same = [
			digests > 0 ? `Every row of ${plural(digests, 'table')} is the one that was dumped` : 'As many rows as were dumped are on the server',
			definitions === null ? 'as many objects' : `${plural(definitions, 'definition')} are those that were dumped`,
		].join('; ');
		return [
			...(wrong.length === 0 ? [ok('CONTENTS', same)] : wrong.slice(0, SHOWN).map(say(fail))),
			...doubtful.slice(0, SHOWN).map(say(warning)),
			...(others == null ? [] : otherChecks(others).slice(0, SHOWN)),
			...(unproven.length === 0 ? [] : [note('CONTENTS-COUNTED', 'Counted, not compared', some(unproven))]),
		];
	},
	proves: () => true,
	previewOutput: NOTHING,
};

type At = RestoreEnv & RunContext & { readonly plan: readonly Action[] };

/** Tells of each table as it is begun, one after the other; `names`: those that are known, in their order. */
function perTable({ progress, now }: At, total: number, names: readonly string[] = []): (name: string) => void {
	const clock = () => now().getTime();
	const measure = meter(clock);
	const tracker = trackTables(
		clock,
		names.map((name) => ({ name, total: null })),
	);
	let done = 0;
	return (current) => {
		tracker.begin(1, current);
		const view = { ...tracker.view(), tables: { done, total } };
		progress({ unit: 'tables', done, total, estimated: false, ...measure(done, total), ...view });
		done++;
	};
}

async function ofRows(env: At): Promise<Rows> {
	if (!parallel(env)) return env.only === null ? ofDumps(env) : ofFound(env);
	const there = new Map((await env.runQuery('server', env.server.dialect.catalogue.tables)).map((table) => [qualified(table), table]));
	return ofTables(env, there);
}

/** Every object of the backup, by its definition; null where the backup has no list of them. */
async function ofDefinitions(env: At) {
	const action = pick(env.plan, 'definitions', 'read-definitions');
	const expected = await expectedDefinitions(env);
	if (action === undefined || expected === null) return null;
	const all = definitionDifferences(env, expected, await env.perform(action));
	const toDifference = (each: (typeof all)[number]): Difference => ({
		what: capital(definitionTitle(each)),
		expected: each.part === 'object' ? (each.expected ?? 'none of that name') : `${each.part}: ${each.expected ?? 'none'}`,
		found: each.part === 'object' ? (each.found ?? 'missing') : `${each.part}: ${each.found ?? 'none'}`,
	});
	const isWhole = ({ part }: (typeof all)[number]) => part === 'object';
	const [whole, rest] = [all.filter(isWhole), all.filter((each) => !isWhole(each))];
	return { compared: expected.length, wrong: whole.map(toDifference), differ: rest.map(toDifference) };
}

const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

/** Of the parallel engine: by digest, else by count. */
async function ofTables(env: At, there: ReadonlyMap<string, TableFacts>): Promise<Rows> {
	const expected = tablesOf(env);
	const wrong: Difference[] = [];
	const differ: Difference[] = [];
	const present = expected.filter((table) => {
		if (there.has(qualified(table))) return true;
		wrong.push({ what: `Table ${qualified(table)}`, expected: rowsOf(table.rows), found: 'no such table' });
		return false;
	});
	let rows = 0;
	const other: FoundRows[] = [];
	const readable = rowsTo(env).filter((table) => present.includes(table) && there.get(qualified(table))?.ownRows === true);
	const read = await readBack(env, new Set(readable.map(qualified)));
	for (const table of readable) {
		const found = read.get(qualified(table));
		rows += found?.rows ?? 0;
		if (found?.rows === table.rows && found.digest === table.digest) continue;
		other.push({ table, rows: found?.rows ?? 0, digest: found?.digest ?? null });
	}
	for (const [index, each] of other.entries()) {
		const differences = await rowDifferences(env, each, index < EXPLAINED);
		(each.rows === each.table.rows ? differ : wrong).push(...differences);
	}
	const counted = present.filter((table) => table.digest === null && there.get(qualified(table))?.ownRows === true);
	const onTable = perTable(env, counted.length);
	for (const table of counted) {
		env.signal.throwIfAborted();
		onTable(qualified(table));
		const { versioned } = there.get(qualified(table)) as TableFacts;
		const found = await env.runQuery('server', env.server.dialect.load.count(table, versioned));
		rows += found;
		if (found !== table.rows) wrong.push({ what: `Table ${qualified(table)}`, expected: rowsOf(table.rows), found: rowsOf(found) });
	}
	if (env.only === null && filesOf(env, 'definitions').length === 0) wrong.push(...(await ofObjects(env, there)));
	return { tables: expected.length, rows, digests: readable.length, wrong, differ, unproven: counted.map(qualified) };
}

/** What else is in the databases: as many as the files hold, and no table more. */
async function ofObjects(env: At, there: ReadonlyMap<string, TableFacts>): Promise<readonly Difference[]> {
	const known = new Set((env.manifest.tables ?? []).map(qualified));
	const more = [...there.values()].filter(
		(table) => env.databases.includes(table.database) && table.kind === 'table' && table.ownRows && !known.has(qualified(table)),
	);
	const wrong: Difference[] = more.map((table) => ({
		what: `Table ${qualified(table)}`,
		expected: 'none of that name',
		found: 'it exists',
	}));
	for (const file of filesOf(env, 'post')) {
		if (file.objects === undefined) continue;
		const database = file.database ?? '';
		const { objects } = await whatIsThere(env, database, { rows: false });
		// Its tables and sequences are in another file.
		const all = { ...file.objects, tables: objects.tables, sequences: objects.sequences };
		wrong.push(...differences(objects, all).map((each) => ({ ...each, what: `Database ${database}` })));
	}
	return wrong;
}

/** Rows and digest of each table, by qualified name. */
async function readBack(env: At, wanted: ReadonlySet<string>) {
	const action = pick(env.plan, 'rows', 'read-back');
	const tables = action?.tables.filter((table) => wanted.has(qualified(table))) ?? [];
	if (action === undefined || tables.length === 0) return new Map<string, { readonly rows: number; readonly digest: string | null }>();
	const total = tables.reduce((sum, table) => sum + table.rows, 0);
	const clock = () => env.now().getTime();
	const measure = meter(clock);
	const tracker = trackTables(
		clock,
		tables.toSorted((a, b) => b.rows - a.rows).map((table) => ({ name: qualified(table), total: table.rows })),
	);
	const follow = followWorkers(tracker, 'rows', qualified);
	await using _readers = await env.readers('server', { count: action.readers });
	const { tables: read } = await env.perform(
		{ ...action, tables },
		{
			onFlow: ({ rows, workers = [] }) => {
				follow(workers);
				env.progress({ unit: 'rows', done: Math.min(rows, total), total, estimated: false, ...measure(rows, total), ...tracker.view() });
			},
		},
	);
	return new Map(read.map((table) => [qualified(table), table]));
}

/** Of the vendor's tool: a database at a time, by count. */
async function ofDumps(env: At): Promise<Rows> {
	const files = filesOf(env, 'database');
	const total = files.reduce((sum, file) => sum + (file.tables ?? 0), 0);
	const onTable = perTable(env, total);
	const wrong: Difference[] = [];
	let [rows, tables] = [0, 0];
	for (const database of env.databases) {
		const found = await whatIsThere(env, database, { rows: true, onTable: (name) => onTable(qualified({ database, name })) });
		rows += found.rows;
		tables += found.tables.size;
		const file = files.find((each) => each.database === database);
		const what = `Database ${database}`;
		if (file?.objects !== undefined) wrong.push(...differences(found.objects, file.objects).map((each) => ({ ...each, what })));
		if (file?.rows !== undefined && file.rows !== found.rows) wrong.push({ what, expected: rowsOf(file.rows), found: rowsOf(found.rows) });
	}
	return { ...NO_ROWS, tables, rows, wrong, unproven: env.databases.map((name) => `the rows of ${name}`) };
}

/** Single tables out of a vendor's dump, by count. */
async function ofFound(env: At): Promise<Rows> {
	const single = foundTables(env);
	const there = await env.runQuery('server', env.server.dialect.catalogue.tables);
	const onTable = perTable(env, single.length, single.map(qualified));
	const wrong: Difference[] = [];
	let rows = 0;
	for (const table of single) {
		env.signal.throwIfAborted();
		onTable(qualified(table));
		const same = there.find((each) => qualified(each) === qualified(table));
		// A sequence has no rows to count.
		if (table.rows === null || (same !== undefined && !same.ownRows)) continue;
		const found = await env.runQuery('server', env.server.dialect.load.count(table, same?.versioned ?? false));
		if (found !== table.rows) wrong.push({ what: `Table ${qualified(table)}`, expected: rowsOf(table.rows), found: rowsOf(found) });
		rows += found;
	}
	return { ...NO_ROWS, tables: single.length, rows, wrong, unproven: single.map(qualified) };
}
