import { bytes, clock, count, duration, plural, rate } from '../core/format.ts';
import { fraction, type Progress } from '../core/progress.ts';
import type { Wait } from '../core/waits.ts';

/** `13.0 / ~42.1 GiB`; an estimate carries its `~`. */
export function amount({ unit, done, total, estimated }: Progress): string {
	if (unit === 'seconds') return total === null ? duration(done * 1000) : `${duration(done * 1000)} / ${duration(total * 1000)}`;
	const show = unit === 'bytes' ? bytes : (value: number) => count(value);
	const whole = total === null ? '' : ` / ${estimated ? '~' : ''}${show(total)}`;
	return `${show(done)}${whole}${unit === 'bytes' ? '' : ` ${unit}`}`;
}

/** `31 %`, or that it is not known yet: never 0 % for "unknown". */
export function percent(progress: Progress): string {
	const part = fraction(progress);
	return part === null ? 'estimating' : `${Math.floor(part * 100)} %`;
}

/** `table 14 of 212` while one is in hand, `13 of 212 tables` while several are, or none. */
export function tablesText({ tables, workers, each = 'table', current }: Progress): string | null {
	if (tables === undefined) return null;
	const inHand = workers === undefined ? Number(current !== null) : new Set(workers.map(({ name }) => name)).size;
	if (inHand === 1) return `${each} ${count(Math.min(tables.total, tables.done + 1))} of ${count(tables.total)}`;
	return `${count(tables.done)} of ${plural(tables.total, each)}`;
}

/** `Waiting for db1: SELECT …`: what a step waits for. `servers`: their names by role. */
export const waitText = ({ on, text }: Wait, servers: { readonly [role: string]: string }): string =>
	`Waiting for ${on === null ? 'this machine' : (servers[on] ?? on)}: ${text}`;

/** One line of a log that tells how far something is. */
export function progressLine(progress: Progress): string {
	return [
		percent(progress),
		amount(progress),
		progress.rate === null ? null : rate(progress.rate, progress.unit),
		tablesText(progress),
		progress.current,
		progress.leftMs === null ? null : `left ~${clock(progress.leftMs)}`,
		progress.heldMs === undefined ? null : `lock held ${clock(progress.heldMs)}`,
		progress.lagSeconds === undefined || progress.lagSeconds === null ? null : `lag ${progress.lagSeconds} s`,
		progress.waiting ? `${count(progress.waiting)} transactions queued` : null,
	]
		.filter((part) => part !== null)
		.join(', ');
}
