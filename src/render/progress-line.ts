import { bytes, clock, count, duration, rate } from '../core/format.ts';
import { fraction, type Progress } from '../core/progress.ts';

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

/** One line of a log that tells how far something is. */
export function progressLine(progress: Progress): string {
	return [
		percent(progress),
		amount(progress),
		progress.rate === null ? null : rate(progress.rate, progress.unit),
		progress.tables === undefined ? null : `table ${progress.tables.done} of ${progress.tables.total}`,
		progress.current,
		progress.leftMs === null ? null : `left ~${clock(progress.leftMs)}`,
		progress.heldMs === undefined ? null : `lock held ${clock(progress.heldMs)}`,
		progress.lagSeconds === undefined || progress.lagSeconds === null ? null : `lag ${progress.lagSeconds} s`,
		progress.waiting === undefined || progress.waiting === null ? null : `${count(progress.waiting)} transactions wait`,
	]
		.filter((part) => part !== null)
		.join(', ');
}
