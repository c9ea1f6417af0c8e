import type { SqlMode } from './mode.ts';

/** A part of a statement. `name` is given without its quotes, `text` with them; `open` and `close` are the ends of a version comment. */
export type Token = {
	readonly kind: 'name' | 'text' | 'word' | 'sign' | 'open' | 'close' | 'hint';
	readonly text: string;
	/** In the statement. */
	readonly from: number;
	readonly end: number;
};

// As servers read them: blanks are ASCII, and every sign above it may be part of a word. Without loops in expressions, which take of the stack.
const isBlank = (code: number): boolean => code === 32 || (code >= 9 && code <= 13);
const isOfWord = (code: number): boolean =>
	code >= 128 || (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 48 && code <= 57) || code === 95 || code === 36;
const OPENING = /\/\*M?!(?:\d{5,6})?/y;

/** The index of the first sign from there on that is none of these. */
function behind(text: string, from: number, isOne: (code: number) => boolean): number {
	let at = from;
	while (at < text.length && isOne(text.charCodeAt(at))) at++;
	return at;
}

/** The index behind quotes that begin at `from`; -1 where they do not end. */
function endOfQuotes(text: string, from: number, escapes: boolean): number {
	const quote = text[from];
	for (let at = from + 1; at < text.length; at++) {
		if (escapes && text[at] === '\\') at++;
		else if (text[at] === quote) {
			if (text[at + 1] !== quote) return at + 1;
			at++;
		}
	}
	return -1;
}

/** The end of a comment whose content counts, or of a hint; `at` where neither begins there. */
function commentAt(text: string, at: number): Pick<Token, 'kind' | 'end'> | null {
	if (text[at] === '*' && text[at + 1] === '/') return { kind: 'close', end: at + 2 };
	if (text[at] !== '/' || text[at + 1] !== '*') return null;
	OPENING.lastIndex = at;
	const opening = OPENING.exec(text)?.[0];
	if (opening !== undefined) return { kind: 'open', end: at + opening.length };
	const close = text[at + 2] === '+' ? text.indexOf('*/', at + 3) : -1;
	return close < 0 ? null : { kind: 'hint', end: close + 2 };
}

function quotedAt(text: string, from: number, { backslashes, ansiQuotes }: SqlMode): Token | null {
	const quote = text[from] as string;
	const isName = quote === '`' || (quote === '"' && ansiQuotes);
	const end = endOfQuotes(text, from, backslashes && !isName);
	if (end < 0) return null;
	const quoted = text.slice(from, end);
	return { kind: isName ? 'name' : 'text', text: isName ? quoted.slice(1, -1).replaceAll(quote + quote, quote) : quoted, from, end };
}

/** What begins at `from`, which is no blank. Quotes that do not end are a sign. */
function tokenAt(text: string, from: number, mode: SqlMode): Token {
	const quoted = '`\'"'.includes(text[from] as string) ? quotedAt(text, from, mode) : null;
	if (quoted !== null) return quoted;
	const comment = commentAt(text, from);
	if (comment !== null) return { ...comment, text: text.slice(from, comment.end), from };
	const end = behind(text, from, isOfWord);
	return end > from
		? { kind: 'word', text: text.slice(from, end), from, end }
		: { kind: 'sign', text: text[from] as string, from, end: from + 1 };
}

/** The parts of a statement as a lexer gives it: plain comments are gone already. */
export function* tokensIn(text: string, mode: SqlMode): Generator<Token> {
	for (let at = behind(text, 0, isBlank); at < text.length; at = behind(text, at, isBlank)) {
		const token = tokenAt(text, at, mode);
		at = token.end;
		yield token;
	}
}
