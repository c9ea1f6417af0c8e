import type { Check } from '../core/check.ts';
import type { Review } from '../core/director.ts';
import { dayAndTime, plural, type Symbols } from '../core/format.ts';
import { checkLines } from '../render/failure.ts';
import { indented, type Line, line, span } from '../render/page.ts';
import { place } from '../render/review.ts';

type Options = {
	readonly width: number;
	readonly signs: Symbols;
	readonly servers: { readonly [role: string]: string };
	readonly commandLine: string;
	/** Who puts things right if this program dies. */
	readonly afterDeath: string;
};

const cut = (text: string, width: number, more: string): string => {
	const one = text.replace(/\s+/g, ' ');
	return one.length <= width ? one.padEnd(width) : one.slice(0, Math.max(0, width - more.length)) + more;
};

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

/** The plan in three columns, where · what · statement, with what qualifies it and the same thing as a command line. */
export function reviewRows(review: Review, { width, signs, servers, commandLine, afterDeath }: Options): Line[] {
	// Where there is little room, the role says it: the names are in the header and in the full view.
	const where = (on: string) => place(on, width >= 110 ? servers : {});
	const actions = review.steps.flatMap((step) => step.actions);
	const longest = (texts: readonly string[]) => Math.max(5, ...texts.map((text) => text.length));
	const whereWidth = Math.min(26, longest(actions.map((action) => where(action.on))));
	const whatWidth = Math.min(Math.floor((width - whereWidth - 7) * 0.45), longest(actions.map((action) => action.why)));
	const textWidth = width - whereWidth - whatWidth - 7;
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
	lines.push(line(span(`    ${'where'.padEnd(whereWidth)} ${'what'.padEnd(whatWidth)} statement`, 'dim')));
	review.steps.forEach((step, index) => {
		const nothing = step.done ? `  ${signs.ok} done before` : step.actions.length === 0 ? '  read-only' : '';
		lines.push(line(span(`${String(index + 1).padStart(2)}  `, 'key'), span(step.title, 'bold'), span(nothing, 'dim')));
		for (const action of step.actions) {
			lines.push(
				line(
					span(`    ${cut(where(action.on), whereWidth, signs.more)} `, 'dim'),
					span(`${cut(action.why, whatWidth, signs.more)} `),
					span(cut(action.text, textWidth, signs.more).trimEnd(), action.changes ? 'key' : 'dim'),
				),
			);
		}
	});
	lines.push([], checkCounts(review.checks));
	for (const check of odd)
		lines.push(
			line(
				span(`  ${signs.warn} `, 'warn'),
				span(cut(check.found ? `${check.title}: ${check.found}` : check.title, width - 4, signs.more).trimEnd()),
			),
		);
	lines.push(...indented('If I die   ', afterDeath, width, 'plain', 'bold'));
	lines.push([], line(span('Equivalent command', 'bold')), line('  ', span(commandLine, 'key')));
	return lines;
}
