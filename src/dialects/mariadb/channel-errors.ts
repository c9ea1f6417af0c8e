// What a replica's threads say when they do not run, and what fixes it. The numbers and texts were seen on 10.11 and 11.8 (.github/docs/measured.md, Replication errors).

import { shellWord } from '../../core/shell.ts';
import { shown, sql } from '../../sql/sql.ts';
import type { ReplicaPlace } from '../contract/hints.ts';
import type { Channel } from '../contract/replication.ts';
import { accounts } from './accounts.ts';

type Mend = (at: ReplicaPlace, text: string) => readonly string[];

const of = ({ name }: Channel): string => (name === '' ? '' : ` ${shown(sql`${name}`)}`);

const start = ({ channel }: ReplicaPlace): string => `On the replica:  START SLAVE${of(channel)};`;

const change = ({ channel }: ReplicaPlace, to: string): string =>
	`On the replica:  STOP SLAVE${of(channel)}; CHANGE MASTER${of(channel)} TO ${to}; START SLAVE${of(channel)};`;

/** A profile's name has no colon. */
const server = (name: string): string => shellWord(name.includes(':') ? `mysql://USER@${name}` : name);

const seedAgain = ({ channel, name }: ReplicaPlace): string =>
	`lockstep provision --primary ${server(`${channel.host}:${channel.port}`)} --replica ${server(name)} --confirm ${shellWord(name)}`;

const PASSWORD = "MASTER_PASSWORD = 'PASSWORD'";
const OTHER_ADDRESS = "MASTER_HOST = 'HOST', MASTER_PORT = PORT";

/** The two are not the same: whatever made the one statement fail, the rest may differ as well. */
const differs =
	(what: string): Mend =>
	(at) => [`${what} Skipping that statement would only hide it: seed the replica again.`, seedAgain(at)];

const GONE = differs('What the primary works with is not there on the replica: it was never seeded, or something was dropped there.');
const THERE = differs('It exists on the replica already: something was written there, or the replica was seeded from another moment.');

const HINTS: Readonly<Record<string, Mend>> = {
	'1007': THERE,
	'1008': GONE,
	'1032': differs('A row is missing or another one on the replica: something was written there, or it was seeded from another moment.'),
	'1045': (at) => [
		...(at.channel.tlsAsked ? [] : ['The account may demand TLS, which the channel does not use:', change(at, 'MASTER_SSL = 1')]),
		'The primary refused the login: the password is wrong, or the account’s host does not match the replica’s address (--account NAME@HOST):',
		change(at, PASSWORD),
	],
	'1049': GONE,
	'1050': THERE,
	'1051': GONE,
	'1062': THERE,
	'1130': () => ['The primary does not let that address in: give the account another host (--account NAME@HOST).'],
	'1146': GONE,
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
	'1141': differs('A privilege that the primary took away is not there on the replica.'),
	'1396': differs('An account exists already, or is missing, on the replica.'),
	'1397': differs('An XA transaction that was prepared before the replica was seeded is not there on it.'),
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
	'2002': (at) => HINTS['2003']?.(at, '') ?? [],
	'2003': (at) => [
		'The replica cannot reach the primary: it is down, or bind_address, a firewall, or an address that only this machine knows (--source HOST:PORT).',
		change(at, OTHER_ADDRESS),
	],
	'2005': (at) => [
		'The replica cannot resolve the primary’s name: it needs an address that it knows (--source HOST:PORT).',
		change(at, OTHER_ADDRESS),
	],
	'2026': (at) => [
		'TLS failed: the certificate authority (--channel-ca) must be the primary’s, readable on the replica’s host.',
		change(at, "MASTER_SSL_CA = '/PATH/CA.pem'"),
	],
	'3159': (at) => ['The primary takes encrypted connections only:', change(at, 'MASTER_SSL = 1')],
};

const number = (error: string): string => /^(\d+):/.exec(error)?.[1] ?? '';

/** A connection that was accepted and then ended has no number. */
const unnumbered = (error: string): readonly string[] =>
	/^0: .*(?:init_connect|reconnecting)/is.test(error)
		? [
				'The primary ended the connection right after the login: its init_connect fails for that account, or its error log says why.',
				'On the primary:  SELECT @@global.init_connect;',
			]
		: [];

const COPIED_WRONG: readonly string[] = [
	...['1007', '1008', '1032', '1049', '1050', '1051', '1062', '1141', '1146', '1236', '1396', '1397', '1950', '1959'],
];

export const needsReseed = (error: string): boolean => COPIED_WRONG.includes(number(error));

export function channelError(error: string | null, at: ReplicaPlace): readonly string[] {
	if (error === null) return [start(at)];
	return HINTS[number(error)]?.(at, error) ?? unnumbered(error);
}
