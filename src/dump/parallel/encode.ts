// Rows as they come off the socket to LOAD DATA text, in WebAssembly: wasm/encode.ts is its source. This half hands bytes in and out.
import { readFileSync } from 'node:fs';
import { RowsBroken } from '../../core/errors.ts';
import { projectFile } from '../../core/program-files.ts';

/** What ended a result set. */
export type RowsEnd = {
	/** The payload of the ERR packet, its 0xff included; null: all rows came. */
	readonly error: Buffer | null;
	/** How many warnings the server counted; 0 after an error. */
	readonly warnings: number;
};

export type RowEncoder = {
	/**
	 * Takes raw bytes of the connection (decrypted, not compressed), from the first row's packet on, however they are cut. Gives null
	 * where more is needed, else how many bytes of this chunk belong to the result set, its EOF or ERR packet included. The chunk is
	 * not kept. Throws `RowsBroken` where the bytes are not rows of so many columns; the connection is of no use then.
	 */
	push(chunk: Uint8Array): number | null;
	/** Rows that came completely. */
	readonly rows: number;
	/** Bytes of LOAD DATA text, flushed or not; 0 without `text`. */
	readonly rawBytes: number;
	/** The sum modulo 2^64 of the rows' XXH64 (seed 0, over a row's payload, that of continued packets joined); 0n without `hash`. */
	readonly digest: bigint;
	/** Bytes of the largest row as the server sent it. */
	readonly largest: number;
	/** Null until push() has given a number. */
	readonly end: RowsEnd | null;
	/** Flushes the rest and gives the encoder's memory to the next one: the last call. */
	finish(): void;
};

type Cell<T> = { value: T };
/** What wasm/encode.ts exports. */
type Exports = {
	readonly memory: { readonly buffer: ArrayBuffer };
	readonly start: (columns: number, hash: boolean, text: boolean) => void;
	readonly push: (length: number) => number;
	readonly rows: Cell<bigint>;
	readonly digest: Cell<bigint>;
	readonly largest: Cell<bigint>;
} & Readonly<Record<'INPUT' | 'INPUT_BYTES' | 'OUTPUT' | 'FLUSH_BYTES' | 'state' | 'lastAt' | 'lastLength' | 'written', Cell<number>>>;

// TypeScript's own types of it are among those of a browser.
const { Module, Instance } = (
	globalThis as unknown as {
		readonly WebAssembly: {
			readonly Module: new (bytes: Uint8Array) => object;
			readonly Instance: new (module: object) => { readonly exports: unknown };
		};
	}
).WebAssembly;

const DONE = 1;
const FAILED = 2;
const BROKEN: Readonly<Record<number, string>> = {
	3: 'packets are missing or out of order',
	4: 'a row does not have the columns that were announced',
};

// Beside the compiled program, for whom runs src/ as well.
const PROGRAM = projectFile('dist/dump/parallel/encode.wasm');
let program: object | null = null;
/** Not in use: an instance keeps gigabytes of addresses until it is collected, so that each is used again. */
const idle: Exports[] = [];

function instance(): Exports {
	program ??= new Module(readFileSync(PROGRAM));
	return idle.pop() ?? (new Instance(program).exports as Exports);
}

/**
 * Makes LOAD DATA text of the rows of one result set (text protocol, without CLIENT_DEPRECATE_EOF): fields end with TAB, lines with LF,
 * `\` escapes NUL, LF, TAB and itself, NULL is `\N`. `columns`: how many there are (1 to 4096). `text` false: rows are counted (and
 * hashed) only. `flush` is handed the text in pieces of 0.25 to 0.7 MB, cut anywhere, valid during the call only.
 * Memory is the same for rows of any size. Not re-entrant: `flush` must not call it.
 */
export function createRowEncoder(options: {
	columns: number;
	hash: boolean;
	text: boolean;
	flush: (text: Uint8Array) => void;
}): RowEncoder {
	const wasm = instance();
	wasm.start(options.columns, options.hash, options.text);
	const memory = new Uint8Array(wasm.memory.buffer);
	const input = wasm.INPUT.value;
	const room = wasm.INPUT_BYTES.value;
	const flushAt = wasm.FLUSH_BYTES.value;
	let left = 0;
	let rows = 0;
	let digest = 0n;
	let largest = 0;
	let flushed = 0;
	let held = 0;
	let end: RowsEnd | null = null;
	let finished = false;

	function flush(): void {
		const text = memory.subarray(wasm.OUTPUT.value, wasm.OUTPUT.value + held);
		wasm.written.value = 0;
		flushed += held;
		held = 0;
		if (text.length > 0) options.flush(text);
	}

	function over(state: number): RowsEnd {
		const last = memory.subarray(wasm.lastAt.value, wasm.lastAt.value + wasm.lastLength.value);
		if (state === FAILED) return { error: Buffer.from(last), warnings: 0 };
		if (state === DONE) return { error: null, warnings: (last[1] ?? 0) + ((last[2] ?? 0) << 8) };
		throw new RowsBroken({
			message: `The server's rows cannot be read: ${BROKEN[state]}.`,
			hints: ['Run it again; if it fails in the same place, use --engine vendor.'],
		});
	}

	return {
		push(chunk) {
			if (finished || end !== null) throw new Error('The result set has ended.');
			let at = 0;
			while (at < chunk.length) {
				const next = Math.min(chunk.length, at + room - left);
				memory.set(at === 0 && next === chunk.length ? chunk : chunk.subarray(at, next), input + left);
				left = wasm.push(left + next - at);
				at = next;
				rows = Number(wasm.rows.value);
				digest = BigInt.asUintN(64, wasm.digest.value);
				largest = Number(wasm.largest.value);
				held = wasm.written.value;
				const state = wasm.state.value;
				if (state !== 0) {
					end = over(state);
					return at - left;
				}
				if (held >= flushAt) flush();
			}
			return null;
		},
		get rows() {
			return rows;
		},
		get rawBytes() {
			return flushed + held;
		},
		get digest() {
			return digest;
		},
		get largest() {
			return largest;
		},
		get end() {
			return end;
		},
		finish() {
			if (finished) return;
			finished = true;
			flush();
			idle.push(wasm);
		},
	};
}

/** Takes the rows of one result set for an encoder, which ends with them. After an error packet it is left as it is. */
export const sinkOf = (encoder: RowEncoder) => ({
	push(bytes: Uint8Array) {
		const used = encoder.push(bytes);
		if (used !== null && !encoder.end?.error) encoder.finish();
		return used;
	},
	get end() {
		return encoder.end;
	},
});
