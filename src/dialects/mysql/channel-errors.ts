// What a replica's threads say when they do not run, and what fixes it. The numbers and texts were seen on 9.7 (.github/docs/measured.md, Replication errors).

import { shown, sql } from '../../sql/sql.ts';
import {
	copyErrors,
	errorNumber,
	type HintMaker,
	type HintsByNumber,
	loginErrors,
	RESEED,
	seedAgain,
	unnumbered,
} from '../common/channel-errors.ts';
import type { ReplicaPlace } from '../contract/hints.ts';
import type { Channel } from '../contract/replication.ts';
import { accounts } from './accounts.ts';

const of = ({ name }: Channel): string => (name === '' ? '' : ` FOR CHANNEL ${shown(sql`${name}`)}`);

const start = ({ channel }: ReplicaPlace): string => `On the replica:  START REPLICA${of(channel)};`;

const change = ({ channel }: ReplicaPlace, to: string): string =>
	`On the replica:  STOP REPLICA${of(channel)}; CHANGE REPLICATION SOURCE TO ${to}${of(channel)}; START REPLICA${of(channel)};`;

const PASSWORD = "SOURCE_PASSWORD = 'PASSWORD'";
const OTHER_ADDRESS = "SOURCE_HOST = 'HOST', SOURCE_PORT = PORT";

/** The coordinator's own text names a worker only. */
const WORKERS =
	'On the replica:  SELECT WORKER_ID, LAST_ERROR_MESSAGE FROM performance_schema.replication_applier_status_by_worker WHERE LAST_ERROR_NUMBER <> 0;';

/** The two are not the same: whatever made the one statement fail, the rest may differ as well. */
const differs =
	(what: string): HintMaker =>
	(at, text) => [
		`${what} Skipping that transaction would only hide it: seed the replica again.`,
		...(/replication_applier_status_by_worker/.test(text) ? ['Which row or table it was:', WORKERS] : []),
		seedAgain(at),
	];

const retried = (at: ReplicaPlace): readonly string[] =>
	at.channel.io === 'no' ? ['It tried often enough and does not try again by itself:', start(at)] : [];

const SAME_ID = /same server_uuid|same server_id|server_uuid\/server_id/i;

function refusalMeaning(text: string): string {
	if (/more GTIDs than the source/i.test(text))
		return 'The replica has what the primary has not: the primary was reset or restored. Find out which of them is right, then seed the other again.';
	if (/purged required binary logs/i.test(text))
		return 'The primary has purged the binary logs that the replica still needs: keep them for longer (binlog_expire_logs_seconds), and seed the replica again.';
	if (SAME_ID.test(text))
		return 'Another replica with the same server_uuid or server_id reads from the primary and each throws the other out: remove auto.cnf on the copied one and restart it.';
	return 'The primary no longer has, or never had, what the replica asks for: seed the replica again.';
}

/** What the source said when it sent nothing more: 1236 within 13114. */
const refused: HintMaker = (at, text) => [refusalMeaning(text), ...(SAME_ID.test(text) ? [] : [seedAgain(at)])];

const tlsFailed: HintMaker = (at, text) => {
	if (/CA certificate is required/.test(text))
		return ['To verify the primary’s certificate the channel needs its authority:', change(at, "SOURCE_SSL_CA = '/PATH/CA.pem'")];
	if (/doesn't support|not support|required/i.test(text))
		return [
			'The primary has no TLS, and the channel demands it: give the primary a certificate (ssl_cert, ssl_key), then it connects by itself.',
		];
	return [
		'TLS failed: the certificate authority (--channel-ca) must be the primary’s, readable on the replica’s host.',
		change(at, "SOURCE_SSL_CA = '/PATH/CA.pem'"),
		...(at.channel.tlsVerified
			? [
					'Is it the right one? A certificate that a server made by itself names no host. Then the authority alone is asked, and not the name:',
					change(at, 'SOURCE_SSL_VERIFY_SERVER_CERT = 0'),
				]
			: []),
	];
};

/** Two things must differ, or a setting be the same, on both servers. */
const unfitServers: HintMaker = (at, text) => {
	if (/server UUIDs/i.test(text))
		return [
			'Both have the same server_uuid: the replica’s data folder is a copy of the primary’s.',
			'On the replica’s host: stop the server, remove auto.cnf from its data folder, and start it again.',
		];
	if (/server ids/i.test(text))
		return [
			'Both have the same server id: give the replica one that no other server has, for good:',
			`On the replica:  SET PERSIST server_id = @@global.server_id + 1; START REPLICA${of(at.channel)};`,
		];
	if (/GTID_MODE/i.test(text))
		return ['Both need gtid_mode = ON. One step at a time, on both before the next: OFF_PERMISSIVE, ON_PERMISSIVE, ON.'];
	return [start(at)];
};

const refusedAccount: HintMaker = ({ channel }, text) => {
	const [, user = channel.user, host = 'HOST'] = /for user '(.*?)'@'(.*?)'/.exec(text) ?? [];
	return [
		'The account may not replicate (the replica tries again by itself, or with START REPLICA):',
		`On the primary:  ${shown(accounts.grantReplication(user, host))};`,
	];
};

const HINTS: HintsByNumber = {
	...copyErrors(differs),
	...loginErrors({ change, encrypted: 'SOURCE_SSL = 1', password: PASSWORD, address: OTHER_ADDRESS, retried }),
	'1236': refused,
	'3523': differs('An account is missing on the replica.'),
	'1410': differs(
		'The channel’s privileges do not suffice for what the primary did (1410 is of accounts that a GRANT would have to make).',
	),
	'1593': (at, text) => HINTS['13117']?.(at, text) ?? [],
	'1872': (at) => [
		'Its relay log’s own notes are gone. By GTID it can fetch everything again:',
		`On the replica:  RESET REPLICA${of(at.channel)}; START REPLICA${of(at.channel)};`,
	],
	'2013': (at) => [
		'The connection to the primary broke off: the network, or the primary stopped. It connects again by itself.',
		...retried(at),
	],
	'2026': tlsFailed,
	'2061': (at) => [
		'Without TLS a password of this kind (caching_sha2_password) needs the primary’s key. Better encrypted:',
		change(at, 'SOURCE_SSL = 1'),
		'or, in a network that you trust:',
		change(at, 'GET_SOURCE_PUBLIC_KEY = 1'),
	],
	// `Got fatal error 1236 from source when reading data from binary log: …`
	'13114': (at, text) => HINTS[/fatal error (\d+)/i.exec(text)?.[1] ?? '']?.(at, text) ?? refused(at, text),
	'13117': unfitServers,
	'13120': refusedAccount,
	'13121': (at) => [
		'A relay log cannot be read. What was fetched and not yet applied is fetched again:',
		`On the replica:  STOP REPLICA${of(at.channel)}; RESET REPLICA${of(at.channel)}; START REPLICA${of(at.channel)};`,
	],
	'13122': (at, text) => differs('A transaction could not be applied.')(at, text),
};

const COPIED_WRONG: readonly string[] = [...RESEED, '3523', '13122'];

/** What stands within 13114, the source's own refusal, is the error that counts. */
export function needsReseed(error: string): boolean {
	const number = errorNumber(error);
	const inner = number === '13114' ? /fatal error (\d+)/i.exec(error)?.[1] : undefined;
	return COPIED_WRONG.includes(inner ?? number) && !SAME_ID.test(error);
}

export function channelError(error: string | null, at: ReplicaPlace): readonly string[] {
	if (error === null) return [start(at)];
	return HINTS[errorNumber(error)]?.(at, error) ?? unnumbered(error);
}
