const [SINGLE, DASH, BACKSLASH] = [39, 45, 92];

// The tuples of an INSERT, outside of quotes: digits, letters and commas are nothing; what no dump has there leads to what is no row.
const [QUOTES, OPENS, CLOSES, ENDS, MINUS, STRANGE] = [1, 2, 3, 4, 5, 6];
const IN_ROWS = new Uint8Array(256);
for (const [signs, kind] of [
	["'", QUOTES],
	['(', OPENS],
	[')', CLOSES],
	[';', ENDS],
	['-', MINUS],
	['\0"#$/@\\`', STRANGE],
] as const)
	for (const sign of signs) IN_ROWS[sign.charCodeAt(0)] = kind;

/** Behind a row: the next one, or the end. */
const BETWEEN_ROWS = /^\s*(?:;|,\s*(?:\(|$))/;
const BEHIND_ROW = 4;

export type RowsLexer = {
	/** Behind VALUES. */
	begin(backslashes: boolean): void;
	/** Reads on; gives the index behind what it has read: `~index` where it needs bytes that are still to come. */
	read(buffer: Buffer, from: number, isLast: boolean): number;
	/** Whether the semicolon behind the rows has been read. */
	readonly isEnded: boolean;
	readonly isInQuotes: boolean;
	/** Of all INSERTs so far, and of this one. */
	readonly rows: number;
	readonly count: number;
};

/** The part of a lexer that is fast: it counts the rows of an INSERT. `odd` is told what no dump has there, if anybody wants to know. */
export function createRowsLexer(odd: ((what: string) => void) | undefined): RowsLexer {
	let isInQuotes = false;
	let isEnded = true;
	let escapeSign = BACKSLASH;
	let depth = 0;
	let rows = 0;
	let rowsBefore = 0;

	function quotes(buffer: Buffer, from: number, isLast: boolean): number {
		const { length } = buffer;
		for (let at = from; at < length; at++) {
			const byte = buffer[at] as number;
			if (byte === SINGLE) {
				isInQuotes = false;
				return at + 1;
			}
			if (byte === escapeSign && ++at === length) return isLast ? length : ~(length - 1);
		}
		return length;
	}

	/** Takes a sign; true where something else than tuples comes behind it. */
	function leaves(kind: number): boolean {
		if (kind === OPENS && depth++ === 0) rows++;
		else if (kind === CLOSES) depth--;
		isInQuotes = kind === QUOTES;
		isEnded = kind === ENDS;
		return isInQuotes || isEnded;
	}

	/** Up to quotes, or to the end. */
	function tuples(buffer: Buffer, from: number, isLast: boolean): number {
		const { length } = buffer;
		for (let at = from; at < length; at++) {
			const kind = IN_ROWS[buffer[at] as number] as number;
			if (kind === 0) continue;
			if (odd !== undefined && !isJudged(buffer, at, isLast)) return ~at;
			if (leaves(kind)) return at + 1;
		}
		return length;
	}

	/** Says what is odd; false where that is not to be known yet. */
	function isJudged(buffer: Buffer, at: number, isLast: boolean): boolean {
		const kind = IN_ROWS[buffer[at] as number] as number;
		const ahead = (kind === MINUS && 1) || (kind === CLOSES && depth === 1 && BEHIND_ROW) || 0;
		if (at + ahead >= buffer.length && !isLast) return false;
		if (kind === OPENS && depth > 0) odd?.('an expression among rows');
		else if (kind === CLOSES && depth === 1 && !BETWEEN_ROWS.test(buffer.toString('latin1', at + 1, at + 1 + BEHIND_ROW)))
			odd?.('something between rows that is none');
		else if (kind === STRANGE || (kind === MINUS && buffer[at + 1] === DASH))
			odd?.(`${JSON.stringify(String.fromCharCode(buffer[at] as number))} among rows`);
		return true;
	}

	return {
		begin(backslashes) {
			escapeSign = backslashes ? BACKSLASH : -1;
			isInQuotes = false;
			isEnded = false;
			depth = 0;
			rowsBefore = rows;
		},
		read(buffer, from, isLast) {
			let at = from;
			while (at >= 0 && at < buffer.length && !isEnded) at = isInQuotes ? quotes(buffer, at, isLast) : tuples(buffer, at, isLast);
			return at;
		},
		get isEnded() {
			return isEnded;
		},
		get isInQuotes() {
			return isInQuotes;
		},
		get rows() {
			return rows;
		},
		get count() {
			return rows - rowsBefore;
		},
	};
}
