import type { Step } from '../../core/step.ts';
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
	plan: ({ replica, facts }) =>
		facts.running
			? []
			: [{ kind: 'sql', id: 'start', why: 'both threads', on: 'replica', statement: replica.dialect.channel.start, changes: true }],
	undo: ({ replica, facts, origin }) =>
		origin.stopped && !facts.stopped
			? [{ kind: 'sql', id: 'stop', why: 'started by this run', on: 'replica', statement: replica.dialect.channel.stop, changes: true }]
			: [],
};
