import { UserError } from '../../core/errors.ts';
import { withoutLiterals } from '../../core/values.ts';
import { createHoldBack } from './definer-context.ts';
import { bare, beginning, COMMENT, createCutter } from './split.ts';
import { readStatement } from './statement.ts';

/** What of a file of SQL is wanted; all where neither is given. */
export type Wanted = {
	/** Only what makes these tables, and their triggers. */
	readonly tables?: readonly string[] | undefined;
	/** Nothing that makes or changes these accounts: `user@host`, or `role name`. */
	readonly withoutAccounts?: readonly string[] | undefined;
};

// Bytes are kept as they are: one character each.
const asText = (bytes: string): string => Buffer.from(bytes, 'latin1').toString();

// The last part of a name; those before it are of its database.
const WORD = '(?:`((?:[^`]|``)*)`|"((?:[^"]|"")*)"|([\\w$\\u0080-\\u00ff]+))';
const uncaptured = (pattern: string): string => pattern.replaceAll(/\((?!\?)/g, '(?:');
const NAME = `(?:${uncaptured(WORD)}\\s*\\.\\s*)?${WORD}`;
const VERSION = '(?:\\/\\*M?!\\d*\\s*)?';
/** What names the one table that it is about, or the one sequence, first. */
const ABOUT_TABLE = new RegExp(
	`^${VERSION}(?:DROP\\s+(?:TABLE|SEQUENCE)\\s+(?:IF\\s+EXISTS\\s+)?|LOCK\\s+TABLES\\s+|ALTER\\s+TABLE\\s+|ANALYZE\\s+TABLE\\s+|(?:DO|SELECT)\\s+SETVAL\\s*\\(\\s*)${NAME}`,
	'i',
);
const ROWS = new RegExp(
	`(?:INSERT|REPLACE)\\s+(?:(?:IGNORE|DELAYED|LOW_PRIORITY)\\s+)*INTO\\s+${NAME}\\s*(?:\\((?:\`(?:[^\`]|\`\`)*\`|[^\`()])*\\)\\s*)?VALUES\\s*`,
	'iy',
);
// From its first word on, so that nothing in a name is taken for the table. As it was typed: comments may stand anywhere.
const GAP = `(?:\\s|\\*\\/|\\/\\*M?!\\d*|${COMMENT})*`;
const QUOTED = "(?:`(?:[^`]|``)*`|'(?:[^'\\\\]|\\\\.|'')*'|[\\w$.%-]+)";
const DEFINER = `(?:${QUOTED}|"(?:[^"]|"")*")`;
const COLUMN = uncaptured(WORD);
const CHANGE = `(?:INSERT|DELETE|UPDATE(?:${GAP}OF${GAP}${COLUMN}(?:${GAP},${GAP}${COLUMN})*)?)`;
const TRIGGER_OF = new RegExp(
	[
		`^${GAP}CREATE${GAP}(?:OR${GAP}REPLACE${GAP})?(?:DEFINER${GAP}=${GAP}${DEFINER}(?:${GAP}@${GAP}${DEFINER})?${GAP})?TRIGGER${GAP}`,
		`(?:IF${GAP}NOT${GAP}EXISTS${GAP})?${uncaptured(NAME)}${GAP}(?:BEFORE|AFTER)${GAP}`,
		`${CHANGE}(?:${GAP}OR${GAP}${CHANGE})*${GAP}ON${GAP}${NAME}`,
	].join(''),
	'i',
);

const named = ([, backquoted, quoted, word]: RegExpExecArray): string =>
	asText(backquoted?.replaceAll('``', '`') ?? quoted?.replaceAll('""', '"') ?? word ?? '');

/** `null`: within rows, of which nothing is shown. */
const doubtful = (statement: string | null): UserError =>
	new UserError({
		message: 'The dump holds a statement of which it cannot be known whether it belongs to the tables that were asked for.',
		...(statement === null ? {} : { details: withoutLiterals(asText(statement)).slice(0, 200) }),
		hints: ['Restore the whole database into a spare server, and take the tables from there.'],
	});

/** `made`: the dump's tables so far. Throws UserError where it is in doubt: what is of another table must never be loaded, and what is of these never left out. */
function ofTables(statement: string, tables: ReadonlySet<string>, made: Set<string>): boolean {
	const text = bare(statement);
	if (text === '' || /^(?:DELIMITER\s|\/\*M!999999)/i.test(text)) return true;
	const about = ABOUT_TABLE.exec(text);
	if (about !== null) return tables.has(named(about));
	const it = readStatement(text);
	if (it.what === 'object' && it.kind === 'trigger') {
		const on = TRIGGER_OF.exec(text);
		if (on === null) throw doubtful(text);
		const name = named(on);
		// As it was typed: where capitals mean nothing it may not be as the table is called, which comes before it.
		const typed = made.size > 0 && !made.has(name) ? name.toLowerCase() : null;
		return tables.has(name) || [...tables].some((each) => each.toLowerCase() === typed);
	}
	if (it.what === 'object' && it.kind === 'table') made.add(asText(it.name));
	if (it.what === 'object') return (it.kind === 'table' || it.kind === 'sequence') && tables.has(asText(it.name));
	if (it.what === 'database' || it.what === 'sqlMode') return true;
	if (new RegExp(`^${VERSION}SET\\s`, 'i').test(text)) return !/^[^']*(?:@@|\bSET\s+)GLOBAL\b/i.test(text);
	// Without its COMMIT a table's rows, which come with autocommit off, would be gone.
	if (new RegExp(`^${VERSION}(?:ALTER\\s+DATABASE\\s|UNLOCK\\s+TABLES\\b|COMMIT\\b)`, 'i').test(text)) return true;
	if (new RegExp(`^${VERSION}(?:CREATE|DROP)\\s`, 'i').test(text)) return false;
	throw doubtful(text);
}

const ACCOUNT = `(${QUOTED})(?:@(${QUOTED}))?`;
const MADE = new RegExp(`^(?:/\\*M?!\\d*\\s*)?(?:CREATE|ALTER)\\s+(USER|ROLE)\\s+(?:IF\\s+(?:NOT\\s+)?EXISTS\\s+)?${ACCOUNT}`, 'i');
const GRANTED = new RegExp(`\\s(?:TO|FOR|FROM)\\s+${ACCOUNT}(?=[\\s;*]|$)`, 'gi');
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
			: /^(?:\/\*M?!\d*\s*)?(?:GRANT|REVOKE|SET\s+DEFAULT\s+ROLE)\b/i.test(text)
				? [...text.matchAll(GRANTED)].at(-1)?.slice(1)
				: undefined;
	if (found?.[0] === undefined) return null;
	return found[1] === undefined ? `role ${unquoted(found[0])}` : `${unquoted(found[0])}@${unquoted(found[1])}`;
}

// The client's own role, by which roles are handed on, is granted to whoever loads.
const ABOUT_ACCOUNTS =
	/^(?:\/\*M?!\d*\s*)?(?:GRANT|REVOKE|(?:CREATE|ALTER|DROP)\s+USER|SET\s+DEFAULT\s+ROLE)\b(?![\s\S]*\sCURRENT_USER\(\))/i;

function ofAccounts(statement: string, without: ReadonlySet<string>): boolean {
	const account = accountOf(statement);
	if (account === null && ABOUT_ACCOUNTS.test(bare(statement))) {
		throw new UserError({
			message: 'A statement about an account is not understood, so it cannot be known whether that account exists already.',
			hints: ['Load the accounts by hand: README.txt of the backup says how.'],
		});
	}
	return account === null || !without.has(account);
}

// Most statements are shorter, and few are decoded again for one that is not.
const WINDOW = 32 * 1024;
/** As many columns as a table may have, with names of four bytes a sign, are less. */
const LONGEST_HEAD = 4 * 1024 * 1024;
const END_OF_ROWS = Buffer.from(';\n');
const CLOSE = 41;

/**
 * The wanted statements of a dump, byte for byte, in as much memory as its longest statement without rows takes. Rows are not read: the
 * vendors' tools escape every line end in a value (`mysql_real_escape_string`; their own connection has sql_mode ''), so an INSERT ends with
 * the first line that ends with `);`. Throws UserError where a statement's table is in doubt.
 */
export async function* filtered(source: AsyncIterable<Buffer>, wanted: Wanted): AsyncGenerator<Buffer> {
	const tables = wanted.tables === undefined ? null : new Set(wanted.tables);
	const without = wanted.withoutAccounts?.length ? new Set(wanted.withoutAccounts) : null;
	const cutter = createCutter();
	const holdBack = createHoldBack();
	const made = new Set<string>();
	/** Whether the rows at hand are wanted; null outside of rows. */
	let rows: boolean | null = null;
	let rest: Buffer = Buffer.alloc(0);

	function* read(more: boolean): Generator<Buffer> {
		let window = WINDOW;
		while (rest.length > 0) {
			if (rows !== null) {
				const at = rest.indexOf(END_OF_ROWS);
				if (at >= 0 && rest[at - 1] !== CLOSE) throw doubtful(null);
				// The next chunk may begin in the middle of the end.
				const end = at >= 0 ? at + END_OF_ROWS.length : more ? Math.max(0, rest.length - 2) : rest.length;
				if (rows && end > 0) yield rest.subarray(0, end);
				rest = rest.subarray(end);
				if (at < 0) return;
				rows = null;
				continue;
			}
			const text = rest.toString('latin1', 0, window);
			const whole = window >= rest.length;
			let from = 0;
			while (rows === null) {
				const head = tables === null ? null : rowsAt(text, from);
				if (head === 'open') {
					if (text.length - from > LONGEST_HEAD || (whole && !more)) throw doubtful(bare(text.slice(from)));
					break;
				}
				if (head !== null) {
					if (!cutter.plain || holdBack.waiting) throw doubtful(bare(text.slice(from)));
					rows = tables?.has(head.table) ?? true;
					if (rows) yield Buffer.from(text.slice(from, head.end), 'latin1');
					from = head.end;
					break;
				}
				const statement = cutter.next(text, from, more || !whole);
				if (statement === null) break;
				from += statement.length;
				// What is left out leaves its comments behind: the last one is the footer.
				if ((tables !== null && !ofTables(statement, tables, made)) || (without !== null && !ofAccounts(statement, without))) continue;
				for (const each of tables === null ? [statement] : holdBack.pass(statement)) yield Buffer.from(each, 'latin1');
			}
			rest = rest.subarray(from);
			if (rows !== null) continue;
			if (whole) return;
			window = from > 0 ? WINDOW : window * 4;
		}
	}

	for await (const chunk of source) {
		rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
		yield* read(true);
	}
	yield* read(false);
	for (const each of holdBack.end()) yield Buffer.from(each, 'latin1');
}

/** The beginning of an INSERT up to its rows; `open` where its rows are not to be seen yet. */
function rowsAt(text: string, from: number): { readonly table: string; readonly end: number } | 'open' | null {
	const at = beginning(text, from);
	if (!/^(?:INSERT|REPLACE)\s/i.test(text.slice(at, at + 8))) return null;
	ROWS.lastIndex = at;
	const head = ROWS.exec(text);
	return head === null ? 'open' : { table: named(head), end: at + head[0].length };
}
