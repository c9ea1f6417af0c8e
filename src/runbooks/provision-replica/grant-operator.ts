import { setTimeout as pause } from 'node:timers/promises';
import { fail, must } from '../../core/check.ts';
import { VerifyFailed } from '../../core/errors.ts';
import type { Step } from '../../core/step.ts';
import type { ProvisionEnv } from './env.ts';
import { exists, heldThere, nameOf, onReplicaAlone, replicaNeeds } from './operator.ts';

type Facts = { readonly exists: boolean; readonly held: readonly string[]; readonly superReadOnly: string | null };

/** Where the replica runs already, the account comes through replication. */
const COMES_WITHIN_MS = 30_000;

export const grantOperator: Step<ProvisionEnv, Facts, null> = {
	id: 'grant-operator',
	title: 'Let the operator take backups',
	why: 'What a backup needs (the lock, read_only, the SQL thread) the operator’s account may on the replica only, never on the primary. So it is granted here, out of the binary log: as the primary’s own statement it would hold there as well.',
	async inspect({ replica, operator, runQuery }) {
		const { superReadOnly } = await runQuery('replica', replica.dialect.identity);
		const there = operator !== null && (await exists(replica, 'replica', operator, runQuery));
		return { exists: there, held: there ? await heldThere(replica, 'replica', operator, runQuery) : [], superReadOnly };
	},
	plan({ replica, operator, facts }) {
		if (operator === null) return [];
		const { privileges } = replica.dialect;
		const lacking = privileges.missing(facts.held, replicaNeeds(replica)).map((need) => need.privilege);
		if (lacking.length === 0) return [];
		const statement = privileges.grant(lacking, nameOf(operator));
		return onReplicaAlone(replica, facts, { id: 'grant', why: 'what backups need', statement });
	},
	async run({ replica, operator, plan, perform, runQuery, now, signal }) {
		if (operator === null) return null;
		const until = now().getTime() + COMES_WITHIN_MS;
		while (plan.length > 0 && !(await exists(replica, 'replica', operator, runQuery))) {
			if (now().getTime() > until) {
				throw new VerifyFailed([
					fail('OPERATOR-COMES', `${nameOf(operator)} is not on the replica`, {
						expected: 'the account, as the primary has it',
						found: 'no such account',
						hints: ['It comes through replication: provision again when the replica has caught up.'],
					}),
				]);
			}
			await pause(200, undefined, { signal }).catch(() => signal.throwIfAborted());
		}
		for (const action of plan) await perform(action);
		return null;
	},
	async verify({ replica, operator, runQuery }) {
		if (operator === null) return [];
		const there = await exists(replica, 'replica', operator, runQuery);
		const held = there ? await heldThere(replica, 'replica', operator, runQuery) : [];
		const lacking = replica.dialect.privileges.missing(held, replicaNeeds(replica)).map((need) => need.privilege);
		return [
			must(
				'OPERATOR-GRANTS',
				{ pass: `${nameOf(operator)} may take backups of the replica`, fail: `${nameOf(operator)} may not take backups of the replica` },
				lacking.length === 0,
				{
					expected: replicaNeeds(replica)
						.map((need) => need.privilege)
						.join(', '),
					wrong: there ? `missing ${lacking.join(', ')}` : 'no such account',
				},
			),
		];
	},
	async inspectReachable(at) {
		if (!at.absent.has('replica')) return grantOperator.inspect(at);
		const held = replicaNeeds(at.replica).map((need) => need.privilege);
		return { ...at.origin, exists: true, held: [...at.origin.held, ...held] };
	},
	undo({ replica, operator, facts, origin }) {
		if (operator === null || !facts.exists) return [];
		const { privileges } = replica.dialect;
		const given = privileges.missing(origin.held, replicaNeeds(replica)).map((need) => need.privilege);
		const extra = given.filter((privilege) => facts.held.includes(privilege));
		if (extra.length === 0) return [];
		const statement = privileges.revoke(extra, nameOf(operator));
		return onReplicaAlone(replica, facts, { id: 'revoke', why: 'granted by this run', statement });
	},
};
