import { type DefinitionsAction, pick } from '../../core/action.ts';
import type { Check } from '../../core/check.ts';
import { must, should } from '../../core/check.ts';
import type { Step } from '../../core/step.ts';
import { compareSeries } from '../../dialects/series.ts';
import { compareDefinitions, describeDifference } from '../../dump/definitions/compare.ts';
import { some } from '../shared/server.ts';
import type { ProvisionEnv } from './env.ts';

type Facts = {
	readonly databases: readonly string[];
	/** Of both servers: what two versions print of the same object may differ. */
	readonly series: { readonly primary: string; readonly replica: string };
};
type Output = { readonly compared: number; readonly differences: readonly string[] };

const READERS = 2;
/** How often both are read where they differ: clients of the primary may have changed one between the two readings. */
const READINGS = 5;
const WAIT_SECONDS = 5;

export const compareDefinitionsOfBoth: Step<ProvisionEnv, Facts, Output> = {
	id: 'compare-definitions',
	title: 'Compare the definitions',
	why: 'Rows that are the same in tables that are not will not stay the same. Every object’s definition is read on both servers and compared part by part: columns, keys, constraints, options, code, and the settings that belong to it.',
	async inspect({ primary, replica, runQuery }) {
		return {
			databases: await runQuery('primary', primary.dialect.catalogue.databases),
			series: {
				primary: (await runQuery('primary', primary.dialect.identity)).series,
				replica: (await runQuery('replica', replica.dialect.identity)).series,
			},
		};
	},
	plan({ facts, delaySeconds }) {
		if (delaySeconds > 0 || facts.databases.length === 0) return [];
		const read = (on: 'primary' | 'replica'): DefinitionsAction => ({
			...{ kind: 'definitions', id: `read-${on}`, why: 'what each object is made by', on, databases: facts.databases },
			...{ ignoreTables: [], readers: READERS, changes: false },
		});
		return [read('primary'), read('replica')];
	},
	async run({ primary, replica, plan, perform, runQuery }) {
		const [there, here] = [pick(plan, 'definitions', 'read-primary'), pick(plan, 'definitions', 'read-replica')];
		if (there === undefined || here === undefined) return { compared: 0, differences: [] };
		const seen: (readonly string[])[] = [];
		for (let reading = 1; ; reading++) {
			// Databases come and go as well.
			const databases = await runQuery('primary', primary.dialect.catalogue.databases);
			const expected = await perform({ ...there, databases });
			const { written } = await runQuery('primary', primary.dialect.positions.current);
			await runQuery('replica', replica.dialect.positions.wait(written, WAIT_SECONDS));
			const present = await runQuery('replica', replica.dialect.catalogue.databases);
			const found = await perform({ ...here, databases: databases.filter((name) => present.includes(name)) });
			const differences = compareDefinitions(expected, found, { ignoreEventStatus: true, ignoreReadOnly: true }).map(describeDifference);
			// What clients of the primary change all the time differs in another way each time.
			seen.push(differences);
			const lasting = differences.filter((each) => seen.every((others) => others.includes(each)));
			if (lasting.length === 0 || reading === READINGS) return { compared: expected.length, differences: lasting };
		}
	},
	async verify({ facts, output }): Promise<readonly Check[]> {
		if (output.compared === 0) return [];
		const rest = {
			expected: 'the same definitions',
			wrong: some(output.differences, 12),
			hints: ['Provision it again, or find out what changed them on the replica.'],
		};
		const titles = {
			pass: `All ${output.compared} objects have the same definition on both`,
			fail: `Definitions of ${output.compared} objects differ between the servers`,
		};
		// What another version prints of the same object is not in all cases known to be the same.
		const same = compareSeries(facts.series.primary, facts.series.replica) === 0;
		return [(same ? must : should)('COMPARE-DEFINITIONS', titles, output.differences.length === 0, rest)];
	},
	proves: () => true,
	previewOutput: { compared: 0, differences: [] },
};
