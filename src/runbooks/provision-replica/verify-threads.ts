import { setTimeout as pause } from 'node:timers/promises';
import { must } from '../../core/check.ts';
import type { Step } from '../../core/step.ts';
import { applierGaps, gapChecks } from '../shared/gaps.ts';
import { captured, type ProvisionEnv } from './env.ts';
import { channelOf, threadChecks, untilThreadsRun } from './threads.ts';

const SEEN_WITHIN_MS = 10_000;

export const verifyThreads: Step<
	ProvisionEnv,
	null,
	{ readonly encrypted: boolean; readonly cipher: string | null; readonly verified: boolean }
> = {
	id: 'verify-threads',
	title: 'Verify replication',
	why: 'Slave_IO_Running and Slave_SQL_Running (MySQL: Replica_…) must both say Yes and show no error, the primary must see the replica’s connection and know it to be encrypted, and the replica’s position must be beyond what the primary had when this began.',
	inspect: async () => null,
	plan: () => [],
	async run(at) {
		const { primary, runQuery, account, now, signal } = at;
		await untilThreadsRun(at);
		const seenNow = async () =>
			(await runQuery('primary', primary.dialect.channel.connected)).filter((connection) => connection.user === account.user);
		let seen = await seenNow();
		// An IO thread says Yes before it has asked for the log.
		for (const until = now().getTime() + SEEN_WITHIN_MS; seen.length === 0 && now().getTime() < until; seen = await seenNow())
			await pause(100, undefined, { signal }).catch(() => signal.throwIfAborted());
		const demanded = await runQuery('primary', primary.dialect.accounts.requiresTls(account.user, account.host));
		const cipher = seen.find((connection) => connection.cipher !== null)?.cipher ?? null;
		return { encrypted: seen.length > 0 && (demanded || cipher !== null), cipher, verified: (await channelOf(at))?.tlsVerified ?? false };
	},
	async verify(at) {
		const { primary, replica, runQuery, account, tls, output, backup } = at;
		const seen = (await runQuery('primary', primary.dialect.channel.connected)).filter((connection) => connection.user === account.user);
		const { written, replicated } = await runQuery('replica', replica.dialect.positions.current);
		const channel = await channelOf(at);
		const before = captured(at)?.position.written ?? '';
		return [
			...threadChecks(replica, channel),
			...gapChecks(
				'FILTERS',
				{ pass: 'The replica applies all changes', fail: 'The replica leaves out changes' },
				await applierGaps(replica, channel === undefined ? [] : [channel], runQuery, 'replica'),
				'no filter',
			),
			must(
				'SEEN',
				{ pass: 'The primary sees the replica’s connection', fail: 'The primary does not see the replica’s connection' },
				seen.length > 0,
				{
					expected: `a Binlog Dump of ${account.user}`,
					found: seen.length === 0 ? 'none' : seen.map((connection) => connection.host).join(', '),
				},
			),
			tls
				? must(
						'ENCRYPTED',
						{ pass: 'The connection is encrypted, as the primary knows it', fail: 'The connection is not encrypted' },
						output.encrypted,
						{
							expected: 'an account that must use TLS',
							found: output.cipher ?? (output.encrypted ? 'the account demands it' : 'not encrypted'),
						},
					)
				: { id: 'ENCRYPTED', title: 'Not encrypted, as was asked', status: 'warning', found: '--no-tls' },
			// The data of a backup are older than this run: the next step waits for that, and proves it.
			...(backup !== undefined
				? []
				: [
						must(
							'BEYOND',
							{
								pass: 'The replica’s position is beyond what the primary had',
								fail: 'The replica’s position is not beyond what the primary had',
							},
							replica.dialect.positions.contains(replicated, before),
							{
								expected: before || '(empty)',
								found: replicated || written || '(empty)',
							},
						),
					]),
		];
	},
	proves: () => true,
	previewOutput: { encrypted: false, cipher: null, verified: false },
};
