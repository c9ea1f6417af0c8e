// Rows of MySQL's text protocol to LOAD DATA text. This is AssemblyScript (`npm run build` compiles it to WebAssembly); ../encode.ts
// is its other half. The host puts bytes behind what is left in the input window, calls `push`, and takes the text out of the output
// window before it is full. Protocol: https://dev.mysql.com/doc/dev/mysql-internals/en/ "Text Resultset", "LengthEncodedInteger".
import { hashEnd, hashMore, hashOf, hashStart } from './hash';
import { escaped, firstSpecial, LF, TAB } from './text';

/** A packet of that length is followed by another that carries on with its payload. */
const FULL: u32 = 0xffffff;
/** Steps of 16 bytes read and write beyond an end. */
const SLACK: usize = 256;

export const INPUT_BYTES: usize = 128 << 10;
/** Text is taken out as soon as there is so much. */
export const FLUSH_BYTES: usize = 256 << 10;
/** An input window of nothing but NULLs becomes three times its size. */
const OUTPUT_BYTES: usize = FLUSH_BYTES + 3 * INPUT_BYTES;

export const INPUT: usize = (__heap_base + 15) & ~15;
export const OUTPUT: usize = INPUT + INPUT_BYTES + SLACK;
if (OUTPUT + OUTPUT_BYTES + SLACK > (<usize>memory.size()) << 16) unreachable();

/** What push() found: 0 more is needed, 1 the end of the result set, 2 an error packet; else what is wrong: see ../encode.ts. */
export let state: i32 = 0;
/** The payload of the packet that ended it. */
export let lastAt: usize = 0;
export let lastLength: usize = 0;
/** How much text there is in the output window: the host sets it back to 0. */
export let written: usize = 0;
export let rows: u64 = 0;
export let digest: u64 = 0;
/** Bytes of the largest row's payload. */
export let largest: u64 = 0;

const ORDER: i32 = 3;
const ROW: i32 = 4;

let columns: u32 = 0;
let hashing: bool = false;
let texting: bool = false;
let sequence: i32 = -1;

// A row that the input window cannot hold: what is left of its packet, and where in its fields we are.
let inParts: bool = false;
let packetLeft: usize = 0;
let packetLast: bool = false;
let fields: u32 = 0;
let rowBytes: u64 = 0;
let fieldLeft: u64 = 0;
let lengthLeft: u32 = 0;
let lengthShift: u64 = 0;

export function start(columnCount: u32, hash: bool, text: bool): void {
	columns = columnCount;
	hashing = hash;
	texting = text;
	sequence = -1;
	state = 0;
	written = 0;
	rows = 0;
	digest = 0;
	largest = 0;
	inParts = false;
}

/** Takes up to INPUT_BYTES bytes from INPUT on; gives how many of them are left, moved to INPUT (after the end: not moved). */
export function push(length: usize): usize {
	const end = INPUT + length;
	let at = INPUT;
	while (state == 0) {
		if (inParts) {
			at = part(at, end);
			if (inParts) break;
			continue;
		}
		if (end - at < 4) break;
		const size = <usize>(load<u32>(at) & FULL);
		if (size == FULL || size + 4 > INPUT_BYTES) {
			startParts();
			continue;
		}
		if (end - at - 4 < size) break;
		if (!follows(load<u8>(at, 3))) break;
		at += 4;
		const first = load<u8>(at);
		if (first == 0xff || (first == 0xfe && size < 9)) {
			state = first == 0xff ? 2 : 1;
			lastAt = at;
			lastLength = size;
		} else {
			whole(at, size);
		}
		at += size;
	}
	const left = end - at;
	if (state == 0 && at > INPUT) memory.copy(INPUT, at, left);
	return left;
}

/** Packets are numbered, modulo 256: a gap means that bytes were lost. */
function follows(number: u8): bool {
	const good = sequence < 0 || number == <u8>sequence;
	sequence = <i32>(number + 1) & 0xff;
	if (!good) state = ORDER;
	return good;
}

