/** A line being edited: `cursor` counts whole characters. */
export type Edited = { readonly text: string; readonly cursor: number };

export const edited = (text: string): Edited => ({ text, cursor: [...text].length });

/** The line after a key, or null where the key is no edit. Pure. */
export function edit({ text, cursor }: Edited, key: string): Edited | null {
	const letters = [...text];
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
			return cut([...before.replace(/\S+\s*$/, '')].length, at);
		}
		default:
			return [...key].length === 1 && key >= ' ' && key !== '\x7f' && !(key >= '\uE000' && key <= '\uF8FF')
				? { text: [...letters.slice(0, at), key, ...letters.slice(at)].join(''), cursor: at + 1 }
				: null;
	}
}

/** The line with something pasted: joined, without line ends and control characters. */
export function paste({ text, cursor }: Edited, pasted: string): Edited {
	const letters = [...text];
	const clean = [...pasted.replace(/[\x00-\x1f\x7f-\x9f]/g, '')];
	return { text: [...letters.slice(0, cursor), ...clean, ...letters.slice(cursor)].join(''), cursor: cursor + clean.length };
}
