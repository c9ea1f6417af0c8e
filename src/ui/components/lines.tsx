import { Box } from 'ink';
import type { Line, Span } from '../../render/page.ts';
import { useTheme } from '../theme.ts';
import { Text } from './text.tsx';

/** One line of pieces, cut at the edge. */
export function Drawn({ line }: { readonly line: Line }) {
	const { look } = useTheme();
	return (
		<Text wrap="truncate">
			{line.length === 0
				? ' '
				: line.map(({ text, tone }, index) => (
						// biome-ignore lint/suspicious/noArrayIndexKey: pieces of a line have no other name, and no state.
						<Text key={index} {...look(tone)}>
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

function brokenLine(line: Line, width: number): Line[] {
	const text = line.map((span) => span.text).join('');
	if (text.length <= width) return [line];
	const indent = ' '.repeat(Math.min((/^ */.exec(text)?.[0].length ?? 0) + 2, Math.floor(width / 2)));
	const rows: Line[] = [];
	let row: Span[] = [];
	let room = width;
	for (const span of line) {
		let rest = span.text;
		while (rest.length > room) {
			const blank = rest.lastIndexOf(' ', room - 1);
			const cut = blank > room / 2 ? blank + 1 : room;
			rows.push([...row, { ...span, text: rest.slice(0, cut) }]);
			rest = rest.slice(cut);
			row = [{ text: indent, tone: 'plain' }];
			room = width - indent.length;
		}
		row.push({ ...span, text: rest });
		room -= rest.length;
	}
	rows.push(row);
	return rows;
}
