import { Box } from 'ink';
import { fraction, type Progress } from '../../core/progress.ts';
import { widthOf } from '../../render/width.ts';
import { barLabel } from '../run-rows.ts';
import { useTheme } from '../theme.ts';
import { Text } from './text.tsx';

/** How far, in eighths of a cell. */
export function Bar({ part, width }: { readonly part: number; readonly width: number }) {
	const { signs, styles } = useTheme();
	const steps = signs.bar.length - 1;
	const filled = Math.floor(Math.max(0, Math.min(1, part)) * width * steps);
	const whole = Math.floor(filled / steps);
	const rest = filled % steps;
	const head = (signs.bar[steps] ?? '#').repeat(whole) + (rest > 0 ? (signs.bar[rest] ?? '') : '');
	return (
		<Text wrap="truncate">
			<Text {...styles('key')}>{head}</Text>
			<Text {...styles('dim')}>{signs.empty.repeat(Math.max(0, width - widthOf(head)))}</Text>
		</Text>
	);
}

/** The newest values as heights, the newest at the right. */
export function spark(values: readonly number[], width: number, heights: readonly string[]): string {
	const shown = values.slice(-width);
	const top = Math.max(0, ...shown);
	return shown
		.map((value) => heights[top === 0 ? 0 : Math.min(heights.length - 1, Math.floor((value / top) * (heights.length - 1) + 0.5))])
		.join('');
}

/** How far it is: a bar, where the whole is known, and its figures. */
export function Meter({ progress, width }: { readonly progress: Progress; readonly width: number }) {
	const label = barLabel(progress);
	const part = fraction(progress);
	return (
		<Box>
			{part !== null && (
				<Box flexShrink={0} marginRight={2}>
					<Bar part={part} width={Math.max(10, width - widthOf(label) - 3)} />
				</Box>
			)}
			<Text wrap="truncate">{label}</Text>
		</Box>
	);
}
