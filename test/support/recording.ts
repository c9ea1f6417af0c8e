import { animatedPng, type Frame } from './animation.ts';
import { pixelsOf } from './picture.ts';
import type { Cell, RealTerminal } from './terminal.ts';

/** Between two looks at a screen that moves. */
const EVERY_MS = 120;
/** Frames a second of what is shown. */
const RATE = 8;
/** How long a key takes to be typed. */
const KEY_MS = 25;

type Shot = { readonly cells: readonly (readonly Cell[])[]; readonly ms: number };

/**
 * Records a terminal scene by scene. How long a scene is shown is said here, not measured: the recording of a slow machine is as long as
 * that of a fast one.
 */
export class Recording {
	readonly #terminal: RealTerminal;
	readonly #shots: Shot[] = [];

	constructor(terminal: RealTerminal) {
		this.#terminal = terminal;
	}

	/** Shows the screen as it is for so long. */
	hold(ms: number): void {
		this.#shots.push({ cells: this.#terminal.cells(), ms });
	}

	/** Types a command, a few keys a frame, and shows it before it is sent. */
	async type(command: string): Promise<void> {
		for (let at = 0; at < command.length; at += 3) {
			const keys = command.slice(at, at + 3);
			this.#terminal.send(keys);
			const typed = command.slice(0, at + 3).trimEnd();
			await this.#terminal.waitFor((screen) => screen.replaceAll('\n', '').includes(typed));
			this.hold(keys.length * KEY_MS);
		}
		this.hold(500);
		this.#terminal.send('\r');
	}

	/** Shows all that moves until `done`, in so much time. */
	async play(done: Promise<unknown>, ms: number): Promise<void> {
		const seen: Shot['cells'][] = [];
		let over = false;
		const ended = done.finally(() => {
			over = true;
		});
		while (!over) {
			seen.push(this.#terminal.cells());
			await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, EVERY_MS))]);
		}
		await ended;
		const most = Math.max(1, Math.round((ms / 1000) * RATE));
		const count = Math.min(seen.length, most);
		for (let place = 0; place < count; place++) {
			const cells = seen[Math.floor((place * seen.length) / count)];
			if (cells !== undefined) this.#shots.push({ cells, ms: ms / count });
		}
	}

	/** Milliseconds that it takes to be shown. */
	get length(): number {
		return this.#shots.reduce((sum, { ms }) => sum + ms, 0);
	}

	png(): Buffer {
		const drawn = new Map<string, Omit<Frame, 'ms'>>();
		return animatedPng(
			this.#shots.map(({ cells, ms }) => {
				const key = JSON.stringify(cells);
				const picture = drawn.get(key) ?? pixelsOf(cells);
				drawn.set(key, picture);
				return { ...picture, ms };
			}),
		);
	}
}
