import type { LexedStatement } from './lexed.ts';
import { createLexer, LONGEST } from './lexer.ts';
import { DEFAULT_MODE, type SqlMode } from './mode.ts';
import type { Dumped } from './statement.ts';

/** A piece of a dump: one after the other they are the dump again, byte for byte. */
export type Piece = {
	/**
	 * `statement`: with the comments before it, its delimiter and the line ends behind it. `rows`: an INSERT up to its rows, which come in as
	 * many pieces `of-rows` as it takes. `command`: a line for the client, as DELIMITER. `rest`: comments at the end. `odd`: what no dump has at
	 * that place; it has no bytes.
	 */
	readonly kind: 'statement' | 'rows' | 'of-rows' | 'command' | 'rest' | 'odd';
	/** As they stand in the dump. */
	readonly bytes: Buffer;
	/** Of a statement and of `rows`: without comments and delimiter. Of `odd`: what is odd. */
	readonly text: Buffer;
	readonly does: Dumped;
	readonly mode: SqlMode;
};

const NONE = Buffer.alloc(0);
const NEWLINE = 10;
const PLAIN = { text: NONE, does: { what: 'other' }, mode: DEFAULT_MODE } as const;

/** A piece that has been read up to its end, an offset in the dump. */
type Found = Omit<Piece, 'bytes'> & { readonly end: number };

/** The bytes that are not handed on yet, from an offset on. */
function createHeld() {
	let chunks: Buffer[] = [];
	let from = 0;
	let length = 0;
	const joined = (): Buffer => {
		if (chunks.length !== 1) chunks = [Buffer.concat(chunks)];
		return chunks[0] as Buffer;
	};
	return {
		add(chunk: Buffer): void {
			chunks.push(chunk);
			length += chunk.length;
		},
		get end() {
			return from + length;
		},
		get length() {
			return length;
		},
		/** Behind the line ends that follow an offset. */
		behindLines(offset: number): number {
			const bytes = joined();
			let at = offset - from;
			while (bytes[at] === NEWLINE) at++;
			return from + at;
		},
		takeTo(offset: number): Buffer {
			if (offset <= from) return NONE;
			const bytes = joined();
			const taken = bytes.subarray(0, offset - from);
			const rest = bytes.subarray(offset - from);
			chunks = rest.length === 0 ? [] : [rest];
			length -= taken.length;
			from = offset;
			return taken;
		},
	};
}

/** Cuts a dump where a client would. Chunks may end anywhere. A statement is held until its end has come; rows are not. */
export async function* piecesOf(source: AsyncIterable<Buffer>): AsyncGenerator<Piece> {
	const held = createHeld();
	let queue: Found[] = [];
	const push = (kind: Piece['kind'], end: number, more: Omit<Found, 'kind' | 'end'> = PLAIN) => queue.push({ ...more, kind, end });
	const kept = ({ text, does, mode }: LexedStatement) => ({ text: Buffer.from(text), does, mode });
	const lexer = createLexer(
		{
			statement: (statement) => push('statement', statement.end, kept(statement)),
			rows: (head) => push('rows', head.end, kept(head)),
			endRows: (end) => push('of-rows', end),
			command: (end) => push('command', end),
			odd: (what) => push('odd', 0, { ...PLAIN, text: Buffer.from(what) }),
		},
		{ keepsText: true },
	);

	function* cut(isLast: boolean): Generator<Piece> {
		for (const [index, { end, ...found }] of queue.entries()) {
			const behind = found.kind === 'rows' || found.kind === 'odd' ? end : held.behindLines(end);
			// Line ends that are still to come are its own as well.
			if (behind === held.end && found.kind !== 'odd' && found.kind !== 'rows' && !isLast) {
				queue = queue.slice(index);
				return;
			}
			yield { ...found, bytes: held.takeTo(behind) };
		}
		queue = [];
		if (lexer.isInRows) yield { ...PLAIN, kind: 'of-rows', bytes: held.takeTo(lexer.offset) };
		else if (held.length > LONGEST)
			yield { ...PLAIN, kind: 'odd', bytes: NONE, text: Buffer.from('a statement that is too long to be judged') };
	}

	for await (const chunk of source) {
		held.add(chunk);
		lexer.write(chunk);
		if (queue.length > 0 || lexer.isInRows || held.length > LONGEST) yield* cut(false);
	}
	lexer.end();
	yield* cut(true);
	if (held.length > 0) yield { ...PLAIN, kind: 'rest', bytes: held.takeTo(held.end) };
}

/** The bytes of pieces, for a client. */
export async function* bytesOf(pieces: AsyncIterable<Piece>): AsyncGenerator<Buffer> {
	for await (const { bytes } of pieces) if (bytes.length > 0) yield bytes;
}
