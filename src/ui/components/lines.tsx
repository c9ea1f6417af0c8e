import { Box } from 'ink';
import type { Line, Span } from '../../render/page.ts';
import { cut, graphemes, harmless, widthOf } from '../../render/width.ts';
import { useTheme } from '../theme.ts';
import { Text } from './text.tsx';

/** One line of pieces, cut at the edge. */
export function Drawn({ line }: { readonly line: Line }) {
	const { styles } = useTheme();
	return (
		<Text wrap="truncate">
			{line.length === 0
				? ' '
				: line.map(({ text, tone }, index) => (
						// biome-ignore lint/suspicious/noArrayIndexKey: pieces of a line have no other name, and no state.
						<Text key={index} {...styles(tone)}>
							{text}
						</Text>
					))}
		</Text>
	);
}

export function Lines({ lines }: { readonly lines: readonly Line[] }) {
	return (
		<Box flexDirection="column" flexShrink={0}>
			{lines.map((line, index) => (
				// biome-ignore lint/suspicious/noArrayIndexKey: lines have no other name, and no state.
				<Drawn key={index} line={line} />
			))}
		</Box>
	);
}

/** Breaks lines wider than `width`, at a blank where one is near; the rest goes on under its beginning. */
export function broken(lines: readonly Line[], width: number): Line[] {
	return lines.flatMap((line) => brokenLine(line, width));
}

function brokenLine(given: Line, width: number): Line[] {
	const line = given.map((span) => ({ ...span, text: harmless(span.text) }));
	const text = line.map((span) => span.text).join('');
	if (widthOf(text) <= width) return [line];
	const indent = ' '.repeat(Math.min((/^ */.exec(text)?.[0].length ?? 0) + 2, Math.floor(width / 2)));
	const rows: Line[] = [];
	let row: Span[] = [];
	let room = width;
	let isFresh = true;
	for (const span of line) {
		let rest = span.text;
		while (widthOf(rest) > room) {
			const fits = cut(rest, room);
			const blank = fits.lastIndexOf(' ');
			const head = blank > fits.length / 2 ? fits.slice(0, blank + 1) : fits;
			// A character that is wider than the whole line is in the way of no other.
			const taken = head === '' && isFresh ? (graphemes(rest)[0] ?? rest) : head;
			rows.push([...row, { ...span, text: taken }]);
			rest = rest.slice(taken.length);
			row = [{ text: indent, tone: 'plain' }];
			room = width - indent.length;
			isFresh = true;
		}
		row.push({ ...span, text: rest });
		room -= widthOf(rest);
		isFresh = isFresh && rest === '';
	}
	rows.push(row);
	return rows;
}
