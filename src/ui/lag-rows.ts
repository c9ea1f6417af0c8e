import { type Symbols, timeOfDay } from '../core/format.ts';
import { type Line, line, span } from '../render/page.ts';
import { pad, padLeft, widthOf } from '../render/width.ts';
import type { LagSample } from './history.ts';

/** The greatest lag in each of so many equal spans of time; where nothing was seen, what was seen before. Pure. */
export function resampled(lags: readonly LagSample[], to: number, width: number): readonly number[] {
	const [first] = lags;
	if (first === undefined || width < 1) return [];
	const span = Math.max(1, to - first.at);
	const columns: (number | undefined)[] = Array.from({ length: width }, () => undefined);
	for (const { at, lag } of lags) {
		const place = Math.min(width - 1, Math.floor(((at - first.at) / span) * width));
		columns[place] = Math.max(columns[place] ?? 0, lag);
	}
	let last = first.lag;
	return columns.map((lag) => {
		last = lag ?? last;
		return last;
	});
}

/** The lag from the beginning, at the left, to now, at the right, with its scale and times; `height` rows of graph, and two for title and time. */
export function lagRows(
	lags: readonly LagSample[],
	{ now, width, height }: { readonly now: Date; readonly width: number; readonly height: number },
	signs: Symbols,
): Line[] {
	const [first] = lags;
	const latest = lags.at(-1);
	if (first === undefined || latest === undefined) return [];
	const most = Math.max(...lags.map(({ lag }) => lag));
	const scale = Math.max(1, most);
	const labels = [`${scale} s`, '0 s'];
	const side = Math.max(...labels.map(widthOf)) + 1;
	const values = resampled(lags, Math.max(now.getTime(), latest.at), width - side);
	const levels = signs.spark.length;
	const rows = Array.from({ length: height }, (_, row): Line => {
		const floor = height - 1 - row;
		const cells = values.map((value) => cellOf((value / scale) * height * levels - floor * levels, floor === 0, signs));
		return line(span(`${padLeft(labelOf(row, height, labels), side - 1)} `, 'dim'), span(cells.join(''), 'warn'));
	});
	const title = line(span('Replica lag', 'bold'), span(`  now ${latest.lag} s, at most ${most} s`, 'dim'));
	return [title, ...rows, timeAxis(first.at, Math.max(now.getTime(), latest.at), { side, width }, signs)];
}

function cellOf(filled: number, isGround: boolean, signs: Symbols): string {
	if (filled > 0) return signs.spark[Math.min(signs.spark.length, Math.ceil(filled)) - 1] ?? '';
	return isGround ? (signs.spark[0] ?? '') : ' ';
}

/** A graph of one row has the greatest value beside it only. */
function labelOf(row: number, height: number, [top = '', ground = '']: readonly string[]): string {
	if (row === 0) return top;
	return row === height - 1 ? ground : '';
}

/** When it begins and ends, and what lies in the middle where there is room. */
function timeAxis(from: number, to: number, { side, width }: { readonly side: number; readonly width: number }, signs: Symbols): Line {
	const room = width - side;
	const at = (time: number) => timeOfDay(new Date(time).toISOString());
	const [start, end] = [at(from), at(to)];
	const between = room - start.length - end.length;
	if (between < 1) return line(span(`${' '.repeat(side)}${end}`, 'dim'));
	const middle = at((from + to) / 2);
	const rule = (length: number) => pad(length > 2 ? ` ${signs.rule.repeat(length - 2)}` : '', length);
	const axis =
		between >= middle.length + 8
			? rule(Math.floor((between - middle.length) / 2)) + middle + rule(Math.ceil((between - middle.length) / 2))
			: rule(between);
	return line(span(`${' '.repeat(side)}${start}${axis}${end}`, 'dim'));
}
