import type { Action } from '../../core/action.ts';
import { must } from '../../core/check.ts';
import type { Step } from '../../core/step.ts';
import { change } from '../change.ts';
import { restarted } from '../server.ts';
import { type ProvisionEnv, seeded } from './env.ts';

type Facts = {
	readonly readOnly: string;
	/** Null where the server has no such switch. */
	readonly superReadOnly: string | null;
	readonly eventScheduler: string;
	readonly startedAt: number;
	readonly lines: readonly string[];
};

export const protect: Step<ProvisionEnv, Facts, null> = {
	id: 'protect',
	title: 'Keep it a replica',
	why: 'Nobody but replication may write there (read_only; on MySQL super_read_only, too, once it has the data), and no event may fire there: either would make it differ from the primary, and in strict mode stop it. This is set before the data comes, because copied events are enabled ones. Its option file must say the same, or a restart forgets it.',
	async inspect({ replica, look }) {
		const identity = await look('replica', replica.dialect.identity);
		const { readOnly, superReadOnly, eventScheduler, startedAt } = identity;
		return { readOnly, superReadOnly, eventScheduler, startedAt, lines: replica.dialect.channel.safeOptions(identity) };
	},
	plan({ replica, facts, outputs }) {
		const { locks } = replica.dialect;
		const actions: Action[] = [];
		if (facts.readOnly === 'OFF') {
			actions.push(change('replica', 'read-only', 'clients may not write there', locks.setReadOnly('ON')));
		}
		if (facts.superReadOnly === 'ON' && seeded({ outputs }) === undefined) {
			actions.push(
				change(
					'replica',
					'super-read-only-off',
					'it would refuse the data; on again before replication starts',
					locks.setSuperReadOnly('OFF'),
				),
			);
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
	async verify({ replica, look, outputs }) {
		const identity = await look('replica', replica.dialect.identity);
		return [
			must('READ-ONLY', 'The replica is read-only', identity.readOnly !== 'OFF', { expected: 'ON', found: identity.readOnly }),
			must('EVENTS-OFF', 'Its event scheduler is off', identity.eventScheduler !== 'ON', {
				expected: 'OFF',
				found: identity.eventScheduler,
			}),
			...(identity.superReadOnly === 'ON' && seeded({ outputs }) === undefined
				? [must('TAKES-DATA', 'The data can come', false, { expected: 'super_read_only is OFF until then', found: 'ON' })]
				: []),
		];
	},
	undo({ replica, facts, origin, clone }) {
		const { locks } = replica.dialect;
		// A clone's restart is this run's own.
		if (clone === undefined && restarted(origin, facts)) return [];
		const actions: Action[] = [];
		if (facts.readOnly !== origin.readOnly) {
			actions.push(change('replica', 'read-only-back', 'as it was', locks.setReadOnly(origin.readOnly)));
		}
		if (origin.superReadOnly === 'ON' && facts.superReadOnly === 'OFF') {
			actions.push(change('replica', 'super-read-only-back', 'as it was', locks.setSuperReadOnly('ON')));
		}
		if (facts.eventScheduler !== origin.eventScheduler && origin.eventScheduler !== 'DISABLED') {
			actions.push(change('replica', 'events-back', 'as it was', locks.setEventScheduler(origin.eventScheduler)));
		}
		return actions;
	},
	foreign({ replica, facts, origin, clone }) {
		if (clone !== undefined || !restarted(origin, facts)) return [];
		const was = (name: string, before: string, now: string) =>
			before === now ? [] : [`${replica.name} was restarted since: ${name} is ${now} as it starts now; before it was ${before}.`];
		return [
			...was('read_only', origin.readOnly, facts.readOnly),
			...was('super_read_only', origin.superReadOnly ?? '', facts.superReadOnly ?? ''),
			...was('event_scheduler', origin.eventScheduler, facts.eventScheduler),
		];
	},
};
