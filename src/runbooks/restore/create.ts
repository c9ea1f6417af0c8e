import type { Action } from '../../core/action.ts';
import { must } from '../../core/check.ts';
import type { Step } from '../../core/step.ts';
import type { ObjectName } from '../../dialects/contract/objects.ts';
import { qualified, some } from '../shared/server.ts';
import { cleared, filesOf, madeBy, partOf, type RestoreEnv, tablesOf } from './env.ts';
import { forgetHeld, type Stray, strays } from './existing-rows.ts';
import { rememberOthers } from './other-differences.ts';
import { leftAlone, undoRestore } from './undo.ts';

type Facts = {
	readonly databases: readonly string[];
	readonly tables: readonly ObjectName[];
	/** What is there and was certainly not put there by this restore. */
	readonly strays: readonly Stray[];
};

const names = (tables: readonly ObjectName[]) => new Set(tables.map(qualified));

/** Databases of which something is not there yet. */
function lacking(env: RestoreEnv, facts: Facts): readonly string[] {
	const there = names(facts.tables);
	return env.databases.filter(
		(database) =>
			!facts.databases.includes(database) || tablesOf(env).some((table) => table.database === database && !there.has(qualified(table))),
	);
}

export const create: Step<RestoreEnv, Facts, { readonly databases: readonly string[] }> = {
	id: 'create',
	title: 'Create the databases and their tables',
	why: 'First everything that rows go into, as the vendor’s own tool wrote it: databases, tables, sequences. No triggers yet, or they would fire at every row; no views yet, because they may rest on what comes later.',
	async inspect(env) {
		const { server, databases, runQuery } = env;
		const { catalogue } = server.dialect;
		return {
			strays: cleared(env) || env.undoing ? (await strays(env)).filter(({ certain }) => certain) : [],
			databases: (await runQuery('server', catalogue.databases)).filter((name) => databases.includes(name)),
			tables: (await runQuery('server', catalogue.tables))
				.filter((table) => databases.includes(table.database))
				.map(({ database, name }) => ({ database, name })),
		};
	},
	plan({ facts, ...env }) {
		const { server, logged } = env;
		// Before room was made what is there is somebody else's.
		const wanted = cleared(env) ? lacking(env, facts) : env.databases;
		return filesOf(env, 'schema')
			.filter((file) => wanted.includes(file.database ?? ''))
			.map(
				(file): Action => ({
					kind: 'pipe',
					id: `schema-${file.database}`,
					why: 'databases, tables, sequences',
					from: partOf(env, file),
					into: server.dialect.tools.load('server', logged),
					footer: true,
					changes: true,
					makes: madeBy(env, file, facts.databases),
				}),
			);
	},
	async run({ plan, perform, databases, ...env }) {
		forgetHeld(env);
		await rememberOthers({ ...env, databases });
		for (const action of plan) await perform(action);
		return { databases };
	},
	async verify({ server, runQuery, ...env }) {
		const tables = names(await runQuery('server', server.dialect.catalogue.tables));
		const missing = tablesOf(env).filter((table) => !tables.has(qualified(table)));
		return [
			must('TABLES', { pass: 'Every table exists', fail: 'Some tables do not exist' }, missing.length === 0, {
				wrong: `missing ${some(missing.map(qualified))}`,
			}),
		];
	},
	undo: ({ facts, origin, made, ...env }) => undoRestore(env, facts, origin, made),
	drift: ({ facts }) => leftAlone(facts),
	previewOutput: { databases: [] },
};
