import { UserError } from '../../core/errors.ts';
import { readStatement } from './statement.ts';

/** How the client reads what comes next: both follow from what it has read. */
type Reading = { delimiter: string; quotes: Quotes };
type Quotes = { readonly backslashes: boolean; readonly ansi: boolean };

export const COMMENT = '--(?:[ \\t\\r][^\\n]*)?\\n|#[^\\n]*\\n|\\/\\*(?!M?!)[\\s\\S]*?\\*\\/';
const BEFORE = new RegExp(`(?:\\s+|${COMMENT})*`, 'y');

/** Where a statement begins that comes after blanks and comments. */
export function beginning(text: string, from: number): number {
	BEFORE.lastIndex = from;
	return from + (BEFORE.exec(text)?.[0].length ?? 0);
}

/** A statement without the comments before it. */
export const bare = (statement: string): string => statement.slice(beginning(statement, 0));

// Written so that only escapes take of the expression's stack: quotes may hold many million characters.
const SINGLE = { true: "'[^'\\\\]*(?:(?:\\\\[\\s\\S]|'')[^'\\\\]*)*'", false: "'[^']*(?:''[^']*)*'" };
const DOUBLE = { true: '"[^"\\\\]*(?:(?:\\\\[\\s\\S]|"")[^"\\\\]*)*"', false: '"[^"]*(?:""[^"]*)*"' };

// What a delimiter may stand in without ending anything.
const parts = new Map(
	[true, false].flatMap((backslashes) =>
		[true, false].map((ansi) => [
			`${backslashes} ${ansi}`,
			new RegExp(
				`${SINGLE[`${backslashes}`]}|${DOUBLE[`${backslashes && !ansi}`]}|\`[^\`]*(?:\`\`[^\`]*)*\`|--(?=\\s)[^\\n]*\\n?|#[^\\n]*\\n?|\\/\\*(?!M?!)[\\s\\S]*?\\*\\/|\\\\.`,
				'y',
			),
		]),
	),
);

const SANDBOX = /\s*\/\*M!999999[^\n]*\n/y;
const DELIMITER = /DELIMITER[ \t]+(\S+)[^\n]*(\n|$)/iy;

/** The end of what begins at `from`; -1 where it is not in the text: with `more` to come a part that seems to be open may end there. */
function endOf(
	text: string,
	from: number,
	{ delimiter, quotes }: Reading,
	more: boolean,
): { readonly end: number; readonly delimiter: string } {
	const part = parts.get(`${quotes.backslashes} ${quotes.ansi}`) as RegExp;
	const unknown = { end: -1, delimiter };
	// The line by which a client is told to take no commands ends without a delimiter.
	SANDBOX.lastIndex = from;
	const sandbox = SANDBOX.exec(text);
	if (sandbox !== null) return { end: from + sandbox[0].length, delimiter };
	let at = from;
	let lineStart = true;
	let empty = true;
	while (at < text.length) {
		if (lineStart && empty) {
			DELIMITER.lastIndex = at;
			const command = DELIMITER.exec(text);
			if (command !== null) {
				if (more && command[2] === '') return unknown;
				return { end: at + command[0].length, delimiter: command[1] ?? ';' };
			}
		}
		if (text.startsWith(delimiter, at)) {
			at += delimiter.length;
			while (text[at] === '\n') at++;
			// Line ends that are still to come are its own as well.
			return more && at === text.length ? unknown : { end: at, delimiter };
		}
		const char = text[at] as string;
		if (/['"`#\-/\\]/.test(char)) {
			part.lastIndex = at;
			const found = part.exec(text)?.[0];
			if (found !== undefined) {
				at += found.length;
				lineStart = found.endsWith('\n');
				empty &&= /^(--|#|\/\*)/.test(found);
				continue;
			}
			if (more && (/['"`]/.test(char) || /^\/\*(?!M?!)/.test(text.slice(at, at + 4)))) return unknown;
		}
		lineStart = char === '\n';
		if (!/\s/.test(char)) empty = false;
		at++;
	}
	return unknown;
}

function endSafely(...given: Parameters<typeof endOf>): ReturnType<typeof endOf> {
	try {
		return endOf(...given);
	} catch (error) {
		if (!(error instanceof RangeError)) throw error;
		throw new UserError({
			message: 'The dump holds a statement that is too long to be read.',
			hints: ['Take another backup, or get this file from a copy of the backup.'],
		});
	}
}

export type Cutter = {
	/** The next statement in the text from there on, with the comments before it and its delimiter; null where more of the text is needed. */
	next(text: string, from: number, more: boolean): string | null;
	/** Whether a backslash escapes and a semicolon ends, as in the rows of every dump. */
	readonly plain: boolean;
};

/** Reads as the vendors' clients do: DELIMITER, and the sql_mode where it changes quoting. */
export function createCutter(): Cutter {
	const reading: Reading = { delimiter: ';', quotes: { backslashes: true, ansi: false } };
	return {
		next(text, from, more) {
			const { end, delimiter } = endSafely(text, from, reading, more);
			if (end < 0) return more || from >= text.length ? null : text.slice(from);
			const statement = text.slice(from, end);
			reading.delimiter = delimiter;
			if (/sql_mode/i.test(statement)) {
				const it = readStatement(bare(statement));
				if (it.what === 'sqlMode')
					reading.quotes = { backslashes: !it.modes.includes('NO_BACKSLASH_ESCAPES'), ansi: it.modes.includes('ANSI_QUOTES') };
			}
			return statement;
		},
		get plain() {
			return reading.delimiter === ';' && reading.quotes.backslashes;
		},
	};
}
