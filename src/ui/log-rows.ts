import { duration, type Symbols, timeOfDay } from '../core/format.ts';
import type { RunState, StepState } from '../core/state.ts';
import { type Line, line, span } from '../render/page.ts';

/** Steps and notes in the order of their time. */
export function logRows(state: RunState, signs: Symbols): Line[] {
	const rows: { readonly at: string; readonly line: Line }[] = [];
	for (const step of state.steps) {
		if (step.startedAt === null || step.status === 'looking') continue;
		const failed = step.status === 'failed';
		rows.push({
			at: step.startedAt,
			line: line(
				span(`${timeOfDay(step.startedAt)} `, 'dim'),
				span(`${signOf(step.status, signs)} `, failed ? 'bad' : 'good'),
				step.title,
				span(step.ms === null ? '' : `  ${duration(step.ms)}`, 'dim'),
			),
		});
	}
	for (const { at, level, text } of state.notes) {
		const warning = level === 'warning';
		rows.push({
			at,
			line: line(span(`${timeOfDay(at)} `, 'dim'), span(`  ${warning ? signs.warn : signs.note} `, warning ? 'warn' : 'dim'), text),
		});
	}
	return rows.sort((one, other) => compareText(one.at, other.at)).map((row) => row.line);
}

function signOf(status: StepState['status'], signs: Symbols): string {
	if (status === 'failed') return signs.bad;
	return status === 'running' ? signs.at : signs.ok;
}

function compareText(one: string, other: string): number {
	if (one < other) return -1;
	return one > other ? 1 : 0;
}
