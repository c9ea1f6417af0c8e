import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../core/errors.ts';
import { shellWord } from '../core/shell.ts';
import { Secret } from '../sql/secret.ts';
import { PASSWORD_WAYS } from './address.ts';
import type { Option } from './option-files.ts';

/** The places where a password may lie, and who is there to be asked. */
export interface PasswordPlaces {
	/** `-p`: '' asks. Anything else is refused. */
	readonly flag?: string;
	readonly passwordFile?: string;
	readonly passwordCommand?: string;
	readonly runCommand?: (line: string) => Promise<string>;
	readonly profileName?: string;
	readonly role: 'primary' | 'replica' | 'server';
	readonly env: NodeJS.ProcessEnv;
	/** The option that counts, if the option files have one. */
	readonly option?: Option;
	/** Absent where nobody is there. */
	readonly ask?: (question: string) => Promise<Secret>;
	readonly question: string;
}

/** A password and where it is from; null: log in without one. */
export interface PasswordFound {
	readonly password: Secret | null;
	/** For people: `asked`, `LOCKSTEP_PASSWORD`, `/root/.my.cnf [client]`, `none`. */
	readonly from: string;
	readonly warnings: readonly string[];
}

/**
 * The first hit wins: `-p`, systemd's credentials, `--password-file` or `--password-command`, `LOCKSTEP_…PASSWORD`, option files, `MYSQL_PWD`,
 * a question. An empty password that is given somewhere is a hit. Throws UserError where a place that was named has none.
 */
export async function findPassword(places: PasswordPlaces): Promise<PasswordFound> {
	const { env, flag, option, ask } = places;
	if (flag !== undefined) return typed(flag, places);
	if (env.CREDENTIALS_DIRECTORY && places.profileName !== undefined) {
		const path = join(env.CREDENTIALS_DIRECTORY, `${places.profileName}.password`);
		const text = await readFile(path, 'utf8').catch(() => null);
		if (text !== null) return hit(oneLine(text), path);
	}
	if (places.passwordFile !== undefined && places.passwordCommand !== undefined) {
		throw new UserError({ message: 'Both --password-file and --password-command are given.', hints: ['Give one of them.'] });
	}
	if (places.passwordFile !== undefined) return fromFile(places.passwordFile);
	if (places.passwordCommand !== undefined) return fromCommand(places.passwordCommand, places.runCommand);
	for (const name of [...(places.role === 'server' ? [] : [`LOCKSTEP_${places.role.toUpperCase()}_PASSWORD`]), 'LOCKSTEP_PASSWORD']) {
		const value = env[name];
		if (value !== undefined) return hit(value, name);
	}
	if (option !== undefined && option.value !== null) return fromOption(option, option.value);
	if (env.MYSQL_PWD !== undefined) return hit(env.MYSQL_PWD, 'MYSQL_PWD');
	if (ask !== undefined) return hit((await ask(places.question)).reveal(), 'asked');
	return { password: null, from: 'none', warnings: [] };
}

async function typed(flag: string, { ask, question }: PasswordPlaces): Promise<PasswordFound> {
	if (flag !== '')
		throw new UserError({
			message: 'A password on the command line is not accepted: every user of this machine can read it there.',
			hints: ['Give it in one of these ways:', ...PASSWORD_WAYS],
		});
	if (ask === undefined)
		throw new UserError({
			message: 'The password must be typed, and there is no terminal.',
			hints: ['Without a terminal, give it in one of the other ways:', ...PASSWORD_WAYS],
		});
	return hit((await ask(question)).reveal(), 'asked');
}

function fromOption({ origin, exposed }: Option, value: string): PasswordFound {
	const path = origin.replace(/ \[.*$/, '');
	return hit(value, origin, exposed ? [`${path} holds a password and others may read it. chmod 600 ${shellWord(path)}`] : []);
}

const hit = (text: string, from: string, warnings: readonly string[] = []): PasswordFound => ({
	password: text === '' ? null : new Secret(text),
	from,
	warnings,
});

const oneLine = (text: string): string => text.replace(/\r?\n$/, '');

/** Others on this machine: a file of another kind, such as the pipe that a shell makes for `<(…)`, has no bits that count. */
const OTHERS = 0o066;

async function fromFile(path: string): Promise<PasswordFound> {
	let exposed: boolean;
	let text: string;
	try {
		const file = await stat(path);
		exposed = file.isFile() && (file.mode & OTHERS) !== 0;
		text = exposed ? '' : oneLine(await readFile(path, 'utf8'));
	} catch (cause) {
		throw new UserError(
			{
				message: `The password file ${path} cannot be read.`,
				hints: ['Check its path, and who may read it.'],
				details: (cause as Error).message,
			},
			{ cause },
		);
	}
	if (!exposed) return hit(text, path);
	throw new UserError({
		message: `The password file ${path} is not used: other users can read or change it.`,
		reason: 'A password that others can read is no secret any more: change it if it is a real one.',
		hints: [`chmod 600 ${shellWord(path)}`],
	});
}

async function fromCommand(line: string, run: PasswordPlaces['runCommand']): Promise<PasswordFound> {
	if (run === undefined) throw new TypeError('a password command, and nothing to run it with');
	let text: string;
	try {
		text = await run(line);
	} catch (cause) {
		// What the command printed is not repeated: it may be the password.
		throw new UserError(
			{
				message: 'The password command failed.',
				reason: line,
				hints: ['Run it by hand: it must end well and print the password, and nothing else, on its standard output.'],
			},
			{ cause },
		);
	}
	if (oneLine(text) === '')
		throw new UserError({
			message: 'The password command printed nothing.',
			reason: line,
			hints: ['Run it by hand: it must print the password on its standard output.'],
		});
	return hit(oneLine(text), '--password-command');
}
