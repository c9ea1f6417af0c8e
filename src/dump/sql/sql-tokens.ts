/** How a server reads quotes. */
export type Quoting = { readonly backslashes: boolean; readonly ansiQuotes: boolean };

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

const pattern = ({ backslashes, ansiQuotes }: Quoting): RegExp => {
	const single = backslashes ? "'[^'\\\\]*(?:(?:\\\\[\\s\\S]|'')[^'\\\\]*)*'" : "'[^']*(?:''[^']*)*'";
	const double = backslashes && !ansiQuotes ? '"[^"\\\\]*(?:(?:\\\\[\\s\\S]|"")[^"\\\\]*)*"' : '"[^"]*(?:""[^"]*)*"';
	return new RegExp(
		`\\s+|\\/\\*(M?)!(\\d{5,6})?|\\/\\*\\+|\\*\\/|\`([^\`]*(?:\`\`[^\`]*)*)\`|(${single})|(${double})|([\\w$\\u0080-\\u{10ffff}]+)|[\\s\\S]`,
		'gu',
	);
};

/** Why a statement cannot be read as every server would. */
export class Unreadable extends Error {}

/** No dump has a statement of more: a table with 8,192 partitions has a tenth. Each takes some hundred bytes of memory. */
const MOST_TOKENS = 1_000_000;
/** Of a name, in characters; a server takes 64 characters, and 255 of a host. */
const LONGEST_NAME = 4096;
const TOO_LONG = 'a statement that is too long to be judged';

/** The tokens of a statement, whose plain comments are gone already. Throws Unreadable. */
export function sqlTokens(text: string, quoting: Quoting): readonly SqlToken[] {
	try {
		return tokensOf(text, quoting);
	} catch (error) {
		// The stack of a regular expression: quotes of many million characters.
		if (error instanceof RangeError) throw new Unreadable(TOO_LONG);
		throw error;
	}
}

function tokensOf(text: string, quoting: Quoting): readonly SqlToken[] {
	const tokens: SqlToken[] = [];
	const open: (VersionComment | null)[] = [];
	for (const found of text.matchAll(pattern(quoting))) {
		const [whole, mariadb, version, name, single, double, word] = found;
		if (tokens.length + open.length > MOST_TOKENS) throw new Unreadable(TOO_LONG);
		if (mariadb !== undefined || whole === '/*+') {
			const number = version === undefined ? null : Number(version);
			open.push(mariadb === 'M' || (number !== null && number > ALWAYS) ? { mariadb: mariadb === 'M', version: number ?? 0 } : null);
			continue;
		}
		if (whole === '*/') {
			if (open.pop() === undefined) throw new Unreadable('a comment that was not opened ends');
			continue;
		}
		if (/^\s/.test(whole)) continue;
		const within = open.filter((each) => each !== null);
		const quoted = name ?? single ?? double;
		// A server that leaves the comment out sees no quotes in it.
		if (quoted?.includes('*/') && (within.length > 0 || text.includes('/*+')))
			throw new Unreadable('the end of a comment stands in quotes');
		if (quoting.ansiQuotes && double?.includes('\\')) throw new Unreadable('a backslash stands in a quoted name');
		if ((name ?? (quoting.ansiQuotes ? double : '') ?? '').length > LONGEST_NAME)
			throw new Unreadable('a name that is longer than any server takes');
		if (name !== undefined) tokens.push({ kind: 'name', text: name.replaceAll('``', '`'), upper: '', within });
		else if (double !== undefined && quoting.ansiQuotes)
			tokens.push({ kind: 'name', text: double.slice(1, -1).replaceAll('""', '"'), upper: '', within });
		else if (quoted !== undefined) tokens.push({ kind: 'text', text: quoted, upper: '', within });
		else if (word !== undefined) tokens.push({ kind: 'word', text: word, upper: word.toUpperCase(), within });
		else if (/['"`\\\0]/.test(whole)) throw new Unreadable(`${JSON.stringify(whole)} outside of quotes, or quotes that do not end`);
		else tokens.push({ kind: 'sign', text: whole, upper: '', within });
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
