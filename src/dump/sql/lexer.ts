import type { LexedStatement, Lexer, LexerListener } from './lexed.ts';
import { DEFAULT_MODE, sqlModeOf } from './mode.ts';
import { createRowsLexer } from './rows-lexer.ts';
import { readStatement } from './statement.ts';

// The longest beginning of a statement that is read: names and a DEFINER are in the first few hundred bytes; a set of GTIDs can be long.
const HEAD = 64 * 1024;
/** The longest statement but for rows that is kept whole. */
export const LONGEST = 64 * 1024 * 1024;

const [STAR, SLASH, BACKSLASH, BACKQUOTE, DASH, HASH, BANG, PLUS, LETTER_M] = [42, 47, 92, 96, 45, 35, 33, 43, 77];
const [SINGLE, DOUBLE, OPEN, NEWLINE] = [39, 34, 40, 10];
const VALUES = Buffer.from('VALUES');
const SEMICOLON = Buffer.from(';');
const isBlank = (byte: number): boolean => byte === 32 || (byte >= 9 && byte <= 13);
const isWordByte = (byte: number): boolean => byte >= 128 || /[\w$]/.test(String.fromCharCode(byte));

/** Outside of quotes and within a statement: what begins nothing, of most bytes. The V is that of VALUES. */
const PLAIN = new Uint8Array(256).fill(1);
for (const sign of '\t\n\v\f\r\'"`-#/*\\;(V') PLAIN[sign.charCodeAt(0)] = 0;

const DELIMITERS = /^(?:;|;;\d{0,8}|\/\/|\$\$|\|)$/;
/** The line by which MariaDB's client is told to take no commands, the dump's first. It ends without a delimiter. */
const SANDBOX = /^\/\*M!999999\\- enable the sandbox mode \*\/\s*$/;

type State = 'code' | 'quotes' | 'line' | 'block' | 'hint' | 'rows';

/**
 * Reads a dump as the vendors' own clients do (`add_line` in their client/mysql.cc, with --comments and --binary-mode), byte by byte and without
 * decoding the data: quotes, escapes, comments, version comments, DELIMITER, and sql_mode where it changes quoting. So text inside a row, a
 * routine, a view or a comment is never taken for a statement. It takes the memory of the longest statement, but nothing for rows.
 * With `keepsText` a statement's text is whole, up to LONGEST; else only its beginning.
 */
