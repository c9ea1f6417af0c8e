import { setTimeout as pause } from 'node:timers/promises';
import { type Check, must } from '../../core/check.ts';
import { VerifyFailed } from '../../core/errors.ts';
import type { Looking, Step } from '../../core/step.ts';
import type { Channel, Dialect } from '../../dialects/dialect.ts';
import { captured, type ProvisionEnv } from './env.ts';

const CONNECT_WITHIN_MS = 30_000;

async function channelOf({ replica, look }: ProvisionEnv & Looking): Promise<Channel | undefined> {
	return (await look('replica', replica.dialect.channel.status))[0];
}

function threadChecks({ mends }: Dialect, channel: Channel | undefined): Check[] {
	const error = channel?.ioError ?? channel?.sqlError ?? null;
	return [
		must('IO', 'The IO thread runs', channel?.io === 'yes', {
			expected: 'Yes',
			found: channel === undefined ? 'no channel' : `${channel.io}${channel.ioError ? `: ${channel.ioError}` : ''}`,
			mend: mends.channelError(channel?.ioError ?? ''),
		}),
		must('SQL', 'The SQL thread runs', channel?.sql === 'yes', {
			expected: 'Yes',
			found: channel === undefined ? 'no channel' : `${channel.sql}${channel.sqlError ? `: ${channel.sqlError}` : ''}`,
			mend: mends.channelError(channel?.sqlError ?? ''),
		}),
		must('ERRORS', 'Without an error', error === null, { expected: 'none', found: error ?? 'none' }),
	];
}

export const verifyThreads: Step<
	ProvisionEnv,
	null,
	{ readonly encrypted: boolean; readonly cipher: string | null; readonly verified: boolean }
> = {
	id: 'verify-threads',
	title: 'Prove that it replicates',
	why: 'IO and SQL must both say Yes and show no error, the primary must see the replica’s connection and know it to be encrypted, and the replica’s position must be beyond what the primary had when this began.',
	inspect: async () => null,
	plan: () => [],
	async run(at) {
		const { primary, look, account, now, signal } = at;
		const until = now().getTime() + CONNECT_WITHIN_MS;
		for (;;) {
			const channel = await channelOf(at);
			const ready = channel?.io === 'yes' && channel.sql === 'yes';
			const dead = channel === undefined || channel.sql === 'no' || (channel.io === 'no' && channel.ioError !== null);
			if (ready) break;
			if (dead || now().getTime() > until)
				throw new VerifyFailed(
					threadChecks(at.replica.dialect, channel).filter((check) => check.status === 'fail'),
					'Replication does not run.',
				);
			await pause(250, undefined, { signal }).catch(() => signal.throwIfAborted());
		}
		const seen = (await look('primary', primary.dialect.channel.connected)).filter((connection) => connection.user === account.user);
		const demanded = await look('primary', primary.dialect.accounts.requiresTls(account.user, account.host));
		const cipher = seen.find((connection) => connection.cipher !== null)?.cipher ?? null;
		return { encrypted: seen.length > 0 && (demanded || cipher !== null), cipher, verified: (await channelOf(at))?.tlsVerified ?? false };
	},
	async verify(at) {
		const { primary, replica, look, account, tls, output } = at;
		const seen = (await look('primary', primary.dialect.channel.connected)).filter((connection) => connection.user === account.user);
		const { written, replicated } = await look('replica', replica.dialect.positions.current);
		const before = captured(at)?.position.gtid ?? '';
		return [
			...threadChecks(replica.dialect, await channelOf(at)),
			must('SEEN', 'The primary sees the replica’s connection', seen.length > 0, {
				expected: `a Binlog Dump of ${account.user}`,
				found: seen.length === 0 ? 'none' : seen.map((connection) => connection.host).join(', '),
			}),
			tls
				? must('ENCRYPTED', 'Encrypted, as the primary knows it', output.encrypted, {
						expected: 'an account that must use TLS',
						found: output.cipher ?? (output.encrypted ? 'the account demands it' : 'not encrypted'),
					})
				: { id: 'ENCRYPTED', title: 'Not encrypted, as was asked', status: 'warning', found: '--no-tls' },
			must('BEYOND', 'Its position is beyond what the primary had', replica.dialect.positions.includes(replicated, before), {
				expected: before || '(empty)',
				found: replicated || written || '(empty)',
			}),
		];
	},
	standIn: { encrypted: false, cipher: null, verified: false },
};
