import { must } from '../../core/check.ts';
import type { Step } from '../../core/step.ts';
import { catchUp } from '../shared/catch-up.ts';
import type { ProvisionEnv } from './env.ts';

type Facts = { readonly target: string };

export const wait: Step<ProvisionEnv, Facts, { readonly ms: number }> = {
	id: 'catch-up',
	title: 'Wait until it has caught up',
	why: 'While the copy ran, clients wrote to the primary; the replica now applies all of that. Seconds_Behind_Master (MySQL: Seconds_Behind_Source) = 0 is no proof, so the positions themselves are compared.',
	// What the primary can give: a replica that is one itself has more than its own log.
	inspect: async ({ primary, runQuery }) => ({ target: (await runQuery('primary', primary.dialect.positions.current)).written }),
	plan: ({ replica, facts, delaySeconds }) =>
		delaySeconds > 0
			? []
			: [
					{
						kind: 'sql',
						id: 'wait',
						why: 'until all of it is applied',
						on: 'replica',
						statement: replica.dialect.positions.wait(facts.target, 5).statement,
						changes: false,
					},
				],
	async run({ plan, perform, ...at }) {
		if (plan.length === 0) {
			at.note('The replica is delayed on purpose: it is not waited for.');
			return { ms: 0 };
		}
		const ms = await catchUp({ ...at, perform }, { role: 'replica', server: at.replica }, at.facts.target);
		for (const action of plan) await perform(action);
		return { ms };
	},
	async verify({ replica, runQuery, facts, delaySeconds }) {
		if (delaySeconds > 0) return [];
		const { positions } = replica.dialect;
		const { replicated } = await runQuery('replica', positions.current);
		return [
			must(
				'CAUGHT-UP',
				{ pass: 'The replica has all that the primary had', fail: 'The replica lacks changes that the primary had' },
				positions.contains(replicated, facts.target),
				{
					expected: facts.target,
					found: replicated,
				},
			),
		];
	},
	proves: () => true,
	previewOutput: { ms: 0 },
};
