import { Transform } from 'node:stream';
import type { Standing } from './judge.ts';
import { type DumpPosition, type ObjectKind, readPosition, readStatement } from './statement.ts';

/** Everything a dump makes in one database, by name, in the order of the dump. The name is '' where the dump names no database. */
export type DumpedDatabase = {
	readonly name: string;
	/** `rows` as written in the dump's INSERT statements: exact. */
	readonly tables: readonly { readonly name: string; readonly rows: number }[];
	readonly views: readonly string[];
	readonly triggers: readonly string[];
	readonly procedures: readonly string[];
	readonly functions: readonly string[];
	readonly events: readonly string[];
	readonly sequences: readonly string[];
	readonly packages: readonly string[];
	readonly packageBodies: readonly string[];
};

export type DumpScan = {
	readonly databases: readonly DumpedDatabase[];
	readonly rows: number;
	/** INSERT and REPLACE statements. */
	readonly inserts: number;
	/** `-- Dump completed…` is the whole last line. Without it the dump was cut off, whatever the tool's exit code says. */
	readonly footer: boolean;
	readonly rawBytes: number;
	/** From `--master-data` or `--source-data`; null where the dump was made without. */
	readonly position: DumpPosition | null;
};

export interface DumpScanner {
	/** Gives how many of the last bytes it has not judged yet, as what comes next may belong to them. */
	write(chunk: Uint8Array): number;
	/** To be called once, after the last chunk. Never throws for what is in the dump. */
	end(): DumpScan;
	/** So far, for a progress line. */
	readonly rawBytes: number;
	readonly rows: number;
	/** The table whose structure or data came by last. */
	readonly table: string | null;
}

/** A stream that hands every chunk on as it is and shows it to the scanner. */
export function scanning(scanner: DumpScanner): Transform {
	return new Transform({
		transform(chunk: Buffer, _encoding, done) {
			scanner.write(chunk);
			done(null, chunk);
		},
	});
}

