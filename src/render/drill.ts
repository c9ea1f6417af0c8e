import type { Drilled } from '../core/backups.ts';
import type { Check } from '../core/check.ts';
import { drillFacts } from '../core/drill-report.ts';
import { duration, symbols } from '../core/format.ts';
import { checkSign } from './failure.ts';
import { indented, type Line, line, span } from './page.ts';
import { pad } from './width.ts';

type DrilledOptions = { readonly width: number; readonly ascii: boolean };

/** What a drill came to, where all is well. */
export function drilledLines(path: string, record: Drilled, checks: readonly Check[], { width, ascii }: DrilledOptions): Line[] {
	const signs = symbols(ascii);
	const lines: Line[] = [line(span(`${signs.ok} `, 'good'), span(`Drill passed: ${path} restores`, 'bold'))];
	for (const [name, text] of drillFacts(record)) lines.push(...indented(span(`  ${pad(name, 17)} `, 'dim'), text, width));
	lines.push(
		...indented(span(`  ${pad('Time', 17)} `, 'dim'), record.phases.map(({ name, ms }) => `${name} ${duration(ms)}`).join(', '), width),
	);
	for (const check of checks)
		lines.push(...indented(span(`  ${checkSign(check.status, signs)} `, check.status === 'ok' ? 'good' : 'dim'), check.title, width));
	for (const warning of record.warnings) lines.push(...indented(span(`  ${signs.warn} `, 'warn'), warning, width));
	return lines;
}
