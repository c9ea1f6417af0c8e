import type { Finding } from '../core/finding.ts';
import { type Symbols, symbols } from '../core/format.ts';
import { indented, type Line, line, type Span, span } from './page.ts';
import { place } from './review.ts';

export type FindingOptions = { readonly width: number; readonly ascii?: boolean; readonly servers?: { readonly [role: string]: string } };

/** Whether there is anything that a recover would do. */
export const putsBack = (findings: readonly Finding[]): boolean => findings.some((finding) => finding.actions.length > 0);

function signOf({ actions, foreign, note }: Finding, signs: Symbols): Span {
	if (actions.length > 0) return span(`${signs.undone} `, 'warn');
	if (foreign.length > 0 || note !== undefined) return span(`${signs.note} `, 'dim');
	return span(`${signs.ok} `, 'good');
}

/** What a run that was cut off has left: each with the statements that put it back, and what is left to somebody else. */
export function findingLines(findings: readonly Finding[], { width, ascii = false, servers = {} }: FindingOptions): Line[] {
	const signs = symbols(ascii);
	return findings.flatMap((finding): Line[] => {
		const { title, actions, foreign, note } = finding;
		const lines: Line[] = [
			...indented(signOf(finding, signs), title, width, 'bold'),
			...actions.flatMap((action): Line[] => [
				...indented(`    ${place(action.on, servers)}: `, action.why, width, 'dim'),
				// Whole and unbroken: what is shown is what is sent, and can be copied.
				...action.text.split('\n').map((text) => line('      ', span(text, 'key'))),
			]),
			...(foreign.length > 0 ? [line(span('    changed by something else since, left alone:', 'dim'))] : []),
			...foreign.flatMap((text) => indented('      ', text, width)),
		];
		if (note !== undefined) lines.push(...indented(span('    ', 'dim'), note, width));
		else if (actions.length === 0 && foreign.length === 0) lines.push(line(span('    nothing to roll back', 'dim')));
		lines.push([]);
		return lines;
	});
}
