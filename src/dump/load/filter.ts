import { UserError } from '../../core/errors.ts';
import { readStatement } from '../statement.ts';

/** What of a file of SQL is wanted; all where neither is given. */
export type Wanted = {
	/** Only what makes these tables, and their triggers. */
	readonly tables?: readonly string[] | undefined;
	/** Nothing that makes or changes these accounts: `user@host`, or `role name`. */
	readonly withoutAccounts?: readonly string[] | undefined;
};

// Bytes are kept as they are: one character each.
const asText = (bytes: string): string => Buffer.from(bytes, 'latin1').toString();

const PART = /'(?:[^'\\]|\\[\s\S]|'')*'|"(?:[^"\\]|\\[\s\S]|"")*"|`(?:[^`]|``)*`|--(?=\s)[^\n]*\n?|#[^\n]*\n?|\/\*(?!M?!)[\s\S]*?\*\/|\\./y;

/**
 * Cuts SQL that a dump tool wrote into its statements, each with the comments before it and its delimiter; DELIMITER and other commands of
 * the client are pieces of their own. For definitions only: a file of rows would be held as a whole.
 */
export function* statements(text: string): Generator<string> {
	let delimiter = ';';
	let from = 0;
	let at = 0;
	let lineStart = true;
	let empty = true;
	while (at < text.length) {
		const char = text[at] as string;
		const command = lineStart && empty ? /DELIMITER[ \t]+(\S+)[^\n]*\n?/iy : null;
		if (command !== null) {
			command.lastIndex = at;
			const found = command.exec(text);
			if (found !== null) {
				at += found[0].length;
				yield text.slice(from, at);
				from = at;
				delimiter = found[1] ?? ';';
				continue;
			}
		}
		if (text.startsWith(delimiter, at)) {
			at += delimiter.length;
			while (text[at] === '\n') at++;
			yield text.slice(from, at);
			from = at;
			empty = true;
			lineStart = true;
			continue;
		}
		PART.lastIndex = at;
		const part = /['"`#\-/\\]/.test(char) ? PART.exec(text) : null;
		if (part !== null) {
			at += part[0].length;
			lineStart = part[0].endsWith('\n');
			empty &&= /^(--|#|\/\*)/.test(part[0]);
			// The line by which a client is told to take no commands ends without a delimiter.
			continue;
		}
		lineStart = char === '\n';
		if (!/\s/.test(char)) empty = false;
		at++;
		if (lineStart && /^\s*\/\*M!999999[^\n]*\n$/.test(text.slice(from, at))) {
			yield text.slice(from, at);
			from = at;
			empty = true;
		}
	}
	if (from < text.length) yield text.slice(from);
}

// The last part of a name; those before it are of its database.
const WORD = '(?:`((?:[^`]|``)*)`|([\\w$\\u0080-\\u00ff]+))';
const NAME = `(?:${WORD.replaceAll(/\((?!\?)/g, '(?:')}\\s*\\.\\s*)?${WORD}`;
const DROPPED = new RegExp(`^\\s*(?:/\\*M?!\\d*\\s*)?DROP\\s+(?:TABLE|SEQUENCE)\\s+(?:IF\\s+EXISTS\\s+)?${NAME}`, 'i');
const TRIGGER_OF = new RegExp(`TRIGGER[\\s\\S]*?(?:BEFORE|AFTER)\\s+(?:INSERT|UPDATE|DELETE)\\s+ON\\s+${NAME}`, 'i');

const named = (found: RegExpExecArray): string => asText(found[1]?.replaceAll('``', '`') ?? found[2] ?? '');
const bare = (statement: string): string => statement.replace(/^(?:\s+|--(?:[ \t][^\n]*)?\n|#[^\n]*\n|\/\*(?!M?!)[\s\S]*?\*\/)*/, '');

function ofTables(statement: string, tables: ReadonlySet<string>): boolean {
	const text = bare(statement);
	if (text === '' || /^DELIMITER/i.test(text)) return true;
	const dropped = DROPPED.exec(text);
	if (dropped !== null) return tables.has(named(dropped));
	const it = readStatement(text);
	if (it.what === 'object' && it.kind === 'trigger') {
		const on = TRIGGER_OF.exec(text);
		return on !== null && tables.has(named(on));
	}
	if (it.what === 'object') return (it.kind === 'table' || it.kind === 'sequence') && tables.has(asText(it.name));
	if (it.what === 'database' || it.what === 'sqlMode') return true;
	// Of a sequence: its value.
	const sequence = new RegExp(`^\\s*(?:DO|SELECT)\\s+SETVAL\\s*\\(\\s*${NAME}`, 'i').exec(text);
	if (sequence !== null) return tables.has(named(sequence));
	return /^(?:\/\*M?!\d*\s*)?(?:SET|USE|ALTER\s+DATABASE)\b/i.test(text);
}

const QUOTED = "(?:`(?:[^`]|``)*`|'(?:[^'\\\\]|\\\\.|'')*'|[\\w$.%-]+)";
const ACCOUNT = `(${QUOTED})(?:@(${QUOTED}))?`;
const MADE = new RegExp(`^(?:/\\*M?!\\d*\\s*)?(?:CREATE|ALTER)\\s+(USER|ROLE)\\s+(?:IF\\s+(?:NOT\\s+)?EXISTS\\s+)?${ACCOUNT}`, 'i');
const GRANTED = new RegExp(`\\s(?:TO|FOR)\\s+${ACCOUNT}(?=[\\s;*]|$)`, 'gi');
const unquoted = (text: string): string =>
	asText(
		text.startsWith('`')
			? text.slice(1, -1).replaceAll('``', '`')
			: text.startsWith("'")
				? text.slice(1, -1).replaceAll(/\\(.)|''/g, (all, c) => c ?? all[0])
				: text,
	);

/** The account that a statement makes or changes, as `user@host` or `role name`; null where it is about none. */
export function accountOf(statement: string): string | null {
	const text = bare(statement);
	const made = MADE.exec(text);
	// The last one: privileges of columns and routines come before it.
	const found =
		made !== null
			? made.slice(2)
			: /^(?:\/\*M?!\d*\s*)?(?:GRANT|SET\s+DEFAULT\s+ROLE)\b/i.test(text)
				? [...text.matchAll(GRANTED)].at(-1)?.slice(1)
				: undefined;
	if (found?.[0] === undefined) return null;
	return found[1] === undefined ? `role ${unquoted(found[0])}` : `${unquoted(found[0])}@${unquoted(found[1])}`;
}

// The client's own role, by which roles are handed on, is granted to whoever loads.
const ABOUT_ACCOUNTS =
	/^(?:\/\*M?!\d*\s*)?(?:GRANT|REVOKE|(?:CREATE|ALTER|DROP)\s+USER|SET\s+DEFAULT\s+ROLE)\b(?![\s\S]*\sCURRENT_USER\(\))/i;

/** The wanted statements of a file of definitions, byte for byte. */
export async function* filtered(source: AsyncIterable<Buffer>, wanted: Wanted): AsyncGenerator<Buffer> {
	const chunks: Buffer[] = [];
	for await (const chunk of source) chunks.push(chunk);
	const tables = wanted.tables === undefined ? null : new Set(wanted.tables);
	const without = new Set(wanted.withoutAccounts);
	for (const statement of statements(Buffer.concat(chunks).toString('latin1'))) {
		const account = without.size === 0 ? null : accountOf(statement);
		if (account === null && without.size > 0 && ABOUT_ACCOUNTS.test(bare(statement))) {
			throw new UserError({
				what: 'A statement about an account is not understood, so it cannot be known whether that account is there already.',
				mend: ['Load the accounts by hand: README.txt of the backup says how.'],
			});
		}
		const kept = (tables === null || ofTables(statement, tables)) && (account === null || !without.has(account));
		// What is left out leaves its comments behind: the last one is the footer.
		if (kept) yield Buffer.from(statement, 'latin1');
	}
}
