import { Box } from 'ink';
import SelectInput from 'ink-select-input';
import { useContext } from 'react';
import { pad } from '../../render/width.ts';
import { KeysReach } from '../keys.ts';
import { useTheme } from '../theme.ts';
import { Text } from './text.tsx';

export type MenuItem<V extends string> = { readonly value: V; readonly label: string; readonly about: string };

type MenuProps<V extends string> = {
	readonly items: readonly MenuItem<V>[];
	readonly onSelect: (value: V) => void;
	readonly initial?: V;
	readonly labelWidth?: number;
};

const WIDTH = 27;

function Indicator({ isSelected = false }: { readonly isSelected?: boolean }) {
	const { signs, styles } = useTheme();
	return (
		<Box flexShrink={0}>
			<Text {...styles('key')}>{isSelected ? `${signs.chosen} ` : '  '}</Text>
		</Box>
	);
}

function Item({ label, isSelected = false }: { readonly label: string; readonly isSelected?: boolean }) {
	const { styles } = useTheme();
	const [name = '', about = ''] = label.split('\t');
	return (
		<Text wrap="truncate">
			<Text {...(isSelected ? styles('bold') : {})}>{pad(name, WIDTH)}</Text>
			<Text {...styles('dim')}>{about}</Text>
		</Text>
	);
}

/** A short menu of harmless places to go: a digit goes there at once. */
export function Menu<V extends string>({ items, onSelect, initial }: MenuProps<V>) {
	const reach = useContext(KeysReach);
	return (
		<SelectInput
			isFocused={reach}
			items={items.map(({ value, label, about }) => ({ key: value, value, label: `${label}\t${about}` }))}
			initialIndex={Math.max(
				0,
				items.findIndex((item) => item.value === initial),
			)}
			indicatorComponent={Indicator}
			itemComponent={Item}
			onSelect={(item) => onSelect(item.value)}
		/>
	);
}
