import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type IPty, spawn } from '@lydell/node-pty';
import xterm from '@xterm/headless';

export type Cell = {
	readonly char: string;
	readonly width: number;
	readonly bold: boolean;
	readonly dim: boolean;
	readonly inverse: boolean;
	/** Palette number, 24-bit colour, or null for the terminal's own. */
	readonly fg: Color;
	readonly bg: Color;
};
export type Color = { readonly palette: number } | { readonly rgb: number } | null;

export type TerminalOptions = {
	readonly command: string;
	readonly args?: readonly string[];
	readonly cols?: number;
	readonly rows?: number;
	readonly env?: NodeJS.ProcessEnv;
	readonly cwd?: string;
};

export interface RealTerminal extends AsyncDisposable {
	readonly pid: number;
	/** Everything that was written, as it was. */
	readonly raw: () => string;
	/** Resolves once the screen shows it; rejects with the screen in its words. */
	waitFor(wanted: string | RegExp | ((screen: string) => boolean), options?: { readonly timeout?: number }): Promise<string>;
	send(keys: string): void;
	resize(cols: number, rows: number): void;
	/** The lines that are to be seen. */
	screen(): string[];
	/** Everything, with what has scrolled away. */
	history(): string[];
	cells(): Cell[][];
	/** Whether the alternate screen is on. */
	isAlternate(): boolean;
	readonly exited: Promise<{ readonly exitCode: number; readonly signal: number | undefined }>;
	kill(signal?: string): void;
	/** The window is closed or the line is cut: whoever is in the terminal gets SIGHUP, and can neither read nor write there any more. */
	hangUp(): void;
	/** Reads no more, as a terminal that is stopped or a connection that stalls: what is written fills up, and then writing waits. */
	stopReading(): void;
	goOnReading(): void;
}

export const KEYS = {
	up: '\x1b[A',
	down: '\x1b[B',
	right: '\x1b[C',
	left: '\x1b[D',
	enter: '\r',
	esc: '\x1b',
	tab: '\t',
	shiftTab: '\x1b[Z',
	pageDown: '\x1b[6~',
	ctrl: (letter: string) => String.fromCharCode(letter.toLowerCase().charCodeAt(0) - 96),
	paste: (text: string) => `\x1b[200~${text}\x1b[201~`,
} as const;

const PATIENCE_MS = 30_000;

/** Starts a command in a real pseudo-terminal and keeps what it draws. CI is unset, the locale is UTF-8. */
export function openTerminal({ command, args = [], cols = 80, rows = 24, env = process.env, cwd }: TerminalOptions): RealTerminal {
	const { CI: _, NO_COLOR: __, ...rest } = env;
	const pty: IPty = spawn(command, [...args], {
		name: 'xterm-256color',
		cols,
		rows,
		cwd: cwd ?? mkdtempSync(join(tmpdir(), 'lockstep-terminal-')),
		env: { LANG: 'C.UTF-8', ...rest, TERM: 'xterm-256color' } as { [key: string]: string },
	});
	const screenBuffer = new xterm.Terminal({ cols, rows, allowProposedApi: true, scrollback: 5000 });
	const watchers = new Set<() => void>();
	let raw = '';
	let ended = false;
	pty.onData((data) => {
		raw += data;
		screenBuffer.write(data, () => {
			for (const watch of [...watchers]) watch();
		});
	});
	// What a terminal answers when it is asked (its size, its cursor).
	screenBuffer.onData((data) => {
		if (!ended) pty.write(data);
	});
	const exited = new Promise<{ exitCode: number; signal: number | undefined }>((resolve) => {
		pty.onExit(({ exitCode, signal }) => {
			ended = true;
			// Let what was written last be read first.
			screenBuffer.write('', () => {
				for (const watch of [...watchers]) watch();
				resolve({ exitCode, signal });
			});
		});
	});
	const lines = (from: number, count: number): string[] =>
		Array.from({ length: count }, (_, row) => screenBuffer.buffer.active.getLine(from + row)?.translateToString(true) ?? '');
	const screen = () => lines(screenBuffer.buffer.active.viewportY, screenBuffer.rows);

	return {
		pid: pty.pid,
		raw: () => raw,
		exited,
		screen,
		history: () => lines(0, screenBuffer.buffer.active.length),
		isAlternate: () => screenBuffer.buffer.active.type === 'alternate',
		send: (keys) => pty.write(keys),
		kill: (signal = 'SIGTERM') => {
			if (!ended) pty.kill(signal);
		},
		hangUp() {
			ended = true;
			// Not in the types: closes our side, and so the terminal.
			(pty as IPty & { destroy(): void }).destroy();
		},
		stopReading: () => pty.pause(),
		goOnReading: () => pty.resume(),
		resize(nextCols, nextRows) {
			screenBuffer.resize(nextCols, nextRows);
			pty.resize(nextCols, nextRows);
		},
		waitFor(wanted, { timeout = PATIENCE_MS } = {}) {
			const holds = (text: string) =>
				typeof wanted === 'string' ? text.includes(wanted) : typeof wanted === 'function' ? wanted(text) : wanted.test(text);
			return new Promise((resolve, reject) => {
				const done = (settle: () => void) => {
					clearTimeout(timer);
					watchers.delete(watch);
					settle();
				};
				const watch = () => {
					const text = screen().join('\n');
					if (holds(text)) done(() => resolve(text));
					else if (ended) done(() => reject(new Error(`The program ended before the screen showed ${wanted}:\n${text}`)));
				};
				const timer = setTimeout(
					() => done(() => reject(new Error(`The screen did not show ${wanted} in ${timeout} ms:\n${screen().join('\n')}`))),
					timeout,
				);
				watchers.add(watch);
				watch();
			});
		},
		cells() {
			const { active } = screenBuffer.buffer;
			return Array.from({ length: screenBuffer.rows }, (_, row) => {
				const buffered = active.getLine(active.viewportY + row);
				return Array.from({ length: screenBuffer.cols }, (_, column): Cell => {
					const cell = buffered?.getCell(column);
					const color = (isDefault: boolean | undefined, isRgb: boolean | undefined, value: number | undefined): Color =>
						isDefault !== false || value === undefined ? null : isRgb ? { rgb: value } : { palette: value };
					return {
						char: cell?.getChars() ?? '',
						width: cell?.getWidth() ?? 1,
						bold: !!cell?.isBold(),
						dim: !!cell?.isDim(),
						inverse: !!cell?.isInverse(),
						fg: color(cell?.isFgDefault(), cell?.isFgRGB(), cell?.getFgColor()),
						bg: color(cell?.isBgDefault(), cell?.isBgRGB(), cell?.getBgColor()),
					};
				});
			});
		},
		async [Symbol.asyncDispose]() {
			if (!ended) {
				pty.kill('SIGTERM');
				const timer = setTimeout(() => {
					if (!ended) pty.kill('SIGKILL');
				}, 5000);
				await exited;
				clearTimeout(timer);
			}
			screenBuffer.dispose();
		},
	};
}
