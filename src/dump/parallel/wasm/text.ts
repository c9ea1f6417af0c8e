// LOAD DATA text: bytes are copied 16 at a time, beyond a field's end as well, where the next field then writes over them.

/** What is special, at the place of its low four bits: NUL, TAB, LF, backslash. No other entry has its own place's low bits. */
const SPECIAL = i8x16(0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 10, 0, 0x5c, 0, 0, 0);
/** For each byte the two that are written for it where it is special: `\0 \t \n \\`. */
const ESCAPES: usize = memory.data<u16>([0x305c, 0, 0, 0, 0, 0, 0, 0, 0, 0x745c, 0x6e5c, 0]);

export const TAB: u8 = 9;
export const LF: u8 = 10;

/** Of 16 bytes the first one that is special; 16: none is. */
// @ts-expect-error: AssemblyScript's decorator
@inline
export function firstSpecial(block: v128): usize {
	return <usize>ctz(i8x16.bitmask(i8x16.eq(i8x16.swizzle(SPECIAL, v128.and(block, i8x16.splat(15))), block)) | 0x10000);
}

/** Copies bytes and escapes what is special. Gives where the text ends; up to 15 bytes after it are written over. */
export function escaped(from: usize, length: usize, to: usize): usize {
	const end = from + length;
	while (from < end) {
		const block = v128.load(from);
		v128.store(to, block);
		const run = firstSpecial(block);
		if (run >= end - from) return to + (end - from);
		from += run;
		to += run;
		if (run < 16) {
			const byte = load<u8>(from);
			store<u16>(to, byte == 0x5c ? 0x5c5c : load<u16>(ESCAPES + (<usize>byte << 1)));
			from += 1;
			to += 2;
		}
	}
	return to;
}
