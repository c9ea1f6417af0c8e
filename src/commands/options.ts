import { resolve } from 'node:path';
import { UserError } from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import { parseNames } from '../core/names.ts';
import type { ReachRequest } from '../core/wizard-backend.ts';
import type { ServerFlags } from '../server/resolve.ts';

/** `90s`, `5m`, `2h`, or plain seconds. */
export function seconds(text: string, flag: string): number {
	const match = /^(\d+)\s*([smh]?)$/.exec(text.trim());
	const value = Number(match?.[1]) * ({ h: 3600, m: 60 }[match?.[2] ?? ''] ?? 1);
	if (match === null || !Number.isSafeInteger(value)) {
		throw new UserError({ message: `${flag} ${text} is not a duration.`, hints: [`For example:  ${flag} 90s   ${flag} 5m   ${flag} 2h`] });
	}
	return value;
}

export function oneOf<T extends string>(text: string, flag: string, known: readonly T[]): T {
	const found = known.find((each) => each === text);
	if (found === undefined) throw new UserError({ message: `${flag} ${text} is not known.`, hints: [`${flag} takes: ${known.join(', ')}`] });
	return found;
}

export function wholeNumber(text: string, flag: string, least: number, most: number): number {
	const value = Number(text);
	if (/^\d+$/.test(text) && value >= least && value <= most) return value;
	throw new UserError({
		message: `${flag} ${text} is not a number from ${least} to ${most}.`,
		hints: [`For example:  ${flag} ${least + 1}`],
	});
}

const LEVELS = { zstd: 19, gzip: 9, none: 0 } as const;

/** `zstd`, `zstd:3`, `gzip:9`, `none`. */
export function compression(text: string): { readonly compress: 'zstd' | 'gzip' | 'none'; readonly level?: number } {
	const [name = '', level] = text.split(':');
	const compress = oneOf(name, '--compress', ['zstd', 'gzip', 'none']);
	if (level === undefined) return { compress };
	if (compress === 'none') throw new UserError({ message: `--compress ${text} is not known.`, hints: ['--compress none has no level.'] });
	return { compress, level: wholeNumber(level, `--compress ${name}:`, 1, LEVELS[compress]) };
}

/** The names of an option that takes a list and may be given again; undefined where it was not given. */
export function names(given: readonly string[] | undefined, flag: string): string[] | undefined {
	if (given === undefined) return undefined;
	const found = given.flatMap((text) => parseNames(text, flag));
	if (found.length === 0) throw new UserError({ message: `${flag} names nothing.`, hints: [`Leave ${flag} out, or name what is meant.`] });
	return found;
}

const TABLE = /^.+\..+$/s;

/** The same for tables. */
export function tables(given: readonly string[] | undefined, flag: string): string[] | undefined {
	const found = names(given, flag);
	const odd = found?.find((name) => !TABLE.test(name));
	if (odd !== undefined)
		throw new UserError({ message: `${flag} ${odd} is not DATABASE.TABLE.`, hints: [`For example:  ${flag} shop.orders`] });
	return found;
}

/** The letters of the MySQL clients, as commander gives them. */
export interface ClientFlags extends Omit<ServerFlags, 'password'> {
	/** True where `-p` stood alone; a text where somebody put the password on the command line. */
	readonly password?: boolean | string;
	/** commander's `--no-defaults`. */
	readonly defaults?: boolean;
	readonly passwordFile?: string;
	readonly passwordCommand?: string;
}

/** Refuses a password on the command line, where every user of the machine can read it; the text itself is not repeated. */
export function serverFlags(flags: ClientFlags, prefix = '--'): ServerFlags {
	if (typeof flags.password === 'string') {
		throw new UserError({
			message: 'A password on the command line can be read by every user of this machine.',
			hints: [
				`${prefix === '--' ? '-p' : `${prefix}password`} alone, last or before another option, asks for it.`,
				`Or:  ${prefix}password-file FILE, ${prefix}password-command COMMAND, LOCKSTEP_PASSWORD, or an option file (${prefix}defaults-extra-file).`,
			],
		});
	}
	const { password, defaults, passwordFile: _file, passwordCommand: _command, ...rest } = flags;
	return { ...rest, ...(password === true ? { password: '' } : {}), ...(defaults === false ? { noDefaults: true } : {}) };
}

