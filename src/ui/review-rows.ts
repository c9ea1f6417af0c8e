import type { Check } from '../core/check.ts';
import type { PlannedStep, Review } from '../core/director.ts';
import { plural, type Symbols } from '../core/format.ts';
import { decisionLines, labelled } from '../render/decision.ts';
import { checkLines } from '../render/failure.ts';
import { indented, type Line, line, span } from '../render/page.ts';
import { place } from '../render/review.ts';
import { actionText } from '../render/sql-colors.ts';
import { padLeft } from '../render/width.ts';

type Options = {
	readonly width: number;
	readonly signs: Symbols;
	readonly servers: { readonly [role: string]: string };
	readonly commandLine: string;
	/** Who puts things right if this program dies. */
	readonly afterDeath: string;
	/** Whether each step shows what it does. */
	readonly isOpen: boolean;
};

const oneLine = (text: string): string => text.replace(/\s+/g, ' ');

export function checkCounts(checks: readonly Check[]): Line {
	const of = (status: Check['status']) => checks.filter((check) => check.status === status).length;
	const [ok, notes, warnings, bad] = [of('ok'), of('note'), of('warning'), of('fail')];
	// Of a resumed run most were done before.
	if (checks.length === 0) return line(labelled('Checks', 'bold'), 'all done before');
	return line(
		labelled('Checks', 'bold'),
		`${ok} passed`,
		notes > 0 ? `, ${plural(notes, 'note')}` : '',
		span(warnings > 0 ? `, ${plural(warnings, 'warning')}` : '', 'warn'),
		span(bad > 0 ? `, ${bad} failed` : '', 'bad'),
	);
}

/** What of a step is to be known where its actions are not shown. */
function countWords({ done, actions }: PlannedStep, signs: Symbols): string {
	if (done) return `  ${signs.ok} done before`;
	const changes = actions.filter((action) => action.changes).length;
	return changes === 0 ? '  read-only' : `  ${plural(changes, 'change')}`;
}

function stepRows(step: PlannedStep, index: number, { width, signs, servers, isOpen }: Options): Line[] {
	const destroys = step.actions.some((action) => (action.destroys?.length ?? 0) > 0);
	const lines = [
		line(
			span(`${padLeft(String(index + 1), 2)}  `, 'key'),
			span(step.title, 'bold'),
			span(countWords(step, signs), 'dim'),
			span(destroys ? `  ${signs.warn} destroys data` : '', 'bad'),
		),
	];
	if (!isOpen) return lines;
	for (const action of step.actions) {
		lines.push(...indented(span(`      ${place(action.on, servers)}  `, 'dim'), action.why, width, 'dim'));
		for (const text of actionText(action)) lines.push(line('        ', ...text));
	}
	return lines;
}

/** The plan as a page to decide by: what forbids it, what matters, warnings, checks, then the steps. */
export function reviewRows(review: Review, options: Options): Line[] {
	const { width, signs, servers, commandLine, afterDeath, isOpen } = options;
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
	const howToConfirm = (name: string) => [span('asks for '), span(name, 'bold'), span(' to be typed')];
	lines.push(...decisionLines(review, { width, signs, servers, howToConfirm }));
	for (const [index, check] of odd.entries()) {
		const text = oneLine(check.found ? `${check.title}: ${check.found}` : check.title);
		lines.push(...indented(labelled(index === 0 ? 'Warnings' : '', 'warn'), text, width));
	}
	lines.push(checkCounts(review.checks));
	lines.push([], line(span('Steps', 'bold'), span(`  ${isOpen ? 'space closes them' : 'space shows their statements'}`, 'dim')));
	for (const [index, step] of review.steps.entries()) lines.push(...stepRows(step, index, options));
	lines.push([], ...indented(span('If lockstep is killed  ', 'bold'), afterDeath, width));
	lines.push([], line(span('Equivalent command', 'bold')), line('  ', span(commandLine, 'key')));
	return lines;
}
