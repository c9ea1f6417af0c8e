import { Box } from 'ink';
import { type Line, span } from '../../render/page.ts';
import { moved, moveOf, useKeys } from '../keys.ts';
import { useTheme } from '../theme.ts';
import { broken, Lines } from './lines.tsx';
import { Text } from './text.tsx';

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

/** The card that stands first in `room` rows: the one before that in focus where both fit whole, an earlier one where the last then fits. */
export function firstShown(heights: readonly number[], at: number, room: number, gap: number): number {
	const rows = (from: number, to: number) => heights.slice(from, to + 1).reduce((sum, height) => sum + height + gap, -gap);
	let first = at > 0 && rows(at - 1, at) <= room ? at - 1 : at;
	while (first > 0 && rows(first - 1, heights.length - 1) <= room) first--;
	return first;
}

/** A list whose entries have several lines each; Enter chooses. The last row tells where one is, if there are more than fit. */
export function Cards({ cards, at, onMove, onChoose, width, height }: CardsProps) {
	const { signs, styles } = useTheme();
	const gap = height >= ROOMY ? 1 : 0;
	const drawn = cards.map((lines) => broken(lines, width - 2));
	const heights = drawn.map((lines) => lines.length);
	const scrolls = heights.reduce((sum, rows) => sum + rows + gap, -gap) > height;
	const room = scrolls ? height - 1 : height;
	const first = firstShown(heights, at, room, gap);
	useKeys((key) => {
		const move = moveOf(key);
		if (move !== null) onMove(moved(at, move, cards.length, Math.max(1, Math.floor(height / 5))));
		else if (key === 'enter') onChoose(at);
	});
	const rows: Line[] = [];
	for (const [index, lines] of drawn.entries()) {
		if (index < first || rows.length >= room) continue;
		if (index > first && gap > 0) rows.push([]);
		for (const [row, line] of lines.entries())
			rows.push([row === 0 && index === at ? span(`${signs.chosen} `, 'key') : span('  '), ...line]);
	}
	return (
		<Box flexDirection="column" width={width} height={height} overflow="hidden">
			<Box flexDirection="column" height={Math.max(1, room)} overflow="hidden">
				<Lines lines={rows.slice(0, Math.max(1, room))} />
			</Box>
			{scrolls && (
				<Text {...styles('dim')} wrap="truncate">
					{`  ${at + 1} of ${cards.length}  ${signs.arrows} move`}
				</Text>
			)}
		</Box>
	);
}