// The longest beginning of a statement that is kept: names and a DEFINER are in the first few hundred bytes; a set of GTIDs can be long.
const HEAD = 64 * 1024;
const VALUES = Buffer.from('VALUES');
const [TAB, NEWLINE, SPACE, DOUBLE, HASH, SINGLE, OPEN, CLOSE] = [9, 10, 32, 34, 35, 39, 40, 41];
/** What sets ANSI_QUOTES as well. */
const ANSI = new Set(['ANSI_QUOTES', 'ANSI', 'ORACLE', 'DB2', 'MAXDB', 'MSSQL', 'POSTGRESQL']);
/** Behind a row: the next one, or the end. */
const BETWEEN_ROWS = /^\s*(?:;|,\s*(?:\(|$))/;
const PLUS = 43;
const [STAR, DASH, SLASH, SEMICOLON, BACKSLASH, BACKQUOTE, BANG, LETTER_M] = [42, 45, 47, 59, 92, 96, 33, 77];
const SEMICOLON_ALONE = Buffer.from(';');

// Where the scan stands. ROWS and ROWS_TEXT are the fast ones: the tuples of an INSERT, outside and inside quotes.
const CODE = 0;
const TEXT = 1;
const LINE_COMMENT = 2;
const BLOCK_COMMENT = 3;
const ROWS = 4;
const ROWS_TEXT = 5;

/** What no dump has among its rows, outside of quotes: each may lead to something that is no row. */
const ODD_IN_ROWS = new Uint8Array(256);
for (const sign of '\0"#$/@\\`-') ODD_IN_ROWS[sign.charCodeAt(0)] = 1;
const NOTHING_ODD = new Uint8Array(256);
/** The longest statement but for rows that is judged. */
const LONGEST = 64 * 1024 * 1024;
const DELIMITERS = /^(?:;|;;\d*|\/\/|\$\$|\|)$/;

/** Asked about every statement of a dump that may be hostile; it throws where one must not run. */
export type StatementGuard = {
	statement(text: Buffer, at: Standing): void;
	rows(head: Buffer, at: Standing): void;
	/** Something that no dump has, outside of quotes. */
	odd(what: string): void;
};

type Found = { tables: Map<string, { name: string; rows: number }>; names: Map<ObjectKind, Set<string>> };

/**
 * Reads a dump as the vendors' own clients read it, byte by byte and without decoding the data: quotes, escapes, comments, version
 * comments, DELIMITER, and sql_mode where it changes quoting (`NO_BACKSLASH_ESCAPES`, `ANSI_QUOTES`). So text inside a row, a routine, a view
 * or a comment is never taken for a statement, and what this scan does not find, a restore would not make either.
 * Chunks may end anywhere. Rows are counted exactly.
 */
export function createDumpScanner(
	options: { onTable?(name: string, database: string): void; readonly guard?: StatementGuard } = {},
): DumpScanner {
	const { guard } = options;
	const oddInRows = guard === undefined ? NOTHING_ODD : ODD_IN_ROWS;
	let head = Buffer.alloc(HEAD);
	let headLength = 0;
	let state = CODE;
	let quote = 0;
	let depth = 0;
	let lineStart = true;
	let delimiter: Buffer = SEMICOLON_ALONE;
	let backslashes = true;
	let ansiQuotes = false;
	let oracle = false;
	let matched = 0;
	let comment: number[] | null = null;
	let carry: Buffer | null = null;
	let rawBytes = 0;
	let rows = 0;
	let inserts = 0;
	let footer = false;
	let gtid: string | undefined;
	let file: DumpPosition | null = null;
	let table: string | null = null;
	let database = '';
	let filling: { rows: number } | null = null;
	let rowsBefore = 0;
	const found = new Map<string, Found>();

	function here(): Found {
		const known = found.get(database) ?? { tables: new Map(), names: new Map() };
		found.set(database, known);
		return known;
	}

	function tableNow(name: string): { rows: number } {
		const { tables } = here();
		const known = tables.get(name) ?? { name, rows: 0 };
		tables.set(name, known);
		if (table !== name) options.onTable?.(name, database);
		table = name;
		return known;
	}

	function position(text: string): void {
		const at = readPosition(text);
		if (at?.file !== undefined) file ??= at;
		if (at?.gtid !== undefined) gtid = at.gtid;
	}

	function endStatement(): void {
		guard?.statement(head.subarray(0, headLength), { backslashes, ansiQuotes, oracle });
		const text = head.toString('utf8', 0, Math.min(headLength, HEAD));
		headLength = 0;
		matched = 0;
		const it = readStatement(text);
		if (it.what === 'object' && it.kind === 'table') tableNow(it.name);
		else if (it.what === 'object') {
			const { names } = here();
			names.set(it.kind, (names.get(it.kind) ?? new Set()).add(it.name));
		} else if (it.what === 'database') {
			database = it.name;
			table = null;
			here();
		} else if (it.what === 'sqlMode') {
			backslashes = !it.modes.includes('NO_BACKSLASH_ESCAPES');
			oracle = it.modes.includes('ORACLE');
			ansiQuotes = oracle || it.modes.some((mode) => ANSI.has(mode));
		} else if (it.what === 'other') position(text);
	}

	function endComment(): void {
		if (comment === null) return;
		const text = Buffer.from(comment).toString('utf8');
		comment = null;
		footer = text.startsWith('-- Dump completed');
		if (text.startsWith('-- ')) position(text.slice(3));
	}

	/** True where VALUES has just been read in an INSERT: its rows follow. */
	function rowsFollow(): boolean {
		matched = 0;
		if (delimiter !== SEMICOLON_ALONE) return false;
		const it = readStatement(head.toString('utf8', 0, headLength));
		if (it.what !== 'rows') return false;
		guard?.rows(head.subarray(0, headLength), { backslashes, ansiQuotes, oracle });
		filling = tableNow(it.table);
		inserts++;
		rowsBefore = rows;
		depth = 0;
		return true;
	}

	/** Reads as far as it can be sure; gives the index of the first byte not read, which is less than `end` only for want of a look ahead. */
	function read(buffer: Buffer, last: boolean): number {
		const end = buffer.length;
		const ahead = last ? end : end - Math.max(10, delimiter.length);
		let i = 0;
		while (i < end) {
			if (state === ROWS_TEXT) {
				for (let c = 0; i < end; i++) {
					c = buffer[i] as number;
					if (c === SINGLE) {
						state = ROWS;
						i++;
						break;
					}
					if (c === BACKSLASH && ++i === end) return last ? end : end - 1;
				}
			} else if (state === ROWS) {
				for (let c = 0; i < end; i++) {
					c = buffer[i] as number;
					// Digits, letters and commas, the most of it, are past all that matters but the semicolon.
					if (oddInRows[c] === 1 && (c !== DASH || i + 1 >= end || buffer[i + 1] === DASH)) {
						if (c === DASH && i + 1 >= end && !last) return i;
						if (c !== DASH || buffer[i + 1] === DASH) guard?.odd(`${JSON.stringify(String.fromCharCode(c))} among rows`);
					}
					if (c > CLOSE && c !== SEMICOLON) continue;
					if (c === SINGLE) {
						state = ROWS_TEXT;
						i++;
						break;
					}
					if (c === OPEN) {
						if (depth++ === 0) rows++;
						else guard?.odd('an expression among rows');
					} else if (c === CLOSE) {
						if (--depth === 0 && guard !== undefined) {
							if (i + 4 >= end && !last) {
								depth++;
								return i;
							}
							if (!BETWEEN_ROWS.test(buffer.toString('latin1', i + 1, i + 5))) guard.odd('something between rows that is none');
						}
					} else if (c === SEMICOLON) {
						if (filling !== null) filling.rows += rows - rowsBefore;
						state = CODE;
						headLength = 0;
						matched = 0;
						i++;
						break;
					}
				}
			} else if (state === CODE) {
				if (i >= ahead) return i;
				i = code(buffer, i);
				if (i < 0) return ~i;
			} else if (state === TEXT) {
				const c = buffer[i] as number;
				const escapes = c === BACKSLASH && quote !== BACKQUOTE && backslashes && !(quote === DOUBLE && ansiQuotes);
				if (escapes && i + 1 >= end && !last) return i;
				keep(c);
				i++;
				if (escapes && i < end) keep(buffer[i++] as number);
				else if (c === quote) state = CODE;
			} else if (state === LINE_COMMENT) {
				const c = buffer[i++] as number;
				if (c === NEWLINE) {
					endComment();
					state = CODE;
					lineStart = true;
				} else if (comment !== null && comment.length < HEAD) comment.push(c);
			} else {
				if (i >= ahead) return i;
				const c = buffer[i] as number;
				const closes = c === STAR && buffer[i + 1] === SLASH;
				if (closes) {
					// Where mysqldump --set-gtid-purged=COMMENTED says it.
					if (comment !== null) position(Buffer.from(comment).toString('utf8'));
					comment = null;
					state = CODE;
				} else if (comment !== null && comment.length < HEAD) comment.push(c);
				i += closes ? 2 : 1;
			}
		}
		return end;
	}

	function keep(c: number): void {
		if (headLength === head.length && guard !== undefined) {
			if (headLength >= LONGEST) guard.odd('a statement that is too long to be judged');
			head = Buffer.concat([head, Buffer.alloc(head.length)]);
		}
		if (headLength < head.length) head[headLength++] = c;
	}

	function skipLine(at: number): number {
		comment = null;
		state = LINE_COMMENT;
		return at;
	}

	/** The line by which MariaDB's client is told to take no commands: the dump's first. */
	const isSandboxLine = (): boolean => head.toString('latin1', 0, headLength).startsWith('/*M!999999');

	/** Reads one thing outside quotes and comments; gives the index after it, or `~index` where it needs bytes that are still to come. */
	function code(buffer: Buffer, at: number): number {
		const c = buffer[at] as number;
		const next = buffer[at + 1];
		const after = buffer[at + 2];
		if (c === NEWLINE) {
			lineStart = true;
			// The sandbox line ends without a delimiter: forget it, so that the comments after it are read as comments.
			if (headLength > 0 && headLength < 80 && head.toString('latin1', 0, headLength).startsWith('/*M!999999')) headLength = 0;
		}
		const blank = c === SPACE || (c >= TAB && c <= 13);
		if (!blank && headLength === 0) {
			if (lineStart && (c | 32) === 100 && /^delimiter /i.test(buffer.toString('latin1', at, at + 10))) {
				const line = buffer.indexOf(NEWLINE, at);
				if (line < 0 && buffer.length - at > HEAD) guard?.odd('a DELIMITER line without an end');
				// A line that is longer is no command: nothing of it is kept until its end comes.
				if (line < 0 && buffer.length - at <= HEAD) return ~at;
				if (line < 0) return skipLine(at);
				const word = buffer.toString('latin1', at + 10, line).trim();
				if (!DELIMITERS.test(word)) guard?.odd(`the delimiter ${word.slice(0, 20)}`);
				delimiter = word === ';' || word === '' ? SEMICOLON_ALONE : Buffer.from(word, 'latin1');
				footer = false;
				return line;
			}
		}
		if (c === delimiter[0] && buffer.compare(delimiter, 0, delimiter.length, at, Math.min(at + delimiter.length, buffer.length)) === 0) {
			endStatement();
			footer = false;
			lineStart = false;
			return at + delimiter.length;
		}
		if (c === HASH || (c === DASH && next === DASH && (after === undefined || after <= SPACE))) {
			comment = headLength === 0 ? [] : null;
			state = LINE_COMMENT;
			return at;
		}
		if (
			c === SLASH &&
			next === STAR &&
			after !== BANG &&
			!(guard !== undefined && after === PLUS) &&
			!(after === LETTER_M && buffer[at + 3] === BANG)
		) {
			comment = headLength === 0 ? [] : null;
			state = BLOCK_COMMENT;
			return at + 2;
		}
		if (blank) {
			if (matched === VALUES.length && rowsFollow()) state = ROWS;
			matched = 0;
			if (headLength > 0) keep(c);
			return at + 1;
		}
		footer = false;
		lineStart = false;
		if (matched === VALUES.length && c === OPEN && rowsFollow()) {
			state = ROWS;
			return at;
		}
		matched = c === VALUES[matched] ? matched + 1 : c === VALUES[0] ? 1 : 0;
		keep(c);
		if (c === SINGLE || c === DOUBLE || c === BACKQUOTE) {
			quote = c;
			state = TEXT;
		}
		// `\-` and other commands of the client itself.
		if (c === BACKSLASH && !isSandboxLine()) guard?.odd('a command of the client');
		return c === BACKSLASH ? at + 2 : at + 1;
	}

	function databases(): DumpedDatabase[] {
		return [...found].map(([name, { tables, names }]) => {
			const of = (kind: ObjectKind) => [...(names.get(kind) ?? [])];
			return {
				name,
				tables: [...tables.values()],
				views: of('view'),
				triggers: of('trigger'),
				procedures: of('procedure'),
				functions: of('function'),
				events: of('event'),
				sequences: of('sequence'),
				packages: of('package'),
				packageBodies: of('packageBody'),
			};
		});
	}

	return {
		write(chunk) {
			rawBytes += chunk.length;
			const view = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
			const buffer = carry === null ? view : Buffer.concat([carry, view]);
			const read_ = read(buffer, false);
			// Copied: the chunk may be used again by who gave it.
			carry = read_ < buffer.length ? Buffer.from(buffer.subarray(read_)) : null;
			return buffer.length - read_;
		},
		end() {
			if (carry !== null) read(carry, true);
			carry = null;
			// What stands at the end without its delimiter is run as well.
			if (guard !== undefined && state === CODE && headLength > 0)
				guard.statement(head.subarray(0, headLength), { backslashes, ansiQuotes, oracle });
			if (guard !== undefined && (state === TEXT || state === BLOCK_COMMENT || state === ROWS_TEXT))
				guard.odd('quotes or a comment without an end');
			// A last line without its end was cut off, so it is no footer; and inside a statement there is none.
			if (state !== CODE || headLength > 0) footer = false;
			const known = file !== null || gtid !== undefined;
			return {
				databases: databases(),
				rows,
				inserts,
				footer,
				rawBytes,
				position: known ? { ...file, ...(gtid === undefined ? {} : { gtid }) } : null,
			};
		},
		get rawBytes() {
			return rawBytes;
		},
		get rows() {
			return rows;
		},
		get table() {
			return table;
		},
	};
}
