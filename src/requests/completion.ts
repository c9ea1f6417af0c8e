// What may stand at a place of a command line: for the shells' completion, made of the definitions of the commands.
import type { ArgumentSpec, CommandSpec } from './command.ts';
import { connectionFlags, SERVER_OPTIONS } from './connection.ts';
import { DRY_RUN, GLOBAL_OPTIONS } from './global-options.ts';
import { COMMANDS } from './index.ts';

/** A word that may stand there. */
export interface Candidate {
	readonly value: string;
	readonly about?: string;
}

/** What is looked up as it is now: names of profiles, runs, backups; or names of files, which the shell knows itself. */
export type Source = 'profiles' | 'runs' | 'interrupted runs' | 'backups' | 'topics' | 'files' | 'folders';

export interface Expected {
	readonly words: readonly Candidate[];
	readonly sources: readonly Source[];
	/** What has been typed of it. */
	readonly typed: string;
	/** What the shell has in hand before it: `--to=` of `--to=/ba`. */
	readonly before: string;
}

interface Flag {
	readonly names: readonly string[];
	/** `folder` of `--to <folder>`; undefined where it takes no value. */
	readonly value?: string;
	readonly about?: string;
	readonly choices?: readonly string[];
	readonly isRepeatable: boolean;
	readonly isHidden: boolean;
}

const flagOf = (
	{ flags, about, choices, isRepeatable = false }: { flags: string; about?: string; choices?: readonly string[]; isRepeatable?: boolean },
	isHidden = false,
): Flag => ({
	names: flags.match(/(?<![\w-])--?[a-zA-Z][\w-]*/g) ?? [],
	// `--password [password]` takes none behind a blank.
	...(/<(.*)>/.exec(flags)?.[1] !== undefined && { value: /<(.*)>/.exec(flags)?.[1] as string }),
	...(about !== undefined && { about }),
	...(choices !== undefined && { choices }),
	isRepeatable,
	isHidden,
});

const HELP: Flag = { names: ['--help'], about: 'this page', isRepeatable: false, isHidden: false };

function flagsOf(command: CommandSpec | undefined): readonly Flag[] {
	const global = GLOBAL_OPTIONS.map((option) => flagOf(option));
	if (command === undefined)
		return [flagOf(DRY_RUN), ...global, HELP, { names: ['--version'], about: 'the version', isRepeatable: false, isHidden: false }];
	const { options, roles = [], hasNoDryRun } = command;
	return [
		...options.map((option) => flagOf(option)),
		...roles.map((role) => flagOf(SERVER_OPTIONS[role])),
		// Twenty for each server of a pair: offered to who has begun to type one.
		...roles.flatMap((role) => connectionFlags(role).map((option) => flagOf(option, role !== 'server'))),
		...(hasNoDryRun ? [] : [flagOf(DRY_RUN)]),
		...global,
		HELP,
	];
}

/** bash takes `=` for a word of its own. */
function rejoined(words: readonly string[]): readonly string[] {
	const found: string[] = [];
	for (const [at, word] of words.entries()) {
		const isBehind = word === '=' || words[at - 1] === '=';
		if (isBehind && found.at(-1)?.startsWith('--')) found.push(`${found.pop()}${word}`);
		else found.push(word);
	}
	return found;
}

const SOURCES: { readonly [value: string]: readonly Source[] } = {
	server: ['profiles'],
	folder: ['folders'],
	file: ['files'],
	path: ['files'],
};

function argumentSources(command: string, { name }: ArgumentSpec, before: readonly string[]): readonly Source[] {
	if (name === 'backup') return ['backups', 'folders'];
	if (name === 'run') return command === 'recover' ? ['interrupted runs'] : ['runs'];
	if (name === 'topic') return ['topics'];
	if (name === 'folder') return ['profiles', 'folders'];
	return command === 'profile' && name === 'name' && before[0] !== 'add' ? ['profiles'] : [];
}

const commandWords: readonly Candidate[] = COMMANDS.map(({ name, about }) => ({ value: name, about }));

function argumentsAt(command: CommandSpec, positional: readonly string[]): Pick<Expected, 'words' | 'sources'> {
	const argument = command.arguments?.[positional.length];
	if (argument === undefined) return { words: [], sources: [] };
	return {
		words: (argument.choices ?? []).map((value) => ({ value })),
		sources: argumentSources(command.name, argument, positional),
	};
}

/** What is complete before the word in hand. */
interface Typed {
	readonly command: CommandSpec | undefined;
	readonly positional: readonly string[];
	readonly given: ReadonlySet<Flag>;
	/** The option whose value comes next. */
	readonly awaiting: Flag | undefined;
	/** After `--` nothing is an option. */
	readonly isPlain: boolean;
}

/** The first word that is no option. */
const commandOf = ([first]: readonly string[]): CommandSpec | undefined => COMMANDS.find(({ name }) => name === first);

function read(words: readonly string[]): Typed {
	let awaiting: Flag | undefined;
	let isPlain = false;
	const others: string[] = [];
	const given = new Set<Flag>();
	for (const word of words) {
		if (awaiting !== undefined) awaiting = undefined;
		else if (isPlain || word === '-' || !word.startsWith('-')) others.push(word);
		else if (word === '--') isPlain = true;
		else {
			const flag = flagsOf(commandOf(others)).find(({ names }) => names.includes(word.replace(/=.*/s, '')));
			if (flag !== undefined) given.add(flag);
			if (flag?.value !== undefined && !word.includes('=')) awaiting = flag;
		}
	}
	const command = commandOf(others);
	return { command, positional: command === undefined ? others : others.slice(1), given, awaiting, isPlain };
}

const valuesOf = ({ choices, value = '' }: Flag): Pick<Expected, 'words' | 'sources'> => ({
	words: (choices ?? []).map((each) => ({ value: each })),
	sources: SOURCES[value] ?? [],
});

/** @param words those after `lockstep` up to the one in hand, which may be empty */
export function expectedAt(words: readonly string[]): Expected {
	const all = rejoined(words);
	const typed = all.at(-1) ?? '';
	const { command, positional, given, awaiting, isPlain } = read(all.slice(0, -1));
	if (awaiting !== undefined) return { ...valuesOf(awaiting), typed, before: '' };
	const isOption = typed.startsWith('-') && !isPlain;
	const [, option, value] = (isOption && /^(--[\w-]+)=(.*)$/s.exec(typed)) || [];
	const flags = flagsOf(command);
	if (option !== undefined) {
		const flag = flags.find(({ names }) => names.includes(option));
		return { ...(flag === undefined ? { words: [], sources: [] } : valuesOf(flag)), typed: value ?? '', before: `${option}=` };
	}
	if (isOption) {
		const names = new Set([...given].flatMap((flag) => (flag.isRepeatable ? [] : flag.names)));
		const isOffered = (flag: Flag) => !flag.names.some((name) => names.has(name)) && !(flag.isHidden && typed.length < 4);
		const offered = flags
			.filter(isOffered)
			.flatMap((flag) => flag.names.filter((name) => name.startsWith('--')).map((value) => ({ value, ...about(flag) })));
		return { words: offered, sources: [], typed, before: '' };
	}
	if (command === undefined) return { words: positional.length === 0 ? commandWords : [], sources: [], typed, before: '' };
	return { ...argumentsAt(command, positional), typed, before: '' };
}

const about = (flag: Flag): { about?: string } => (flag.about === undefined ? {} : { about: flag.about });
