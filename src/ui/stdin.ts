import { EventEmitter } from 'node:events';

/** What {@link KeyParser} needs of a terminal's input. */
export type TerminalInput = NodeJS.ReadableStream & {
	readonly isTTY?: boolean;
	setRawMode?(mode: boolean): unknown;
	ref?(): unknown;
	unref?(): unknown;
};

/** F1 has no name in Ink: it travels as this private character. */
export const F1 = '\uE001';

/** So do the steps of a mouse's wheel. */
export const WHEEL_UP = '\uE002';
export const WHEEL_DOWN = '\uE003';

/** Asks the terminal for the wheel and buttons, in the SGR form (1006), and ends it. With shift the terminal selects text as ever. */
export const MOUSE_ON = '\x1b[?1000h\x1b[?1006h';
export const MOUSE_OFF = '\x1b[?1006l\x1b[?1000l';

const ESC = '\x1b';
const PASTE = '\x1b[200~';
const PASTE_END = '\x1b[201~';
/** Esc in the kitty protocol's words: Ink holds a bare one back, and would join it with the key that follows. */
const ESC_KEY = '\x1b[27u';
const F1_KEYS: ReadonlySet<string> = new Set(['\x1bOP', '\x1b[11~', '\x1b[[A', '\x1b[P']);
const SEQUENCE = /^\x1b(?:\[\[?[0-?]*[ -/]*[@-~]|O[0-9;]*[@-~])/;
const UNFINISHED = /^\x1b(?:\[\[?[0-?]*[ -/]*|O[0-9;]*)?$/;
/** `ESC [ < BUTTON ; X ; Y M`: 64 and 65 are the wheel, with 4, 8 and 16 for the keys that are held. */
const MOUSE = /^\x1b\[<(\d+);\d+;\d+[Mm]$/;

/** What a sequence is as a key; null for what is none: clicks, and wheels that go sideways. */
function keyOf(sequence: string): string | null {
	if (F1_KEYS.has(sequence)) return F1;
	const button = MOUSE.exec(sequence)?.[1];
	if (button === undefined) return sequence;
	const plain = Number(button) & ~0b11100;
	if (plain === 64) return WHEEL_UP;
	return plain === 65 ? WHEEL_DOWN : null;
}

/** How long the rest of a sequence may lag behind its Esc. */
const ESC_WAIT_MS = 40;

/** Splits input into keys, each a character, a sequence or a whole paste. `rest` waits for more of itself. */
export function splitKeys(input: string): { readonly keys: readonly string[]; readonly rest: string } {
	const keys: string[] = [];
	let at = 0;
	while (at < input.length) {
		const text = input.slice(at);
		if (!text.startsWith(ESC)) {
			const key = String.fromCodePoint(text.codePointAt(0) ?? 0);
			keys.push(key);
			at += key.length;
			continue;
		}
		if (text.startsWith(PASTE)) {
			const end = text.indexOf(PASTE_END);
			if (end < 0) return { keys, rest: text };
			keys.push(text.slice(0, end + PASTE_END.length));
			at += end + PASTE_END.length;
			continue;
		}
		const sequence = SEQUENCE.exec(text)?.[0];
		if (sequence !== undefined) {
			const key = keyOf(sequence);
			if (key !== null) keys.push(key);
			at += sequence.length;
		} else if (UNFINISHED.test(text)) return { keys, rest: text };
		else {
			keys.push(ESC_KEY);
			at += 1;
		}
	}
	return { keys, rest: '' };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/**
 * The input that Ink gets: the terminal's, one key at a time, with two turns of the event loop between them,
 * so that each key meets the screen that the one before it made (a chunk may hold many: SSH lag, scripts).
 */
export class KeyParser extends EventEmitter {
	readonly isTTY = true;
	readonly #input: TerminalInput;
	readonly #queue: string[] = [];
	#rest = '';
	#timer: NodeJS.Timeout | undefined;
	#current: string | null = null;
	#feeding = false;
	#raw = false;

	constructor(input: TerminalInput) {
		super();
		this.#input = input;
	}

	setEncoding(): this {
		this.#input.setEncoding('utf8');
		return this;
	}

	setRawMode(mode: boolean): this {
		if (mode === this.#raw) return this;
		this.#raw = mode;
		this.#input.setRawMode?.(mode);
		if (mode) {
			this.#input.on('data', this.#data);
			this.#input.resume();
		} else {
			this.#input.off('data', this.#data);
			this.#input.pause();
			clearTimeout(this.#timer);
		}
		return this;
	}

	ref(): this {
		this.#input.ref?.();
		return this;
	}

	unref(): this {
		this.#input.unref?.();
		return this;
	}

	read(): string | null {
		const key = this.#current;
		this.#current = null;
		return key;
	}

	/** As if the terminal had sent it. */
	type(key: string): void {
		this.#queue.push(key);
		void this.#feed();
	}

	readonly #data = (chunk: string | Buffer): void => {
		clearTimeout(this.#timer);
		const { keys, rest } = splitKeys(this.#rest + chunk.toString());
		this.#rest = rest;
		this.#queue.push(...keys);
		if (rest !== '' && !rest.startsWith(PASTE)) {
			this.#timer = setTimeout(() => {
				this.#queue.push(ESC_KEY, ...this.#rest.slice(1));
				this.#rest = '';
				void this.#feed();
			}, ESC_WAIT_MS);
		}
		void this.#feed();
	};

	async #feed(): Promise<void> {
		if (this.#feeding) return;
		this.#feeding = true;
		for (let key = this.#queue.shift(); key !== undefined; key = this.#queue.shift()) {
			// What is typed before Ink listens waits for it.
			while (this.#raw && this.listenerCount('readable') === 0) await turn();
			this.#current = key;
			this.emit('readable');
			await turn();
			await turn();
		}
		this.#feeding = false;
	}
}
