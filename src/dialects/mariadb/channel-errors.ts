// What a replica's threads say when they do not run, and what fixes it. The numbers and texts were seen on 10.11 and 11.8 (.github/docs/measured.md, Replication errors).

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

const of = ({ name }: Channel): string => (name === '' ? '' : ` ${shown(sql`${name}`)}`);

const start = ({ channel }: ReplicaPlace): string => `On the replica:  START SLAVE${of(channel)};`;

const change = ({ channel }: ReplicaPlace, to: string): string =>
	`On the replica:  STOP SLAVE${of(channel)}; CHANGE MASTER${of(channel)} TO ${to}; START SLAVE${of(channel)};`;

const PASSWORD = "MASTER_PASSWORD = 'PASSWORD'";
const OTHER_ADDRESS = "MASTER_HOST = 'HOST', MASTER_PORT = PORT";

/** The two are not the same: whatever made the one statement fail, the rest may differ as well. */
const differs =
	(what: string): HintMaker =>
	(at) => [`${what} Skipping that statement would only hide it: seed the replica again.`, seedAgain(at)];

const HINTS: HintsByNumber = {
	...copyErrors(differs),
	...loginErrors({ change, encrypted: 'MASTER_SSL = 1', password: PASSWORD, address: OTHER_ADDRESS, retried: () => [] }),
	'1236': (at, text) => [
		text.includes('not in the master')
			? 'The replica has what the primary has not: the primary was reset or restored. Find out which of them is right, then seed the other again.'
			: 'The primary no longer has, or never had, what the replica asks for: keep its binary logs for longer, and seed the replica again.',
		seedAgain(at),
	],
	'1593': (at, text) =>
		/server ids/.test(text)
			? [
					'Both have the same server id: give the replica one that no other server has, in its option file, too:',
					`On the replica:  SET GLOBAL server_id = @@global.server_id + 1; START SLAVE${of(at.channel)};`,
				]
			: [],
	'1959': differs('A role, or what was granted to it, is missing on the replica.'),
	'1594': (at) => [
		'A relay log cannot be read. What was fetched and not yet applied is fetched again:',
		at.channel.usesGtid || at.channel.sourceFile === null
			? `On the replica:  STOP SLAVE${of(at.channel)}; START SLAVE${of(at.channel)};`
			: change(at, shown(sql`MASTER_LOG_FILE = ${at.channel.sourceFile}, MASTER_LOG_POS = ${at.channel.sourcePos ?? 4}`)),
	],
	'1597': ({ channel }, text) => {
		const [, user = channel.user, host = 'HOST'] = /for user '(.*)'@'(.*?)' \(/.exec(text) ?? [];
		return [
			'The account may not replicate (the replica tries again by itself, or with START SLAVE):',
			`On the primary:  ${shown(accounts.grantReplication(user, host))};`,
		];
	},
	'1950': (at) => ['Something was written on the replica itself: seed it again, and find out who writes there.', seedAgain(at)],
	'2026': (at) => [
		'TLS failed: the certificate authority (--channel-ca) must be the primary’s, readable on the replica’s host.',
		change(at, "MASTER_SSL_CA = '/PATH/CA.pem'"),
	],
};

const COPIED_WRONG: readonly string[] = [...RESEED, '1950', '1959'];

export const needsReseed = (error: string): boolean => COPIED_WRONG.includes(errorNumber(error));

export function channelError(error: string | null, at: ReplicaPlace): readonly string[] {
	if (error === null) return [start(at)];
	return HINTS[errorNumber(error)]?.(at, error) ?? unnumbered(error);
}
