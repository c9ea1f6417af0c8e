import type { DrillRecord } from '../core/backups.ts';
import type { Check } from '../core/check.ts';
import { drillFacts } from '../core/drill-report.ts';
import { duration, symbols } from '../core/format.ts';
import { checkSign } from './failure.ts';
import { indented, type Line, line, span } from './page.ts';
import { pad } from './width.ts';

type DrilledOptions = { readonly width: number; readonly ascii: boolean };

/** What a drill came to, where all is well. */
export function drilledLines(
	path: string,
	record: Omit<DrillRecord, 'format' | 'type' | 'tool'>,
	checks: readonly Check[],
	{ width, ascii }: DrilledOptions,
): Line[] {
	const signs = symbols(ascii);
	const lines: Line[] = [line(span(`${signs.ok} `, 'good'), span(`Drill passed: ${path} restores`, 'bold'))];
	for (const [name, text] of drillFacts(record)) lines.push(...indented(`  ${pad(name, 17)} `, text, width, 'plain', 'dim'));
	lines.push(
		...indented(`  ${pad('Time', 17)} `, record.phases.map(({ name, ms }) => `${name} ${duration(ms)}`).join(', '), width, 'plain', 'dim'),
	);
	for (const check of checks)
		lines.push(...indented(`  ${checkSign(check.status, signs)} `, check.title, width, 'plain', check.status === 'ok' ? 'good' : 'dim'));
	for (const warning of record.warnings) lines.push(...indented(`  ${signs.warn} `, warning, width, 'plain', 'warn'));
	return lines;
}
