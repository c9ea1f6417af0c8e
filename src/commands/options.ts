import { UserError } from '../core/errors.ts';
import type { ServerFlags } from '../server/resolve.ts';

/** `90s`, `5m`, `2h`, or plain seconds. */
export function seconds(text: string, flag: string): number {
	const match = /^(\d+)\s*([smh]?)$/.exec(text.trim());
	const value = Number(match?.[1]) * ({ h: 3600, m: 60 }[match?.[2] ?? ''] ?? 1);
	if (match === null || !Number.isSafeInteger(value)) {
		throw new UserError({ what: `${flag} ${text} is not a duration.`, mend: [`For example:  ${flag} 90s   ${flag} 5m   ${flag} 2h`] });
	}
	return value;
}

export function oneOf<T extends string>(text: string, flag: string, known: readonly T[]): T {
	const found = known.find((each) => each === text);
	if (found === undefined) throw new UserError({ what: `${flag} ${text} is not known.`, mend: [`${flag} takes: ${known.join(', ')}`] });
	return found;
}

export function wholeNumber(text: string, flag: string, least: number, most: number): number {
	const value = Number(text);
	if (/^\d+$/.test(text) && value >= least && value <= most) return value;
	throw new UserError({ what: `${flag} ${text} is not a number from ${least} to ${most}.`, mend: [`For example:  ${flag} ${least + 1}`] });
}

const LEVELS = { zstd: 19, gzip: 9, none: 0 } as const;

/** `zstd`, `zstd:3`, `gzip:9`, `none`. */
export function compression(text: string): { readonly compress: 'zstd' | 'gzip' | 'none'; readonly level?: number } {
	const [name = '', level] = text.split(':');
	const compress = oneOf(name, '--compress', ['zstd', 'gzip', 'none']);
	if (level === undefined) return { compress };
	if (compress === 'none') throw new UserError({ what: `--compress ${text} is not known.`, mend: ['--compress none has no level.'] });
	return { compress, level: wholeNumber(level, `--compress ${name}:`, 1, LEVELS[compress]) };
}

/** A list of names, separated by commas. */
export const names = (text: string): string[] =>
	text
		.split(',')
		.map((name) => name.trim())
		.filter(Boolean);

/** The letters of the MySQL clients, as commander gives them. */
export interface ClientFlags extends Omit<ServerFlags, 'password' | 'noDefaults'> {
	/** True where `-p` stood alone; a text where somebody put the password on the command line. */
	readonly password?: boolean | string;
	/** commander's `--no-defaults`. */
	readonly defaults?: boolean;
	readonly passwordFile?: string;
	readonly passwordCommand?: string;
}

/** Refuses a password on the command line, where every user of the machine can read it; the text itself is not repeated. */
export function serverFlags(flags: ClientFlags): ServerFlags {
	if (typeof flags.password === 'string') {
		throw new UserError({
			what: 'A password on the command line can be read by everybody on this machine.',
			mend: [
				'-p alone asks for it.',
				'Or:  --password-file FILE, --password-command COMMAND, LOCKSTEP_PASSWORD, or an option file (--defaults-extra-file).',
			],
		});
	}
	const { password, defaults, passwordFile: _file, passwordCommand: _command, ...rest } = flags;
	return { ...rest, ...(password === true ? { password: '' } : {}), ...(defaults === false ? { noDefaults: true } : {}) };
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
		'loginPath',
		'sslMode',
		'sslCa',
		'sslCert',
		'sslKey',
		'tlsVersion',
		'connectTimeout',
		'passwordFile',
		'passwordCommand',
	];
	// commander sets `defaults` to true where --no-defaults was not given: that says nothing about a server.
	const given = (name: string) => all[name] !== undefined && !(name === 'defaults' && all[name] === true);
	return Object.fromEntries(names.filter(given).map((name) => [name, all[name]])) as ClientFlags;
}
