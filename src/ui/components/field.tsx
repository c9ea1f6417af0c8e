import { usePaste } from 'ink';
import { useContext, useState } from 'react';
import { graphemes } from '../../render/width.ts';
import { type KeyScope, KeysReach, useKeys } from '../keys.ts';
import { edit, edited, paste, shownPart } from '../text-edit.ts';
import { useTheme } from '../theme.ts';
import { Text } from './text.tsx';

type FieldProps = {
	readonly value: string;
	readonly onChange: (value: string) => void;
	readonly focused: boolean;
	readonly width: number;
	readonly masked?: boolean;
	readonly placeholder?: string;
	/** Keys that only it hears: of a filter, which lies above other keys. */
	readonly captures?: KeyScope['captures'];
};

/** A line of text: letters are text, Ctrl+A/E/U/K/W and the arrows edit, Ctrl+R shows what is masked. */
export function Field({ value, onChange, focused, width, masked = false, placeholder = '', captures }: FieldProps) {
	const { signs, styles } = useTheme();
	const reach = useContext(KeysReach);
	const [cursor, setCursor] = useState(edited(value).cursor);
	const [revealed, setRevealed] = useState(false);
	const now = { text: value, cursor: Math.min(cursor, edited(value).cursor) };
	const take = (next: typeof now) => {
		setCursor(next.cursor);
		if (next.text !== value) onChange(next.text);
	};
	useKeys(
		(key) => {
			if (masked && key === 'ctrl+r') {
				setRevealed(!revealed);
				return;
			}
			const next = edit(now, key);
			if (next !== null) take(next);
		},
		focused,
		{ isText: true, ...(captures === undefined ? {} : { captures }) },
	);
	usePaste((text) => take(paste(now, text)), { isActive: focused && reach });

	const letters = masked && !revealed ? graphemes(value).map(() => signs.mask) : graphemes(value);
	if (!focused)
		return <Text wrap="truncate">{letters.length === 0 ? <Text {...styles('dim')}>{placeholder}</Text> : letters.join('')}</Text>;
	// The window that holds the cursor, with room for it behind the last letter.
	const { from, to } = shownPart(letters, now.cursor, width);
	const shown = letters.slice(from, to);
	const place = now.cursor - from;
	return (
		<Text wrap="truncate">
			{shown.slice(0, place).join('')}
			<Text inverse>{shown[place] ?? ' '}</Text>
			{shown.slice(place + 1).join('')}
			{letters.length === 0 && <Text {...styles('dim')}>{placeholder}</Text>}
		</Text>
	);
}
