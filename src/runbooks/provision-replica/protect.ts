import type { Action } from '../../core/action.ts';
import { must } from '../../core/check.ts';
import type { Step } from '../../core/step.ts';
import type { ProvisionEnv } from './env.ts';

type Facts = { readonly readOnly: string; readonly eventScheduler: string; readonly lines: readonly string[] };

export const protect: Step<ProvisionEnv, Facts, null> = {
	id: 'protect',
	title: 'Keep it a replica',
	why: 'Nobody but replication may write there, and no event may fire there: either would make it differ from the primary, and in strict mode stop it. This is set before the data comes, because copied events are enabled ones. Its option file must say the same, or a restart forgets it.',
	async inspect({ replica, look }) {
		const identity = await look('replica', replica.dialect.identity);
		return { readOnly: identity.readOnly, eventScheduler: identity.eventScheduler, lines: replica.dialect.channel.safeOptions(identity) };
	},
	plan({ replica, facts }) {
		const { locks } = replica.dialect;
		const actions: Action[] = [];
		if (facts.readOnly === 'OFF') {
			actions.push({
				kind: 'sql',
				id: 'read-only',
				why: 'clients may not write there',
				on: 'replica',
				statement: locks.setReadOnly('ON'),
				changes: true,
			});
		}
		if (facts.eventScheduler === 'ON') {
			actions.push({
				kind: 'sql',
				id: 'events',
				why: 'events fire on the primary only',
				on: 'replica',
				statement: locks.setEventScheduler('OFF'),
				changes: true,
			});
		}
		actions.push({
			kind: 'hand',
			id: 'option-file',
			why: 'so that it stays so after a restart',
			where: `${replica.name}’s option file`,
			lines: facts.lines,
		});
		return actions;
	},
	async verify({ replica, look }) {
		const identity = await look('replica', replica.dialect.identity);
		return [
			must('READ-ONLY', 'The replica is read-only', identity.readOnly !== 'OFF', { expected: 'ON', found: identity.readOnly }),
			must('EVENTS-OFF', 'Its event scheduler is off', identity.eventScheduler !== 'ON', {
				expected: 'OFF',
				found: identity.eventScheduler,
			}),
		];
	},
	undo({ replica, facts, origin }) {
		const { locks } = replica.dialect;
		const actions: Action[] = [];
		if (facts.readOnly !== origin.readOnly) {
			actions.push({
				kind: 'sql',
				id: 'read-only-back',
				why: 'as it was',
				on: 'replica',
				statement: locks.setReadOnly(origin.readOnly),
				changes: true,
			});
		}
		if (facts.eventScheduler !== origin.eventScheduler && origin.eventScheduler !== 'DISABLED') {
			actions.push({
				kind: 'sql',
				id: 'events-back',
				why: 'as it was',
				on: 'replica',
				statement: locks.setEventScheduler(origin.eventScheduler),
				changes: true,
			});
		}
		return actions;
	},
};
