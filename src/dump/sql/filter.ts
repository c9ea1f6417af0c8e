import { UserError } from '../../core/errors.ts';
import { withoutLiterals } from '../../core/values.ts';
import { isOfNone } from './accounts.ts';
import { createDefinerContext } from './definer-context.ts';
import type { Piece } from './split.ts';
import { createTokenReader, type Readable, readableTokens, type TokenReader } from './token-reader.ts';

/** What of a file of SQL is wanted; all where neither is given. */
export type Wanted = {
	/** Only what makes these tables, and their triggers. */
	readonly tables?: readonly string[] | undefined;
	/** Nothing that makes or changes these accounts: `user@host`, or `role name`. */
	readonly withoutAccounts?: readonly string[] | undefined;
};

type Reader = TokenReader<Readable>;

/** The last part of a name: those before it are of its database. */
function takeLastName(read: Reader): string | null {
	let name = read.takeName();
	while (name !== null && read.takeSign('.')) name = read.takeName();
	return name;
}

/** The one table, or sequence, that a statement is about which names it first; null where it is none of these. */
function tableFirst(read: Reader): string | null {
	const isDrop = read.take('DROP', 'TABLE') || read.take('DROP', 'SEQUENCE');
	if (isDrop) read.take('IF', 'EXISTS');
	const isFound = isDrop || read.take('LOCK', 'TABLES') || read.take('ALTER', 'TABLE') || read.take('ANALYZE', 'TABLE');
	const isPlace = !isFound && (read.take('DO', 'SETVAL') || read.take('SELECT', 'SETVAL')) && read.takeSign('(');
	return isFound || isPlace ? takeLastName(read) : null;
}

/** BEFORE or AFTER, and what of a row fires a trigger. */
function takeEvents(read: Reader): boolean {
	if (!read.take('BEFORE') && !read.take('AFTER')) return false;
	do {
		const isUpdate = read.take('UPDATE');
		if (!isUpdate && !read.take('INSERT') && !read.take('DELETE')) return false;
		if (!isUpdate || !read.take('OF')) continue;
		do if (read.takeName() === null) return false;
		while (read.takeSign(','));
	} while (read.take('OR'));
	return true;
}

/** The table of a trigger, as it was typed; null where the statement is not understood to its name. */
function tableOfTrigger(read: Reader): string | null {
	if (!read.take('CREATE')) return null;
	read.take('OR', 'REPLACE');
	if (read.take('DEFINER')) {
		if (!read.takeSign('=')) return null;
		do read.next();
		while (read.takeSign('@'));
	}
	if (!read.take('TRIGGER')) return null;
	read.take('IF', 'NOT', 'EXISTS');
	if (takeLastName(read) === null || !takeEvents(read) || !read.take('ON')) return null;
	return takeLastName(read);
}

/** `null`: rows, of which nothing is shown. */
const doubtful = (statement: string | null): UserError =>
	new UserError({
		message: 'The dump holds a statement of which it cannot be known whether it belongs to the tables that were asked for.',
		...(statement === null ? {} : { details: withoutLiterals(statement).slice(0, 200) }),
		hints: ['Restore the whole database into a spare server, and take the tables from there.'],
	});

/** Tells which statements make these tables and their triggers. What is of another table must never be loaded, and what is of these never left out. */
function createSelection(tables: ReadonlySet<string>) {
	/** The dump's tables so far. */
	const made = new Set<string>();

	function isWantedTrigger(text: string, reader: Reader): boolean {
		const name = tableOfTrigger(reader);
		if (name === null) throw doubtful(text);
		// Where capitals mean nothing it may not be as the table is called, which comes before it.
		const typed = made.size > 0 && !made.has(name) ? name.toLowerCase() : null;
		return tables.has(name) || [...tables].some((each) => each.toLowerCase() === typed);
	}

	/** What sets up the session, or ends what was begun there. Without its COMMIT a table's rows, which come with autocommit off, would be gone. */
	function isOfSession(read: Reader): boolean {
		if (read.take('SET')) {
			while (!read.isOver) if (read.next()?.upper === 'GLOBAL') return false;
			return true;
		}
		return read.take('ALTER', 'DATABASE') || read.take('UNLOCK', 'TABLES') || read.take('COMMIT');
	}

	return {
		/** Throws UserError where it is in doubt. */
		isWanted({ text: bytes, does, mode }: Piece): boolean {
			const text = bytes.toString();
			const reader = () => createTokenReader(readableTokens(text, mode));
			if (reader().isOver) return true;
			const about = tableFirst(reader());
			if (about !== null) return tables.has(about);
			if (does.what === 'object' && does.kind === 'trigger') return isWantedTrigger(text, reader());
			if (does.what === 'object') {
				if (does.kind === 'table') made.add(does.name);
				return (does.kind === 'table' || does.kind === 'sequence') && tables.has(does.name);
			}
			if (does.what === 'database' || does.what === 'sqlMode' || isOfSession(reader())) return true;
			const isSet = reader().take('SET');
			if (!isSet && !['CREATE', 'DROP'].includes(reader().upper())) throw doubtful(text);
			return false;
		},
		/** Of rows. */
		hasTable: ({ does }: Piece): boolean => does.what === 'rows' && tables.has(does.table),
	};
}

const SEMICOLON = 59;

/** Throws UserError where rows go on behind a semicolon at the end of a line: the vendors' tools escape every line end in a value. */
function createRowsCheck() {
	let last = '';
	return {
		begin(): void {
			last = '';
		},
		check(bytes: Buffer): void {
			const end = bytes.indexOf(';\n');
			const begin = bytes.toString('latin1', 0, 1);
			const isBehindEnd = last === ';\n' || (last === ';' && begin === '\n');
			if (!isBehindEnd && end < 0) {
				if (bytes.length > 0) last = bytes.at(-1) === SEMICOLON ? ';' : '';
				return;
			}
			last = ';\n';
			if (/[^\n]/.test(bytes.toString('latin1', isBehindEnd ? 0 : end + 1))) throw doubtful(null);
		},
	};
}

/** The wanted pieces of a dump of single tables. Throws UserError where a statement's table is in doubt. */
async function* ofTables(pieces: AsyncIterable<Piece>, tables: readonly string[]): AsyncGenerator<Piece> {
	const selection = createSelection(new Set(tables));
	const context = createDefinerContext();
	const rowsCheck = createRowsCheck();
	let hasRows = false;
	for await (const piece of pieces) {
		if (piece.kind === 'rows') {
			if (context.isWaiting) throw doubtful(null);
			hasRows = selection.hasTable(piece);
			rowsCheck.begin();
		}
		if (piece.kind === 'rows' || piece.kind === 'of-rows') {
			if (piece.kind === 'of-rows') rowsCheck.check(piece.bytes);
			if (hasRows) yield piece;
			// What is left out leaves its comments behind: the last one is the footer.
		} else if (piece.kind !== 'statement' || selection.isWanted(piece)) yield* context.pass(piece);
	}
	yield* context.end();
}

/** The wanted pieces of a dump, as they are. Throws UserError where it is in doubt to what a statement belongs. */
export async function* filtered(pieces: AsyncIterable<Piece>, { tables, withoutAccounts }: Wanted): AsyncGenerator<Piece> {
	const accounts = new Set(withoutAccounts);
	for await (const piece of tables === undefined ? pieces : ofTables(pieces, tables))
		if (accounts.size === 0 || piece.kind !== 'statement' || isOfNone(piece.text.toString(), accounts)) yield piece;
}
