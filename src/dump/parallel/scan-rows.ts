// LOAD DATA text to rows, a byte at a time: no value is ever held as a whole, however large it is.

/** A row as it has been read: valid during the call only. */
export type ScannedRow = {
	/** Two hashes of each field's text, and its length in bytes. */
	readonly first: Int32Array;
	readonly second: Int32Array;
	readonly lengths: Float64Array;
	/** The beginning of a field's text, escaped; empty without `heads`. */
	head(field: number): string;
	/** Whether it has the columns that were announced. */
	readonly whole: boolean;
};

/** So many bytes of a field are kept to tell what kind of value it is. */
export const HEAD_BYTES = 256;

const TAB = 9;
const LF = 10;

/** Takes LOAD DATA text, however it is cut, and calls `onRow` at the end of each row. */
export function createRowScan(options: { readonly columns: number; readonly heads: boolean; readonly onRow: (row: ScannedRow) => void }) {
	const { columns, heads, onRow } = options;
	const [first, second] = [new Int32Array(columns), new Int32Array(columns)];
	const lengths = new Float64Array(columns);
	const memory = Buffer.alloc(heads ? columns * HEAD_BYTES : 0);
	let field = 0;
	let [one, two, length] = [START, START, 0];
	const row = {
		...{ first, second, lengths },
		whole: true,
		head: (at: number) => memory.toString('utf8', at * HEAD_BYTES, at * HEAD_BYTES + Math.min(heads ? HEAD_BYTES : 0, lengths[at] ?? 0)),
	};
	return (text: Uint8Array): void => {
		for (let at = 0; at < text.length; at++) {
			const byte = text[at] as number;
			if (byte !== TAB && byte !== LF) {
				one = Math.imul(one ^ byte, 0x01000193);
				two = (Math.imul(two ^ byte, 0x5bd1e995) + 0x7f4a7c15) | 0;
				if (heads && length < HEAD_BYTES && field < columns) memory[field * HEAD_BYTES + length] = byte;
				length++;
				continue;
			}
			if (field < columns) {
				first[field] = one;
				second[field] = two;
				lengths[field] = length;
			}
			field++;
			[one, two, length] = [START, START, 0];
			if (byte === TAB) continue;
			row.whole = field === columns;
			onRow(row);
			field = 0;
		}
	};
}

const START = 0x811c9dc5 | 0;

/** One number of several; 32 bits. */
export const mixed = (a: number, b: number, c: number): number => {
	const all = Math.imul(Math.imul(a ^ (b >>> 15), 0x2c1b3c6d) ^ b ^ Math.imul(c, 0x297a2d39), 0x85ebca6b);
	return all ^ (all >>> 16);
};
