// What a restore has no business with: the server's other databases, and its global variables. Nothing in a backup may change them.
import { type Check, fail, ok, warning } from '../../core/check.ts';
import type { Outputs, ReadContext } from '../../core/step.ts';
import { type RestoreEnv, seeding } from './env.ts';

type At = RestoreEnv & Pick<ReadContext, 'runQuery'>;
type Others = {
	/** Of each other database how many objects it has, by kind. */
	readonly databases: ReadonlyMap<string, ReadonlyMap<string, number>>;
	readonly variables: ReadonlyMap<string, string>;
};

/** Something that is not as it was before the load. */
export type OtherDifference = {
	readonly what: string;
	readonly expected: string;
	readonly found: string;
	/** Something is gone: what others add while a restore runs is theirs. */
	readonly lost: boolean;
};

/** The check that {@link otherChecks} gives. */
export const OTHERS = 'OTHERS';

const before = new WeakMap<Outputs['outputs'], Others>();

/** Positions move by themselves; the other two are a restore's own for a time, and it proves that they are as they were. */
const PASSED = /^(gtid_(executed|purged|owned|binlog_pos|binlog_state|current_pos|slave_pos)|wsrep_.*|local_infile|event_scheduler)$/i;

async function read({ server, databases, runQuery }: At): Promise<Others> {
	const { catalogue } = server.dialect;
	const found = new Map<string, Map<string, number>>();
	for (const name of await runQuery('server', catalogue.databases)) if (!databases.includes(name)) found.set(name, new Map());
	const add = (database: string, kind: string) => {
		const kinds = found.get(database);
		kinds?.set(kind, (kinds.get(kind) ?? 0) + 1);
	};
	for (const { database, kind } of await runQuery('server', catalogue.tables)) add(database, kind);
	for (const { database } of await runQuery('server', catalogue.triggers)) add(database, 'trigger');
	for (const { database, kind } of await runQuery('server', catalogue.routines)) add(database, kind);
	for (const { database } of await runQuery('server', catalogue.events)) add(database, 'event');
	const variables = (await runQuery('server', catalogue.variables)).filter(([name]) => !PASSED.test(name));
	return { databases: found, variables: new Map(variables) };
}

/** Reads them once, before the first step that changes anything, also of a run that is resumed; {@link otherDifferences} compares. */
export async function rememberOthers(env: At): Promise<void> {
	if (!before.has(env.outputs)) before.set(env.outputs, await read(env));
}

/** What has changed since {@link rememberOthers}; null where nothing was loaded, or where the server itself is made another. */
export async function otherDifferences(env: At): Promise<readonly OtherDifference[] | null> {
	const was = before.get(env.outputs);
	if (was === undefined || seeding(env)) return null;
	const now = await read(env);
	const differences: OtherDifference[] = [];
	for (const name of new Set([...was.databases.keys(), ...now.databases.keys()])) {
		const [one, other] = [was.databases.get(name), now.databases.get(name)];
		if (one !== undefined && other !== undefined && listed(one) === listed(other)) continue;
		const lost = one !== undefined && [...one].some(([kind, count]) => (other?.get(kind) ?? 0) < count);
		const gone = other === undefined;
		differences.push({ what: `Database ${name}`, expected: listed(one), found: listed(other), lost: gone || lost });
	}
	for (const [name, value] of was.variables) {
		const found = now.variables.get(name);
		if (found !== undefined && found !== value)
			differences.push({ what: `Global variable ${name}`, expected: cut(value), found: cut(found), lost: false });
	}
	return differences;
}

function cut(value: string): string {
	if (value === '') return '(empty)';
	return value.length > 100 ? `${value.slice(0, 100)} …` : value;
}

const listed = (kinds: ReadonlyMap<string, number> | undefined): string =>
	kinds === undefined
		? 'no such database'
		: [...kinds]
				.toSorted(([a], [b]) => (a < b ? -1 : 1))
				.map(([kind, count]) => `${count} ${kind}${count === 1 ? '' : 's'}`)
				.join(', ') || 'empty';

/** What others add or set while a restore runs may be right; what is gone is not. */
export const otherChecks = (differences: readonly OtherDifference[]): readonly Check[] =>
	differences.length === 0
		? [ok(OTHERS, 'Other databases and the server’s global variables are as they were')]
		: differences.map(({ what, expected, found, lost }) =>
				(lost ? fail : warning)(OTHERS, `${what} is not as it was before the restore`, {
					expected,
					found,
					hints: ['No backup may change it. If nothing else did, keep the backup for an examination and do not restore from it.'],
				}),
			);
