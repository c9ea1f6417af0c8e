import type { Action } from '../../core/action.ts';
import type { ObjectName } from '../../dialects/dialect.ts';
import { change } from '../change.ts';
import { qualified } from '../server.ts';
import type { RestoreEnv } from './env.ts';

type There = { readonly databases: readonly string[]; readonly tables: readonly ObjectName[] };

/** Drops what is there and was not in the beginning: databases, or in those that were there the single tables that were asked for. */
export function takeBack({ server, logged, only }: RestoreEnv, facts: There, origin: There): readonly Action[] {
	const { catalogue, load, locks } = server.dialect;
	const ours = facts.databases.filter((name) => !origin.databases.includes(name));
	const [there, before] = [new Set(facts.tables.map(qualified)), new Set(origin.tables.map(qualified))];
	const tables = only?.filter((each) => !ours.includes(each.database) && there.has(qualified(each)) && !before.has(qualified(each))) ?? [];
	const drops = [
		...ours.map((name) => change('server', `drop-${name}`, 'restored by this run', catalogue.drop(name))),
		...tables.map((table) => change('server', `drop-${qualified(table)}`, 'restored by this run', load.dropTable(table))),
	];
	if (drops.length === 0) return [];
	const unchecked = change('server', 'unchecked', 'whatever refers to what', load.unchecked);
	return logged
		? [unchecked, ...drops]
		: [
				change('server', 'unlogged', 'not for the binary log', locks.unlogged),
				unchecked,
				...drops,
				change('server', 'logged', 'as before', locks.logged),
			];
}
