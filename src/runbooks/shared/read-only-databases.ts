import type { SqlAction } from '../../core/action.ts';
import { type Check, must } from '../../core/check.ts';
import type { Role } from '../../core/model.ts';
import type { ReadContext } from '../../core/step.ts';
import { shown } from '../../sql/sql.ts';
import { change } from './change.ts';
import { type Server, some } from './server.ts';

/** The databases that no client may change, nor drop (error 3989). Empty on MariaDB. */
export const readOnlyDatabases = async ({ dialect }: Server, runQuery: ReadContext['runQuery'], role: Role): Promise<readonly string[]> =>
	dialect.load.readOnlyDatabases === null ? [] : runQuery(role, dialect.load.readOnlyDatabases.list);

/** One action a database; none on MariaDB. */
export function setReadOnly({ dialect }: Server, databases: readonly string[], readOnly: boolean, why: string): readonly SqlAction[] {
	const { readOnlyDatabases: statements } = dialect.load;
	if (statements === null) return [];
	return databases.map((database) =>
		change('server', `${readOnly ? 'read-only' : 'writable'}-${database}`, why, statements.set(database, readOnly)),
	);
}

/** `databases`: those that are read-only and that the run would have to change. Whoever protected them decides. */
export function writableCheck(id: string, { dialect }: Server, databases: readonly string[]): readonly Check[] {
	const { readOnlyDatabases: statements } = dialect.load;
	if (statements === null) return [];
	return [
		must(
			id,
			{ pass: 'The databases to be replaced are not read-only', fail: 'Some databases to be replaced are read-only' },
			databases.length === 0,
			{
				wrong: `READ ONLY = 1 is set for: ${some(databases)}`,
				hints: databases.map((database) => `${shown(statements.set(database, false))};`),
			},
		),
	];
}
