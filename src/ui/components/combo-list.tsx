import { Box } from 'ink';
import { pad, widthOf } from '../../render/width.ts';
import type { ServerCombo } from '../hooks/use-server-combo.ts';
import { useTheme } from '../theme.ts';
import { Text } from './text.tsx';

const TONES = { prod: 'bad', test: 'warn', sandbox: 'good' } as const;
const WIDEST = 32;

/** One row for each server that is offered, so many as fit around the chosen one; how many there are, where more do. */
export function comboLines({ rows, at }: Pick<ServerCombo, 'rows' | 'at'>, height: number, indent = 0) {
	const shown = Math.min(height, rows.length);
	const top = Math.max(0, Math.min(at - Math.floor(shown / 2), rows.length - shown));
	const label = Math.min(WIDEST, Math.max(0, ...rows.map((row) => widthOf(row.label)))) + 2;
	return rows
		.slice(top, top + shown)
		.map((row, index) => (
			<ComboLine
				key={`${row.kind} ${row.value}`}
				row={row}
				isChosen={top + index === at}
				label={label}
				indent={indent}
				more={index === shown - 1 && top + shown < rows.length ? rows.length - top - shown : 0}
			/>
		));
}

type ComboLineProps = {
	readonly row: ServerCombo['rows'][number];
	readonly isChosen: boolean;
	readonly label: number;
	readonly indent: number;
	readonly more: number;
};

function ComboLine({ row, isChosen, label, indent, more }: ComboLineProps) {
	const { signs, styles } = useTheme();
	return (
		<Box height={1} flexShrink={0} paddingLeft={indent}>
			<Text wrap="truncate">
				<Text {...styles('key')}>{isChosen ? `${signs.chosen} ` : '  '}</Text>
				<Text {...styles(isChosen ? 'bold' : 'plain')}>{pad(row.label, label)}</Text>
				{row.badge !== null && <Text {...styles(TONES[row.badge])}>{`${row.badge.toUpperCase()} `}</Text>}
				<Text {...styles('dim')}>{row.about === row.label ? '' : row.about}</Text>
				{more > 0 && <Text {...styles('dim')}>{`  and ${more} more`}</Text>}
			</Text>
		</Box>
	);
}
