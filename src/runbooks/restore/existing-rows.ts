import type { ManifestTable } from '../../archive/manifest.ts';
import { count, plural } from '../../core/format.ts';
import type { Outputs, ReadContext } from '../../core/step.ts';
import { definitionTitle, HISTOGRAM } from '../../dialects/common/definitions.ts';
import type { TableFacts } from '../../dialects/contract/catalogue.ts';
import { seriesOf } from '../../dialects/series.ts';
import { qualified } from '../shared/server.ts';
import { definitionDifferences, expectedDefinitions } from './definitions.ts';
import { parallel, type RestoreEnv, tablesOf, wantsTable } from './env.ts';

/** What the wanted tables hold. Tables without rows are in neither list. */
export type Held = {
	/** Qualified names of the tables that hold exactly the backup's rows. */
	readonly whole: readonly string[];
	readonly other: readonly Stray[];
};

/** Something in the databases of a restore that this restore did not put there. */
export type Stray = {
	readonly database: string;
	/** A few words for a person: `table shop.orders holds 3 rows, not the 5 of the backup`. */
	readonly words: string;
	/** False where it may be what an interruption left of this restore. */
	readonly certain: boolean;
};

/** So many tables are asked in one statement whether they hold rows. */
const AT_ONCE = 100;
/** A reading of all tables serves every step of one review. */
const FRESH_MS = 60_000;

type At = RestoreEnv & Pick<ReadContext, 'runQuery' | 'digests' | 'definitions' | 'now'>;
type Reading = { readonly at: number; readonly held: Promise<Held> };

const readings = new WeakMap<Outputs['outputs'], Reading>();
const found = new WeakMap<Outputs['outputs'], readonly Stray[]>();

/** Compares the rows of every wanted table that is there with the backup's digests. Reads all of them, in parallel. */
export function heldRows(env: At): Promise<Held> {
	const now = env.now().getTime();
	const before = readings.get(env.outputs);
	if (before !== undefined && now - before.at < FRESH_MS) return before.held;
	const held = readRows(env);
	const reading = { at: now, held };
	readings.set(env.outputs, reading);
	held.then(
		() => readings.set(env.outputs, { ...reading, at: env.now().getTime() }),
		() => readings.delete(env.outputs),
	);
	return held;
}

/** Called as soon as something is changed: what was read before counts no more. */
export const forgetHeld = ({ outputs }: Outputs): void => void readings.delete(outputs);

async function readRows(env: At): Promise<Held> {
	const { catalogue, load } = env.server.dialect;
	const there = new Map((await env.runQuery('server', catalogue.tables)).map((table) => [qualified(table), table]));
	const wanted = tablesOf(env).filter((table) => there.get(qualified(table))?.ownRows === true);
	const filled: ManifestTable[] = [];
	for (let from = 0; from < wanted.length; from += AT_ONCE) {
		const part = wanted.slice(from, from + AT_ONCE);
		for (const index of await env.runQuery('server', load.filled(part))) filled.push(part[index] as ManifestTable);
	}
	const read = filled.filter((table) => table.digest !== null).map((table) => ({ ...table, bytes: table.data_bytes }));
	const digests = read.length === 0 ? [] : await env.digests('server', read, { connections: env.workers });
	const byName = new Map(digests.map((each) => [qualified(each), each]));
	const whole: string[] = [];
	const other: Stray[] = [];
	for (const table of filled) {
		const name = qualified(table);
		const now = byName.get(name);
		if (now !== undefined && now.digest === table.digest && now.rows === table.rows) {
			whole.push(name);
			continue;
		}
		other.push({
			database: table.database,
			words:
				now === undefined
					? `table ${name} holds rows that the backup has no digest of`
					: `table ${name} holds ${plural(now.rows, 'row')} that are not the ${count(table.rows)} of the backup`,
			// Without transactions an interruption leaves half of a load.
			certain: now !== undefined && (there.get(name)?.transactional === true || now.rows > table.rows),
		});
	}
	return { whole, other };
}

/** What an interrupted restore finds that it did not put there. Empty where everything is its own. */
export async function strays(env: At): Promise<readonly Stray[]> {
	const { catalogue } = env.server.dialect;
	const tables = (await env.runQuery('server', catalogue.tables)).filter(({ database, name }) =>
		env.only === null ? env.databases.includes(database) : wantsTable(env, database, name),
	);
	if (!parallel(env)) return unprovable(env, tables);
	const held = await heldRows(env);
	const strange = await strayObjects(env, tables);
	const gone =
		env.outputs['load-rows'] === undefined
			? []
			: tablesOf(env).filter((table) => {
					const name = qualified(table);
					return table.rows > 0 && !held.whole.includes(name) && !held.other.some(({ words }) => words.includes(` ${name} `));
				});
	return [
		...strange,
		...held.other,
		...gone
			.filter((table) => tables.some((each) => qualified(each) === qualified(table)))
			.map((table) => ({ database: table.database, words: `table ${qualified(table)} lost the rows that this run loaded`, certain: true })),
	];
}

/** Objects that are not the backup's, or are not as the backup has them. */
async function strayObjects(env: At, tables: readonly TableFacts[]): Promise<readonly Stray[]> {
	const expected = await expectedDefinitions(env);
	if (expected === null) {
		const known = new Set((env.manifest.tables ?? []).map(qualified));
		return tables
			.filter((table) => table.kind === 'table' && table.ownRows && !known.has(qualified(table)))
			.map((table) => ({ database: table.database, words: `table ${qualified(table)} is not of this backup`, certain: true }));
	}
	const found = await env.definitions('server', env.databases, { connections: env.workers });
	const sameSeries = await isSameSeries(env);
	return definitionDifferences(env, expected, found).flatMap((each): Stray[] => {
		const title = definitionTitle(each);
		if (each.part === 'object')
			return each.found === null ? [] : [{ database: each.database, words: `${title} is not of this backup`, certain: true }];
		// Keys and constraints of large tables come after the rows, histograms with views, which have stand-ins at first; versions print differently.
		if (
			each.kind === 'view' ||
			each.part.startsWith(HISTOGRAM) ||
			(/^(key|constraint) /.test(each.part) && each.found === null) ||
			!sameSeries
		)
			return [];
		return [{ database: each.database, words: `${title} is not as this run made it (${each.part})`, certain: true }];
	});
}

/** Whether the server prints and stores things as the one that was backed up. */
export const isSameSeries = async ({ server, manifest, runQuery }: RestoreEnv & Pick<ReadContext, 'runQuery'>): Promise<boolean> =>
	seriesOf((await runQuery('server', server.dialect.identity)).version) === seriesOf(manifest.server.version);

/** A vendor's dump has no digests: nobody can tell whose rows they are. */
const unprovable = (env: RestoreEnv, tables: readonly TableFacts[]): readonly Stray[] =>
	env.databases.flatMap((database) => {
		const own = tables.filter((table) => table.database === database);
		if (own.length === 0) return [];
		const words = `${database}: the backup has no digests of ${plural(own.length, 'table')} that ${own.length === 1 ? 'is' : 'are'} there already`;
		return [{ database, words, certain: false }];
	});

/** Whether a restore that was interrupted must begin anew, because the databases hold something else than what it put there. */
export async function overtaken(env: At): Promise<boolean> {
	const all = await strays(env);
	if (all.length > 0) found.set(env.outputs, all);
	return all.length > 0;
}

/** What {@link overtaken} found in this run, for the person who is asked again. */
export const overtakenBy = ({ outputs }: Outputs): readonly Stray[] => found.get(outputs) ?? [];
