import { readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { UserError } from '../core/errors.ts';
import { shellWord } from '../core/shell.ts';
import { readLoginFile } from './login-path.ts';

/** One line of an option file that counts. */
export interface Option {
	/** As it is written in the file. */
	readonly name: string;
	/** Null where there is no `=`. */
	readonly value: string | null;
	/** `/etc/mysql/my.cnf [client]`. */
	readonly origin: string;
	/** Anybody but the file's owner may read it. */
	readonly exposed: boolean;
}

/** Which option files to read, as the clients' own flags say it. */
export interface OptionFileChoice {
	/** `--no-defaults`: none but the login file. */
	readonly noDefaults?: boolean;
	/** `--defaults-file`: only this one (and the login file). */
	readonly defaultsFile?: string;
	/** `--defaults-extra-file`: before the person's own file. */
	readonly defaultsExtraFile?: string;
	/** `--defaults-group-suffix`: `[client_db3]` beside `[client]`. */
	readonly defaultsGroupSuffix?: string;
	/** `--login-path`: a group of the login file. */
	readonly loginPath?: string;
}

/** What was found, in order: the last of a name counts. */
export interface OptionsFound {
	readonly options: readonly Option[];
	readonly warnings: readonly string[];
}

/** The groups that concern us, as `[client]` of the ordinary clients. */
export const GROUPS: readonly string[] = ['client', 'client-server', 'client-mariadb', 'mysqldump', 'mariadb-dump', 'lockstep'];

/** The files that every client reads, in their order. */
export const SYSTEM_FILES: readonly string[] = ['/etc/my.cnf', '/etc/mysql/my.cnf'];

/** Files may include files: as deep as the clients go. */
const DEEPEST = 10;

/** One line of a file before its group is looked at. */
type Line =
	| { readonly group: string; readonly name: string; readonly value: string | null }
	| { readonly include: string }
	| { readonly includeDir: string };

/**
 * Reads option files as the clients do (source: mysys/my_default.c of MariaDB, and the MySQL manual's "Using Option Files"):
 * system files, `$MYSQL_HOME/my.cnf`, the extra file, `~/.my.cnf`, then `~/.mylogin.cnf`.
 * World-writable files are ignored with a warning. Throws UserError where a file that was asked for is missing or a file is broken.
 */
export async function readOptionFiles(
	choice: OptionFileChoice,
	at: {
		readonly env: NodeJS.ProcessEnv;
		readonly home: string;
		readonly groups?: readonly string[];
		readonly systemFiles?: readonly string[];
	},
): Promise<OptionsFound> {
	const suffix = choice.defaultsGroupSuffix ?? at.env.MYSQL_GROUP_SUFFIX ?? '';
	const plain = at.groups ?? GROUPS;
	const reader = new Reader(withSuffix(plain, suffix), at.home);
	const needed = (path: string) => reader.read(path, { needed: true });
	if (choice.defaultsFile !== undefined) await needed(choice.defaultsFile);
	else if (!choice.noDefaults) {
		for (const path of at.systemFiles ?? SYSTEM_FILES) await reader.read(path);
		if (at.env.MYSQL_HOME) await reader.read(join(at.env.MYSQL_HOME, 'my.cnf'));
		if (choice.defaultsExtraFile !== undefined) await needed(choice.defaultsExtraFile);
		await reader.read(join(at.home, '.my.cnf'));
	}
	const login = await readLoginFile(at.env.MYSQL_TEST_LOGIN_FILE || join(at.home, '.mylogin.cnf'));
	if (login.warning !== undefined) reader.warnings.push(login.warning);
	if (login.text !== undefined) {
		const groups = withSuffix([...plain, ...(choice.loginPath === undefined ? [] : [choice.loginPath])], suffix);
		await reader.take(login.text, login.path, { groups, exposed: false, depth: 0 });
	}
	return { options: reader.options, warnings: reader.warnings };
}

const withSuffix = (groups: readonly string[], suffix: string): readonly string[] =>
	suffix === '' ? groups : [...groups, ...groups.map((group) => group + suffix)];

/** Collects options and warnings over all the files of one reading. */
class Reader {
	readonly options: Option[] = [];
	readonly warnings: string[] = [];
	readonly #groups: readonly string[];
	readonly #home: string;

	constructor(groups: readonly string[], home: string) {
		this.#groups = groups;
		this.#home = home;
	}

	async read(written: string, { needed = false, depth = 0 }: { needed?: boolean; depth?: number } = {}): Promise<void> {
		const path = resolve(written.replace(/^~(?=\/)/, this.#home));
		let text: string;
		let mode: number;
		try {
			const file = await stat(path);
			if (file.isDirectory()) throw Object.assign(new Error('it is a folder'), { code: 'EISDIR' });
			mode = file.isFile() ? file.mode : 0;
			if ((mode & 0o002) !== 0) {
				this.warnings.push(`${path} is ignored: every user may write to it. chmod 600 ${shellWord(path)}`);
				return;
			}
			text = await readFile(path, 'utf8');
		} catch (cause) {
			// What nobody asked for need not be there, nor be readable: the clients pass it over as well.
			if (!needed) return;
			throw new UserError(
				{
					message: `The option file ${path} cannot be read.`,
					hints: ['Check its path, and who may read it.'],
					details: (cause as Error).message,
				},
				{ cause },
			);
		}
		await this.take(text, path, { groups: this.#groups, exposed: (mode & 0o044) !== 0, depth });
	}

	/** `exposed`: others may read the file; `depth`: how many files include it. */
	async take(
		text: string,
		path: string,
		{ groups, exposed, depth }: { readonly groups: readonly string[]; readonly exposed: boolean; readonly depth: number },
	): Promise<void> {
		for (const line of parseOptions(text, path)) {
			if ('include' in line) await this.#deeper(depth, path, () => this.read(line.include, { depth: depth + 1 }));
			else if ('includeDir' in line) {
				for (const file of await optionFilesIn(line.includeDir, this.#home))
					await this.#deeper(depth, path, () => this.read(file, { depth: depth + 1 }));
			} else if (groups.some((group) => group.toLowerCase() === line.group.toLowerCase())) {
				this.options.push({ name: line.name, value: line.value, origin: `${path} [${line.group}]`, exposed });
			}
		}
	}

	async #deeper(depth: number, path: string, read: () => Promise<void>): Promise<void> {
		if (depth < DEEPEST) await read();
		else this.warnings.push(`${path}: files include files more than ${DEEPEST} deep; what is deeper is not read.`);
	}
}

/** A line of a file that names a server, perhaps, and where it stands. */
export interface OfferedLine {
	readonly path: string;
	readonly group: string;
	readonly name: string;
	readonly value: string | null;
}

/**
 * What a file and those that it includes say, for offers: a file that cannot be read, or that every user may write to, says nothing, and a
 * broken one what stands before the break.
 */
export async function* offeredLines(written: string, home: string, depth = 0): AsyncGenerator<OfferedLine> {
	const path = resolve(written.replace(/^~(?=\/)/, home));
	const file = await stat(path).catch(() => null);
	if (!file?.isFile() || (file.mode & 0o002) !== 0) return;
	const text = await readFile(path, 'utf8').catch(() => '');
	try {
		for (const line of parseOptions(text, path)) {
			if ('group' in line) yield { path, ...line };
			else if (depth >= DEEPEST) continue;
			else if ('include' in line) yield* offeredLines(line.include, home, depth + 1);
			else for (const each of await optionFilesIn(line.includeDir, home)) yield* offeredLines(each, home, depth + 1);
		}
	} catch (error) {
		if (!(error instanceof UserError)) throw error;
	}
}

/** The files that `!includedir` means, in the order of their names. */
async function optionFilesIn(written: string, home: string): Promise<readonly string[]> {
	const folder = written.replace(/^~(?=\/)/, home);
	const names = await readdir(folder).catch((): string[] => []);
	return names
		.filter((name) => name.endsWith('.cnf'))
		.sort(byBytes)
		.map((name) => join(folder, name));
}

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** The lines of one file. Throws UserError for a broken group or an option before any group, as the clients refuse such a file. */
export function* parseOptions(text: string, path: string): Generator<Line> {
	let group: string | undefined;
	let number = 0;
	for (const raw of text.split('\n')) {
		number += 1;
		const line = raw.trim();
		if (line === '' || line.startsWith('#') || line.startsWith(';')) continue;
		if (line.startsWith('!')) {
			yield* included(line);
			continue;
		}
		if (line.startsWith('[')) {
			const end = line.indexOf(']');
			if (end < 0) throw broken(path, number, 'a group’s name has no closing bracket');
			group = line.slice(1, end).trimEnd();
			continue;
		}
		if (group === undefined) throw broken(path, number, 'an option stands before any group');
		const kept = line.slice(0, commentStart(line)).trimEnd();
		const equals = kept.indexOf('=');
		if (equals < 0) yield { group, name: kept, value: null };
		else yield { group, name: kept.slice(0, equals).trimEnd(), value: unescaped(kept.slice(equals + 1).trim()) };
	}
}

/** What a line that begins with `!` includes; nothing where it is no directive, or names nothing. */
function included(line: string): Line[] {
	const [, word, target = ''] = /^!\s*(includedir|include)\s+(.*)$/.exec(line) ?? [];
	if (target === '') return [];
	return [word === 'include' ? { include: target } : { includeDir: target }];
}

/** The quote that is open after the sign `found`, where `open` was before it ('': none). */
function quoteAfter(open: string, found: string): string {
	if (open === '') return found;
	return open === found ? '' : open;
}

/** Where a comment begins that is not inside quotes. */
function commentStart(line: string): number {
	let quote = '';
	let escaped = false;
	for (let at = 0; at < line.length; at += 1) {
		const c = line[at] ?? '';
		if ((c === "'" || c === '"') && !escaped) quote = quoteAfter(quote, c);
		if (quote === '' && c === '#') return at;
		escaped = quote !== '' && c === '\\' && !escaped;
	}
	return line.length;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', s: ' ', '"': '"', "'": "'", '\\': '\\' };

/** Takes quotes off that stand around the whole, then reads escapes: in and out of quotes alike; an unknown one stays as it is. */
function unescaped(text: string): string {
	const quoted = text.length > 1 && /^["']/.test(text) && text[0] === text.at(-1);
	return (quoted ? text.slice(1, -1) : text).replace(/\\(.)/gs, (whole, c: string) => ESCAPES[c] ?? whole);
}

const broken = (path: string, line: number, why: string): UserError =>
	new UserError({
		message: `The option file ${path} is broken in line ${line}: ${why}.`,
		hints: ['Fix the file, or leave it out with --defaults-file or --no-defaults.'],
	});
