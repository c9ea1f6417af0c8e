import type { Action } from '../../core/action.ts';
import { must } from '../../core/check.ts';
import type { Step } from '../../core/step.ts';
import { change } from '../change.ts';
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
			actions.push(change('replica', 'read-only', 'clients may not write there', locks.setReadOnly('ON')));
		}
		if (facts.eventScheduler === 'ON') {
			actions.push(change('replica', 'events', 'events fire on the primary only', locks.setEventScheduler('OFF')));
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
			actions.push(change('replica', 'read-only-back', 'as it was', locks.setReadOnly(origin.readOnly)));
		}
		if (facts.eventScheduler !== origin.eventScheduler && origin.eventScheduler !== 'DISABLED') {
			actions.push(change('replica', 'events-back', 'as it was', locks.setEventScheduler(origin.eventScheduler)));
		}
		return actions;
	},
};
