import type { Action } from '../../core/action.ts';
import { type Effects, isMade } from '../../core/effects.ts';
import type { ObjectName } from '../../dialects/contract/objects.ts';
import { change } from '../shared/change.ts';
import { qualified, some } from '../shared/server.ts';
import type { RestoreEnv } from './env.ts';
import type { Stray } from './existing-rows.ts';

type There = { readonly databases: readonly string[]; readonly tables: readonly ObjectName[]; readonly strays?: readonly Stray[] };

const strayIn = ({ strays = [] }: There, database: string): readonly Stray[] => strays.filter((each) => each.database === database);

/** What an undo leaves because something else was put there since, a sentence each. */
export const leftAlone = ({ strays = [] }: There): readonly string[] =>
	[...new Set(strays.map(({ database }) => database))].map((database) => {
		const texts = strays.filter((each) => each.database === database).map((each) => each.words);
		return `Database ${database} is left as it is, because this run did not put everything there: ${some(texts)}.`;
	});

/** Drops what this run made, by name, and was not there in the beginning: databases, or in those that were there single tables. */
export function undoRestore({ server, logged, only }: RestoreEnv, facts: There, origin: There, made: Effects['made']): readonly Action[] {
	const { catalogue, load, locks } = server.dialect;
	const isOurs = (kind: 'database' | 'table', name: string) =>
		(['server', 'replica'] as const).some((on) => isMade(made, { on, kind, name }));
	const ours = facts.databases.filter(
		(name) => !origin.databases.includes(name) && isOurs('database', name) && strayIn(facts, name).length === 0,
	);
	const [there, before] = [new Set(facts.tables.map(qualified)), new Set(origin.tables.map(qualified))];
	const tables = (only ?? []).filter(
		(each) =>
			!ours.includes(each.database) &&
			there.has(qualified(each)) &&
			!before.has(qualified(each)) &&
			isOurs('table', qualified(each)) &&
			strayIn(facts, each.database).length === 0,
	);
	const drops = [
		...ours.map((name) => change('server', `drop-${name}`, 'restored by this run', catalogue.drop(name))),
		...tables.map((table) => change('server', `drop-${qualified(table)}`, 'restored by this run', load.dropTable(table))),
	];
	if (drops.length === 0) return [];
	const unchecked = change('server', 'unchecked', 'without foreign key checks', load.unchecked);
	return logged
		? [unchecked, ...drops]
		: [
				change('server', 'unlogged', 'not for the binary log', locks.unlogged),
				unchecked,
				...drops,
				change('server', 'logged', 'as before', locks.logged),
			];
}
