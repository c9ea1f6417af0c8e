import { DEFAULT_MODE } from './mode.ts';
import { type Token, tokensIn } from './tokens.ts';

/** What a reader needs of a token; `upper`: of a word, in capitals, of others empty. */
export type Readable = Pick<Token, 'text'> & { readonly kind: 'name' | 'text' | 'word' | 'sign'; readonly upper: string };

/** The tokens of a statement for a reader: what stands in version comments counts. */
export function* readableTokens(statement: string, mode = DEFAULT_MODE): Generator<Readable> {
	for (const { kind, text } of tokensIn(statement, mode))
		if (kind !== 'open' && kind !== 'close' && kind !== 'hint') yield { kind, text, upper: kind === 'word' ? text.toUpperCase() : '' };
}

/** Reads the tokens of a statement one after the other. They are taken from where they come from only as far as they are read. */
export type TokenReader<T extends Readable> = {
	/** The index of the next one. */
	readonly at: number;
	readonly isOver: boolean;
	peek(ahead?: number): T | undefined;
	next(): T | undefined;
	/** Of the next word, in capitals; of others empty. */
	upper(ahead?: number): string;
	/** Whether that sign comes next. */
	isSign(text: string, ahead?: number): boolean;
	/** Goes on behind these words where they come next, in capitals. */
	take(...words: readonly string[]): boolean;
	takeSign(text: string): boolean;
	/** A name, in quotes or not; null, and no step on, where none comes next. */
	takeName(): string | null;
};

export function createTokenReader<T extends Readable>(source: Iterable<T>): TokenReader<T> {
	const rest = source[Symbol.iterator]();
	const read: T[] = [];
	let at = 0;
	const peek = (ahead = 0): T | undefined => {
		while (read.length <= at + ahead) {
			const next = rest.next();
			if (next.done) return undefined;
			read.push(next.value);
		}
		return read[at + ahead];
	};
	const upper = (ahead = 0): string => peek(ahead)?.upper ?? '';
	const isSign = (text: string, ahead = 0): boolean => peek(ahead)?.kind === 'sign' && peek(ahead)?.text === text;
	const advance = (count: number): true => {
		at += count;
		return true;
	};
	return {
		...{ peek, upper, isSign },
		get at() {
			return at;
		},
		get isOver() {
			return peek() === undefined;
		},
		next() {
			const token = peek();
			if (token !== undefined) at++;
			return token;
		},
		take: (...words) => words.every((word, index) => upper(index) === word) && advance(words.length),
		takeSign: (text) => isSign(text) && advance(1),
		takeName() {
			const token = peek();
			if (token?.kind !== 'name' && token?.kind !== 'word') return null;
			at++;
			return token.text;
		},
	};
}
