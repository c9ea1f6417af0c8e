import { Box } from 'ink';
import { useState } from 'react';
import { widthOf } from '../../render/width.ts';
import { useKeys } from '../keys.ts';
import { useTheme } from '../theme.ts';
import { Field } from './field.tsx';
import { Text } from './text.tsx';

type TypedNameProps = {
	readonly name: string;
	readonly width: number;
	/** It was typed, and is the very one. */
	readonly onTyped: () => void;
};

/** Asks for the name that confirms what is dangerous, in two rows. Esc is its screen's; give it the name as its key. */
export function TypedName({ name, width, onTyped }: TypedNameProps) {
	const { signs, styles } = useTheme();
	const [text, setText] = useState('');
	const [wrong, setWrong] = useState(false);
	useKeys((key) => {
		if (key !== 'enter') return;
		if (text === name) onTyped();
		else setWrong(true);
	});
	return (
		<>
			<Box>
				<Text>{`  Type ${name} to confirm: `}</Text>
				<Field value={text} onChange={setText} focused width={Math.max(10, width - widthOf(name) - 22)} />
			</Box>
			<Text {...styles('bad')}>{wrong ? `  ${signs.bad} Must be exactly ${name}` : ' '}</Text>
		</>
	);
}
