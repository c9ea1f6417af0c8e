import { crc32, deflateSync } from 'node:zlib';

/** What is shown, row by row, four bytes a pixel (RGBA), and for how long. */
export type Frame = { readonly width: number; readonly height: number; readonly pixels: Uint8Array; readonly ms: number };

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** What one byte a pixel can name. */
const MOST_COLORS = 256;

function chunk(type: string, data: Buffer): Buffer {
	const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
	const out = Buffer.alloc(body.length + 8);
	out.writeUInt32BE(data.length, 0);
	body.copy(out, 4);
	out.writeUInt32BE(crc32(body), body.length + 4);
	return out;
}

const colorAt = (pixels: Uint8Array, at: number): number =>
	((pixels[at] ?? 0) << 16) | ((pixels[at + 1] ?? 0) << 8) | (pixels[at + 2] ?? 0);
const distance = (one: number, other: number): number =>
	((one >> 16) - (other >> 16)) ** 2 + (((one >> 8) & 255) - ((other >> 8) & 255)) ** 2 + ((one & 255) - (other & 255)) ** 2;

/** The most frequent colours of all frames; every other colour becomes the nearest of them. */
function paletteOf(frames: readonly Frame[]): { readonly colors: readonly number[]; readonly indexOf: (color: number) => number } {
	const counts = new Map<number, number>();
	for (const { pixels } of frames)
		for (let at = 0; at < pixels.length; at += 4) {
			const color = colorAt(pixels, at);
			counts.set(color, (counts.get(color) ?? 0) + 1);
		}
	const colors = [...counts]
		.sort(([one, often], [other, oftener]) => oftener - often || one - other)
		.slice(0, MOST_COLORS)
		.map(([color]) => color);
	const index = new Map(colors.map((color, place) => [color, place]));
	return {
		colors,
		indexOf(color) {
			let found = index.get(color);
			if (found === undefined) {
				found = colors.reduce((best, each, place) => (distance(each, color) < distance(colors[best] ?? 0, color) ? place : best), 0);
				index.set(color, found);
			}
			return found;
		},
	};
}

type Box = { readonly x: number; readonly y: number; readonly width: number; readonly height: number };

/** The smallest box outside of which two pictures are the same; null where they are the same everywhere. */
function difference(before: Uint8Array, after: Uint8Array, width: number): Box | null {
	let [left, right, top, bottom] = [width, -1, -1, -1];
	after.forEach((color, at) => {
		if (color === before[at]) return;
		const [x, y] = [at % width, Math.floor(at / width)];
		if (top === -1) top = y;
		bottom = y;
		left = Math.min(left, x);
		right = Math.max(right, x);
	});
	return top === -1 ? null : { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
}

/** The rows of a box, each with filter 0 before it, compressed. */
function dataOf(picture: Uint8Array, width: number, box: Box): Buffer {
	const rows = Buffer.alloc((box.width + 1) * box.height);
	for (let y = 0; y < box.height; y++) {
		const from = (box.y + y) * width + box.x;
		rows.set(picture.subarray(from, from + box.width), y * (box.width + 1) + 1);
	}
	return deflateSync(rows, { level: 9 });
}

/**
 * An animated PNG that is shown again and again, of one palette, each frame only what differs from the one before.
 * Frames of one size. https://www.w3.org/TR/png-3/#apng-frame-based-animation
 */
export function animatedPng(frames: readonly Frame[]): Buffer {
	const [first] = frames;
	if (first === undefined) throw new Error('An animation needs a frame.');
	const { width, height } = first;
	const { colors, indexOf } = paletteOf(frames);
	const shown: { picture: Uint8Array; box: Box; ms: number }[] = [];
	for (const { pixels, ms } of frames) {
		const picture = Uint8Array.from({ length: width * height }, (_, at) => indexOf(colorAt(pixels, at * 4)));
		const last = shown.at(-1);
		const box = last === undefined ? { x: 0, y: 0, width, height } : difference(last.picture, picture, width);
		if (last !== undefined && box === null) last.ms += ms;
		else if (box !== null) shown.push({ picture, box, ms });
	}

	const header = Buffer.alloc(13);
	header.writeUInt32BE(width, 0);
	header.writeUInt32BE(height, 4);
	// Eight bits a pixel, by palette.
	header.set([8, 3], 8);
	const control = Buffer.alloc(8);
	control.writeUInt32BE(shown.length, 0);
	let sequence = 0;
	const numbered = (type: string, size: number, fill: (data: Buffer) => void): Buffer => {
		const data = Buffer.alloc(size);
		data.writeUInt32BE(sequence++, 0);
		fill(data);
		return chunk(type, data);
	};
	const parts = shown.flatMap(({ picture, box, ms }, place) => {
		const data = dataOf(picture, width, box);
		return [
			numbered('fcTL', 26, (control) => {
				[box.width, box.height, box.x, box.y].forEach((value, at) => {
					control.writeUInt32BE(value, 4 + at * 4);
				});
				control.writeUInt16BE(Math.round(ms), 20);
				control.writeUInt16BE(1000, 22);
			}),
			place === 0 ? chunk('IDAT', data) : numbered('fdAT', data.length + 4, (rest) => data.copy(rest, 4)),
		];
	});
	return Buffer.concat([
		SIGNATURE,
		chunk('IHDR', header),
		chunk('acTL', control),
		chunk('PLTE', Buffer.from(colors.flatMap((color) => [color >> 16, (color >> 8) & 255, color & 255]))),
		...parts,
		chunk('IEND', Buffer.alloc(0)),
	]);
}
