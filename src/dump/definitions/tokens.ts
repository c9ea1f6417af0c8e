/** A part of a definition: `name` is in backquotes and given without them, `text` a string with its quotes. */
export type Token = {
	readonly kind: 'name' | 'text' | 'word' | 'sign';
	readonly text: string;
	readonly from: number;
	readonly end: number;
};

// Version comments are their content; names and strings may hold anything, line ends and commas above all.
const TOKEN =
	/\s+|\/\*M?!\d*|\*\/|\/\*[\s\S]*?\*\/|--[ \t][^\n]*|`((?:[^`]|``)*)`|('(?:[^'\\]|\\[\s\S]|'')*'|"(?:[^"\\]|\\[\s\S]|"")*")|([\w$.\u0080-\u{10ffff}]+)|[\s\S]/gu;

/** The parts of a statement as the server prints it: blanks and the signs of version comments left out. */
export function tokensOf(sql: string): readonly Token[] {
	const tokens: Token[] = [];
	for (const found of sql.matchAll(TOKEN)) {
		const [whole, name, text, word] = found;
		const place = { from: found.index, end: found.index + whole.length };
		if (name !== undefined) tokens.push({ kind: 'name', text: name.replaceAll('``', '`'), ...place });
		else if (text !== undefined) tokens.push({ kind: 'text', text, ...place });
		else if (word !== undefined) tokens.push({ kind: 'word', text: word, ...place });
		else if (!/^(\s|\/\*|\*\/|--[ \t])/.test(whole)) tokens.push({ kind: 'sign', text: whole, ...place });
	}
	return tokens;
}

/** Whether a token is that word, whatever its capitals. */
export const isWord = (token: Token | undefined, ...words: readonly string[]): boolean =>
	token?.kind === 'word' && words.includes(token.text.toUpperCase());

const isSign = (token: Token | undefined, sign: string): boolean => token?.kind === 'sign' && token.text === sign;

/** Cuts tokens at the commas that stand in no brackets. */
export function itemsOf(tokens: readonly Token[]): readonly (readonly Token[])[] {
	const items: Token[][] = [[]];
	let depth = 0;
	for (const token of tokens) {
		if (isSign(token, '(')) depth++;
		if (isSign(token, ')')) depth--;
		if (depth === 0 && isSign(token, ',')) items.push([]);
		else items.at(-1)?.push(token);
	}
	return items.filter((item) => item.length > 0);
}

/** The index of the bracket that closes the one at `open`; -1 where none does. */
export function closing(tokens: readonly Token[], open: number): number {
	let depth = 0;
	for (let at = open; at < tokens.length; at++) {
		if (isSign(tokens[at], '(')) depth++;
		if (isSign(tokens[at], ')') && --depth === 0) return at;
	}
	return -1;
}

/** The index of the first such sign; -1 where there is none. */
export const signAt = (tokens: readonly Token[], sign: string, from = 0): number =>
	tokens.findIndex((token, at) => at >= from && isSign(token, sign));

function spelledOne({ kind, text }: Token): string {
	if (kind === 'name') return `\`${text.replaceAll('`', '``')}\``;
	return kind === 'word' ? text.toLowerCase() : text;
}

/** Tokens as one line that is the same for the same meaning: words in lower case, one blank between. */
export function spelled(tokens: readonly Token[]): string {
	return tokens
		.map(spelledOne)
		.join(' ')
		.replaceAll(/ ?([(),]) ?/g, '$1')
		.replaceAll(/([),])(?=[^\s),])/g, '$1 ');
}
