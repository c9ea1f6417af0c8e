import type { CommandSpec } from './command.ts';
import { connectionFlags } from './connection.ts';
import { DRY_RUN, GLOBAL_OPTIONS } from './global-options.ts';
import { COMMANDS } from './index.ts';

interface Row {
	readonly flags: string;
	readonly about?: string;
	readonly choices?: readonly string[];
}

const cell = (text: string): string => text.replaceAll('|', '\\|');

const row = ({ flags, about, choices }: Row): string =>
	`| \`${cell(flags)}\` | ${cell(about ?? '')}${choices === undefined ? '' : ` (${choices.join(', ')})`} |`;

const table = (rows: readonly Row[]): readonly string[] => ['| Option | What it does |', '|---|---|', ...rows.map(row)];

const section = ({ name, about, arguments: positional = [], options, roles = [] }: CommandSpec): readonly string[] => {
	const words = positional.map((argument) => (argument.isRequired ? ` <${argument.name}>` : ` [${argument.name}]`)).join('');
	const servers = roles.map((role) => `\`--${role}\``).join(', ');
	return [
		`## lockstep ${name}${words}`,
		'',
		`${about[0]?.toUpperCase()}${about.slice(1)}.${servers === '' ? '' : ` Servers: ${servers}.`}`,
		'',
		...(options.length === 0 ? [] : [...table(options), '']),
	];
};

/** The manual's page of all options, in Markdown: made of what parses them, kept in src/manual. */
export const optionsPage = (): string =>
	[
		'# Options',
		'',
		'## Every command',
		'',
		...table([DRY_RUN, ...GLOBAL_OPTIONS]),
		'',
		'## How a server is reached',
		'',
		'A server is a profile’s name or `mysql://USER@HOST:PORT`. What that does not say, the options of the MySQL clients do. For one server of a pair they stand behind its name: `--primary-ssl-mode`, `--replica-password-file`.',
		'',
		...table(connectionFlags('server')),
		'',
		...COMMANDS.flatMap(section),
	].join('\n');
