/** The kinds of object a dump makes. A package's specification and its body are two objects, as in `information_schema.ROUTINES`. */
export type ObjectKind = 'table' | 'view' | 'trigger' | 'procedure' | 'function' | 'event' | 'sequence' | 'package' | 'packageBody';

/** What one statement of a dump does, as far as a scan of the dump cares. */
export type Dumped =
	| { readonly what: 'object'; readonly kind: ObjectKind; readonly name: string }
	| { readonly what: 'database'; readonly name: string }
	| { readonly what: 'sqlMode'; readonly modes: readonly string[] }
	| { readonly what: 'rows'; readonly table: string }
	| { readonly what: 'other' };

interface Token {
	readonly text: string;
	readonly quoted: boolean;
}

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

// Plain comments, the openings and ends of version comments (whose content counts), quoted names and strings, words, any other sign.
const TOKEN =
	/\s+|\/\*M?!\d*|\*\/|\/\*[\s\S]*?\*\/|`((?:[^`]|``)*)`|"((?:[^"]|"")*)"|'(?:[^'\\]|\\[\s\S]|'')*'|([\w$\u0080-\uffff]+)|[\s\S]/g;

function* tokens(text: string): Generator<Token> {
	for (const [whole, backquoted, quoted, word] of text.matchAll(TOKEN)) {
		if (backquoted !== undefined) yield { text: backquoted.replaceAll('``', '`'), quoted: true };
		else if (quoted !== undefined) yield { text: quoted.replaceAll('""', '"'), quoted: true };
		else if (word !== undefined) yield { text: word, quoted: false };
		else if (!/^(\s|\/\*|\*\/)/.test(whole)) yield { text: whole, quoted: false };
	}
}

// Reserved words, so none of them can be a name without quotes.
const BEFORE_NAMES = new Set(['IF', 'NOT', 'EXISTS', 'INTO', 'IGNORE', 'LOW_PRIORITY', 'DELAYED']);

/** The next name: `a`, or the last part of `a`.`b`, after words such as IF NOT EXISTS. */
function nameIn(rest: Iterator<Token>, first = rest.next()): string {
	let token = first;
	while (!token.done && !token.value.quoted && BEFORE_NAMES.has(token.value.text.toUpperCase())) token = rest.next();
	let name = token.done ? '' : token.value.text;
	for (token = rest.next(); !token.done && !token.value.quoted && token.value.text === '.'; token = rest.next()) {
		token = rest.next();
		if (!token.done) name = token.value.text;
	}
	return name;
}

function created(head: string): Dumped {
	// Tools before MariaDB 10.1 and MySQL 5.7 stand a table in for a view; the view itself follows at the end.
	if (/^\s*\/\*!50001\s+CREATE\s+TABLE/i.test(head)) return OTHER;
	const rest = tokens(head);
	let algorithm = false;
	for (const { text, quoted } of rest) {
		if (quoted) continue;
		const word = text.toUpperCase();
		if (word === 'ALGORITHM') algorithm = true;
		if (word === 'DATABASE' || word === 'SCHEMA') return { what: 'database', name: nameIn(rest) };
		const kind = KINDS[word];
		if (kind === undefined) continue;
		// A view is written twice: a stand-in with its columns, then the real one, which alone has an ALGORITHM.
		if (kind === 'view' && !algorithm) return OTHER;
		const next = rest.next();
		const body = kind === 'package' && !next.done && !next.value.quoted && next.value.text.toUpperCase() === 'BODY';
		return { what: 'object', kind: body ? 'packageBody' : kind, name: body ? nameIn(rest) : nameIn(rest, next) };
	}
	return OTHER;
}

/** Reads the beginning of a statement (comments of our own kind gone, version comments as they are). */
export function readStatement(head: string): Dumped {
	const rest = tokens(head);
	const first = rest.next();
	if (first.done || first.value.quoted) return OTHER;
	switch (first.value.text.toUpperCase()) {
		case 'CREATE':
			return created(head);
		case 'INSERT':
		case 'REPLACE':
			return { what: 'rows', table: nameIn(rest) };
		case 'USE':
			return { what: 'database', name: nameIn(rest) };
		case 'SET': {
			const set = /(?<![@\w])sql_mode\s*=\s*(?:'([^']*)'|"([^"]*)"|@)/i.exec(head);
			return set === null ? OTHER : { what: 'sqlMode', modes: (set[1] ?? set[2] ?? '').split(',') };
		}
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
