import { type Check, fail, must, warning } from '../../core/check.ts';
import { shellWord } from '../../core/shell.ts';
import type { Step } from '../../core/step.ts';
import type { Identity } from '../../dialects/contract/identity.ts';
import { compareSeries, seriesOf } from '../../dialects/series.ts';
import type { ReplicatingEnv } from './env.ts';

type Facts = {
	readonly identity: Identity;
	/** Where it replicates from. */
	readonly sources: readonly string[];
};

export const inspectPrimary: Step<ReplicatingEnv, Facts, null> = {
	id: 'inspect-primary',
	title: 'Check the primary',
	why: 'The restored server is to replicate from it: it must be of the backup’s kind, have a binary log and offer TLS, and nothing but the password of an account goes to a server that nothing proves.',
	async inspect({ primary, runQuery }) {
		return {
			identity: await runQuery('primary', primary.dialect.identity),
			sources: (await runQuery('primary', primary.dialect.channel.status)).map(({ host, port }) => `${host}:${port}`),
		};
	},
	checks({ facts: { identity, sources }, ...env }) {
		const { primary, manifest, tls, account } = env;
		const { position, server } = manifest;
		const { hints } = primary.dialect;
		const gtid = position.source?.gtid || position.self?.gtid || '';
		const checks: Check[] = [
			must(
				'DRILL-PRIMARY',
				{ pass: `${primary.name} is of the backup’s kind`, fail: `${primary.name} is not of the backup’s kind` },
				primary.dialect.id === server.flavor,
				{
					expected: server.flavor,
					found: primary.dialect.id,
				},
			),
			must(
				'DRILL-GTID',
				{ pass: 'The backup names the GTID to continue from', fail: 'The backup names no GTID to continue from' },
				gtid !== '',
				{ wrong: 'file and position only, or none' },
			),
			must('DRILL-LOG', { pass: `${primary.name} has a binary log`, fail: `${primary.name} has no binary log` }, identity.binaryLog, {
				hints: hints.binaryLog,
			}),
			...verifiedCheck(env),
			must('DRILL-TLS', { pass: `${primary.name} offers TLS`, fail: `${primary.name} offers no TLS` }, identity.tls || !tls, {
				hints: ['lockstep drill BACKUP --replicate --no-tls', ...hints.tls],
			}),
		];
		// A drill's account would be a write of its own on a server that only follows another.
		if (account.ours && sources.length > 0)
			checks.push(
				fail('DRILL-CHAIN', `${primary.name} is itself a replica`, {
					expected: 'a server on which an account can be created',
					wrong: `it replicates from ${sources.join(', ')}: an account created on it would disturb that`,
					hints: [
						`Take the top of the chain:  ${sources.map((source) => `--primary ${shellWord(`mysql://USER@${source}`)}`).join('  or  ')}`,
						'or give an account that may replicate:  --account NAME --account-password-file FILE',
					],
				}),
			);
		if (compareSeries(identity.series, seriesOf(server.version)) > 0)
			checks.push(
				warning('DRILL-SERIES', `${primary.name} is newer than the server that was backed up`, {
					wrong: `it is ${identity.version}: an older replica may not understand it`,
				}),
			);
		return checks;
	},
	plan: () => [],
};

/**
 * The password of a person's account goes to a verified server only, or to one that the person takes as it is: a server can ask the restored
 * one for the password itself.
 */
function verifiedCheck({ primary, account, tls, replication: { trust, user } }: ReplicatingEnv): readonly Check[] {
	if (account.ours || trust.isAccepted || (tls && trust.ca !== null)) return [];
	const host = primary.host.includes(':') ? `[${primary.host}]` : primary.host;
	const address = (options: string) => shellWord(`mysql://${encodeURIComponent(user)}@${host}:${primary.port}?${options}`);
	return [
		fail('DRILL-ACCOUNT', `${primary.name} is not verified before it gets the password of ${account.user}`, {
			expected: 'TLS, and a certificate that is signed by the CA of ssl-ca',
			found: tls ? 'no CA, so any server there could read the password' : 'no TLS (--no-tls)',
			hints: [
				`--primary ${address('ssl-mode=VERIFY_CA&ssl-ca=/PATH/CA.pem')}`,
				'Or leave out --account: an account with a generated password is created for the drill, and dropped afterwards.',
				`Or, in a network that you trust:  --primary ${address(tls ? 'ssl-mode=REQUIRED' : 'get-server-public-key=1')}`,
			],
		}),
	];
}
