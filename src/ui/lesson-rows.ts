// The body of a lesson's screen as lines.
import type { Symbols } from '../core/format.ts';
import { fill, type Language } from '../core/languages.ts';
import type { CheckReport, CheckView, LessonView, PracticeServerState, SqlAnswer } from '../core/practice.ts';
import { indented, type Line, line, span } from '../render/page.ts';
import { PRACTICE_WORDS } from '../render/practice.ts';
import { columns, cut, pad, widthOf } from '../render/width.ts';

export interface RowStyle {
	readonly language: Language;
	readonly signs: Symbols;
	readonly width: number;
	readonly ascii: boolean;
}

const GAP = 2;

/** Both servers beside each other where there is room, one below the other where not. */
export function stateRows(states: readonly PracticeServerState[], { width }: Pick<RowStyle, 'width'>): readonly Line[] {
	const [first, second] = states;
	if (first === undefined || second === undefined) return [];
	if (width < 76)
		return states.flatMap(({ name, address, lines }) => [
			line(span(name, 'key'), span(`  ${address}`, 'dim')),
			...lines.slice(0, name === first.name ? 1 : 3).map((each) => line(span(cut(`  ${each}`, width), 'plain'))),
		]);
	const half = Math.floor((width - GAP) / 2);
	const cell = (text: string) => pad(cut(text, half), half + GAP);
	const count = Math.max(first.lines.length, second.lines.length);
	return [
		line(span(cell(`${first.name}  ${first.address}`), 'key'), span(`${second.name}  ${second.address}`, 'key')),
		...Array.from({ length: count }, (_, at) => line(cell(`  ${first.lines[at] ?? ''}`), cut(`  ${second.lines[at] ?? ''}`, half))),
	];
}

/** A row each, with what the servers say. */
export function checkRows(checks: readonly CheckView[], { width, ascii }: Pick<RowStyle, 'width' | 'ascii'>): readonly Line[] {
	const [ok, red] = ascii ? ['+', 'x'] : ['✓', '✗'];
	return checks.map((check) => {
		const title = ` ${check.ok ? ok : red} ${check.title}`;
		const room = width - title.length - GAP;
		const isShown = !check.ok && room > 12;
		return line(span(cut(title, width), check.ok ? 'good' : 'bad'), span(isShown ? `  ${cut(check.evidence, room)}` : '', 'dim'));
	});
}

/** Everything of a lesson that is being played, the most needed first where the height is short. */
export function lessonRows(view: LessonView, report: CheckReport | null, style: RowStyle, height: number): readonly Line[] {
	const words = PRACTICE_WORDS[style.language];
	const head: Line[] = [
		line(span(`${view.number}. ${view.title}`, 'bold')),
		...indented(span(`${words.goal}  `, 'key'), view.goal, style.width),
	];
	const checks = report === null ? [line(span(`${words.checking} ${style.signs.more}`, 'dim'))] : checkRows(report.checks, style);
	const price = report?.price == null ? [] : indented(span(`${words.price}  `, 'bad'), report.price, style.width, 'bad');
	const hint = view.hints.at(-1);
	const hints =
		hint === undefined ? [] : indented(span(`${words.hint} ${view.hints.length}/${view.hintCount}  `, 'warn'), hint, style.width);
	const needed = [...head, [], ...checks, ...price, ...hints];
	const states = [...stateRows(report?.states ?? [], style), []];
	const story = indented('', view.story, style.width, 'dim');
	const spare = height - needed.length;
	const isWithStates = states.length <= spare;
	const isWithStory = story.length <= spare - (isWithStates ? states.length : 0);
	const shown = [...head.slice(0, 1), ...(isWithStory ? story : []), ...head.slice(1), [], ...(isWithStates ? states : []), ...checks];
	const last = [...price, ...hints];
	const gap = last.length > 0 && shown.length + last.length < height ? [[]] : [];
	return [...shown, ...gap, ...last].slice(0, height);
}

/** As wide as its widest cell each; the widest give way until all of them fit beside each other. */
function widthsOf(cells: readonly (readonly string[])[], width: number): readonly number[] {
	const widths = (cells[0] ?? []).map((_, at) => Math.max(1, ...cells.map((row) => widthOf(row[at] ?? ''))));
	const over = () => widths.reduce((sum, each) => sum + each + 1, -1) - width;
	for (let left = over(); left > 0; left = over()) {
		const widest = widths.indexOf(Math.max(...widths));
		if ((widths[widest] ?? 0) <= 4) break;
		widths[widest] = (widths[widest] ?? 0) - 1;
	}
	return widths;
}

/** A server's answer as a table, at most so high. */
export function answerRows({ columns: names, rows, error }: SqlAnswer, style: RowStyle, height: number): readonly Line[] {
	const words = PRACTICE_WORDS[style.language];
	if (error !== null) return indented('', error, style.width, 'bad').slice(0, height);
	const cells = [names, ...rows.map((row) => row.map((value) => value ?? 'NULL'))];
	// One row of many columns, as SHOW REPLICA STATUS gives, is read from top to bottom.
	if (rows.length === 1 && names.length > 6) return names.map((name, at) => line(span(`${name}: `, 'dim'), cells[1]?.[at] ?? ''));
	const table = columns(
		cells,
		widthsOf(cells, style.width).map((most) => ({ most })),
		style.signs.more,
	).map((row, at) => line(span(row.join(' '), at === 0 ? 'dim' : 'plain')));
	const shown = table.slice(0, Math.max(1, height - 1));
	const left = table.length - shown.length;
	return [
		...shown,
		...(left > 0
			? [line(span(fill(words.moreRows, { count: left }), 'dim'))]
			: [line(span(fill(words.rowCount, { count: rows.length }), 'dim'))]),
	];
}
