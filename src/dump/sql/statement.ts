import { DEFAULT_MODE, type SqlMode } from './mode.ts';
import { type Token, tokensIn } from './tokens.ts';

/** The kinds of object a dump makes. A package's specification and its body are two objects, as in `information_schema.ROUTINES`. */
export type ObjectKind = 'table' | 'view' | 'trigger' | 'procedure' | 'function' | 'event' | 'sequence' | 'package' | 'packageBody';

/** What one statement of a dump does, as far as a scan of the dump cares. */
export type Dumped =
	| { readonly what: 'object'; readonly kind: ObjectKind; readonly name: string }
	| { readonly what: 'database'; readonly name: string }
	| { readonly what: 'sqlMode'; readonly modes: readonly string[] }
	| { readonly what: 'rows'; readonly table: string }
	| { readonly what: 'other' };

const OTHER: Dumped = { what: 'other' };
const KINDS: Readonly<Record<string, ObjectKind>> = {
	TABLE: 'table',
	VIEW: 'view',
	TRIGGER: 'trigger',
	PROCEDURE: 'procedure',
	FUNCTION: 'function',
	EVENT: 'event',
	SEQUENCE: 'sequence',
	PACKAGE: 'package',
};

// Reserved words, so none of them can be a name without quotes.
const BEFORE_NAMES = new Set(['IF', 'NOT', 'EXISTS', 'INTO', 'IGNORE', 'LOW_PRIORITY', 'DELAYED']);

const isQuoted = ({ kind }: Token): boolean => kind === 'name' || kind === 'text';

/** What counts of a statement: the content of version comments does, hints do not. */
function* partsOf(text: string, mode: SqlMode): Generator<Token> {
	for (const token of tokensIn(text, mode)) if (token.kind !== 'open' && token.kind !== 'close' && token.kind !== 'hint') yield token;
}

/** The next name: `a`, or the last part of `a`.`b`, after words such as IF NOT EXISTS. */
function nameIn(rest: Iterator<Token>, first = rest.next()): string {
	let token = first;
	while (!token.done && !isQuoted(token.value) && BEFORE_NAMES.has(token.value.text.toUpperCase())) token = rest.next();
	let name = token.done ? '' : token.value.text;
	for (token = rest.next(); !token.done && !isQuoted(token.value) && token.value.text === '.'; token = rest.next()) {
		token = rest.next();
		if (!token.done) name = token.value.text;
	}
	return name;
}

function created(rest: Iterator<Token> & Iterable<Token>): Dumped {
	let algorithm = false;
	for (const token of rest) {
		if (isQuoted(token)) continue;
		const word = token.text.toUpperCase();
		if (word === 'ALGORITHM') algorithm = true;
		if (word === 'DATABASE' || word === 'SCHEMA') return { what: 'database', name: nameIn(rest) };
		const kind = KINDS[word];
		if (kind === undefined) continue;
		// A view is written twice: a stand-in with its columns, then the real one, which alone has an ALGORITHM.
		if (kind === 'view' && !algorithm) return OTHER;
		const next = rest.next();
		const body = kind === 'package' && !next.done && !isQuoted(next.value) && next.value.text.toUpperCase() === 'BODY';
		return { what: 'object', kind: body ? 'packageBody' : kind, name: body ? nameIn(rest) : nameIn(rest, next) };
	}
	return OTHER;
}

/** The sql_mode that a SET sets. What is kept in a variable is what a server has by default, as far as a dump keeps it. */
function modesSet(tokens: readonly Token[]): Dumped {
	const at = tokens.findLastIndex(
		(token, index) => token.text.toUpperCase() === 'SQL_MODE' && tokens[index - 1]?.text !== '@' && tokens[index + 1]?.text === '=',
	);
	const value = tokens[at + 2];
	if (at < 0 || value === undefined) return OTHER;
	return { what: 'sqlMode', modes: (value.kind === 'text' ? value.text.slice(1, -1) : value.text.replace('@', '')).split(',') };
}

/** Reads the beginning of a statement as a lexer gives it: plain comments gone, version comments as they are. */
export function readStatement(head: string, mode: SqlMode = DEFAULT_MODE): Dumped {
	const rest = partsOf(head, mode);
	const first = rest.next();
	if (first.done || isQuoted(first.value)) return OTHER;
	switch (first.value.text.toUpperCase()) {
		case 'CREATE':
			// Tools before MariaDB 10.1 and MySQL 5.7 stand a table in for a view; the view itself follows at the end.
			return /^\s*\/\*!50001\s+CREATE\s+TABLE/i.test(head) ? OTHER : created(rest);
		case 'INSERT':
		case 'REPLACE':
			return { what: 'rows', table: nameIn(rest) };
		case 'USE':
			return { what: 'database', name: nameIn(rest) };
		case 'SET':
			return modesSet([...rest]);
		default:
			return OTHER;
	}
}

/** A place in the binary log, as far as a dump names it. */
export type DumpPosition = {
	/** MariaDB: `gtid_slave_pos`; MySQL: the GTID set purged. */
	readonly gtid?: string;
	readonly file?: string;
	readonly pos?: number;
};

/**
 * The position a line or statement of the dump names, or null. With `--master-data` mariadb-dump 10.11 and 11.8 write file and position near
 * the top but `SET GLOBAL gtid_slave_pos` only after all the data, just before the footer (seen in real dumps).
 */
export function readPosition(text: string): DumpPosition | null {
	const file =
		/^\s*CHANGE (?:MASTER|REPLICATION SOURCE) TO .*?(?:MASTER|SOURCE)_LOG_FILE='([^']*)',\s*(?:MASTER|SOURCE)_LOG_POS=(\d+)/.exec(text);
	if (file !== null) return { file: file[1] ?? '', pos: Number(file[2]) };
	const mariadb = /^\s*SET GLOBAL gtid_slave_pos='([^']*)'/.exec(text);
	if (mariadb !== null) return { gtid: mariadb[1] ?? '' };
	const mysql = /^\s*SET @@GLOBAL\.GTID_PURGED=\s*(?:\/\*!80000 '\+'\*\/)?\s*'([^']*)'/.exec(text);
	// In a comment the plus, which adds to what a server has purged, stands inside the quotes.
	return mysql === null ? null : { gtid: (mysql[1] ?? '').replaceAll(/\s|^\+/g, '') };
}
