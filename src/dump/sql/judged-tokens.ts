import type { SqlMode } from './mode.ts';
import { type Token, tokensIn } from './tokens.ts';

/** A part of a statement that may be hostile: nothing of it is taken for less than it is. */
export type SqlToken = {
	/** `name` is in quotes of its own and given without them, `text` a string with its quotes. */
	readonly kind: 'name' | 'text' | 'word' | 'sign';
	readonly text: string;
	/** Of a word, in capitals; of others empty. */
	readonly upper: string;
	/** The version comments that it stands in and that not every server reads. */
	readonly within: readonly VersionComment[];
};
type VersionComment = { readonly mariadb: boolean; readonly version: number };

/** Every server that is supported reads these as if they were no comments. */
const ALWAYS = 50_699;
/** What MariaDB leaves out because only MySQL means it. */
const MYSQL_ONLY = [50_700, 99_999] as const;

/** Why a statement cannot be read as every server would. */
export class Unreadable extends Error {}

/** No dump has a statement of more: a table with 8,192 partitions has a tenth. Each takes some hundred bytes of memory. */
const MOST_TOKENS = 1_000_000;
/** Of a name, in characters; a server takes 64 characters, and 255 of a host. */
const LONGEST_NAME = 4096;

/**
 * A hint that is one to all: some clients see only a comment in it, others quotes and comments as anywhere else from its second line on, and
 * servers quotes of their own.
 */
const INERT_HINT = /^\/\*\+(?:[^'"`#;\\/|$-]|-(?!-)|'[^'#;\\/|$*\n]*'|"[^"#;\\/|$*\n]*"|`[^`#;\\/|$*\n]*`)*\*\/$/;
/** Servers take some of them for blanks, after two dashes all. */
const CONTROLS = /[\0-\x08\x0e-\x1f\x7f]/;

function opened(text: string): VersionComment | null {
	const mariadb = text.startsWith('/*M');
	const digits = /\d+/.exec(text)?.[0];
	return mariadb || Number(digits ?? 0) > ALWAYS ? { mariadb, version: Number(digits ?? 0) } : null;
}

function refuseUnreadable({ kind, text, from }: Token, statement: string, isOptional: boolean): void {
	const isQuoted = kind === 'name' || kind === 'text';
	// A server that leaves the comment out sees no quotes in it.
	if (isQuoted && isOptional && text.includes('*/')) throw new Unreadable('the end of a comment stands in quotes');
	// Clients may take it for an escape.
	if (kind === 'name' && statement[from] === '"' && text.includes('\\')) throw new Unreadable('a backslash stands in a quoted name');
	if (kind !== 'text' && text.length > LONGEST_NAME) throw new Unreadable('a name that is longer than any server takes');
	if (kind === 'hint' && !INERT_HINT.test(text)) throw new Unreadable('a hint that may be read as more than that');
	if (kind === 'sign' && /['"`\\]/.test(text)) throw new Unreadable(`${JSON.stringify(text)} outside of quotes, or quotes that do not end`);
	if (kind === 'sign' && CONTROLS.test(text)) throw new Unreadable(`${JSON.stringify(text)} outside of quotes`);
}

/** The tokens of a statement, whose plain comments are gone already. Throws Unreadable. */
export function sqlTokens(statement: string, mode: SqlMode): readonly SqlToken[] {
	const tokens: SqlToken[] = [];
	const open: (VersionComment | null)[] = [];
	for (const token of tokensIn(statement, mode)) {
		const { kind, text } = token;
		if (tokens.length + open.length > MOST_TOKENS) throw new Unreadable('a statement that is too long to be judged');
		const within = open.filter((each) => each !== null);
		refuseUnreadable(token, statement, within.length > 0);
		if (kind === 'open') open.push(opened(text));
		else if (kind === 'close') {
			if (open.pop() === undefined) throw new Unreadable('a comment that was not opened ends');
		} else if (kind !== 'hint') tokens.push({ kind, text, upper: kind === 'word' ? text.toUpperCase() : '', within });
	}
	if (open.length > 0) throw new Unreadable('a comment does not end');
	return tokens;
}

/** A statement as different servers may read it: with the version comments that each of them does not leave out. */
export function readings(tokens: readonly SqlToken[]): readonly (readonly SqlToken[])[] {
	const all = tokens.flatMap(({ within }) => within);
	if (all.length === 0) return [tokens];
	const limits = [0, ...new Set(all.map(({ version }) => version))];
	const servers = limits.flatMap((limit) => [
		({ mariadb, version }: VersionComment) => !mariadb && version <= limit,
		({ mariadb, version }: VersionComment) => version <= limit && (mariadb || version < MYSQL_ONLY[0] || version > MYSQL_ONLY[1]),
	]);
	return servers.map((reads) => tokens.filter(({ within }) => within.every(reads)));
}
