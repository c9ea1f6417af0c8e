import { MASK, Secret } from './secret.ts';

/** One statement, as the pieces that were written and the secrets between them. */
export interface Statement {
	readonly pieces: readonly (string | Secret)[];
}

/** A piece that is put in as it is: made by {@link id}, {@link account}, {@link raw} and {@link list}. */
export interface Fragment {
	readonly fragment: readonly (string | Secret)[];
}

type Value = string | number | bigint | boolean | null | Secret | Fragment | Statement;

/** A row as text, by column name; NULL is null. Numbers stay text: they may be larger than a double holds. */
export type Row = Readonly<Record<string, string | null>>;

/** A statement that only reads, together with how to read its answer. */
export interface Query<T> {
	readonly statement: Statement;
	/** So long its answer may take, milliseconds, where that is other than a session's own bound. 0: it reads a whole table, only the person who waits bounds it. */
	readonly mostMs?: number;
	read(rows: readonly Row[]): T;
}

export const query = <T>(statement: Statement, read: (rows: readonly Row[]) => T): Query<T> => ({ statement, read });

// Every session of ours runs without NO_BACKSLASH_ESCAPES and without ANSI_QUOTES (server/session.ts).
function quote(text: string): string {
	return `'${text.replace(/[\0\n\r\\'\x1a]/g, (c) => ({ '\0': '\\0', '\n': '\\n', '\r': '\\r', '\x1a': '\\Z' })[c] ?? `\\${c}`)}'`;
}

function pieces(value: Value): readonly (string | Secret)[] {
	if (value === null) return ['NULL'];
	if (value instanceof Secret) return [value];
	if (typeof value === 'object') return 'fragment' in value ? value.fragment : value.pieces;
	if (typeof value === 'string') return [quote(value)];
	if (typeof value === 'boolean') return [value ? '1' : '0'];
	return [String(value)];
}

/** Builds a statement: values become literals, {@link id} identifiers, a {@link Secret} a literal that shows as {@link MASK}. */
export function sql(strings: TemplateStringsArray, ...values: readonly Value[]): Statement {
	const all: (string | Secret)[] = [];
	strings.forEach((text, index) => {
		all.push(text);
		const value = values[index];
		if (value !== undefined) all.push(...pieces(value));
	});
	return { pieces: all };
}

/** An identifier, or several joined by dots, in backquotes. */
export function id(...names: readonly string[]): Fragment {
	return { fragment: [names.map((name) => `\`${name.replaceAll('`', '``')}\``).join('.')] };
}

/** An account: 'user'@'host'. */
export function account(user: string, host: string): Fragment {
	return { fragment: [`${quote(user)}@${quote(host)}`] };
}

/** Words of SQL that this program itself wrote; never anything that came from outside. */
export function raw(text: string): Fragment {
	return { fragment: [text] };
}

/** Several pieces joined by a comma and a space. */
export function list(values: readonly Value[]): Fragment {
	return { fragment: values.flatMap((value, index) => (index === 0 ? pieces(value) : [', ', ...pieces(value)])) };
}

/** The statement as people, logs and journals may see it. */
export function shown(statement: Statement): string {
	return statement.pieces.map((piece) => (typeof piece === 'string' ? piece : `'${MASK}'`)).join('');
}

/** The statement as the server gets it. */
export function sent(statement: Statement): string {
	return statement.pieces.map((piece) => (typeof piece === 'string' ? piece : quote(piece.reveal()))).join('');
}
