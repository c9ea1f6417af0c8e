/** How figures are said everywhere: screens, lines, summaries. Local time, binary units, `~` where something is an estimate. */

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** `42.1 GiB`; whole bytes below 1 KiB. */
export function bytes(count: number): string {
	let value = Math.max(0, count);
	let unit = 0;
	while (value >= 1024 && unit < UNITS.length - 1) {
		value /= 1024;
		unit++;
	}
	return `${unit === 0 ? Math.round(value) : rounded(value)} ${UNITS[unit]}`;
}

/** To one decimal, and from a thousand on to none. */
const rounded = (value: number): string => (value >= 1000 ? value.toFixed(0) : value.toFixed(1));

/** `8 412` below ten thousand, then `84.1 k`, `1.2 M`. */
export function count(value: number): string {
	if (value < 10_000) return Math.round(value).toString();
	if (value < 999_950) return `${(value / 1000).toFixed(1)} k`;
	if (value < 999_950_000) return `${(value / 1e6).toFixed(1)} M`;
	return `${(value / 1e9).toFixed(1)} G`;
}

export const plural = (value: number, one: string, many = `${one}s`): string => `${count(value)} ${value === 1 ? one : many}`;

/** A span as people say it: `0.4 s`, `41 s`, `6:12`, `2:03:04`. */
export function duration(ms: number): string {
	if (ms < 9_950) return `${(Math.max(0, ms) / 1000).toFixed(1)} s`;
	if (ms < 59_500) return `${Math.round(ms / 1000)} s`;
	return clock(ms);
}

/** About how long, in the unit that says it best, alike in every language: `7 d`, `36 h`, `10 min`, `5 s`. */
export function period(ms: number): string {
	const units: readonly (readonly [string, number, number])[] = [
		['d', 86_400_000, 2],
		['h', 3_600_000, 2],
		['min', 60_000, 2],
	];
	const [unit, size] = units.find(([, size, least]) => ms >= size * least) ?? ['s', 1000];
	return `${Math.round(Math.max(0, ms) / size)} ${unit}`;
}

/** A running clock: `0:07`, `1:23`, `2:03:04`. */
export function clock(ms: number): string {
	const seconds = Math.max(0, Math.floor(ms / 1000));
	const two = (value: number) => value.toString().padStart(2, '0');
	const hours = Math.floor(seconds / 3600);
	const minutes = Math.floor((seconds % 3600) / 60);
	return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

export const rate = (perSecond: number, unit: string): string =>
	unit === 'bytes' ? `${bytes(perSecond)}/s` : `${count(perSecond)} ${unit}/s`;

/** Screens and printed text show local time, logs that stay in files UTC. */
export type Zone = 'local' | 'UTC';

/** `2026-11-21T02:05:34` of an RFC 3339 time, in that zone. */
function inZone(at: string, zone: Zone): string {
	const date = new Date(at);
	const shift = zone === 'UTC' ? 0 : date.getTimezoneOffset() * 60_000;
	return new Date(date.getTime() - shift).toISOString().slice(0, 19);
}

/** `CET`, `GMT-3`: the zone at that time, which summer changes. */
const zoneName = (at: string, zone: Zone): string =>
	new Intl.DateTimeFormat('en-GB', { timeZoneName: 'short', ...(zone === 'UTC' && { timeZone: 'UTC' }) })
		.formatToParts(new Date(at))
		.find(({ type }) => type === 'timeZoneName')?.value ?? '';

/** `02:05:34` of an RFC 3339 time. */
export const timeOfDay = (at: string, zone: Zone = 'local'): string => inZone(at, zone).slice(11);

/** `02:05:34 CET` of an RFC 3339 time. */
export const timeWithZone = (at: string, zone: Zone = 'local'): string => `${timeOfDay(at, zone)} ${zoneName(at, zone)}`;

/** `2026-11-21 02:05 CET` of an RFC 3339 time. */
export const dayAndTime = (at: string, zone: Zone = 'local'): string =>
	`${inZone(at, zone).slice(0, 16).replace('T', ' ')} ${zoneName(at, zone)}`;

/** `8 hours ago`, coarse on purpose. */
export function ago(at: string, now: Date): string {
	const minutes = Math.floor((now.getTime() - Date.parse(at)) / 60_000);
	if (minutes < 1) return 'just now';
	if (minutes < 60) return `${minutes} min ago`;
	if (minutes < 48 * 60) return plural(Math.floor(minutes / 60), 'hour').concat(' ago');
	return plural(Math.floor(minutes / 1440), 'day').concat(' ago');
}

/** Signs beside every colour, so that nothing rests on colour alone. */
export type Symbols = {
	readonly ok: string;
	readonly bad: string;
	readonly warn: string;
	readonly note: string;
	readonly busy: string;
	readonly waiting: string;
	readonly at: string;
	readonly chosen: string;
	readonly undone: string;
	readonly dot: string;
	readonly more: string;
	readonly rule: string;
	readonly arrows: string;
	readonly cursor: string;
	readonly mask: string;
	/** Eighths of a bar's cell, emptiest first; the last is the full one. */
	readonly bar: readonly string[];
	readonly empty: string;
	/** Heights of a sparkline's cell, lowest first. */
	readonly spark: readonly string[];
};

const UNICODE: Symbols = {
	ok: '✓',
	bad: '✗',
	warn: '▲',
	note: '·',
	busy: '●',
	waiting: '○',
	at: '▸',
	chosen: '❯',
	undone: '↶',
	dot: '·',
	more: '…',
	rule: '─',
	arrows: '↑↓',
	cursor: '█',
	mask: '•',
	bar: [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'],
	empty: '─',
	spark: ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
};

const ASCII: Symbols = {
	ok: '+',
	bad: 'x',
	warn: '!',
	note: '-',
	busy: '*',
	waiting: 'o',
	at: '>',
	chosen: '>',
	undone: '<',
	dot: '-',
	more: '...',
	rule: '-',
	arrows: 'up/down',
	cursor: '_',
	mask: '*',
	bar: ['-', '#'],
	empty: '-',
	spark: ['_', '.', '-', '=', '#'],
};

export const symbols = (ascii: boolean): Symbols => (ascii ? ASCII : UNICODE);

/** Whether only ASCII should be drawn: asked for, a locale that is set to something else than UTF-8, or the bare console. */
export function wantsAscii(env: NodeJS.ProcessEnv): boolean {
	if (env.LOCKSTEP_ASCII !== undefined && env.LOCKSTEP_ASCII !== '') return env.LOCKSTEP_ASCII !== '0';
	const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || '';
	return (locale !== '' && !/utf-?8/i.test(locale)) || env.TERM === 'linux';
}
