import { harmless, pad, widthOf } from './width.ts';

/** What a piece of text means; a terminal gives it a colour, a file none. */
export type Tone = 'plain' | 'bold' | 'dim' | 'good' | 'warn' | 'bad' | 'key';
export type Span = { readonly text: string; readonly tone: Tone };
/** One line, as pieces: painted here for plain output, drawn by Ink on the screens. */
export type Line = readonly Span[];

const CODES: { readonly [tone in Tone]: readonly [string, string] } = {
	plain: ['', ''],
	bold: ['\x1b[1m', '\x1b[22m'],
	dim: ['\x1b[2m', '\x1b[22m'],
	good: ['\x1b[32m', '\x1b[39m'],
	warn: ['\x1b[33m', '\x1b[39m'],
	bad: ['\x1b[31m', '\x1b[39m'],
	key: ['\x1b[36m', '\x1b[39m'],
};

export const span = (text: string, tone: Tone = 'plain'): Span => ({ text, tone });
export const line = (...parts: readonly (string | Span)[]): Line => parts.map((part) => (typeof part === 'string' ? span(part) : part));

export function paint(lines: readonly Line[], color: boolean): string {
	return lines
		.map((parts) =>
			parts
				.map(({ text, tone }) => (color ? CODES[tone][0] + harmless(text) + CODES[tone][1] : harmless(text)))
				.join('')
				.trimEnd(),
		)
		.join('\n');
}

/** Breaks text at blanks to lines of at most `width`; a longer word stays whole, so that it can be copied. */
export function wrap(text: string, width: number): string[] {
	const lines: string[] = [];
	for (const paragraph of text.split('\n')) {
		let current = '';
		for (const word of harmless(paragraph).split(/(?<=\s)(?=\S)/)) {
			if (current !== '' && widthOf(current + word.trimEnd()) > width) {
				lines.push(current.trimEnd());
				current = '';
			}
			current += word;
		}
		lines.push(current.trimEnd());
	}
	return lines;
}

/** Several lines with the same lead-in: the first behind `head`, the others behind blanks of its width. A head that is no span has the text's tone. */
export function indented(head: string | Span, text: string, width: number, tone: Tone = 'plain'): Line[] {
	const first = typeof head === 'string' ? span(head, tone) : head;
	const headWidth = widthOf(first.text);
	const room = Math.max(20, width - headWidth);
	return wrap(text, room).map((part, index) => [index === 0 ? first : span(pad('', headWidth), first.tone), span(part, tone)]);
}
