import { useInput } from 'ink';
import { createContext, createElement, type ReactNode, useContext, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { F1, WHEEL_DOWN, WHEEL_UP } from './stdin.ts';

/** False for all that lies under an overlay: it draws, and gets no keys. */
export const KeysReach = createContext(true);

/** A key by its name: `up`, `enter`, `ctrl+k`, `f1`, or the character itself. */
export type KeyName = string;

type InkKey = Parameters<Parameters<typeof useInput>[0]>[1];

/** Keys that Ink has no name for. */
const OWN_KEYS: ReadonlyMap<string, KeyName> = new Map([
	[F1, 'f1'],
	[WHEEL_UP, 'wheelup'],
	[WHEEL_DOWN, 'wheeldown'],
]);

function nameOf(input: string, key: InkKey): KeyName {
	const own = OWN_KEYS.get(input);
	if (own !== undefined) return own;
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

/** What a listener may need to know of the moment a key comes. */
export type KeyMoment = { /** A field for text has the focus: letters are text. */ readonly isTyping: boolean };

type Listener = (key: KeyName, moment: KeyMoment) => void;

export type KeyScope = {
	/** Keys that nobody else gets meanwhile: those of a filter that is typed above a list. */
	readonly captures?: (key: KeyName) => boolean;
	/** Hears what is captured, too: the keys that hold everywhere. */
	readonly isGlobal?: boolean;
	/** Letters are text for it. */
	readonly isText?: boolean;
};

type Entry = { readonly listener: Listener; readonly scope: () => KeyScope };

const Listeners = createContext<Set<Entry> | null>(null);

/** Gives a key to all that hear it now. */
function send(entries: ReadonlySet<Entry>, key: KeyName): void {
	const all = [...entries];
	const isTyping = all.some(({ scope }) => scope().isText === true);
	const captors = all.filter(({ scope }) => scope().captures?.(key) === true);
	const hearing = captors.length === 0 ? all : [...captors, ...all.filter(({ scope }) => scope().isGlobal === true)];
	for (const { listener } of hearing) listener(key, { isTyping });
}

/** Hears the keys for all below it, which is shown as soon as none can be lost. */
export function Keys({ children }: { readonly children?: ReactNode }) {
	const [entries] = useState(() => new Set<Entry>());
	const [hearing, setHearing] = useState(false);
	useInput((input, key) => {
		const name = nameOf(input, key);
		if (name !== '') send(entries, name);
	});
	useEffect(() => setHearing(true), []);
	return createElement(Listeners, { value: entries }, hearing ? children : null);
}

/**
 * Calls `handler` with each key while `active` and nothing lies above. It hears from the moment it is drawn on: Ink's own hook does only a
 * moment later, and who answers at once would answer nobody.
 */
export function useKeys(handler: Listener, active = true, scope: KeyScope = {}): void {
	const entries = useContext(Listeners);
	const on = useContext(KeysReach) && active;
	const latest = useRef({ handler, scope });
	useLayoutEffect(() => {
		latest.current = { handler, scope };
	});
	useLayoutEffect(() => {
		if (entries === null || !on) return;
		const entry: Entry = { listener: (key, moment) => latest.current.handler(key, moment), scope: () => latest.current.scope };
		entries.add(entry);
		return () => void entries.delete(entry);
	}, [entries, on]);
}

/** The same keys in vi's letters. */
export function moveOf(key: KeyName): 'up' | 'down' | 'pageup' | 'pagedown' | 'home' | 'end' | null {
	switch (key) {
		case 'k':
		case 'wheelup':
			return 'up';
		case 'j':
		case 'wheeldown':
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
