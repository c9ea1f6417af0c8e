import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Resvg } from '@resvg/resvg-js';
import type { Frame } from './animation.ts';
import type { Cell, Color } from './terminal.ts';

const CELL = { width: 10, height: 20 };
const MARGIN = 16;
/** The colours of a terminal: its own two, and the sixteen of ANSI. */
export type Colors = { readonly back: string; readonly front: string; readonly ansi: readonly string[] };
export const DARK: Colors = {
	back: '#16181d',
	front: '#d6d8dd',
	ansi: [
		'#2a2d35',
		'#e5636d',
		'#8ccf7e',
		'#e5c76b',
		'#67a9e0',
		'#c47fd5',
		'#6cc5d0',
		'#d6d8dd',
		'#6b7080',
		'#ff8a93',
		'#a9e59c',
		'#ffe08a',
		'#8cc6ff',
		'#dfa3ef',
		'#93e2eb',
		'#ffffff',
	],
};
export const LIGHT: Colors = {
	back: '#fbfbfa',
	front: '#24292f',
	ansi: [
		'#24292f',
		'#c4232f',
		'#1a7f37',
		'#8a6100',
		'#0b5fc0',
		'#8631a8',
		'#0f7481',
		'#6e7781',
		'#57606a',
		'#a40e26',
		'#116329',
		'#633c01',
		'#0a4a9e',
		'#6b2391',
		'#0a5a66',
		'#d0d7de',
	],
};

const colorOf = (color: Color, ansi: readonly string[], fallback: string): string => {
	if (color === null) return fallback;
	if ('rgb' in color) return `#${color.rgb.toString(16).padStart(6, '0')}`;
	return ansi[color.palette] ?? fallback;
};
const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** Characters that must meet their neighbours exactly are shapes, as a terminal draws them. */
function shape(char: string, x: number, y: number, fill: string): string | null {
	const { width, height } = CELL;
	const code = char.codePointAt(0) ?? 0;
	const box = (bx: number, by: number, bw: number, bh: number, opacity = 1) =>
		`<rect x="${bx.toFixed(2)}" y="${by.toFixed(2)}" width="${bw.toFixed(2)}" height="${bh.toFixed(2)}" fill="${fill}"${opacity < 1 ? ` fill-opacity="${opacity}"` : ''}/>`;
	// ▁ … █ from below, ▉ … ▏ from the left, ░ ▒ ▓ shades.
	if (code >= 0x2581 && code <= 0x2588) {
		const part = ((code - 0x2580) / 8) * height;
		return box(x, y + height - part, width, part);
	}
	if (code >= 0x2589 && code <= 0x258f) return box(x, y, ((0x2590 - code) / 8) * width, height);
	if (code >= 0x2591 && code <= 0x2593) return box(x, y, width, height, (code - 0x2590) / 4);
	if (char === '─') return box(x, y + height / 2 - 0.7, width, 1.4);
	if (char === '│') return box(x + width / 2 - 0.7, y, 1.4, height);
	return null;
}

/** The cells of a terminal as SVG. */
export function svgOf(cells: readonly (readonly Cell[])[], colors: Colors = DARK): string {
	const columns = cells[0]?.length ?? 0;
	const total = { width: columns * CELL.width + 2 * MARGIN, height: cells.length * CELL.height + 2 * MARGIN };
	const parts: string[] = [];
	cells.forEach((row, rowIndex) => {
		row.forEach((cell, column) => {
			const x = MARGIN + column * CELL.width;
			const y = MARGIN + rowIndex * CELL.height;
			let front = colorOf(cell.fg, colors.ansi, colors.front);
			let back = colorOf(cell.bg, colors.ansi, colors.back);
			if (cell.inverse) [front, back] = [back, front];
			const width = CELL.width * Math.max(1, cell.width);
			if (back !== colors.back)
				parts.push(`<rect x="${x.toFixed(2)}" y="${y}" width="${(width + 0.3).toFixed(2)}" height="${CELL.height + 0.3}" fill="${back}"/>`);
			if (cell.char === '' || cell.char === ' ') return;
			const drawn = shape(cell.char, x, y, front);
			const dim = cell.dim ? ' opacity="0.55"' : '';
			parts.push(
				drawn !== null
					? `<g${dim}>${drawn}</g>`
					: `<text x="${x.toFixed(2)}" y="${y + 15}" fill="${front}"${cell.bold ? ' font-weight="bold"' : ''}${dim}>${escaped(cell.char)}</text>`,
			);
		});
	});
	return `<svg shape-rendering="crispEdges" xmlns="http://www.w3.org/2000/svg" width="${total.width}" height="${total.height}" font-family="DejaVu Sans Mono" font-size="16"><rect width="100%" height="100%" rx="8" fill="${colors.back}"/>${parts.join('')}</svg>`;
}

const fonts = join(dirname(createRequire(import.meta.url).resolve('dejavu-fonts-ttf/package.json')), 'ttf');

/** No browser, no fonts of the machine. */
const render = (svg: string) =>
	new Resvg(svg, {
		font: {
			loadSystemFonts: false,
			fontFiles: ['DejaVuSansMono.ttf', 'DejaVuSansMono-Bold.ttf', 'DejaVuSans.ttf'].map((name) => join(fonts, name)),
			defaultFontFamily: 'DejaVu Sans Mono',
		},
	}).render();

/** A PNG of a terminal's cells. */
export function pngOf(cells: readonly (readonly Cell[])[], colors: Colors = DARK): Buffer {
	return render(svgOf(cells, colors)).asPng();
}

/** The same as the pixels of a frame, four bytes each. */
export function pixelsOf(cells: readonly (readonly Cell[])[]): Omit<Frame, 'ms'> {
	const { width, height, pixels } = render(svgOf(cells));
	return { width, height, pixels };
}
