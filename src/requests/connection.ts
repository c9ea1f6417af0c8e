// How a server is reached: the options of the MySQL clients, once for every command and, with a prefix, for each server of a pair.
import { resolve } from 'node:path';
import { UserError } from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import { attributeName, type Given } from './option.ts';

/** How each role's server is reached, where its name does not say it all; never a password. */
export type ReachRequest = { readonly [role: string]: { readonly [field: string]: Json } };

export type Role = 'server' | 'primary' | 'replica';

interface ConnectionOption {
	readonly flags: string;
	/** The letter of the MySQL clients; not for one server of a pair. */
	readonly letter?: string;
	readonly about?: string;
	/** Absolute in the request. */
	readonly isPath?: boolean;
}

const NO_DEFAULTS = '--no-defaults';

export const CONNECTION: readonly ConnectionOption[] = [
	{ flags: '--host <host>', letter: '-h', about: 'as every MySQL client' },
	{ flags: '--port <port>', letter: '-P', about: 'its TCP port (3306)' },
	{ flags: '--user <user>', letter: '-u', about: 'the account' },
	{ flags: '--password [password]', letter: '-p', about: '-p alone asks for it' },
	{ flags: '--socket <path>', letter: '-S', about: 'its Unix socket on this machine', isPath: true },
	{ flags: NO_DEFAULTS, about: 'read no option files' },
	{ flags: '--defaults-file <file>', about: 'read only this option file', isPath: true },
	{ flags: '--defaults-extra-file <file>', about: 'read this option file, too', isPath: true },
	{ flags: '--defaults-group-suffix <suffix>', about: 'read [client<suffix>] as well' },
	{ flags: '--login-path <name>', about: 'a login path of mysql_config_editor' },
	{ flags: '--ssl-mode <mode>', about: 'DISABLED, PREFERRED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY' },
	{ flags: '--ssl-ca <file>', about: 'the CA’s certificate', isPath: true },
	{ flags: '--ssl-cert <file>', about: 'the client’s certificate', isPath: true },
	{ flags: '--ssl-key <file>', about: 'its private key', isPath: true },
	{ flags: '--ssl-fp <sha256>', about: 'the fingerprint of the server’s certificate: no other is taken' },
	{ flags: '--tls-version <versions>', about: 'TLSv1.2, TLSv1.3 or both' },
	{ flags: '--get-server-public-key', about: 'MySQL: give the password to a server that is not verified' },
	{ flags: '--server-public-key-path <file>', about: 'MySQL: the server’s RSA key, for a login without TLS', isPath: true },
	{ flags: '--connect-timeout <seconds>', about: 'maximum time to connect (10)' },
	{ flags: '--password-file <file>', about: 'a file that holds the password', isPath: true },
	{ flags: '--password-command <command>', about: 'a command that prints the password' },
];

/** What stands before the names of the options for this server. */
export const prefixOf = (role: Role): string => (role === 'server' ? '--' : `--${role}-`);

/** The options for this server as commander takes them. */
export const connectionFlags = (role: Role): readonly { readonly flags: string; readonly about?: string }[] =>
	CONNECTION.map(({ flags, letter, about }) => ({
		flags: role === 'server' ? [letter, flags].filter(Boolean).join(', ') : flags.replace('--', prefixOf(role)),
		...(about === undefined || role !== 'server' ? {} : { about }),
	}));

type GivenConnection = { readonly [name: string]: Given };

/** Those that were given, by the names they have without a prefix. commander says true of `--no-defaults` where it was not given. */
export function givenConnection(role: Role, all: { readonly [name: string]: unknown }): GivenConnection {
	const found: { [name: string]: Given } = {};
	for (const option of CONNECTION) {
		const name = attributeName(option);
		const given = all[attributeName({ flags: option.flags.replace('--', prefixOf(role)) })] as Given;
		const isNegated = role === 'server' && option.flags === NO_DEFAULTS;
		if (given !== undefined && !(isNegated && given === true)) found[option.flags === NO_DEFAULTS ? 'noDefaults' : name] = given;
	}
	return found;
}

/** Whether these options name a server by themselves. */
export const namesServer = ({ host, socket }: GivenConnection): boolean => host !== undefined || socket !== undefined;

/** Refuses a password on the command line, where every user of the machine can read it; the text itself is not repeated. */
function refusePassword({ password }: GivenConnection, prefix: string): void {
	if (typeof password !== 'string') return;
	throw new UserError({
		message: 'A password on the command line can be read by every user of this machine.',
		hints: [
			`${prefix === '--' ? '-p' : `${prefix}password`} alone, last or before another option, asks for it.`,
			`Or:  ${prefix}password-file FILE, ${prefix}password-command COMMAND, LOCKSTEP_PASSWORD, or an option file (${prefix}defaults-extra-file).`,
		],
	});
}

const PATHS: ReadonlySet<string> = new Set(CONNECTION.filter(({ isPath }) => isPath).map(attributeName));

/**
 * How to reach a server, as a request carries it: the same in the wizard, without it, and when the run is undone from another folder.
 * Undefined where no option says anything. Throws UserError.
 */
export function readConnection(given: GivenConnection, role: Role): ReachRequest[string] | undefined {
	if (Object.keys(given).length === 0) return undefined;
	refusePassword(given, prefixOf(role));
	const { passwordFile, passwordCommand, password, noDefaults, ...others } = Object.fromEntries(
		Object.entries(given).map(([name, value]) => [name, PATHS.has(name) && value !== '' ? resolve(String(value)) : (value as Json)]),
	);
	const flags = { ...others, ...(password === true && { password: '' }), ...(noDefaults !== undefined && { noDefaults: true }) };
	return {
		...(Object.keys(flags).length > 0 && { flags }),
		...(passwordFile !== undefined && { passwordFile }),
		...(passwordCommand !== undefined && { passwordCommand }),
	};
}

const kebab = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** The words that say so again. */
export function writeConnection({ flags = {}, ...places }: ReachRequest[string] = {}, role: Role): readonly string[] {
	const prefix = prefixOf(role);
	const { password, ...options } = flags as { readonly [name: string]: string | number | boolean };
	const given = [...Object.entries(options), ...Object.entries(places as typeof options)];
	return [
		...(password === undefined ? [] : [`${prefix}password`]),
		...given.flatMap(([name, value]) => (value === true ? [`${prefix}${kebab(name)}`] : [`${prefix}${kebab(name)}`, String(value)])),
	];
}

/** The option that names the server itself. */
export const SERVER_OPTIONS: { readonly [role in Role]: { readonly flags: string; readonly about: string } } = {
	server: {
		flags: '--server <server>',
		about: 'a profile’s name, HOST, USER@HOST:PORT, a socket’s path, or mysql://USER@HOST:PORT?ssl-mode=…',
	},
	primary: { flags: '--primary <server>', about: 'a profile’s name, HOST, USER@HOST:PORT, a socket’s path, or mysql://…' },
	replica: { flags: '--replica <server>', about: 'the same' },
};
