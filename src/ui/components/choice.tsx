import { Box } from 'ink';
import { useState } from 'react';
import type { Tone } from '../../render/page.ts';
import { pad, widthOf } from '../../render/width.ts';
import { moved, moveOf, useKeys } from '../keys.ts';
import { useTheme } from '../theme.ts';
import { Text } from './text.tsx';

export type Option<V> = { readonly value: V; readonly label: string; readonly about?: string; readonly tone?: Tone };

type ChoiceProps<V> = {
	readonly options: readonly Option<V>[];
	readonly onChoose: (value: V) => void;
	/** The harmless one comes first: the focus begins there. Digits choose nothing. */
	readonly active?: boolean;
	readonly height?: number;
	readonly labelWidth?: number;
};

/** A list in which only Enter chooses: for lists that are long, and for choices that are dangerous. */
export function Choice<V>({ options, onChoose, active = true, height = options.length, labelWidth }: ChoiceProps<V>) {
	const { signs, styles } = useTheme();
	const [at, setAt] = useState(0);
	const index = Math.min(at, options.length - 1);
	useKeys((key) => {
		const move = moveOf(key);
		const pages = move === 'pageup' || move === 'pagedown';
		if (pages && height >= options.length) return;
		if (move !== null) setAt(moved(index, move, options.length, Math.max(1, height - 1)));
		else if (key === 'tab') setAt((index + 1) % options.length);
		else if (key === 'shift+tab') setAt((index + options.length - 1) % options.length);
		else if (key === 'enter') {
			const option = options[index];
			if (option !== undefined) onChoose(option.value);
		}
	}, active);
	const rows = Math.max(1, Math.min(height, options.length));
	const top = Math.max(0, Math.min(index - Math.floor(rows / 2), options.length - rows));
	const width = labelWidth ?? Math.max(0, ...options.map((option) => widthOf(option.label))) + 3;
	return (
		<Box flexDirection="column" flexShrink={0}>
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
