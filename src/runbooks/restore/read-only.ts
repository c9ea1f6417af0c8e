import { must } from '../../core/check.ts';
import type { Step } from '../../core/step.ts';
import { readOnlyDatabases, setReadOnly } from '../shared/read-only-databases.ts';
import { some } from '../shared/server.ts';
import { expectedDefinitions } from './definitions.ts';
import type { RestoreEnv } from './env.ts';

type Facts = {
	/** In the backup: its whole databases that are read-only. */
	readonly wanted: readonly string[];
	/** On the server. */
	readonly present: readonly string[];
};

const missing = ({ wanted, present }: Facts): readonly string[] => wanted.filter((database) => !present.includes(database));

/** For MySQL: ALTER DATABASE … READ ONLY. */
export const readOnly: Step<RestoreEnv, Facts, { readonly databases: readonly string[] }> = {
	id: 'read-only',
	title: 'Make databases read-only',
	why: 'MySQL databases that were read-only are made read-only again. This comes last: until then their contents are loaded and compared.',
	async inspect(env) {
		const wanted = await wantedDatabases(env);
		return { wanted, present: wanted.length === 0 ? [] : await readOnlyDatabases(env.server, env.runQuery, 'server') };
	},
	plan: ({ facts, server }) => setReadOnly(server, missing(facts), true, 'as in the backup'),
	async run({ plan, perform, facts }) {
		for (const action of plan) await perform(action);
		return { databases: facts.wanted };
	},
	async verify({ facts: { wanted }, server, runQuery }) {
		if (wanted.length === 0) return [];
		const left = missing({ wanted, present: await readOnlyDatabases(server, runQuery, 'server') });
		return [
			must(
				'READ-ONLY',
				{ pass: 'The databases that were read-only are read-only', fail: 'Some databases that were read-only are not' },
				left.length === 0,
				{ wrong: `not read-only: ${some(left)}` },
			),
		];
	},
	previewOutput: { databases: [] },
	undo({ facts, origin, server }) {
		const ours = facts.present.filter((database) => facts.wanted.includes(database) && !origin.present.includes(database));
		return setReadOnly(server, ours, false, 'as before');
	},
};

/** With single tables a database stays as it is. */
async function wantedDatabases(env: RestoreEnv): Promise<readonly string[]> {
	if (env.only !== null) return [];
	const definitions = (await expectedDefinitions(env)) ?? [];
	return definitions.filter(({ kind, settings }) => kind === 'database' && settings.read_only === '1').map(({ database }) => database);
}
