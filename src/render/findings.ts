import type { Finding } from '../core/finding.ts';
import { symbols } from '../core/format.ts';
import { indented, type Line, line, span } from './page.ts';
import { place } from './review.ts';

export type FindingOptions = { readonly width: number; readonly ascii?: boolean; readonly servers?: { readonly [role: string]: string } };

/** Whether there is anything that a recover would do. */
export const putsBack = (findings: readonly Finding[]): boolean => findings.some((finding) => finding.actions.length > 0);

/** What a run that was cut off has left: each with the statements that put it back, and what is left to somebody else. */
export function findingLines(findings: readonly Finding[], { width, ascii = false, servers = {} }: FindingOptions): Line[] {
	const signs = symbols(ascii);
	return findings.flatMap(({ title, actions, foreign, note }): Line[] => {
		const [sign, tone] =
			actions.length > 0
				? ([signs.undone, 'warn'] as const)
				: foreign.length > 0 || note !== undefined
					? ([signs.note, 'dim'] as const)
					: ([signs.ok, 'good'] as const);
		const lines: Line[] = [
			...indented(`${sign} `, title, width, 'bold', tone),
			...actions.flatMap((action): Line[] => [
				...indented(`    ${place(action.on, servers)}: `, action.why, width, 'dim'),
				// Whole and unbroken: what is shown is what is sent, and can be copied.
				...action.text.split('\n').map((text) => line('      ', span(text, 'key'))),
			]),
			...(foreign.length > 0 ? [line(span('    changed by something else since, left alone:', 'dim'))] : []),
			...foreign.flatMap((text) => indented('      ', text, width)),
		];
		if (note !== undefined) lines.push(...indented('    ', note, width, 'plain', 'dim'));
		else if (actions.length === 0 && foreign.length === 0) lines.push(line(span('    nothing to roll back', 'dim')));
		lines.push([]);
		return lines;
	});
}
