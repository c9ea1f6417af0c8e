import { must } from '../../core/check.ts';
import type { Step } from '../../core/step.ts';
import { change } from '../shared/change.ts';
import { restarted } from '../shared/server.ts';
import type { ProvisionEnv } from './env.ts';
import type { ProtectOutput } from './protect.ts';

type Facts = {
	readonly running: boolean;
	readonly stopped: boolean;
	/** Null where the server has no such switch. */
	readonly superReadOnly: string | null;
	readonly startedAt: number;
	/** max_allowed_packet, bytes. */
	readonly packet: number;
};

export const start: Step<ProvisionEnv, Facts, null> = {
	id: 'start',
	title: 'Start replication',
	why: 'START SLAVE, in newer words START REPLICA: the IO thread fetches the primary’s binary log, the SQL thread applies it. The server says OK even if neither will ever connect; the next step looks.',
	async inspect({ replica, runQuery }) {
		const channel = (await runQuery('replica', replica.dialect.channel.status))[0];
		const { superReadOnly, startedAt } = await runQuery('replica', replica.dialect.identity);
		return {
			superReadOnly,
			startedAt,
			packet: await runQuery('replica', replica.dialect.fits.packet),
			running: channel !== undefined && channel.io !== 'no' && channel.sql === 'yes',
			stopped: channel === undefined || (channel.io === 'no' && channel.sql === 'no'),
		};
	},
	plan({ replica, facts, outputs }) {
		const { channel, locks, fits } = replica.dialect;
		const before = (outputs.protect as ProtectOutput | null | undefined)?.packet ?? null;
		return [
			...(before !== null && before !== facts.packet
				? [change('replica', 'packet', 'as it was: the data is complete', fits.setPacket(before))]
				: []),
			...(facts.superReadOnly === 'OFF'
				? [
						change(
							'replica',
							'super-read-only',
							'from now on only replication writes, administrators neither',
							locks.setSuperReadOnly('ON'),
						),
					]
				: []),
			...(facts.running ? [] : [change('replica', 'start', 'both threads', channel.start)]),
		];
	},
	/** A thread that stands still without an error was stopped by somebody, or by a comparison that died: a resumed run starts it again. */
	async verify({ replica, runQuery }) {
		const channel = (await runQuery('replica', replica.dialect.channel.status))[0];
		const { superReadOnly } = await runQuery('replica', replica.dialect.identity);
		const stopped = channel !== undefined && ((channel.io === 'no' && !channel.ioError) || (channel.sql === 'no' && !channel.sqlError));
		return [
			must('STARTED', { pass: 'Both threads were started', fail: 'The threads were not both started' }, channel !== undefined && !stopped, {
				expected: 'running, or stopped by an error',
				found: channel === undefined ? 'no channel' : `IO ${channel.io}, SQL ${channel.sql}`,
			}),
			...(superReadOnly === null
				? []
				: [
						must(
							'SUPER-READ-ONLY',
							{ pass: 'Administrators cannot write on the replica, either', fail: 'Administrators can write on the replica' },
							superReadOnly === 'ON',
							{
								expected: 'super_read_only is ON',
								found: superReadOnly,
							},
						),
					]),
		];
	},
	async inspectReachable(at) {
		if (!at.absent.has('replica')) return start.inspect(at);
		return { ...at.origin, running: true, stopped: false, superReadOnly: at.origin.superReadOnly === null ? null : 'ON' };
	},
	undo({ replica, facts, origin }) {
		const { channel, locks } = replica.dialect;
		return [
			...(origin.stopped && !facts.stopped ? [change('replica', 'stop', 'started by this run', channel.stop)] : []),
			...(origin.superReadOnly === 'OFF' && facts.superReadOnly === 'ON' && !restarted(origin, facts)
				? [change('replica', 'super-read-only-off', 'as it was', locks.setSuperReadOnly('OFF'))]
				: []),
		];
	},
};
