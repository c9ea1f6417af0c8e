// What a replica's threads say when they do not run: the numbers that both vendors share, and what fixes them.
import { shellWord } from '../../core/shell.ts';
import type { ReplicaPlace } from '../contract/hints.ts';

export type HintMaker = (at: ReplicaPlace, text: string) => readonly string[];
export type HintsByNumber = Readonly<Record<string, HintMaker>>;

/** `1062` of `1062: Duplicate entry …`; empty where the error has none. */
export const errorNumber = (error: string): string => /^(\d+):/.exec(error)?.[1] ?? '';

/** A profile's name has no colon. */
const server = (name: string): string => shellWord(name.includes(':') ? `mysql://USER@${name}` : name);

export const seedAgain = ({ channel, name }: ReplicaPlace): string =>
	`lockstep provision --primary ${server(`${channel.host}:${channel.port}`)} --replica ${server(name)} --confirm ${shellWord(name)}`;

/** The replica lacks, or has, what the primary does not. `differs`: says so, and that only another copy helps. */
export function copyErrors(differs: (what: string) => HintMaker): HintsByNumber {
	const gone = differs('What the primary works with is not there on the replica: it was never seeded, or something was dropped there.');
	const exists = differs('It exists on the replica already: something was written there, or the replica was seeded from another moment.');
	return {
		'1007': exists,
		'1008': gone,
		'1032': differs('A row is missing or another one on the replica: something was written there, or it was seeded from another moment.'),
		'1049': gone,
		'1050': exists,
		'1051': gone,
		'1062': exists,
		'1141': differs('A privilege that the primary took away is not there on the replica.'),
		'1146': gone,
		'1396': differs('An account exists already, or is missing, on the replica.'),
		'1397': differs('An XA transaction that was prepared before the replica was seeded is not there on it.'),
	};
}

/** The words by which a dialect changes a channel. */
export interface ChannelTerms {
	/** The line that changes it, stopped and started around it. */
	change(at: ReplicaPlace, to: string): string;
	readonly encrypted: string;
	readonly password: string;
	readonly address: string;
	/** What to do where it has given up trying; none where it never does. */
	retried(at: ReplicaPlace): readonly string[];
}

/** The primary cannot be reached, or refuses the login. */
export function loginErrors({ change, encrypted, password, address, retried }: ChannelTerms): HintsByNumber {
	const unreachable: HintMaker = (at) => [
		'The replica cannot reach the primary: it is down, or bind_address, a firewall, or an address that only this machine knows (--source HOST:PORT).',
		...retried(at),
		change(at, address),
	];
	return {
		'1045': (at) => [
			...(at.channel.tlsAsked ? [] : ['The account may demand TLS, which the channel does not use:', change(at, encrypted)]),
			'The primary refused the login: the password is wrong, or the account’s host does not match the replica’s address (--account NAME@HOST):',
			change(at, password),
		],
		'1130': () => ['The primary does not let that address in: give the account another host (--account NAME@HOST).'],
		'2002': unreachable,
		'2003': unreachable,
		'2005': (at) => [
			'The replica cannot resolve the primary’s name: it needs an address that it knows (--source HOST:PORT).',
			...retried(at),
			change(at, address),
		],
		'3159': (at) => ['The primary takes encrypted connections only:', change(at, encrypted)],
	};
}

/** A connection that was accepted and then ended has no number. */
export const unnumbered = (error: string): readonly string[] =>
	/^0: .*(?:init_connect|reconnecting)/is.test(error)
		? [
				'The primary ended the connection right after the login: its init_connect fails for that account, or its error log says why.',
				'On the primary:  SELECT @@global.init_connect;',
			]
		: [];

/** Those of {@link copyErrors}, and that the primary's logs do not reach back: only another copy of the data helps. */
export const RESEED: readonly string[] = ['1007', '1008', '1032', '1049', '1050', '1051', '1062', '1141', '1146', '1236', '1396', '1397'];
