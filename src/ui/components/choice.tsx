import { Box } from 'ink';
import { useState } from 'react';
import type { Tone } from '../../render/page.ts';
import { pad, widthOf } from '../../render/width.ts';
import { useApp } from '../app-context.ts';
import { useFilter } from '../hooks/use-filter.tsx';
import { type KeyName, moved, moveOf, useKeys } from '../keys.ts';
import { useTheme } from '../theme.ts';
import { Text } from './text.tsx';

export type Option<V> = { readonly value: V; readonly label: string; readonly about?: string; readonly tone?: Tone };

type ChoiceProps<V> = {
	readonly options: readonly Option<V>[];
	readonly onChoose: (value: V) => void;
	/** Any other key, and the value at the cursor. */
	readonly onKey?: (key: KeyName, value: V) => void;
	/** The harmless one comes first: the focus begins there. Digits choose nothing. */
	readonly active?: boolean;
	readonly height?: number;
	readonly labelWidth?: number;
	/** The wheel and the pages are those of a pane beside it. */
	readonly besidePane?: boolean;
};

/** From so many on a list can be filtered. */
const MANY = 5;

/** A list in which only Enter chooses: for lists that are long, and for choices that are dangerous. `/` filters a longer one. */
export function Choice<V>({
	options: all,
	onChoose,
	onKey,
	active = true,
	height: room = all.length,
	labelWidth,
	besidePane = false,
}: ChoiceProps<V>) {
	const { signs, styles } = useTheme();
	const [at, setAt] = useState(0);
	const { size } = useApp();
	const filter = useFilter(active && all.length >= MANY, size.columns);
	const options = filter.text === '' ? all : all.filter(({ label, about = '' }) => `${label} ${about}`.toLowerCase().includes(filter.text));
	const height = Math.max(1, room - filter.height);
	const index = Math.max(0, Math.min(at, options.length - 1));
	const take = (key: KeyName) => {
		const option = options[index];
		if (option === undefined) return;
		if (key === 'enter') onChoose(option.value);
		else onKey?.(key, option.value);
	};
	useKeys((key) => {
		const move = moveOf(key);
		if (besidePane && (key.startsWith('wheel') || move === 'pageup' || move === 'pagedown')) return;
		if (move !== null) setAt(moved(index, move, options.length, Math.max(1, height - 1)));
		else if (key === 'tab') setAt((index + 1) % options.length);
		else if (key === 'shift+tab') setAt((index + options.length - 1) % options.length);
		else take(key);
	}, active);
	const rows = Math.max(1, Math.min(height, options.length));
	const top = Math.max(0, Math.min(index - Math.floor(rows / 2), options.length - rows));
	const width = labelWidth ?? Math.max(0, ...all.map((option) => widthOf(option.label))) + 3;
	return (
		<Box flexDirection="column" flexShrink={0}>
			{filter.row}
			{options.length === 0 && <Text {...styles('dim')}>{'  nothing matches'}</Text>}
			{options.slice(top, top + rows).map((option, row) => {
				const chosen = top + row === index;
				return (
					<Text key={`${option.label} ${option.about ?? ''}`} wrap="truncate">
						<Text {...styles('key')}>{chosen ? `${signs.chosen} ` : '  '}</Text>
						<Text {...styles(chosen ? 'bold' : (option.tone ?? 'plain'))}>{pad(option.label, width)}</Text>
						{option.about !== undefined && <Text {...styles('dim')}>{option.about}</Text>}
					</Text>
				);
			})}
		</Box>
	);
}
