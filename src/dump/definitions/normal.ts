// What different versions print of the same definition in different words.
import type { TableDefinition, TablePart } from './table.ts';
import { isWord, type Token } from './tokens.ts';

/** `utf8` is called by its full name since 10.6 and 8.0.29. */
export function normalWords(token: Token): Token {
	if (token.kind !== 'word') return token;
	const text = token.text.toLowerCase().replace(/^utf8(?=_|$)/, 'utf8mb3');
	return { ...token, text };
}

const INTEGERS = /^(tinyint|smallint|mediumint|int|bigint)$/;

/** A column, key or constraint without what follows from its table, and without the widths that only some versions print. */
export function normalColumn({ tokens }: TablePart, { options }: TableDefinition): readonly Token[] {
	const all = tokens.map(normalWords);
	const collation = options
		.get('COLLATE')
		?.toLowerCase()
		.replace(/^utf8(?=_|$)/, 'utf8mb3');
	const kept: Token[] = [];
	for (let at = 0; at < all.length; at++) {
		const token = all[at] as Token;
		const [next, after, last] = [all[at + 1], all[at + 2], all[at + 3]];
		// The collation that follows tells it.
		if (isWord(token, 'CHARACTER') && isWord(next, 'SET') && isWord(last, 'COLLATE')) {
			at += 2;
			continue;
		}
		if (isWord(token, 'COLLATE') && next?.text === collation) {
			at += 1;
			continue;
		}
		const width = token.kind === 'word' && INTEGERS.test(token.text) && next?.text === '(' && last?.text === ')';
		if (width && !all.some((each) => isWord(each, 'ZEROFILL')) && !(token.text === 'tinyint' && after?.text === '1')) {
			kept.push(token);
			at += 3;
			continue;
		}
		// MySQL prints it without its brackets.
		if (isWord(token, 'CURRENT_TIMESTAMP') && next?.text === '(' && after?.text === ')') {
			kept.push(token);
			at += 2;
			continue;
		}
		kept.push(token);
	}
	return kept;
}

/** An option's value; undefined where there is none. */
export function normalOption(name: string, value: string | undefined): string | undefined {
	if (value === undefined) return undefined;
	if (/CHARSET|COLLATE|CHARACTER SET/.test(name)) return value.toLowerCase().replace(/^utf8(?=_|$)/, 'utf8mb3');
	return /^['"`(]/.test(value) ? value : value.toLowerCase();
}
