// Signs of ours that are not ASCII, and what stands for them where a terminal knows ASCII alone. It is done where text goes out, so that no
// text needs to know of it; letters are left as they are, as names of servers may have any.

/** `cell`: where one column must stay one column. */
const SIGNS: readonly (readonly [signs: string, text: string, cell?: string])[] = [
	['…', '...', '~'],
	['’‘', "'"],
	['“”', '"'],
	['·', '-'],
	['•●', '*'],
	['○', 'o'],
	['×', 'x'],
	['‐‑–—─━', '-'],
	['│┃', '|'],
	['┌┐└┘├┤┬┴┼', '+'],
	['→', '->', '>'],
	['←', '<-', '<'],
	['↑', '^'],
	['↓', 'v'],
	['↶', '<'],
	['▸❯', '>'],
	['✓', '+'],
	['✗', 'x'],
	['▲', '!'],
	['≠', '!=', '!'],
	['≥', '>=', '>'],
	['≤', '<=', '<'],
	['≈', '~'],
	['▁▏▎', '_'],
	['▂▃▍▌', '-'],
	['▄▅▋▊', '='],
	['▆▇▉█▟', '#'],
	['\xa0', ' '],
];

const each = (of: (text: string, cell: string) => string): ReadonlyMap<string, string> =>
	new Map(SIGNS.flatMap(([signs, text, cell = text]) => Array.from(signs, (sign) => [sign, of(text, cell)] as const)));
const TEXTS = each((text) => text);
const CELLS = each((_, cell) => cell);

/** A name between backticks is a server's: a statement is shown as it is sent. */
const SIGN = new RegExp(`\`[\\p{L}\\d_][^\`\\s]*\`|[${[...TEXTS.keys()].join('')}]`, 'gu');

const translate = (text: string, by: ReadonlyMap<string, string>): string => text.replaceAll(SIGN, (found) => by.get(found) ?? found);

/** Printed text, with signs of ours in ASCII. */
export const inAscii = (text: string): string => translate(text, TEXTS);

/** The same of a drawn screen, on which nothing may move: each sign is one column. */
export const inAsciiCells = (text: string): string => translate(text, CELLS);

/** Has a stream write in ASCII from now on what it is given as text. */
export function writeAscii(stream: NodeJS.WriteStream): void {
	const write = stream.write.bind(stream) as (chunk: unknown, ...rest: unknown[]) => boolean;
	stream.write = (chunk: unknown, ...rest: unknown[]) => write(typeof chunk === 'string' ? inAscii(chunk) : chunk, ...rest);
}

/** The same stream for who draws screens on it. */
export const asciiCellsTo = (stream: NodeJS.WriteStream): NodeJS.WriteStream =>
	new Proxy(stream, {
		get(target, name) {
			if (name === 'write')
				return (chunk: unknown, ...rest: []) => target.write(typeof chunk === 'string' ? inAsciiCells(chunk) : (chunk as string), ...rest);
			const value: unknown = Reflect.get(target, name, target);
			return typeof value === 'function' ? value.bind(target) : value;
		},
	});
