// What a lexer tells those who listen to it.
import type { SqlMode } from './mode.ts';
import type { Dumped } from './statement.ts';

/** A statement of a dump, or the beginning of an INSERT up to its rows. */
export type LexedStatement = {
	/** Without its delimiter. Comments before it are gone, each one within it is a blank. Valid until the listener returns. */
	readonly text: Buffer;
	readonly does: Dumped;
	/** In which it was read. */
	readonly mode: SqlMode;
	/** The offset in the dump of what comes after it. */
	readonly end: number;
	/** False where the dump ends within it: a client runs it all the same. */
	readonly isEnded: boolean;
};

/** What is found, in the order of the dump. */
export type LexerListener = {
	statement?(statement: LexedStatement): void;
	/** An INSERT up to VALUES: its rows follow, then `endRows`. */
	rows?(head: LexedStatement): void;
	/** `end`: the offset behind the semicolon; `count`: of the rows of this INSERT. */
	endRows?(end: number, count: number): void;
	/** A comment before a statement: a whole line, or what stands between the signs of a block. */
	comment?(text: string, kind: 'line' | 'block'): void;
	/** A line for the client alone. */
	command?(end: number): void;
	/** What no dump has, or what clients and servers read each in another way. */
	odd?(what: string): void;
};

export type Lexer = {
	/** Chunks may end anywhere. The chunk may be used again afterwards. */
	write(chunk: Uint8Array): void;
	/** To be called once, after the last chunk. True where the dump does not end within something. */
	end(): boolean;
	/** Up to there everything has been read. */
	readonly offset: number;
	/** So far. */
	readonly rows: number;
	/** Whether it stands among the rows of an INSERT. */
	readonly isInRows: boolean;
};
