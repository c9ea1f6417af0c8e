import { Box } from 'ink';
import { type ReactNode, useState } from 'react';
import { Field } from '../components/field.tsx';
import { Text } from '../components/text.tsx';
import { useKeys } from '../keys.ts';

export type Filter = {
	/** In lower case; '' where nothing is filtered. */
	readonly text: string;
	/** The row in which it is typed, once it is open. */
	readonly row: ReactNode;
	/** Rows that it takes. */
	readonly height: 0 | 1;
	/** Other keys are text now. */
	readonly isTyping: boolean;
};

const everything = () => true;
const isEsc = (key: string) => key === 'esc';

/** `/` opens a filter; Enter or an arrow goes to what it left, Esc clears it. Meanwhile no other key means anything. */
export function useFilter(active: boolean, width: number): Filter {
	const [text, setText] = useState<string | null>(null);
	const [typing, setTyping] = useState(false);
	const isTyping = typing && text !== null;
	const clear = () => {
		setText(null);
		setTyping(false);
	};
	useKeys((key) => {
		if (key !== '/') return;
		setText(text ?? '');
		setTyping(true);
	}, active && !isTyping);
	useKeys(
		(key) => {
			if (isEsc(key)) clear();
			else if (key === 'enter' || key === 'down' || key === 'up' || key === 'tab') {
				setTyping(false);
				if (text === '') setText(null);
			}
		},
		active && isTyping,
		{ captures: everything },
	);
	useKeys(clear, active && text !== null && !isTyping, { captures: isEsc });
	return {
		text: (text ?? '').toLowerCase(),
		height: text === null ? 0 : 1,
		isTyping,
		row:
			text === null ? null : (
				<Box flexShrink={0} height={1}>
					<Text bold={isTyping}>{'/ '}</Text>
					<Field value={text} onChange={setText} focused={isTyping && active} width={Math.max(10, width - 4)} captures={everything} />
				</Box>
			),
	};
}
