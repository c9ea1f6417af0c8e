import type { Action } from '../../core/action.ts';
import { must } from '../../core/check.ts';
import type { Step } from '../../core/step.ts';
import { change } from '../change.ts';
import { restarted } from '../server.ts';
import type { ProvisionEnv } from './env.ts';

type Facts = { readonly readOnly: string; readonly eventScheduler: string; readonly startedAt: number; readonly lines: readonly string[] };

export const protect: Step<ProvisionEnv, Facts, null> = {
	id: 'protect',
	title: 'Keep it a replica',
	why: 'Nobody but replication may write there, and no event may fire there: either would make it differ from the primary, and in strict mode stop it. This is set before the data comes, because copied events are enabled ones. Its option file must say the same, or a restart forgets it.',
	async inspect({ replica, look }) {
		const identity = await look('replica', replica.dialect.identity);
		const { readOnly, eventScheduler, startedAt } = identity;
		return { readOnly, eventScheduler, startedAt, lines: replica.dialect.channel.safeOptions(identity) };
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
		if (restarted(origin, facts)) return [];
		const actions: Action[] = [];
		if (facts.readOnly !== origin.readOnly) {
			actions.push(change('replica', 'read-only-back', 'as it was', locks.setReadOnly(origin.readOnly)));
		}
		if (facts.eventScheduler !== origin.eventScheduler && origin.eventScheduler !== 'DISABLED') {
			actions.push(change('replica', 'events-back', 'as it was', locks.setEventScheduler(origin.eventScheduler)));
		}
		return actions;
	},
	foreign({ replica, facts, origin }) {
		if (!restarted(origin, facts)) return [];
		const was = (name: string, before: string, now: string) =>
			before === now ? [] : [`${replica.name} was restarted since: ${name} is ${now} as it starts now; before it was ${before}.`];
		return [...was('read_only', origin.readOnly, facts.readOnly), ...was('event_scheduler', origin.eventScheduler, facts.eventScheduler)];
	},
};
