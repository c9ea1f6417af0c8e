// How wide text is on a terminal. A Chinese character takes two columns, an accent none: what stands in columns, or is cut to fit, is measured
// here, never by the length of its string.
import { createRequire } from 'node:module';
import { visible } from '../core/visible.ts';

/** Tabs of what a tool prints are blanks; anything else that a terminal would obey is written out. */
export const harmless = (text: string): string => visible(text.replaceAll('\t', '  '));

/** ASCII, Latin-1 and the signs of our own: one column each, and each a character by itself. */
const NARROW = /^[ -~\xa1-\xac\xae-\xff‐-…─-▟✓✗▲●○▸❯↶↑↓→]*$/;

type Measures = {
	readonly segmenter: Intl.Segmenter;
	readonly stringWidth: (text: string) => number;
	readonly sliceAnsi: (text: string, from: number, to: number) => string;
};
let measures: Measures | undefined;

/** What knows every other character takes 40 ms to load: most commands never need it. */
function measuresOf(): Measures {
	const load = createRequire(import.meta.url);
	measures ??= {
		segmenter: new Intl.Segmenter(),
		stringWidth: (load('string-width') as typeof import('string-width')).default,
		sliceAnsi: (load('slice-ansi') as typeof import('slice-ansi')).default,
	};
	return measures;
}

const columnsOf = (shown: string): number => (NARROW.test(shown) ? shown.length : measuresOf().stringWidth(shown));

/** Columns that a text takes as a terminal shows it. */
export const widthOf = (text: string): number => columnsOf(harmless(text));

/** What a person takes for single characters. */
export const graphemes = (text: string): string[] =>
	NARROW.test(text) ? text.split('') : Array.from(measuresOf().segmenter.segment(text), ({ segment }) => segment);

/** The part of a text that fits, made harmless; it ends with `more` where something is missing. No character is cut in two. */
export function cut(text: string, columns: number, more = ''): string {
	const shown = harmless(text);
	if (columnsOf(shown) <= columns) return shown;
	const room = Math.max(0, columns - columnsOf(more));
	return (NARROW.test(shown) ? shown.slice(0, room) : measuresOf().sliceAnsi(shown, 0, room)) + more;
}

const blanks = (text: string, columns: number): string => ' '.repeat(Math.max(0, columns - widthOf(text)));

/** With blanks behind it. */
export const pad = (text: string, columns: number): string => text + blanks(text, columns);
/** With blanks before it. */
export const padLeft = (text: string, columns: number): string => blanks(text, columns) + text;

export interface Column {
	/** No wider, whatever its cells are. */
	readonly most: number;
	readonly least?: number;
	readonly isRight?: boolean;
}

/**
 * Rows whose cells stand below each other: each column is as wide as its widest cell, within its bounds; a longer cell ends with `more`. Every
 * row has a cell for each column.
 */
export function columns(rows: readonly (readonly string[])[], shapes: readonly Column[], more: string): readonly (readonly string[])[] {
	const widths = shapes.map(({ most, least = 0 }, at) =>
		Math.min(Math.max(0, most), Math.max(least, ...rows.map((row) => widthOf(row[at] ?? '')))),
	);
	return rows.map((row) =>
		shapes.map(({ isRight = false }, at) => {
			const cell = cut(row[at] ?? '', widths[at] ?? 0, more);
			return (isRight ? padLeft : pad)(cell, widths[at] ?? 0);
		}),
	);
}
