import { graphemes, widthOf } from '../render/width.ts';

/** A line being edited: `cursor` counts what a person takes for single characters. */
export type Edited = { readonly text: string; readonly cursor: number };

export const edited = (text: string): Edited => ({ text, cursor: graphemes(text).length });

/** The line after a key, or null where the key is no edit. Pure. */
export function edit({ text, cursor }: Edited, key: string): Edited | null {
	const letters = graphemes(text);
	const at = Math.min(cursor, letters.length);
	const cut = (from: number, to: number): Edited => ({ text: [...letters.slice(0, from), ...letters.slice(to)].join(''), cursor: from });
	switch (key) {
		case 'left':
		case 'ctrl+b':
			return { text, cursor: Math.max(0, at - 1) };
		case 'right':
		case 'ctrl+f':
			return { text, cursor: Math.min(letters.length, at + 1) };
		case 'home':
		case 'ctrl+a':
			return { text, cursor: 0 };
		case 'end':
		case 'ctrl+e':
			return { text, cursor: letters.length };
		case 'backspace':
		case 'ctrl+h':
			return at === 0 ? { text, cursor: 0 } : cut(at - 1, at);
		case 'delete':
		case 'ctrl+d':
			return cut(at, at + 1);
		case 'ctrl+u':
			return cut(0, at);
		case 'ctrl+k':
			return cut(at, letters.length);
		case 'ctrl+w': {
			const before = letters.slice(0, at).join('');
			return cut(graphemes(before.replace(/\S+\s*$/, '')).length, at);
		}
		default:
			return [...key].length === 1 && key >= ' ' && key !== '\x7f' && !(key >= '\uE000' && key <= '\uF8FF')
				? insert(letters, at, key)
				: null;
	}
}

// What is typed may join the character before it: an accent, the parts of an emoji.
function insert(letters: readonly string[], at: number, text: string): Edited {
	const before = [...letters.slice(0, at), text].join('');
	return { text: before + letters.slice(at).join(''), cursor: graphemes(before).length };
}

/** The line with something pasted: joined, without line ends and control characters. */
export const paste = ({ text, cursor }: Edited, pasted: string): Edited =>
	insert(graphemes(text), cursor, pasted.replace(/[\x00-\x1f\x7f-\x9f]/g, ''));

/** The part of the letters, as drawn, that holds the cursor and fits into `width` columns. The cursor may stand behind the last. */
export function shownPart(letters: readonly string[], cursor: number, width: number): { readonly from: number; readonly to: number } {
	let from = cursor;
	let to = cursor + 1;
	let room = width - Math.max(1, widthOf(letters[cursor] ?? ' '));
	const fits = (letter: string | undefined) => letter !== undefined && widthOf(letter) <= room;
	for (; fits(letters[from - 1]); from--) room -= widthOf(letters[from - 1] as string);
	for (; fits(letters[to]); to++) room -= widthOf(letters[to] as string);
	return { from, to };
}
