// LOAD DATA text: bytes are copied 16 at a time, beyond a field's end as well, where the next field then writes over them.

/** What is special, at the place of its low four bits: NUL, TAB, LF, backslash. No other entry has its own place's low bits. */
const SPECIAL = i8x16(0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 10, 0, 0x5c, 0, 0, 0);
/** What is written after a backslash in its stead: 0, t, n, backslash. */
const LETTER = i8x16(0x30, 0, 0, 0, 0, 0, 0, 0, 0, 0x74, 0x6e, 0, 0x5c, 0, 0, 0);

/** For each choice of special bytes out of eight: where each byte of their text comes from, the backslash from place 8. */
const SPREAD: usize = memory.data(256 * 16, 16);
for (let choice: usize = 0; choice < 256; choice++) {
	let to = SPREAD + (choice << 4);
	for (let place: u8 = 0; place < 8; place++) {
		if ((choice >> place) & 1) store<u8>(to++, 8);
		store<u8>(to++, place);
	}
}

export const TAB: u8 = 9;
export const LF: u8 = 10;

/** 0xff where a byte is special. */
// @ts-ignore: AssemblyScript's decorator
@inline
function special(block: v128): v128 {
	return i8x16.eq(i8x16.swizzle(SPECIAL, v128.and(block, i8x16.splat(15))), block);
}

/** Of 16 bytes the first one that is special; 16: none is. */
// @ts-ignore: AssemblyScript's decorator
@inline
export function firstSpecial(block: v128): usize {
	return <usize>ctz(i8x16.bitmask(special(block)) | 0x10000);
}

/** Writes 16 bytes with some special among them. Gives where the text of the first `count` ends, whose special ones are in `bits`. */
// @ts-ignore: AssemblyScript's decorator
@inline
function spread(block: v128, bits: i32, count: usize, to: usize): usize {
	const letters = v128.bitselect(i8x16.swizzle(LETTER, v128.and(block, i8x16.splat(15))), block, special(block));
	const backslash = i8x16.splat(0x5c);
	const low = <usize>(bits & 255);
	const one = v128.shuffle<u8>(letters, backslash, 0, 1, 2, 3, 4, 5, 6, 7, 16, 16, 16, 16, 16, 16, 16, 16);
	const two = v128.shuffle<u8>(letters, backslash, 8, 9, 10, 11, 12, 13, 14, 15, 16, 16, 16, 16, 16, 16, 16, 16);
	v128.store(to, i8x16.swizzle(one, v128.load(SPREAD + (low << 4))));
	v128.store(to + 8 + popcnt(low), i8x16.swizzle(two, v128.load(SPREAD + (<usize>(bits >> 8) << 4))));
	return to + count + popcnt(bits);
}

/** Copies bytes and escapes what is special. Gives where the text ends; up to 31 bytes after it are written over. */
export function escaped(from: usize, length: usize, to: usize): usize {
	const end = from + length;
	while (from + 16 <= end) {
		const block = v128.load(from);
		const bits = i8x16.bitmask(special(block));
		if (bits == 0) {
			v128.store(to, block);
			to += 16;
		} else {
			to = spread(block, bits, 16, to);
		}
		from += 16;
	}
	const left = end - from;
	const block = v128.load(from);
	const bits = i8x16.bitmask(special(block)) & ((1 << <i32>left) - 1);
	if (bits != 0) return spread(block, bits, left, to);
	v128.store(to, block);
	return to + left;
}