const PATHS: ReadonlySet<string> = new Set([
	...['socket', 'defaultsFile', 'defaultsExtraFile', 'sslCa', 'sslCert', 'sslKey', 'serverPublicKeyPath', 'passwordFile'],
]);

/**
 * How to reach a server, as a request carries it: the same in the wizard, without it, and when the run is undone from another folder.
 * Undefined where no option says anything. `prefix`: what stands before the options' names, `--primary-`.
 */
export function reachOf(client: ClientFlags, prefix?: string): ReachRequest[string] | undefined {
	if (Object.keys(client).length === 0) return undefined;
	const { passwordFile, passwordCommand } = client;
	const absolute = Object.entries({ ...serverFlags(client, prefix), passwordFile, passwordCommand }).flatMap(([name, value]) =>
		value === undefined ? [] : [[name, PATHS.has(name) && value !== '' ? resolve(String(value)) : value] as const],
	);
	const { passwordFile: file, passwordCommand: command, ...flags } = Object.fromEntries(absolute) as { [name: string]: Json };
	return {
		...(Object.keys(flags).length === 0 ? {} : { flags }),
		...(file === undefined ? {} : { passwordFile: file }),
		...(command === undefined ? {} : { passwordCommand: command }),
	};
}

/** Whether these options name a server by themselves. */
export const namesServer = ({ host, socket }: ClientFlags): boolean => host !== undefined || socket !== undefined;

/** The server that a command names: by `--server`, else by the environment where no option names another. */
export function namedServer(flags: { readonly server?: string }, client: ClientFlags, env: NodeJS.ProcessEnv): string | undefined {
	return flags.server ?? (namesServer(client) ? undefined : env.LOCKSTEP_PROFILE || undefined);
}

/** Keeps of all of commander's options those that say how to reach a server. */
export function clientFlags(all: Readonly<Record<string, unknown>>): ClientFlags {
	const names = [
		'host',
		'port',
		'user',
		'password',
		'socket',
		'defaultsFile',
		'defaultsExtraFile',
		'defaultsGroupSuffix',
		'defaults',
		'noDefaults',
		'loginPath',
		'sslMode',
		'sslCa',
		'sslCert',
		'sslKey',
		'sslFp',
		'tlsVersion',
		'getServerPublicKey',
		'serverPublicKeyPath',
		'connectTimeout',
		'passwordFile',
		'passwordCommand',
	];
	// commander sets `defaults` to true where --no-defaults was not given: that says nothing about a server.
	const given = (name: string) => all[name] !== undefined && !(name === 'defaults' && all[name] === true);
	return Object.fromEntries(names.filter(given).map((name) => [name, all[name]])) as ClientFlags;
}

/** The same of one of two servers: what is given as `--primary-ssl-mode`. */
export function clientFlagsOf(role: 'primary' | 'replica', all: Readonly<Record<string, unknown>>): ClientFlags {
	const own = Object.entries(all).flatMap(([name, value]) => {
		const rest = name.startsWith(role) ? name.slice(role.length) : '';
		return rest === '' ? [] : [[`${rest.charAt(0).toLowerCase()}${rest.slice(1)}`, value]];
	});
	return clientFlags(Object.fromEntries(own));
}

/** Options of commander that are true where nobody said anything. */
const ON_BY_ITSELF: ReadonlySet<string> = new Set(['defaults', 'input', 'tls']);
const GLOBAL: ReadonlySet<string> = new Set([
	...['dryRun', 'yes', 'confirm', 'json', 'plain', 'input', 'quiet', 'verbose', 'color', 'config'],
]);

/** Whether a command has an option of its own: a form that starts empty would drop it. */
export const hasOwnOptions = (flags: object): boolean =>
	Object.entries(flags).some(([name, value]) => value !== undefined && !GLOBAL.has(name) && !(value === true && ON_BY_ITSELF.has(name)));
