import { Box } from 'ink';
import { useState } from 'react';
import { type Line, span } from '../../render/page.ts';
import { useFilter } from '../hooks/use-filter.tsx';
import { moved, moveOf, useKeys } from '../keys.ts';
import { useTheme } from '../theme.ts';
import { broken, Lines } from './lines.tsx';
import { Text } from './text.tsx';

const textOf = (each: Line): string => each.map(({ text }) => text).join('');

type PaneProps = {
	readonly lines: readonly Line[];
	readonly width: number;
	readonly height: number;
	/** Whether the moving keys are its own. */
	readonly active?: boolean;
	/** Only PgUp and PgDn are: the arrows belong to a list beside it. */
	readonly pages?: boolean;
	/** Stays at the end, as a log does, until it is moved. */
	readonly follow?: boolean;
	/** Whether `/` shows only lines that hold a text; not where the screen has a filter of its own. */
	readonly filter?: boolean;
};

/** Lines that a step of the wheel moves. */
const WHEEL = 3;

/** Lines that scroll. The last row tells where one is, if there is more than fits. */
export function Pane({ lines, width, height, active = true, pages = false, follow = false, filter: isFilterable = true }: PaneProps) {
	const { signs, styles } = useTheme();
	const [top, setTop] = useState<number | null>(null);
	const filter = useFilter(active && isFilterable && !pages, width);
	const kept = filter.text === '' ? lines : lines.filter((each) => textOf(each).toLowerCase().includes(filter.text));
	const all = broken(kept, width);
	const own = height - filter.height;
	const scrolls = all.length > own;
	const room = Math.max(1, scrolls ? own - 1 : own);
	const last = Math.max(0, all.length - room);
	const at = Math.min(top ?? (follow ? last : 0), last);
	useKeys((key) => {
		const move = moveOf(key);
		const isWheel = key.startsWith('wheel');
		if (move === null || (pages && !isWheel && move !== 'pageup' && move !== 'pagedown')) return;
		const to = isWheel ? Math.max(0, Math.min(last, at + (move === 'up' ? -WHEEL : WHEEL))) : moved(at, move, last + 1, room - 1);
		setTop(follow && to === last ? null : to);
	}, active);
	const shown: Line[] = all.slice(at, at + room);
	while (scrolls && shown.length < room) shown.push([span('')]);
	return (
		<Box flexDirection="column" width={width} height={height} overflow="hidden">
			{filter.row}
			<Lines lines={shown} />
			{scrolls && (
				<Text {...styles('dim')} wrap="truncate">
					{`   ${at + 1}-${Math.min(all.length, at + room)} of ${all.length}  ${pages ? 'PgUp PgDn' : signs.arrows} scroll`}
				</Text>
			)}
		</Box>
	);
}
