import { Box, Text } from 'ink';
import { type Line, span } from '../../telling/page.ts';
import { moved, moveOf, useKeys } from '../keys.ts';
import { useTheme } from '../theme.ts';
import { broken, Lines } from './lines.tsx';

type CardsProps = {
	readonly cards: readonly (readonly Line[])[];
	/** The one in focus. */
	readonly at: number;
	readonly onMove: (at: number) => void;
	readonly onChoose: (at: number) => void;
	readonly width: number;
	readonly height: number;
};

const ROOMY = 14;

/** As many cards around the one in focus as fit, with `gap` rows between them. */
export function around(heights: readonly number[], at: number, room: number, gap: number): { readonly from: number; readonly to: number } {
	let [from, to] = [at, at];
	let used = heights[at] ?? 0;
	for (let grown = true; grown; ) {
		grown = false;
		const below = heights[to + 1];
		if (below !== undefined && used + gap + below <= room) {
			[used, to, grown] = [used + gap + below, to + 1, true];
		}
		const above = heights[from - 1];
		if (above !== undefined && used + gap + above <= room) {
			[used, from, grown] = [used + gap + above, from - 1, true];
		}
	}
	return { from, to };
}

/** A list whose entries have several lines each; Enter chooses. The last row tells where one is, if there are more than fit. */
export function Cards({ cards, at, onMove, onChoose, width, height }: CardsProps) {
	const { signs, look } = useTheme();
	const gap = height >= ROOMY ? 1 : 0;
	const drawn = cards.map((lines) => broken(lines, width - 2));
	const heights = drawn.map((lines) => lines.length);
	const scrolls = heights.reduce((sum, rows) => sum + rows + gap, -gap) > height;
	const room = scrolls ? height - 1 : height;
	const { from, to } = around(heights, at, room, gap);
	useKeys((key) => {
		const move = moveOf(key);
		if (move !== null) onMove(moved(at, move, cards.length, Math.max(1, to - from)));
		else if (key === 'enter') onChoose(at);
	});
	const rows: Line[] = [];
	for (const [index, lines] of drawn.slice(from, to + 1).entries()) {
		if (index > 0 && gap > 0) rows.push([]);
		for (const [row, line] of lines.entries())
			rows.push([row === 0 && from + index === at ? span(`${signs.chosen} `, 'key') : span('  '), ...line]);
	}
	return (
		<Box flexDirection="column" width={width} height={height} overflow="hidden">
			<Box flexDirection="column" height={Math.max(1, room)} overflow="hidden">
				<Lines lines={rows.slice(0, Math.max(1, room))} />
			</Box>
			{scrolls && (
				<Text {...look('dim')} wrap="truncate">
					{`  ${at + 1} of ${cards.length}  ${signs.arrows} move`}
				</Text>
			)}
		</Box>
	);
}
