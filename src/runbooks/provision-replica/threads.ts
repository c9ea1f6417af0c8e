import { setTimeout as pause } from 'node:timers/promises';
import { type Check, must } from '../../core/check.ts';
import { VerifyFailed } from '../../core/errors.ts';
import type { ReadContext, RunContext } from '../../core/step.ts';
import type { Channel } from '../../dialects/contract/replication.ts';
import { channelsOf } from '../shared/channels.ts';
import type { Server } from '../shared/server.ts';
import type { ProvisionEnv } from './env.ts';

const CONNECT_WITHIN_MS = 30_000;

/** The replica's channel; a freshly cleared server has none. */
export async function channelOf({ replica, runQuery }: ProvisionEnv & ReadContext): Promise<Channel | undefined> {
	return (await channelsOf(replica, runQuery, 'replica'))[0];
}

export function threadChecks({ dialect, name }: Server, channel: Channel | undefined): Check[] {
	const error = channel?.ioError ?? channel?.sqlError ?? null;
	const hintsFor = (of: string | null) => (channel === undefined ? [] : dialect.hints.channelError(of, { channel, name }));
	return [
		must('IO', { pass: 'The IO thread runs', fail: 'The IO thread does not run' }, channel?.io === 'yes', {
			expected: 'Yes',
			found: channel === undefined ? 'no channel' : `${channel.io}${channel.ioError ? `: ${channel.ioError}` : ''}`,
			hints: hintsFor(channel?.ioError ?? null),
		}),
		must('SQL', { pass: 'The SQL thread runs', fail: 'The SQL thread does not run' }, channel?.sql === 'yes', {
			expected: 'Yes',
			found: channel === undefined ? 'no channel' : `${channel.sql}${channel.sqlError ? `: ${channel.sqlError}` : ''}`,
			hints: hintsFor(channel?.sqlError ?? null),
		}),
		must('ERRORS', { pass: 'Replication reports no error', fail: 'Replication reports an error' }, error === null, {
			expected: 'none',
			found: error ?? 'none',
		}),
	];
}

/** START only asks the threads to start: waits until both say that they run. Throws VerifyFailed where they do not within half a minute. */
export async function untilThreadsRun(at: ProvisionEnv & RunContext): Promise<void> {
	const { replica, now, signal } = at;
	const until = now().getTime() + CONNECT_WITHIN_MS;
	for (;;) {
		const channel = await channelOf(at);
		if (channel?.io === 'yes' && channel.sql === 'yes') return;
		const dead = channel === undefined || channel.sql === 'no' || (channel.io === 'no' && channel.ioError !== null);
		if (dead || now().getTime() > until)
			throw new VerifyFailed(
				threadChecks(replica, channel).filter((check) => check.status === 'fail'),
				'Replication does not run.',
			);
		await pause(250, undefined, { signal }).catch(() => signal.throwIfAborted());
	}
}
