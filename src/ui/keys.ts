import { useInput } from 'ink';
import { createContext, useContext } from 'react';
import { F1 } from './border.ts';

/** False for all that lies under an overlay: it draws, and gets no keys. */
export const KeysReach = createContext(true);

/** A key by its name: `up`, `enter`, `ctrl+k`, `f1`, or the character itself. */
export type KeyName = string;

type InkKey = Parameters<Parameters<typeof useInput>[0]>[1];

function nameOf(input: string, key: InkKey): KeyName {
	if (input === F1) return 'f1';
	if (key.upArrow) return 'up';
	if (key.downArrow) return 'down';
	if (key.leftArrow) return 'left';
	if (key.rightArrow) return 'right';
	if (key.pageUp) return 'pageup';
	if (key.pageDown) return 'pagedown';
	if (key.home) return 'home';
	if (key.end) return 'end';
	if (key.return || input === '\n') return 'enter';
	if (key.escape) return 'esc';
	if (key.tab) return key.shift ? 'shift+tab' : 'tab';
	if (key.backspace) return 'backspace';
	if (key.delete) return 'delete';
	if (key.ctrl) return `ctrl+${input}`;
	if (key.meta) return `alt+${input}`;
	return input;
}

/** Calls `handler` with each key while `active` and nothing lies above. */
export function useKeys(handler: (key: KeyName) => void, active = true): void {
	const reach = useContext(KeysReach);
	useInput(
		(input, key) => {
			const name = nameOf(input, key);
			if (name !== '') handler(name);
		},
		{ isActive: active && reach },
	);
}

/** The same keys in vi's letters. */
export function moveOf(key: KeyName): 'up' | 'down' | 'pageup' | 'pagedown' | 'home' | 'end' | null {
	switch (key) {
		case 'k':
			return 'up';
		case 'j':
			return 'down';
		case 'g':
			return 'home';
		case 'G':
			return 'end';
		case 'up':
		case 'down':
		case 'pageup':
		case 'pagedown':
		case 'home':
		case 'end':
			return key;
		default:
			return null;
	}
}

/** Where a move goes in a list of `size`, with pages of `page`. */
export function moved(at: number, move: NonNullable<ReturnType<typeof moveOf>>, size: number, page: number): number {
	const to = { up: at - 1, down: at + 1, pageup: at - page, pagedown: at + page, home: 0, end: size - 1 }[move];
	return Math.max(0, Math.min(size - 1, to));
}
