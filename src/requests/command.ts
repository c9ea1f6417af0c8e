import { shellWord } from '../core/shell.ts';
import { givenConnection, namesServer, type ReachRequest, type Role, readConnection, writeConnection } from './connection.ts';
import { attributeName, type FieldsOf, type Given, longName, type OptionSpec } from './option.ts';

/** An argument that is no option. */
export interface ArgumentSpec {
	readonly name: string;
	readonly about?: string;
	/** What it takes, where that is a few words only. */
	readonly choices?: readonly string[];
	/** Checked by commander. */
	readonly isRequired?: boolean;
}

/** A command as help, parsing and the manual know it. */
export interface CommandSpec<Specs extends readonly OptionSpec[] = readonly OptionSpec[], Name extends string = string> {
	readonly name: Name;
	readonly about: string;
	readonly arguments?: readonly ArgumentSpec[];
	readonly usage?: string;
	/** The servers that it reaches by the options of `connection.ts`. */
	readonly roles?: readonly Role[];
	readonly options: Specs;
	/** It changes nothing, or cannot do without. */
	readonly hasNoDryRun?: boolean;
	/** It works without the configuration, and so also where that cannot be read. */
	readonly needsNoConfiguration?: boolean;
	/** It only reads: after a failure nothing need be said of the servers. */
	readonly isReadOnly?: boolean;
	/** Command lines, first in its help: what is meant most often. */
	readonly examples: readonly string[];
	/** Lines after the options in its help. */
	readonly notes?: string;
}

/** Gives the command its type. */
export const defineCommand = <const Specs extends readonly OptionSpec[], const Name extends string>(
	command: CommandSpec<Specs, Name>,
): CommandSpec<Specs, Name> => command;

/** All of commander's options of a command line, by commander's names. */
export type GivenOptions = { readonly [name: string]: unknown };

/** What the options of a command say. Throws UserError. */
export function readOptions<Specs extends readonly OptionSpec[]>({ options }: CommandSpec<Specs>, given: GivenOptions): FieldsOf<Specs> {
	const found = options.map((option) => option.read(given[attributeName(option)] as Given, longName(option)));
	return Object.assign({}, ...found) as FieldsOf<Specs>;
}

/** How its servers are named and reached. */
export interface Reached {
	/** By role; undefined where neither its own option nor a host or a socket names it. */
	readonly named: { readonly [role: string]: string | undefined };
	readonly reach: ReachRequest | undefined;
	/** The first server that nothing says anything of. */
	readonly missing: Role | undefined;
}

/** `profile`: the server that is meant where no option names one (`LOCKSTEP_PROFILE`). Throws UserError. */
export function readServers({ roles = [] }: Pick<CommandSpec, 'roles'>, given: GivenOptions, profile: string | undefined): Reached {
	const named: { [role: string]: string | undefined } = {};
	const reach: { [role: string]: ReachRequest[string] } = {};
	let missing: Role | undefined;
	for (const role of roles) {
		const connection = givenConnection(role, given);
		const own = given[role] as string | undefined;
		named[role] = own ?? (namesServer(connection) || role !== 'server' ? undefined : profile || undefined);
		const found = readConnection(connection, role);
		if (found !== undefined) reach[role] = found;
		// One server may be the usual one that the option files name; of a pair each is named.
		const isNamed = named[role] !== undefined || (role === 'server' ? found !== undefined : namesServer(connection));
		if (!isNamed) missing ??= role;
	}
	return { named, reach: Object.keys(reach).length === 0 ? undefined : reach, missing };
}

/** The options without which there is no request and that were not given, `--to`. */
export const missingOptions = ({ options }: CommandSpec, given: GivenOptions): readonly string[] =>
	options.filter((option) => option.isRequired && !given[attributeName(option)]).map(longName);

/** Whether a command has an option of its own: a form that starts empty would drop it. */
export function hasOwnOptions({ options, roles = [] }: CommandSpec, given: GivenOptions): boolean {
	const isGiven = (option: OptionSpec) => {
		const value = given[attributeName(option)];
		return value !== undefined && !(value === true && longName(option).startsWith('--no-'));
	};
	return options.some(isGiven) || roles.some((role) => given[role] !== undefined || Object.keys(givenConnection(role, given)).length > 0);
}

/** A request as its command line: parsed again it gives this very request. One line, to be pasted into bash, zsh or ksh. */
export function writeCommandLine(
	{ name, roles = [], options, arguments: positional = [] }: CommandSpec,
	request: { readonly [field: string]: unknown },
	more: readonly string[],
): string {
	const reach = (request.reach ?? {}) as ReachRequest;
	const words = [
		...roles.flatMap((role) => writeConnection(reach[role], role)),
		...roles.flatMap((role) => (request[role] ? [`--${role}`, String(request[role])] : [])),
		...options.flatMap((option) => option.write(request)),
		...more,
	];
	const given = positional.flatMap((argument) => (request[argument.name] === undefined ? [] : [String(request[argument.name])]));
	const isOptionLike = given.some((word) => word.startsWith('-'));
	return ['lockstep', name, ...(isOptionLike ? [...words, '--', ...given] : [...given, ...words])].map(shellWord).join(' ');
}
