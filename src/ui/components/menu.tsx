import { Box } from 'ink';
import { useState } from 'react';
import { pad, widthOf } from '../../render/width.ts';
import { useApp } from '../app-context.ts';
import { moved, moveOf, useKeys } from '../keys.ts';
import { useTheme } from '../theme.ts';
import { Text } from './text.tsx';

export type MenuItem<V extends string> = {
	readonly value: V;
	readonly label: string;
	readonly about: string;
	/** Opens it, whatever else is in the menu; none for one that comes and goes. */
	readonly digit?: number;
};

type MenuProps<V extends string> = {
	readonly items: readonly MenuItem<V>[];
	readonly onSelect: (value: V) => void;
	readonly initial?: V;
	/** Whether the moving keys are its own; digits always are. */
	readonly active?: boolean;
	/** Up from the first item. */
	readonly onTop?: () => void;
	/** Labels only, as many a row as fit into so many columns. */
	readonly compact?: number | undefined;
};

const WIDTH = 24;
/** Columns before what is said of an item: the cursor, its label, its digit, and the frame. */
const BESIDE = WIDTH + 6;

/** As much of it as fits, whole parts of a list only; nothing is better than half a word. Pure. */
export function fittingAbout(about: string, room: number): string {
	const parts = about.split(', ');
	while (parts.length > 0 && widthOf(parts.join(', ')) > room) parts.pop();
	return parts.join(', ');
}

const compactText = ({ label, digit }: Pick<MenuItem<string>, 'label' | 'digit'>): string =>
	`${digit === undefined ? '' : `${digit} `}${label}`;

/** Between items of a compact menu; before each stands the cursor. */
const GAP = 2;
const CURSOR = 2;

/** The items of a compact menu, row by row. */
export function compactRows<I extends Pick<MenuItem<string>, 'label' | 'digit'>>(
	items: readonly I[],
	width: number,
): readonly (readonly I[])[] {
	const rows: I[][] = [];
	let room = 0;
	for (const item of items) {
		const needed = CURSOR + widthOf(compactText(item));
		if (rows.length === 0 || needed + GAP > room) {
			rows.push([item]);
			room = width - needed;
		} else {
			rows.at(-1)?.push(item);
			room -= needed + GAP;
		}
	}
	return rows;
}

/** A short menu of harmless places to go: the digit that stands beside one goes there at once. */
export function Menu<V extends string>({ items, onSelect, initial, active = true, onTop, compact }: MenuProps<V>) {
	const { signs, styles } = useTheme();
	const { size } = useApp();
	const [chosen, setChosen] = useState<V | undefined>(initial);
	const index = Math.max(
		0,
		items.findIndex(({ value }) => value === chosen),
	);
	const select = (item: MenuItem<V>) => {
		setChosen(item.value);
		onSelect(item.value);
	};
	useKeys((key) => {
		const item = items.find(({ digit }) => String(digit) === key);
		if (item !== undefined) select(item);
	});
	useKeys((key) => {
		const sideways = compact === undefined ? undefined : { left: 'up' as const, right: 'down' as const }[key];
		const move = sideways ?? moveOf(key);
		const item = items[index];
		if (move === 'up' && index === 0 && !key.startsWith('wheel')) onTop?.();
		else if (move !== null) setChosen(items[moved(index, move, items.length, items.length)]?.value);
		else if (key === 'enter' && item !== undefined) select(item);
	}, active);
	const isAt = (item: MenuItem<V>) => active && item === items[index];
	const cursorOf = (item: MenuItem<V>) => (isAt(item) ? `${signs.chosen} ` : '  ');
	const labelStyle = (item: MenuItem<V>) => (isAt(item) ? styles('bold') : {});
	return (
		<Box flexDirection="column" flexShrink={0}>
			{compact === undefined
				? items.map((item) => (
						<Text key={item.value} wrap="truncate">
							<Text {...styles('key')}>{cursorOf(item)}</Text>
							<Text {...labelStyle(item)}>{pad(item.label, WIDTH)}</Text>
							<Text {...styles('key')}>{`${item.digit ?? ' '} `}</Text>
							<Text {...styles('dim')}>{fittingAbout(item.about, size.columns - BESIDE)}</Text>
						</Text>
					))
				: compactRows(items, compact).map((row) => (
						<Text key={row[0]?.value} wrap="truncate">
							{row.map((item, at) => (
								<Text key={item.value}>
									{at > 0 && ' '.repeat(GAP)}
									<Text {...styles('key')}>{cursorOf(item)}</Text>
									<Text {...labelStyle(item)}>{compactText(item)}</Text>
								</Text>
							))}
						</Text>
					))}
		</Box>
	);
}
