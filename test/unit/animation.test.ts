import { crc32, inflateSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { animatedPng, type Frame } from '../support/animation.ts';

type Part = { readonly type: string; readonly data: Buffer };

/** The chunks of a PNG, each with a checksum that holds. */
function partsOf(png: Buffer): Part[] {
	expect(png.subarray(0, 8).toString('latin1')).toBe('\x89PNG\r\n\x1a\n');
	const parts: Part[] = [];
	for (let at = 8; at < png.length; ) {
		const length = png.readUInt32BE(at);
		expect(png.readUInt32BE(at + 8 + length)).toBe(crc32(png.subarray(at + 4, at + 8 + length)));
		parts.push({ type: png.toString('latin1', at + 4, at + 8), data: png.subarray(at + 8, at + 8 + length) });
		at += length + 12;
	}
	return parts;
}

/** What a viewer shows: each frame laid over the one before, as colours, with its time. */
function play(png: Buffer): { colors: number[]; ms: number }[] {
	const parts = partsOf(png);
	const { data: header } = parts[0] as Part;
	const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
	const palette = parts.find(({ type }) => type === 'PLTE')?.data as Buffer;
	const canvas = Array.from({ length: width * height }, () => -1);
	const shown: { colors: number[]; ms: number }[] = [];
	let next = 0;
	let control: Buffer | undefined;
	for (const { type, data } of parts) {
		if (type === 'fcTL' || type === 'fdAT') expect(data.readUInt32BE(0)).toBe(next++);
		if (type === 'fcTL') control = data;
		if (control === undefined || (type !== 'IDAT' && type !== 'fdAT')) continue;
		const rows = inflateSync(type === 'IDAT' ? data : data.subarray(4));
		const [w = 0, h = 0, x = 0, y = 0] = [4, 8, 12, 16].map((at) => control?.readUInt32BE(at));
		for (let row = 0; row < h; row++)
			for (let column = 0; column < w; column++)
				canvas[(y + row) * width + x + column] = palette.readUIntBE((rows[row * (w + 1) + 1 + column] ?? 0) * 3, 3);
		shown.push({ colors: [...canvas], ms: (control.readUInt16BE(20) * 1000) / control.readUInt16BE(22) });
	}
	expect(parts.find(({ type }) => type === 'acTL')?.data.readUInt32BE(0)).toBe(shown.length);
	expect(parts.at(-1)?.type).toBe('IEND');
	return shown;
}

const frame = (colors: readonly number[], width: number, ms: number): Frame => ({
	width,
	height: colors.length / width,
	pixels: Uint8Array.from(colors.flatMap((color) => [color >> 16, (color >> 8) & 255, color & 255, 255])),
	ms,
});

it('an animation shows each frame for its time, and frames without a change as one', () => {
	const [white, red, grey] = [0xffffff, 0xe5636d, 0x16181d];
	const first = [grey, grey, grey, white, grey, grey];
	const second = [grey, red, grey, white, grey, grey];
	const png = animatedPng([frame(first, 3, 500), frame(second, 3, 100), frame(second, 3, 250), frame(first, 3, 40)]);
	expect(play(png)).toEqual([
		{ colors: first, ms: 500 },
		{ colors: second, ms: 350 },
		{ colors: first, ms: 40 },
	]);
});

it('an animation of more than 256 colours keeps the frequent ones, and shows the others as the nearest of them', () => {
	const greys = Array.from({ length: 256 }, (_, value) => value * 0x010101);
	const [picture] = play(animatedPng([frame([...greys, ...greys, 0x000001, 0xfe0000], 2, 10)]));
	expect(picture?.colors.slice(0, 256)).toEqual(greys);
	expect(picture?.colors[512]).toBe(0);
	expect(greys).toContain(picture?.colors[513]);
});