/** A row that is all here. */
function whole(at: usize, size: usize): void {
	if (hashing) digest += hashOf(at, size);
	if (<u64>size > largest) largest = size;
	rows += 1;
	if (!texting) return;
	const end = at + size;
	let to = OUTPUT + written;
	let count: u32 = 0;
	while (at < end) {
		let length = <usize>load<u8>(at);
		const block = v128.load(at, 1);
		at += 1;
		count += 1;
		if (length <= firstSpecial(block)) {
			v128.store(to, block);
		} else if (length == 0xfb) {
			store<u16>(to, 0x4e5c);
			to += 2;
			length = 0;
		} else {
			if (length > 0xfb) {
				const bytes: usize = length == 0xfc ? 2 : length == 0xfd ? 3 : 8;
				const word = load<u64>(at);
				if (length == 0xff || (bytes == 8 && word > end - at)) {
					state = ROW;
					return;
				}
				length = <usize>(bytes == 8 ? word : word & ((1 << ((<u64>bytes) << 3)) - 1));
				at += bytes;
			}
			if (at + length > end) {
				state = ROW;
				return;
			}
			to = escaped(at, length, to) - length;
		}
		at += length;
		to += length;
		store<u8>(to, TAB);
		to += 1;
	}
	if (at != end || count != columns) {
		state = ROW;
		return;
	}
	store<u8>(to - 1, LF);
	written = to - OUTPUT;
}

function startParts(): void {
	inParts = true;
	packetLeft = 0;
	packetLast = false;
	fields = 0;
	rowBytes = 0;
	fieldLeft = 0;
	lengthLeft = 0;
	if (hashing) hashStart();
}

/** Takes what is here of a row in parts; gives where it stopped: inParts tells whether that is the row's end. */
function part(at: usize, end: usize): usize {
	while (state == 0) {
		if (packetLeft == 0) {
			if (packetLast) {
				endParts();
				break;
			}
			if (end - at < 4) break;
			packetLeft = <usize>(load<u32>(at) & FULL);
			packetLast = packetLeft < FULL;
			if (!follows(load<u8>(at, 3))) break;
			at += 4;
			continue;
		}
		const size = min(packetLeft, end - at);
		if (size == 0) break;
		if (hashing) hashMore(at, size);
		if (texting) partOfText(at, at + size);
		at += size;
		packetLeft -= size;
		rowBytes += size;
	}
	return at;
}

function partOfText(at: usize, end: usize): void {
	let to = OUTPUT + written;
	while (at < end) {
		if (fieldLeft > 0 && lengthLeft == 0) {
			const run = <usize>min(fieldLeft, <u64>(end - at));
			to = escaped(at, run, to);
			at += run;
			fieldLeft -= run;
		} else {
			const byte = load<u8>(at);
			at += 1;
			if (lengthLeft > 0) {
				fieldLeft |= (<u64>byte) << lengthShift;
				lengthShift += 8;
				lengthLeft -= 1;
			} else {
				if (fields > 0) {
					store<u8>(to, TAB);
					to += 1;
				}
				fields += 1;
				fieldLeft = byte < 0xfb ? byte : 0;
				lengthShift = 0;
				if (byte == 0xfb) {
					store<u16>(to, 0x4e5c);
					to += 2;
				} else if (byte > 0xfb) {
					lengthLeft = byte == 0xfc ? 2 : byte == 0xfd ? 3 : 8;
					if (byte == 0xff) state = ROW;
				}
			}
		}
	}
	written = to - OUTPUT;
}

function endParts(): void {
	inParts = false;
	rows += 1;
	if (rowBytes > largest) largest = rowBytes;
	if (hashing) digest += hashEnd();
	if (!texting) return;
	if (fieldLeft > 0 || lengthLeft > 0 || fields != columns) {
		state = ROW;
		return;
	}
	store<u8>(OUTPUT + written, LF);
	written += 1;
}
