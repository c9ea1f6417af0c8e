import { type Check, must } from '../core/check.ts';
import type { Role } from '../core/model.ts';
import type { ReadContext } from '../core/step.ts';
import { shown } from '../sql/sql.ts';
import { type Server, some } from './server.ts';

/** The databases that no client may change, nor drop (error 3989). Empty on MariaDB. */
export const readOnlyDatabases = async ({ dialect }: Server, runQuery: ReadContext['runQuery'], role: Role): Promise<readonly string[]> =>
	dialect.load.readOnlyDatabases === null ? [] : runQuery(role, dialect.load.readOnlyDatabases.list);

/** `databases`: those that are read-only and that the run would have to change. Whoever protected them decides. */
export function writableCheck(id: string, { dialect }: Server, databases: readonly string[]): readonly Check[] {
	const { readOnlyDatabases: words } = dialect.load;
	if (words === null) return [];
	return [
		must(id, 'The databases to be replaced are not read-only', databases.length === 0, {
			wrong: `READ ONLY = 1 is set for: ${some(databases)}`,
			hints: databases.map((database) => `${shown(words.set(database, false))};`),
		}),
	];
}
