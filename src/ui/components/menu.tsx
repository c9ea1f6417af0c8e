import { Box } from 'ink';
import { useState } from 'react';
import { pad } from '../../render/width.ts';
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
};

const WIDTH = 24;

/** A short menu of harmless places to go: the digit that stands beside one goes there at once. */
export function Menu<V extends string>({ items, onSelect, initial }: MenuProps<V>) {
	const { signs, styles } = useTheme();
	const [chosen, setChosen] = useState<V | undefined>(initial);
	const index = Math.max(
		0,
		items.findIndex(({ value }) => value === chosen),
	);
	useKeys((key) => {
		const move = moveOf(key);
		const item = key === 'enter' ? items[index] : items.find(({ digit }) => String(digit) === key);
		if (move !== null) setChosen(items[moved(index, move, items.length, items.length)]?.value);
		else if (item !== undefined) {
			setChosen(item.value);
			onSelect(item.value);
		}
	});
	return (
		<Box flexDirection="column" flexShrink={0}>
			{items.map((item, at) => (
				<Text key={item.value} wrap="truncate">
					<Text {...styles('key')}>{at === index ? `${signs.chosen} ` : '  '}</Text>
					<Text {...(at === index ? styles('bold') : {})}>{pad(item.label, WIDTH)}</Text>
					<Text {...styles('key')}>{`${item.digit ?? ' '} `}</Text>
					<Text {...styles('dim')}>{item.about}</Text>
				</Text>
			))}
		</Box>
	);
}
