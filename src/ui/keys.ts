import { useInput } from 'ink';
import { createContext, createElement, type ReactNode, useContext, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { F1 } from './stdin.ts';

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

type Listener = (key: KeyName) => void;

const Listeners = createContext<Set<Listener> | null>(null);

/** Hears the keys for all below it, which is shown as soon as none can be lost. */
export function Keys({ children }: { readonly children?: ReactNode }) {
	const [listeners] = useState(() => new Set<Listener>());
	const [hearing, setHearing] = useState(false);
	useInput((input, key) => {
		const name = nameOf(input, key);
		if (name !== '') for (const listener of [...listeners]) listener(name);
	});
	useEffect(() => setHearing(true), []);
	return createElement(Listeners, { value: listeners }, hearing ? children : null);
}

/**
 * Calls `handler` with each key while `active` and nothing lies above. It hears from the moment it is drawn on: Ink's own hook does only a
 * moment later, and who answers at once would answer nobody.
 */
export function useKeys(handler: Listener, active = true): void {
	const listeners = useContext(Listeners);
	const on = useContext(KeysReach) && active;
	const latest = useRef(handler);
	useLayoutEffect(() => {
		latest.current = handler;
	});
	useLayoutEffect(() => {
		if (listeners === null || !on) return;
		const listener: Listener = (key) => latest.current(key);
		listeners.add(listener);
		return () => void listeners.delete(listener);
	}, [listeners, on]);
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
