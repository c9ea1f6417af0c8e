// XXH64, seed 0 (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md): two 64-bit multiplications for 8 bytes, which is what
// WebAssembly has (the faster wyhash family wants 128-bit products), and a digest that any other tool can compute again.

const P1: u64 = 0x9e3779b185ebca87;
const P2: u64 = 0xc2b2ae3d27d4eb4f;
const P3: u64 = 0x165667b19e3779f9;
const P4: u64 = 0x85ebca77c2b2ae63;
const P5: u64 = 0x27d4eb2f165667c5;

// @ts-expect-error: AssemblyScript's decorator
@inline
function round(lane: u64, word: u64): u64 {
	return rotl<u64>(lane + word * P2, 31) * P1;
}

// @ts-expect-error: AssemblyScript's decorator
@inline
function merge(hash: u64, lane: u64): u64 {
	return (hash ^ round(0, lane)) * P1 + P4;
}

// @ts-expect-error: AssemblyScript's decorator
@inline
function join(lane1: u64, lane2: u64, lane3: u64, lane4: u64): u64 {
	const hash = rotl<u64>(lane1, 1) + rotl<u64>(lane2, 7) + rotl<u64>(lane3, 12) + rotl<u64>(lane4, 18);
	return merge(merge(merge(merge(hash, lane1), lane2), lane3), lane4);
}

/** The last bytes, fewer than a stripe's 32, and the avalanche. */
// @ts-expect-error: AssemblyScript's decorator
@inline
function finish(hash: u64, from: usize, end: usize): u64 {
	while (from + 8 <= end) {
		hash = rotl<u64>(hash ^ round(0, load<u64>(from)), 27) * P1 + P4;
		from += 8;
	}
	if (from + 4 <= end) {
		hash = rotl<u64>(hash ^ (<u64>load<u32>(from) * P1), 23) * P2 + P3;
		from += 4;
	}
	while (from < end) {
		hash = rotl<u64>(hash ^ (<u64>load<u8>(from) * P5), 11) * P1;
		from += 1;
	}
	hash = (hash ^ (hash >> 33)) * P2;
	hash = (hash ^ (hash >> 29)) * P3;
	return hash ^ (hash >> 32);
}

/** Of bytes that are all here. */
export function hashOf(from: usize, length: usize): u64 {
	const end = from + length;
	let hash: u64 = P5;
	if (length >= 32) {
		let lane1: u64 = P1 + P2;
		let lane2: u64 = P2;
		let lane3: u64 = 0;
		let lane4: u64 = 0 - P1;
		do {
			lane1 = round(lane1, load<u64>(from));
			lane2 = round(lane2, load<u64>(from, 8));
			lane3 = round(lane3, load<u64>(from, 16));
			lane4 = round(lane4, load<u64>(from, 24));
			from += 32;
		} while (from + 32 <= end);
		hash = join(lane1, lane2, lane3, lane4);
	}
	return finish(hash + length, from, end);
}

// Of bytes that come in pieces: the lanes, and what does not fill a stripe yet.
const STRIPE: usize = memory.data(32, 16);
let held: usize = 0;
let total: u64 = 0;
let one: u64 = 0;
let two: u64 = 0;
let three: u64 = 0;
let four: u64 = 0;

export function hashStart(): void {
	held = 0;
	total = 0;
	one = P1 + P2;
	two = P2;
	three = 0;
	four = 0 - P1;
}

export function hashMore(from: usize, length: usize): void {
	const end = from + length;
	total += length;
	if (held > 0) {
		const taken = min<usize>(32 - held, length);
		memory.copy(STRIPE + held, from, taken);
		held += taken;
		from += taken;
		if (held < 32) return;
		stripes(STRIPE, STRIPE + 32);
	}
	from = stripes(from, end);
	held = end - from;
	memory.copy(STRIPE, from, held);
}

/** Gives where the whole stripes end. */
function stripes(from: usize, end: usize): usize {
	let lane1 = one;
	let lane2 = two;
	let lane3 = three;
	let lane4 = four;
	while (from + 32 <= end) {
		lane1 = round(lane1, load<u64>(from));
		lane2 = round(lane2, load<u64>(from, 8));
		lane3 = round(lane3, load<u64>(from, 16));
		lane4 = round(lane4, load<u64>(from, 24));
		from += 32;
	}
	one = lane1;
	two = lane2;
	three = lane3;
	four = lane4;
	return from;
}

export function hashEnd(): u64 {
	return finish((total >= 32 ? join(one, two, three, four) : P5) + total, STRIPE, STRIPE + held);
}
