import { must } from '../../core/check.ts';
import type { Step } from '../../core/step.ts';
import { change } from '../change.ts';
import type { ProvisionEnv } from './env.ts';

type Facts = { readonly running: boolean; readonly stopped: boolean };

export const start: Step<ProvisionEnv, Facts, null> = {
	id: 'start',
	title: 'Start replication',
	why: 'The IO thread fetches the primary’s binary log, the SQL thread applies it. The server says OK even if neither will ever connect; the next step looks.',
	async inspect({ replica, look }) {
		const channel = (await look('replica', replica.dialect.channel.status))[0];
		return {
			running: channel !== undefined && channel.io !== 'no' && channel.sql === 'yes',
			stopped: channel === undefined || (channel.io === 'no' && channel.sql === 'no'),
		};
	},
	plan: ({ replica, facts }) => (facts.running ? [] : [change('replica', 'start', 'both threads', replica.dialect.channel.start)]),
	/** A thread that stands still without an error was stopped by somebody, or by a comparison that died: a resumed run starts it again. */
	async verify({ replica, look }) {
		const channel = (await look('replica', replica.dialect.channel.status))[0];
		const stopped = channel !== undefined && ((channel.io === 'no' && !channel.ioError) || (channel.sql === 'no' && !channel.sqlError));
		return [
			must('STARTED', 'Both threads were started', channel !== undefined && !stopped, {
				expected: 'running, or stopped by an error',
				found: channel === undefined ? 'no channel' : `IO ${channel.io}, SQL ${channel.sql}`,
			}),
		];
	},
	undo: ({ replica, facts, origin }) =>
		origin.stopped && !facts.stopped ? [change('replica', 'stop', 'started by this run', replica.dialect.channel.stop)] : [],
};
