// What a server says of rows and statements, without the customers' values in it.
import type { Row } from '../sql/sql.ts';

/** A quoted text or a number in SQL; names in backquotes and words are matched so that nothing within them is taken for one. A text may be cut off. */
const LITERAL =
	/(`(?:[^`]|``)*(?:`|$)|[\p{L}_$@][\p{L}\p{N}_$@]*(?!['"\p{L}\p{N}_$@]))|\/\*(?!M?!)[\s\S]*?(?:\*\/|$)|(?:--(?=\s|$)|#)[^\n]*|(?:\b(?:[xXbBnN]|_\w+))?(?:'(?:[^'\\]|\\[\s\S]?|'')*(?:'|$)|"(?:[^"\\]|\\[\s\S]?|"")*(?:"|$))|\b(?:0[xXbB][\da-fA-F]+|\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)|\.\d+(?:[eE][+-]?\d+)?/gu;

/** So much of a statement is looked at: what is longer is cut first. */
const LONGEST_STATEMENT = 4_096;

/** A statement with `?` in place of each text and number, as in the servers' own statement digests, and without its comments. */
export const withoutLiterals = (statement: string): string =>
	statement.slice(0, LONGEST_STATEMENT).replaceAll(LITERAL, (found, name: string | undefined) => {
		if (name !== undefined) return found;
		return /^(?:\/\*|--|#)/.test(found) ? ' ' : '?';
	});

/** Refusals of stored programs: their texts are anybody's, and often hold a value. */
const SIGNALS = new Set([1642, 1643, 1644]);

/**
 * Places in the texts of both vendors (errmsg-utf8.txt, messages_to_clients.txt) that hold values. A value may hold anything, and a text may end
 * within it: so each goes on to the last place that ends it, else to the end.
 */
const VALUES: readonly (readonly [RegExp, string])[] = [
	[/([Dd]uplicate entry ')(?:.*(' for key)|.*)/s, '$1…$2'],
	[/((?:Incorrect|incorrect|Illegal|Invalid)[\w -]* value: ')(?:.*(' (?:for (?:column|function)|and ')|'$)|.*)/s, '$1…$2'],
	[/(Incorrect system-version range .*' value: ').*/s, '$1…'],
	[/(Illegal \S+ ')(?:.*(' value found)|.*)/s, '$1…$2'],
	[/(Invalid \S+ character string: ').*/s, "$1…'"],
	[/(Cannot convert string ')(?:.*(' from )|.*)/s, '$1…$2'],
	[/(Cannot convert '\S+' character 0x)[\dA-Fa-f]+/, '$1…'],
	[/((?:Got overflow|Truncated value|Encountered illegal value)(?: when converting)? ')(?:.*(' (?:when converting )?to )|.*)/s, '$1…$2'],
	[/(Table has no partition for value ).*/s, '$1…'],
	[/( value is out of range in ').*/s, "$1…'"],
	[/(Key value ')(?:.*(' was not found)|.*)/s, '$1…$2'],
	[/(, record ')(?:.*(' would)|.*)/s, '$1…$2'],
	[/(, entry ')(?:.*(', key)|.*)/s, '$1…$2'],
	[/(X(?:PATH syntax error|ML error): ').*/s, "$1…'"],
	[/((?:Longitude|Latitude) )[-\d.e+]+/i, '$1…'],
	[/(Replicated query ')(?:.*(' table `)|.*)/s, '$1…$2'],
	[/( near ')(?:.*(' at line \d+)|.*)/s, '$1…$2'],
	[/(Couldn't execute ').*('[:)])/s, '$1…$2'],
];

/** What a channel says of a statement that failed: the statement comes last. */
const QUERY = /(\bQuery: ?')(.*?)('?)$/s;
/** And before it the error itself, which is a text of its own. */
const ON_QUERY = /(\bError ')(.*)(' on query\b)/s;
const ON_ROWS = /(\bexecute \S+ event on table [^;]*; )(.*)(, Error_code: \d+)/s;

/** MySQL's coordinator only names the worker that failed. */
const WITHIN_WORKERS = /^Coordinator stopped\b/;

/**
 * What a server says, with the number of its error where that is known, without the values in it: what remains names tables, columns and keys.
 * Pure, and the same when done again.
 */
export function withoutValues(text: string, number: number | null = null): string {
	const query = QUERY.exec(text);
	const [before, statement] =
		query === null ? [text, ''] : [text.slice(0, query.index), `${query[1]}${withoutLiterals(query[2] ?? '')}${query[3]}`];
	if (number !== null && SIGNALS.has(number) && !WITHIN_WORKERS.test(text)) {
		const inner = ON_QUERY.exec(before) ?? ON_ROWS.exec(before);
		if (inner === null) return 'the text of a SIGNAL is left out, since it may hold values';
		return `${before.slice(0, inner.index)}${inner[1]}…${inner[3]}${before.slice(inner.index + inner[0].length)}${statement}`;
	}
	return `${VALUES.reduce((left, [pattern, to]) => left.replace(pattern, to), before)}${statement}`;
}

/** A row of SHOW WARNINGS, without the values in it. */
export const warningText = ({ Code, Message }: Row): string => `${Code}: ${withoutValues(Message ?? '', Number(Code))}`;
