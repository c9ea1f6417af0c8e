import { type Check, must } from '../../core/check.ts';
import { count } from '../../core/format.ts';
import { meter } from '../../core/progress.ts';
import type { Step } from '../../core/step.ts';
import { qualified, some } from '../server.ts';
import { differences, whatIsThere } from './contents.ts';
import { filesOf, foundTables, parallel, type RestoreEnv, tablesOf } from './env.ts';

type Output = { readonly tables: number; readonly rows: number; readonly wrong: readonly string[] };

export const prove: Step<RestoreEnv, Record<string, never>, Output> = {
	id: 'prove',
	title: 'Prove what came',
	why: 'A load that says yes is no proof: every table is counted on the server and compared with what the manifest says was dumped; so is how many views, triggers, routines and events there are.',
	inspect: async () => ({}),
	plan: () => [],
	async run(env) {
		const { progress, now } = env;
		const files = [...filesOf(env, 'database'), ...filesOf(env, 'post')];
		const expected = tablesOf(env);
		const measure = meter(() => now().getTime());
		const single = parallel(env) ? expected : foundTables(env);
		const total =
			env.only !== null ? single.length : parallel(env) ? expected.length : files.reduce((sum, file) => sum + (file.tables ?? 0), 0);
		const wrong: string[] = [];
		let [done, rows] = [0, 0];
		const onTable = (current: string) => {
			progress({ unit: 'tables', done, total, estimated: false, ...measure(done, total), current, tables: { done, total } });
			done++;
		};
		if (env.only !== null) {
			const there = await env.look('server', env.server.dialect.catalogue.tables);
			for (const table of single) {
				env.signal.throwIfAborted();
				onTable(qualified(table));
				const same = there.find((each) => qualified(each) === qualified(table));
				// A sequence has no rows to count.
				if (table.rows === null || (same !== undefined && !same.ownRows)) continue;
				const found = await env.look('server', env.server.dialect.load.count(table, same?.versioned ?? false));
				if (found !== table.rows) wrong.push(`${qualified(table)}: ${count(found)} rows of ${count(table.rows)}`);
				rows += found;
			}
			return { tables: single.length, rows, wrong };
		}
		for (const database of env.databases) {
			const found = await whatIsThere(env, database, (name) => onTable(qualified({ database, name })));
			rows += found.rows;
			const file = files.find((each) => each.database === database);
			for (const table of expected.filter((each) => each.database === database)) {
				// Older backups noted rows of such tables.
				if (found.elsewhere.has(table.name)) continue;
				const there = found.tables.get(table.name);
				if (there !== table.rows && (there !== undefined || table.rows > 0))
					wrong.push(`${qualified(table)}: ${there === undefined ? 'missing' : `${count(there)} rows`} of ${count(table.rows)}`);
			}
			const objects = file?.objects;
			// The parallel engine counts its tables one by one; its last file holds only what comes after them.
			if (objects !== undefined) {
				const all = parallel(env) ? { ...objects, tables: found.objects.tables, sequences: found.objects.sequences } : objects;
				wrong.push(...differences(found.objects, all).map((words) => `${database}: ${words}`));
			}
			if (!parallel(env) && file?.rows !== undefined && file.rows !== found.rows)
				wrong.push(`${database}: ${count(found.rows)} rows of ${count(file.rows)}`);
		}
		return { tables: done, rows, wrong };
	},
	verify: async ({ output }): Promise<readonly Check[]> => [
		must('CONTENTS', 'All that was dumped is there', output.wrong.length === 0, {
			expected: 'as many rows and objects as the manifest says',
			wrong: some(output.wrong, 20),
			mend: ['Does something write to the server meanwhile? Then start the same command again: it begins anew.'],
		}),
	],
	proves: () => true,
	standIn: { tables: 0, rows: 0, wrong: [] },
};