export function createLexer(listener: LexerListener, { keepsText = false } = {}): Lexer {
	const rows = createRowsLexer(listener.odd);
	let state: State = 'code';
	let mode = DEFAULT_MODE;
	let delimiter: Buffer = SEMICOLON;
	let carry: Buffer | null = null;
	let isLast = false;
	/** Of the bytes given so far, and of the first byte at hand. */
	let given = 0;
	let base = 0;
	let offset = 0;
	// Of the statement that is being read.
	let head = Buffer.alloc(HEAD);
	let headLength = 0;
	let isTooLong = false;
	let matched = 0;
	let isLineStart = true;
	let hasBlockBefore = false;
	let versions = 0;
	let hasCommentInVersion = false;
	// Of the quotes or the comment that is being read.
	let quote = 0;
	let previous = 0;
	let note: Buffer[] | null = null;
	let noted = 0;
	let hidesEnd = false;

	const odd = (what: string): void => listener.odd?.(what);

	function keep(byte: number): void {
		if (headLength === head.length) {
			if (!keepsText || isTooLong) return;
			isTooLong = headLength >= LONGEST;
			if (isTooLong) {
				odd('a statement that is too long to be judged');
				return;
			}
			head = Buffer.concat([head, Buffer.alloc(head.length)]);
		}
		head[headLength++] = byte;
	}

	function statementTo(end: number, isEnded: boolean): LexedStatement {
		const does = readStatement(head.toString('utf8', 0, Math.min(headLength, HEAD)), mode);
		return { text: head.subarray(0, headLength), does, mode, end, isEnded };
	}

	function beginStatement(): void {
		headLength = 0;
		isTooLong = false;
		matched = 0;
		versions = 0;
		hasBlockBefore = false;
		hasCommentInVersion = false;
	}

	function endStatement(end: number): void {
		const statement = statementTo(end, true);
		listener.statement?.(statement);
		if (statement.does.what === 'sqlMode') mode = sqlModeOf(statement.does.modes);
		isLineStart = false;
		beginStatement();
	}

	/** True where VALUES has just been read in an INSERT: its rows follow. */
	function rowsFollow(at: number): boolean {
		if (matched < VALUES.length || delimiter !== SEMICOLON) return false;
		const insert = statementTo(base + at, true);
		if (insert.does.what !== 'rows') return false;
		listener.rows?.(insert);
		rows.begin(mode.backslashes);
		state = 'rows';
		return true;
	}

	/** Where a server might see the end of the version comment that this stands in. */
	function endsVersion(buffer: Buffer, from: number, to: number): boolean {
		if (from >= to) return false;
		const ends = (previous === STAR && buffer[from] === SLASH) || buffer.subarray(from, to).includes('*/');
		previous = buffer[to - 1] as number;
		return ends;
	}

	// Each of these reads on from a byte, and gives the index behind what it has read: `~index` where it needs bytes that are still to come.

	function rowBytes(buffer: Buffer, from: number): number {
		const at = rows.read(buffer, from, isLast);
		if (!rows.isEnded) return at;
		listener.endRows?.(base + at, rows.count);
		state = 'code';
		isLineStart = false;
		beginStatement();
		return at;
	}

	function quotes(buffer: Buffer, from: number): number {
		const isEscaping = quote !== BACKQUOTE && mode.backslashes && !(quote === DOUBLE && mode.ansiQuotes);
		for (let at = from; at < buffer.length; at++) {
			const byte = buffer[at] as number;
			const isEscape = isEscaping && byte === BACKSLASH;
			if (isEscape && at + 1 === buffer.length && !isLast) return ~at;
			keep(byte);
			if (byte === SLASH && previous === STAR && hasCommentInVersion) odd('quotes that may stand in a comment');
			previous = byte;
			if (isEscape && at + 1 < buffer.length) keep(buffer[++at] as number);
			if (byte !== quote) continue;
			state = 'code';
			return at + 1;
		}
		return buffer.length;
	}

	function noteDown(part: Buffer): void {
		if (note === null || noted >= HEAD) return;
		note.push(Buffer.from(part.subarray(0, HEAD - noted)));
		noted += part.length;
	}

	function endNote(kind: 'line' | 'block'): void {
		if (note !== null) listener.comment?.(Buffer.concat(note).toString('utf8'), kind);
		else if (headLength > 0) keep(32);
		if (hidesEnd) odd('the end of a comment within another');
		hidesEnd = false;
		note = null;
		noted = 0;
		state = 'code';
		isLineStart = kind === 'line';
		if (kind === 'block' && headLength === 0) hasBlockBefore = true;
	}

	function lineComment(buffer: Buffer, from: number): number {
		const line = buffer.indexOf(NEWLINE, from);
		const to = line < 0 ? buffer.length : line;
		hidesEnd ||= versions > 0 && endsVersion(buffer, from, to);
		noteDown(buffer.subarray(from, to));
		if (line < 0) return to;
		endNote('line');
		return line + 1;
	}

	function blockComment(buffer: Buffer, from: number): number {
		const close = buffer.indexOf('*/', from);
		// The last byte at hand may be half of the end.
		const to = close < 0 ? Math.max(from, buffer.length - (isLast ? 0 : 1)) : close;
		noteDown(buffer.subarray(from, to));
		if (close < 0) return to === buffer.length ? to : ~to;
		endNote('block');
		return close + 2;
	}

	/** What it says is the server's: kept, but nothing in it begins or ends anything. */
	function hint(buffer: Buffer, from: number): number {
		const close = buffer.indexOf('*/', from);
		const to = close < 0 ? Math.max(from, buffer.length - (isLast ? 0 : 1)) : close + 2;
		for (let at = from; at < to; at++) keep(buffer[at] as number);
		if (close < 0) return to === buffer.length ? to : ~to;
		state = 'code';
		return to;
	}

	/** A DELIMITER line that begins there; null where none does. With a comment still before them clients do not take it for a command. */
	function delimiterLine(buffer: Buffer, at: number): number | null {
		if (hasBlockBefore || !/^delimiter[ \t]/i.test(buffer.toString('latin1', at, at + 10))) return null;
		const newline = buffer.indexOf(NEWLINE, at);
		if (newline < 0 && buffer.length - at > HEAD) {
			// No command is that long: nothing of it is kept until its end comes.
			odd('a DELIMITER line without an end');
			state = 'line';
			return at;
		}
		if (newline < 0 && !isLast) return ~at;
		const end = newline < 0 ? buffer.length : newline + 1;
		const words = buffer.toString('latin1', at + 10, end).replace(/\n$/, '');
		const word = /^[ \t]*(\S*) *$/.exec(words)?.[1] ?? '';
		if (!DELIMITERS.test(word)) odd(`the delimiter ${words.slice(0, 20)}`);
		const [chosen = ';'] = words.trim().split(/\s/);
		delimiter = chosen === ';' || chosen === '' ? SEMICOLON : Buffer.from(chosen, 'latin1');
		isLineStart = true;
		listener.command?.(base + end);
		return end;
	}

	/** Behind the signs by which a comment or a hint begins there; else `at`. */
	function comment(buffer: Buffer, at: number): number {
		const byte = buffer[at];
		if (byte === HASH || (byte === DASH && buffer[at + 1] === DASH)) return dashes(buffer, at);
		return byte === SLASH && buffer[at + 1] === STAR ? block(buffer, at) : at;
	}

	function dashes(buffer: Buffer, at: number): number {
		const after = buffer[at + 2];
		if (buffer[at] === HASH || after === undefined || after === 0 || isBlank(after)) {
			note = headLength === 0 ? [] : null;
			state = 'line';
			previous = 0;
			noteDown(buffer.subarray(at, at + 1));
			return at + 1;
		}
		// Servers take what is no printable sign for a blank, in some character sets only.
		if (after < 32 || after > 126) odd('a comment to one server that is none to another');
		return at;
	}

	function block(buffer: Buffer, at: number): number {
		const after = buffer[at + 2];
		if (after === BANG || (after === LETTER_M && buffer[at + 3] === BANG)) {
			if (++versions > 2) odd('a comment within another');
			return at;
		}
		hasCommentInVersion ||= versions > 0;
		if (after === PLUS) {
			state = 'hint';
			for (const sign of [SLASH, STAR, PLUS]) keep(sign);
			return at + 3;
		}
		if (versions > 1) odd('a comment within another');
		note = headLength === 0 ? [] : null;
		state = 'block';
		return at + 2;
	}

	function endLine(at: number): void {
		isLineStart = true;
		if (headLength === 0 || headLength > 80 || head[0] !== SLASH) return;
		if (!SANDBOX.test(head.toString('latin1', 0, headLength))) return;
		listener.command?.(base + at + 1);
		beginStatement();
		// To a client this line is a part of what follows.
		hasBlockBefore = true;
	}

	/** Behind what begins nothing. */
	function plain(buffer: Buffer, from: number, end: number): number {
		if (headLength === 0 || matched > 0) return from;
		let at = from;
		for (; at < end && PLAIN[buffer[at] as number] === 1 && buffer[at] !== delimiter[0]; at++) keep(buffer[at] as number);
		return at;
	}

	/** Reads one thing outside of quotes and comments, and what is plain before it. */
	function code(buffer: Buffer, from: number): number {
		const end = isLast ? buffer.length : buffer.length - Math.max(10, delimiter.length);
		const at = plain(buffer, from, end);
		if (at >= end) return at > from ? at : ~at;
		const byte = buffer[at] as number;
		if (byte === NEWLINE) endLine(at);
		return isBlank(byte) ? blank(at, byte) : codeSign(buffer, at, byte);
	}

	function blank(at: number, byte: number): number {
		if (rowsFollow(at)) return at;
		matched = 0;
		if (headLength > 0) keep(byte);
		return at + 1;
	}

	function codeSign(buffer: Buffer, at: number, byte: number): number {
		const line = isLineStart && headLength === 0 ? delimiterLine(buffer, at) : null;
		if (line !== null) return line;
		if (byte === delimiter[0] && buffer.subarray(at, at + delimiter.length).equals(delimiter)) {
			endStatement(base + at + delimiter.length);
			return at + delimiter.length;
		}
		const behind = comment(buffer, at);
		if (behind === at) return byte === OPEN && rowsFollow(at) ? at : sign(buffer, at, byte);
		matched = 0;
		return behind;
	}

	/** A word of its own, and not the end of another. */
	function matchValues(byte: number): void {
		const isNext = byte === VALUES[matched] && (matched > 0 || headLength === 0 || !isWordByte(head[headLength - 1] as number));
		matched = isNext ? matched + 1 : 0;
	}

	function sign(buffer: Buffer, at: number, byte: number): number {
		isLineStart = false;
		if (byte === STAR && buffer[at + 1] === SLASH && versions > 0 && --versions === 0) hasCommentInVersion = false;
		matchValues(byte);
		keep(byte);
		if (byte === SINGLE || byte === DOUBLE || byte === BACKQUOTE) {
			quote = byte;
			previous = 0;
			state = 'quotes';
		}
		return byte === BACKSLASH ? clientCommand(buffer, at) : at + 1;
	}

	/** `\-` and other commands of the client itself. */
	function clientCommand(buffer: Buffer, at: number): number {
		if (!head.toString('latin1', 0, headLength).startsWith('/*M!999999\\')) odd('a command of the client');
		keep(buffer[at + 1] ?? 32);
		return at + 2;
	}

	function step(buffer: Buffer, at: number): number {
		switch (state) {
			case 'rows':
				return rowBytes(buffer, at);
			case 'quotes':
				return quotes(buffer, at);
			case 'line':
				return lineComment(buffer, at);
			case 'block':
				return blockComment(buffer, at);
			case 'hint':
				return hint(buffer, at);
			case 'code':
				return code(buffer, at);
		}
	}

	/** Gives the index of the first byte that is not read for want of those that come after it. */
	function read(buffer: Buffer): number {
		base = given - buffer.length;
		let at = 0;
		while (at < buffer.length) {
			const next = step(buffer, at);
			if (next < 0) return ~next;
			at = next;
		}
		return at;
	}

	return {
		write(chunk) {
			given += chunk.length;
			const view = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
			const buffer = carry === null ? view : Buffer.concat([carry, view]);
			const at = read(buffer);
			carry = at < buffer.length ? Buffer.from(buffer.subarray(at)) : null;
			offset = base + at;
		},
		end() {
			isLast = true;
			if (carry !== null) read(carry);
			carry = null;
			offset = given;
			if (state === 'quotes' || state === 'block' || state === 'hint' || (state === 'rows' && rows.isInQuotes))
				odd('quotes or a comment without an end');
			if (headLength > 0 && state !== 'rows') listener.statement?.(statementTo(given, false));
			return state === 'code' && headLength === 0;
		},
		get offset() {
			return offset;
		},
		get rows() {
			return rows.rows;
		},
		get isInRows() {
			return state === 'rows';
		},
	};
}
