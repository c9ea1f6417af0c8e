import type { Action } from '../../core/action.ts';
import type { Step } from '../../core/step.ts';
import type { ObjectName } from '../../dialects/contract/objects.ts';
import type { Statement } from '../../sql/sql.ts';
import { change } from '../shared/change.ts';
import { readOnlyDatabases, setReadOnly } from '../shared/read-only-databases.ts';
import { qualified } from '../shared/server.ts';
import type { RestoreEnv } from './env.ts';
import { forgetHeld, overtaken } from './existing-rows.ts';
import { rememberOthers } from './other-differences.ts';

type Facts = {
	readonly databases: readonly string[];
	readonly tables: readonly ObjectName[];
	/** Databases that no client may change: made so by this run, which would not have begun with them. */
	readonly readOnly?: readonly string[];
};

export const clear: Step<RestoreEnv, Facts, { readonly dropped: readonly string[] }> = {
	id: 'clear',
	title: 'Drop what is replaced',
	why: 'What has the same name as something in the backup is dropped first, so that nothing of the old is mixed with the new. On a server without these databases there is nothing to do.',
	async inspect({ server, databases, only, runQuery }) {
		const guarded = await readOnlyDatabases(server, runQuery, 'server');
		const { catalogue } = server.dialect;
		const wanted = ({ database, name }: ObjectName) => only?.some((each) => each.database === database && each.name === name) ?? false;
		return {
			databases: (await runQuery('server', catalogue.databases)).filter((name) => databases.includes(name)),
			readOnly: guarded.filter((name) => databases.includes(name)),
			tables: (await runQuery('server', catalogue.tables)).filter(wanted).map(({ database, name }) => ({ database, name })),
		};
	},
	plan({ server, facts, only, logged }) {
		const { catalogue, load, locks } = server.dialect;
		const actions: Action[] = [];
		const drop = (kind: 'database' | 'table', name: string, statement: Statement) =>
			actions.push({ ...change('server', `drop-${name}`, 'it is replaced', statement), destroys: [{ on: 'server', kind, name }] });
		actions.push(...setReadOnly(server, facts.readOnly ?? [], false, 'this run made it read-only'));
		if (only === null) for (const name of facts.databases) drop('database', name, catalogue.drop(name));
		else for (const table of facts.tables) drop('table', qualified(table), load.dropTable(table));
		if (actions.length === 0) return [];
		const before = [change('server', 'unchecked', 'others may refer to it', load.unchecked)];
		return logged
			? [...before, ...actions]
			: [
					change('server', 'unlogged', 'not for the binary log', locks.unlogged),
					...before,
					...actions,
					change('server', 'logged', 'as before', locks.logged),
				];
	},
	async run({ plan, facts, only, perform, ...env }) {
		forgetHeld(env);
		await rememberOthers({ ...env, only });
		for (const action of plan) await perform(action);
		return { dropped: only === null ? facts.databases : facts.tables.map(qualified) };
	},
	// Rows that came and are not those that were dumped, or that something else has put there since: nothing of it is to be trusted.
	isStale: async (at) => (await overtaken(at)) || (at.failure?.checks.some((check) => check.id === 'CONTENTS') ?? false),
	undo: () => [],
};
