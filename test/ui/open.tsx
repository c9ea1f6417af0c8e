import { render } from 'ink-testing-library';
import { vi } from 'vitest';
import { inAsciiCells } from '../../src/render/ascii.ts';
import { Wizard } from '../../src/ui/app.tsx';
import type { Place } from '../../src/ui/app-context.ts';
import { openSession } from '../../src/ui/session.ts';
import { splitKeys } from '../../src/ui/stdin.ts';
import { theme } from '../../src/ui/theme.ts';
import { type FakeBackend, fakeDesk } from './story.ts';

export const UP = '\x1b[A';
export const DOWN = '\x1b[B';
export const ENTER = '\r';
export const ESC = '\x1b[27u';
export const TAB = '\t';
export const ctrl = (letter: string) => String.fromCharCode(letter.charCodeAt(0) - 96);
export const paste = (text: string) => `\x1b[200~${text}\x1b[201~`;

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

export type Opened = {
	readonly backend: FakeBackend;
	readonly text: () => string;
	readonly everything: () => string;
	/** Keys one after the other, as the border feeds them. */
	readonly press: (keys: string) => Promise<void>;
	/** Waits until the screen shows it. */
	readonly sees: (wanted: string | RegExp) => Promise<string>;
	readonly sizes: (columns: number, rows: number) => void;
	readonly quits: () => number;
	/** How often the run was to be left in the background. */
	readonly backgrounds: () => number;
};

/** The wizard at a place, over a fake backend, at 80×24. */
export function openAt(
	places: readonly Place[],
	backend = fakeDesk(),
	options: { readonly ascii?: boolean; readonly size?: readonly [number, number]; readonly now?: () => Date } = {},
): Opened {
	let size = options.size ?? [80, 24];
	let quits = 0;
	let backgrounds = 0;
	const tree = (
		<Wizard
			backend={backend}
			session={openSession()}
			theme={theme({ ascii: options.ascii ?? false, color: true })}
			first={places}
			now={options.now ?? (() => new Date('2026-11-21T02:02:00.000Z'))}
			quit={() => {
				quits++;
			}}
			background={() => {
				backgrounds++;
			}}
			redraw={() => {}}
			suspend={() => {}}
		/>
	);
	const view = render(tree);
	Object.defineProperty(view.stdout, 'columns', { get: () => size[0] });
	Object.defineProperty(view.stdout, 'rows', { get: () => size[1] });
	const sizes = (columns: number, rows: number) => {
		size = [columns, rows];
		view.stdout.emit('resize');
		view.rerender(tree);
	};
	sizes(size[0], size[1]);
	// As the terminal gets it: the wizard draws on a stream that does this.
	const text = () => (options.ascii ? inAsciiCells(view.lastFrame() ?? '') : (view.lastFrame() ?? ''));
	return {
		backend,
		text,
		everything: () => view.frames.join('\n'),
		sizes,
		quits: () => quits,
		backgrounds: () => backgrounds,
		async press(keys) {
			for (const key of splitKeys(keys).keys) {
				view.stdin.write(key);
				await turn();
				await turn();
			}
		},
		async sees(wanted) {
			const seen = await vi.waitFor(
				() => {
					const now = text();
					if (typeof wanted === 'string' ? now.includes(wanted) : wanted.test(now)) return now;
					throw new Error(`not to be seen: ${wanted}\n${now}`);
				},
				{ interval: 20 },
			);
			// What is drawn hears keys only a moment later: React subscribes after it paints.
			await turn();
			await turn();
			return seen;
		},
	};
}
