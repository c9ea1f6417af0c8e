import { bytes, clock, count, rate, type Symbols } from '../core/format.ts';
import type { Progress, TableWork, WorkerProgress } from '../core/progress.ts';
import { type Line, line, span } from '../render/page.ts';
import { type Column, columns, cut, widthOf } from '../render/width.ts';

type Room = { readonly width: number; readonly height: number };

/** With more room than that, each table that is to come has a row. */
const MANY = 4;
const LEAST_NAME = 24;
/** Where it is tight these columns go, one after the other: rows, time, who reads, which part. */
const DROPPED = [4, 6, 1, 2];

type Cells = readonly [name: string, by: string, part: string, size: string, rows: string, rate: string, time: string];

/**
 * The tables of a step: first what is in hand, by whom and how fast, then what is to come, then what is done, the latest first. Where it is
 * tight what is to come is one line.
 */
export function tableRows(progress: Progress, room: Room, signs: Symbols): Line[] {
	const { workers, finished = [], next = [] } = progress;
	if (workers === undefined || room.height < 1 || (workers.length === 0 && finished.length === 0)) return [];
	const shown = workers.length > room.height ? workers.slice(0, Math.max(1, room.height - 1)) : workers;
	const hidden = room.height > 1 ? workers.length - shown.length : 0;
	const left = room.height - shown.length - (hidden > 0 ? 1 : 0);
	const toCome = Math.max(0, (progress.tables?.total ?? 0) - (progress.tables?.done ?? 0) - namesIn(workers));
	const isList = left > MANY && toCome > 0;
	const comingRows = isList
		? Math.min(next.length + (toCome > next.length ? 1 : 0), Math.ceil(left / 2))
		: Math.min(left, toCome > 0 ? 1 : 0);
	const doneRows = finished.slice(Math.max(0, finished.length - (left - comingRows))).toReversed();
	const listed = isList ? next.slice(0, comingRows < toCome ? comingRows - 1 : comingRows) : [];
	const cells: Cells[] = [
		...shown.map((each) => workerCells(each, progress)),
		...listed.map(({ name, total }): Cells => [name, '', '', total === null ? '' : `~${size(total, progress)}`, '', '', '']),
		...doneRows.map((each) => doneCells(each, progress)),
	];
	const drawn = drawnCells(cells, room.width - 2, signs);
	const from = shown.length;
	const to = from + listed.length;
	const rows = drawn.map(([name = '', ...rest], at): Line => {
		const figures = span(rest.map((cell) => ` ${cell}`).join(''), 'dim');
		if (at < from) return line(span(`${signs.at} `, 'key'), span(name, 'bold'), figures);
		if (at < to) return line(span(`${signs.waiting} ${name}`, 'dim'), figures);
		return line(span(`${signs.ok} `, 'good'), name, figures);
	});
	const coming = toComeRow(next, { toCome, listed: listed.length, isList, hasRoom: comingRows > listed.length }, room.width, signs);
	return [
		...rows.slice(0, from),
		...(hidden > 0 ? [line(span(`  and ${hidden} more at the same time`, 'dim'))] : []),
		...rows.slice(from, to),
		...coming,
		...rows.slice(to),
	];
}

const namesIn = (workers: readonly WorkerProgress[]): number => new Set(workers.map(({ name }) => name)).size;

const size = (amount: number, { unit }: Progress): string =>
	unit === 'bytes' ? bytes(Math.round(amount)) : `${count(Math.round(amount))} ${unit}`;

/** Counting tables, there is nothing to say of how much of one is done. */
const hasSize = ({ unit }: Progress): boolean => unit === 'bytes' || unit === 'rows';

const rowsOf = (rows: number | undefined, { unit }: Progress): string =>
	rows === undefined || unit === 'rows' ? '' : `${count(rows)} rows`;

function workerCells(each: WorkerProgress, progress: Progress): Cells {
	const { name, worker, part, done, total, rows, ms } = each;
	const share = total === null || total <= 0 ? '' : `${Math.floor(Math.min(0.99, done / total) * 100)} % of `;
	const isMeasured = hasSize(progress) && (done > 0 || (each.rate ?? 0) > 0);
	return [
		name,
		(progress.workers?.length ?? 0) > 1 ? `worker ${worker}` : '',
		part === undefined ? '' : `part ${part.at}/${part.of}`,
		isMeasured ? `${share === '' ? size(done, progress) : `${share}~${size(total ?? 0, progress)}`}` : '',
		isMeasured ? rowsOf(rows, progress) : '',
		isMeasured && each.rate !== null ? rate(each.rate, progress.unit) : '',
		clock(ms),
	];
}

const doneCells = ({ name, done, rows, ms, rate: speed }: TableWork, progress: Progress): Cells => [
	name,
	'',
	'',
	hasSize(progress) ? size(done, progress) : '',
	hasSize(progress) ? rowsOf(rows, progress) : '',
	hasSize(progress) && speed !== null ? rate(speed, progress.unit) : '',
	clock(ms),
];

/** The columns that fit: what a table is called comes before its figures. */
function drawnCells(cells: readonly Cells[], width: number, signs: Symbols): readonly (readonly string[])[] {
	const widthAt = (at: number) => Math.max(0, ...cells.map((row) => widthOf(row[at] ?? '')));
	const least = Math.min(LEAST_NAME, widthAt(0));
	let used = [1, 2, 3, 4, 5, 6].filter((at) => widthAt(at) > 0);
	const roomFor = (figures: readonly number[]) => width - figures.reduce((sum, at) => sum + widthAt(at) + 1, 0);
	for (const drop of DROPPED) if (roomFor(used) < least) used = used.filter((at) => at !== drop);
	const shapes: Column[] = [{ most: Math.max(12, roomFor(used)) }, ...used.map((at) => ({ most: widthAt(at), isRight: true }))];
	return columns(
		cells.map((row) => [row[0], ...used.map((at) => row[at] ?? '')]),
		shapes,
		signs.more,
	);
}

type Coming = { readonly toCome: number; readonly listed: number; readonly isList: boolean; readonly hasRoom: boolean };

/** What is to come and has no row of its own. */
function toComeRow(
	next: NonNullable<Progress['next']>,
	{ toCome, listed, isList, hasRoom }: Coming,
	width: number,
	signs: Symbols,
): Line[] {
	if (!hasRoom || toCome <= listed) return [];
	if (isList) return [line(span(`${signs.waiting} ${count(toCome - listed)} more to come`, 'dim'))];
	const head = `${signs.waiting} next `;
	const names: string[] = [];
	const rest = (shown: number) =>
		toCome > shown ? `${shown > 0 ? ', ' : ''}${count(toCome - shown)}${shown > 0 ? ' more' : ' tables'}` : '';
	for (const { name } of next) {
		const text = head + [...names, name].join(', ') + rest(names.length + 1);
		if (widthOf(text) > width) break;
		names.push(name);
	}
	return [line(span(cut(head + names.join(', ') + rest(names.length), width, signs.more), 'dim'))];
}
