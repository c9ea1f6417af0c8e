import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { basename, dirname, extname, join, resolve } from 'node:path';
import type Conf from 'conf';
import { UserError } from '../core/errors.ts';
import { problemsIn } from '../core/schema.ts';
import { type Kept, readConfiguration } from './configuration.ts';
import { known, NAME, PROFILE, type Profile } from './profile.ts';

/** The named servers, and what was used last, kept in a file of mode 0600. Every change is written at once. */
export interface Profiles {
	/** Where they are kept. */
	readonly file: string;
	/** By name. */
	list(): readonly Profile[];
	get(name: string): Profile | undefined;
	/** Adds one, or puts it in the place of the one of its name. Throws UserError for a name that cannot be, or where the file cannot be written. */
	put(profile: Profile): void;
	/** Whether there was one. */
	remove(name: string): boolean;
	/** Something small to remember from one run to the next, as the profile used last. */
	preference(key: string): string | undefined;
	prefer(key: string, value: string): void;
}

/**
 * Opens `file` (`--config`), else `LOCKSTEP_CONFIG`, else `$XDG_CONFIG_HOME/lockstep/config.json`. Nothing is written before something is put.
 * Throws UserError for a file that is no JSON, or not ours, by line and column: the file is a person's, and stays as it is; `isLenient`: that is a warning, and
 * there are no profiles.
 */
export function openProfiles(at: {
	readonly file?: string;
	readonly env: NodeJS.ProcessEnv;
	readonly home?: string;
	readonly isLenient?: boolean;
}): {
	readonly profiles: Profiles;
	readonly warnings: readonly string[];
} {
	const home = at.home ?? (at.env.HOME || homedir());
	// XDG: a path that is not absolute is none.
	const base = at.env.XDG_CONFIG_HOME?.startsWith('/') ? at.env.XDG_CONFIG_HOME : join(home, '.config');
	const file = resolve(at.file ?? (at.env.LOCKSTEP_CONFIG || join(base, 'lockstep', 'config.json')));
	const warnings: string[] = [];
	if (!existsSync(file)) {
		if (at.file !== undefined) warnings.push(`${file} is not there yet: it is made with the first profile.`);
		return { profiles: profilesIn(file, null), warnings };
	}
	try {
		const conf = open(file);
		warnings.push(...leaks(conf.get('profiles') ?? []));
		return { profiles: profilesIn(file, conf), warnings };
	} catch (cause) {
		if (at.isLenient && cause instanceof UserError) return { profiles: profilesIn(file, null), warnings: [cause.description.message] };
		if (cause instanceof UserError) throw cause;
		const error = cause as NodeJS.ErrnoException;
		if (!error.code?.startsWith('E') || error.syscall === undefined) throw cause;
		throw new UserError(
			{
				message: `The configuration ${file} cannot be read.`,
				hints: ['Check who may read it, or name another with --config.'],
				details: error.message,
			},
			{ cause },
		);
	}
}

function open(file: string): Conf<Kept> {
	// Loaded here: whoever has no such file does not wait for it.
	const { default: File } = createRequire(import.meta.url)('conf') as typeof import('conf');
	// conf reads a file that is there without writing to it.
	return new File<Kept>({
		projectName: 'lockstep',
		projectSuffix: '',
		cwd: dirname(file),
		configName: basename(file, extname(file)),
		fileExtension: extname(file).slice(1),
		configFileMode: 0o600,
		accessPropertiesByDotNotation: false,
		deserialize: (text) => readConfiguration(text, file),
	});
}

function profilesIn(file: string, opened: Conf<Kept> | null): Profiles {
	let conf = opened;
	const write = (change: (conf: Conf<Kept>) => void) => {
		try {
			conf ??= open(file);
			change(conf);
		} catch (cause) {
			throw new UserError(
				{
					message: `The configuration ${file} cannot be written.`,
					hints: ['Check who may write there, or name another with --config.'],
					details: (cause as Error).message,
				},
				{ cause },
			);
		}
	};
	const all = (): readonly Profile[] => [...(conf?.get('profiles') ?? [])].sort((a, b) => a.name.localeCompare(b.name));
	return {
		file,
		list: all,
		get: (name) => all().find((profile) => profile.name === name),
		put: (profile) => {
			if (!NAME.test(profile.name)) {
				throw new UserError({
					message: profile.name === '' ? 'A profile needs a name.' : `A profile cannot be named "${profile.name}".`,
					hints: ['Letters, digits, dot, underscore and dash make a name.'],
				});
			}
			const kept = known(profile);
			const [problem] = problemsIn(PROFILE, kept);
			if (problem !== undefined)
				throw new UserError({ message: `The profile ${profile.name} cannot be kept.`, reason: `Its ${problem.path} ${problem.rule}.` });
			write((conf) => conf.set('profiles', [...all().filter(({ name }) => name !== profile.name), kept]));
		},
		remove: (name) => {
			const left = all().filter((profile) => profile.name !== name);
			if (left.length === all().length) return false;
			write((conf) => conf.set('profiles', left));
			return true;
		},
		preference: (key) => {
			const kept = conf?.get('preferences') ?? {};
			return Object.hasOwn(kept, key) ? kept[key] : undefined;
		},
		prefer: (key, value) => write((conf) => conf.set('preferences', { ...conf.get('preferences'), [key]: value })),
	};
}

/** A password that somebody wrote into the file by hand is not used: it is said, without it. */
function leaks(profiles: readonly Profile[]): readonly string[] {
	return profiles
		.filter((profile) => Object.keys(profile).some((key) => /^pass(word|wd)?$/i.test(key)))
		.map(
			(profile) =>
				`The profile ${profile.name} holds a password, which is not used: take it out, and put it into an option file of mode 0600.`,
		);
}
