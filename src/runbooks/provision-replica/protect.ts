import type { Action } from '../../core/action.ts';
import { fail, must } from '../../core/check.ts';
import { ServerError } from '../../core/errors.ts';
import type { Step } from '../../core/step.ts';
import { change } from '../shared/change.ts';
import { restarted } from '../shared/server.ts';
import { type ProvisionEnv, seeded } from './env.ts';

type Facts = {
	readonly readOnly: string;
	/** Null where the server has no such switch. */
	readonly superReadOnly: string | null;
	readonly eventScheduler: string;
	readonly startedAt: number;
	readonly lines: readonly string[];
	/** max_allowed_packet, bytes. */
	readonly packet: number;
};

/**
 * `packet`: what it was before it was raised for the data, and is to be again; null where it was not raised. `optionFile`: the lines that its
 * option file must have.
 */
export type ProtectOutput = { readonly packet: number | null; readonly optionFile?: readonly string[] };

/** The most that there can be, as the tools have it: a row of bytes is twice as long in a dump. */
const LARGEST_PACKET = 1024 ** 3;

export const protect: Step<ProvisionEnv, Facts, ProtectOutput> = {
	id: 'protect',
	title: 'Make the replica read-only',
	why: 'Only replication may write there (read_only; on MySQL super_read_only, too, once it has the data), and no event may fire there: either would make it differ from the primary, and in strict mode stop it. This is set before the data comes, because copied events are enabled ones. Its option file must say the same, or a restart forgets it.',
	async inspect({ replica, runQuery }) {
		const identity = await runQuery('replica', replica.dialect.identity);
		const { readOnly, superReadOnly, eventScheduler, startedAt } = identity;
		return {
			readOnly,
			superReadOnly,
			eventScheduler,
			startedAt,
			lines: replica.dialect.channel.safeOptions(identity),
			packet: await runQuery('replica', replica.dialect.fits.packet),
		};
	},
	plan({ replica, facts, outputs, clone }) {
		const { locks, fits } = replica.dialect;
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
		if (facts.packet < LARGEST_PACKET && clone === undefined && seeded({ outputs }) === undefined) {
			const set = fits.setPacket(LARGEST_PACKET);
			actions.push(change('replica', 'packet', 'a row of bytes is twice as long in a dump; as before when replication starts', set));
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
	async run({ plan, perform, note, facts, origin }) {
		for (const action of plan) {
			if (action.id !== 'packet') await perform(action);
			else {
				await perform(action).catch((error: unknown) => {
					if (!(error instanceof ServerError) || error.connectionLost) throw error;
					note(`max_allowed_packet stays ${facts.packet}: ${error.description.message} Larger rows would be refused.`, 'warning');
				});
			}
		}
		return { packet: origin.packet !== undefined && origin.packet < LARGEST_PACKET ? origin.packet : null, optionFile: facts.lines };
	},
	async verify({ replica, runQuery, outputs }) {
		const identity = await runQuery('replica', replica.dialect.identity);
		return [
			must('READ-ONLY', { pass: 'The replica is read-only', fail: 'The replica is not read-only' }, identity.readOnly !== 'OFF', {
				expected: 'ON',
				found: identity.readOnly,
			}),
			must(
				'EVENTS-OFF',
				{ pass: 'The replica’s event scheduler is off', fail: 'The replica’s event scheduler is on' },
				identity.eventScheduler !== 'ON',
				{
					expected: 'OFF',
					found: identity.eventScheduler,
				},
			),
			...(identity.superReadOnly === 'ON' && seeded({ outputs }) === undefined
				? [fail('TAKES-DATA', 'The replica takes no data', { expected: 'super_read_only is OFF until then', found: 'ON' })]
				: []),
		];
	},
	async inspectReachable(at) {
		if (!at.absent.has('replica')) return protect.inspect(at);
		return { ...at.origin, readOnly: 'ON', eventScheduler: at.origin.eventScheduler === 'ON' ? 'OFF' : at.origin.eventScheduler };
	},
	undo({ replica, facts, origin, clone }) {
		const { locks } = replica.dialect;
		// A clone's restart is this run's own.
		if (clone === undefined && restarted(origin, facts)) return [];
		const actions: Action[] = [];
		if (origin.packet !== undefined && facts.packet === LARGEST_PACKET && origin.packet !== facts.packet)
			actions.push(change('replica', 'packet-back', 'as it was', replica.dialect.fits.setPacket(origin.packet)));
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
	drift({ replica, facts, origin, clone }) {
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
