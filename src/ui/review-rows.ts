import type { Check } from '../core/check.ts';
import type { PlannedStep, Review } from '../core/director.ts';
import { dayAndTime, plural, type Symbols } from '../core/format.ts';
import { checkLines } from '../render/failure.ts';
import { indented, type Line, line, span } from '../render/page.ts';
import { place } from '../render/review.ts';
import { columns, cut, padLeft, widthOf } from '../render/width.ts';

type Options = {
	readonly width: number;
	readonly signs: Symbols;
	readonly servers: { readonly [role: string]: string };
	readonly commandLine: string;
	/** Who puts things right if this program dies. */
	readonly afterDeath: string;
};

const oneLine = (text: string): string => text.replace(/\s+/g, ' ');

export function checkCounts(checks: readonly Check[]): Line {
	const of = (status: Check['status']) => checks.filter((check) => check.status === status).length;
	const [ok, notes, warnings, bad] = [of('ok'), of('note'), of('warning'), of('fail')];
	return line(
		span('Checks     ', 'bold'),
		`${ok} passed`,
		notes > 0 ? `, ${plural(notes, 'note')}` : '',
		span(warnings > 0 ? `, ${plural(warnings, 'warning')}` : '', 'warn'),
		span(bad > 0 ? `, ${bad} failed` : '', 'bad'),
	);
}

/** Where, what and statement of each action below their headings. */
function planTable(actions: readonly (readonly string[])[], width: number, more: string): (readonly string[])[] {
	const rows = [['where', 'what', 'statement'], ...actions.map((cells) => cells.map(oneLine))];
	const where = Math.min(26, Math.max(...rows.map(([cell = '']) => widthOf(cell))));
	const what = Math.min(Math.floor((width - where - 7) * 0.45), Math.max(...rows.map(([, cell = '']) => widthOf(cell))));
	return [...columns(rows, [{ most: where }, { most: what }, { most: width - where - what - 7 }], more)];
}

/** Said of a step that changes nothing now. */
function nothingWords({ done, actions }: PlannedStep, signs: Symbols): string {
	if (done) return `  ${signs.ok} done before`;
	return actions.length === 0 ? '  read-only' : '';
}

/** The plan in three columns, where · what · statement, with what qualifies it and the same thing as a command line. */
export function reviewRows(review: Review, { width, signs, servers, commandLine, afterDeath }: Options): Line[] {
	// Where there is little room, the role says it: the names are in the header and in the full view.
	const where = (on: string) => place(on, width >= 110 ? servers : {});
	const lines: Line[] = [];
	const bad = review.checks.filter((check) => check.status === 'fail');
	const odd = review.checks.filter((check) => check.status === 'warning');
	if (bad.length > 0) {
		lines.push(
			line(span(`${signs.bad} ${bad.length === 1 ? 'A check forbids' : `${bad.length} checks forbid`} this. Nothing was changed.`, 'bad')),
		);
		for (const check of bad) lines.push(...checkLines(check, width, signs));
		lines.push([]);
	}
	if (review.resumes !== null) lines.push(line(span(`${signs.at} Resumes the run of ${dayAndTime(review.resumes)}`, 'warn')), []);
	for (const consent of review.consents) {
		lines.push(...indented(`${signs.warn} `, consent.reason, width, 'bad'));
		if (consent.affected.length > 0) lines.push(...indented('  ', consent.affected.join(', '), width, 'dim'));
		lines.push(line('  asks for ', span(consent.name, 'bold'), ' to be typed'), []);
	}
	const actions = review.steps.flatMap((step) => step.actions);
	const [header, ...table] = planTable(
		actions.map(({ on, why, text }) => [where(on), why, text]),
		width,
		signs.more,
	);
	lines.push(line(span(`    ${header?.join(' ').trimEnd()}`, 'dim')));
	review.steps.forEach((step, index) => {
		lines.push(line(span(`${padLeft(String(index + 1), 2)}  `, 'key'), span(step.title, 'bold'), span(nothingWords(step, signs), 'dim')));
		for (const action of step.actions) {
			const [on = '', why = '', text = ''] = table.shift() ?? [];
			lines.push(line(span(`    ${on} `, 'dim'), span(`${why} `), span(text.trimEnd(), action.changes ? 'key' : 'dim')));
		}
	});
	lines.push([], checkCounts(review.checks));
	for (const check of odd)
		lines.push(
			line(
				span(`  ${signs.warn} `, 'warn'),
				span(cut(oneLine(check.found ? `${check.title}: ${check.found}` : check.title), width - 4, signs.more)),
			),
		);
	lines.push(...indented(span('If I die   ', 'bold'), afterDeath, width));
	lines.push([], line(span('Equivalent command', 'bold')), line('  ', span(commandLine, 'key')));
	return lines;
}
