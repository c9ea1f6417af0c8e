import { Box } from 'ink';
import { useState } from 'react';
import { type Line, span } from '../../render/page.ts';
import { moved, moveOf, useKeys } from '../keys.ts';
import { useTheme } from '../theme.ts';
import { broken, Lines } from './lines.tsx';
import { Text } from './text.tsx';

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
};

/** Lines that scroll. The last row tells where one is, if there is more than fits. */
export function Pane({ lines, width, height, active = true, pages = false, follow = false }: PaneProps) {
	const { signs, styles } = useTheme();
	const [top, setTop] = useState<number | null>(null);
	const all = broken(lines, width);
	const scrolls = all.length > height;
	const room = Math.max(1, scrolls ? height - 1 : height);
	const last = Math.max(0, all.length - room);
	const at = Math.min(top ?? (follow ? last : 0), last);
	useKeys((key) => {
		const move = moveOf(key);
		if (move === null || (pages && move !== 'pageup' && move !== 'pagedown')) return;
		const to = moved(at, move, last + 1, room - 1);
		setTop(follow && to === last ? null : to);
	}, active);
	const shown: Line[] = all.slice(at, at + room);
	while (scrolls && shown.length < room) shown.push([span('')]);
	return (
		<Box flexDirection="column" width={width} height={height} overflow="hidden">
			<Lines lines={shown} />
			{scrolls && (
				<Text {...styles('dim')} wrap="truncate">
					{`   ${at + 1}-${Math.min(all.length, at + room)} of ${all.length}  ${pages ? 'PgUp PgDn' : signs.arrows} scroll`}
				</Text>
			)}
		</Box>
	);
}
