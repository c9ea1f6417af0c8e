import type { DrillRecord } from '../core/backups.ts';
import type { Check } from '../core/check.ts';
import { bytes, count, dayAndTime, duration, plural, symbols } from '../core/format.ts';
import { checkSign } from './failure.ts';
import { indented, type Line, line, paint, span } from './page.ts';
import { harmless, pad } from './width.ts';

const cell = (text: string): string => harmless(text).replaceAll('|', '\\|');
const LABELS: Readonly<Record<Check['status'], string>> = { ok: 'yes', note: 'note', warning: 'warning', fail: '**NO**' };

const facts = (record: DrillRecord, backedUp: string): readonly (readonly [string, string])[] => [
	['Backup', `${record.backup} of ${backedUp}`],
	['Drilled', `${dayAndTime(record.at, 'UTC')} by lockstep ${record.tool.version}`],
	['Throwaway server', `${record.server.version}, ${record.server.program} (${record.server.kind})`],
	['Time to recovery', record.recovery_ms === null ? 'not reached' : duration(record.recovery_ms)],
	[
		'Restored',
		`${plural(record.databases, 'database')}, ${plural(record.tables, 'table')}, ${count(record.rows)} rows, ${bytes(record.bytes)} as text`,
	],
	['Digests', record.digests === null ? 'the backup has none' : `${plural(record.digests, 'table')} identical`],
	['Position', record.position ?? 'none by GTID'],
	...(record.replication === null
		? []
		: [
				[
					'Replication',
					`from ${record.replication.primary} as ${record.replication.account}: ${record.replication.caught_up_ms === null ? 'did not reach it' : `lag zero after ${duration(record.replication.caught_up_ms)}, ${record.replication.transactions} transactions`}`,
				] as const,
			]),
];

/** `<label>.drill.md`: for people, and for whoever asks whether the backups were tested. */
export function drillMarkdown(record: DrillRecord, checks: readonly Check[], backedUp: string): string {
	const total = record.phases.reduce((sum, { ms }) => sum + ms, 0);
	return [
		`# Drill of backup ${record.backup}: ${record.ok ? 'it restores' : 'FAILED'}`,
		'',
		'| | |',
		'|---|---|',
		...facts(record, backedUp).map(([name, text]) => `| ${name} | ${cell(text)} |`),
		'',
		'## Where the time went',
		'',
		'| | |',
		'|---|---|',
		...record.phases.map(({ name, ms }) => `| ${name} | ${duration(ms)} |`),
		`| all | ${duration(total)} |`,
		'',
		'## What was proven',
		'',
		'| what | right | expected | found |',
		'|---|---|---|---|',
		...checks.map(
			(check) => `| ${cell(check.title)} | ${LABELS[check.status]} | ${cell(check.expected ?? '')} | ${cell(check.found ?? '')} |`,
		),
		...(record.warnings.length === 0 ? [] : ['', '## Warnings', '', ...record.warnings.map((text) => `- ${cell(text)}`)]),
		...(record.problems.length === 0 ? [] : ['', '## What was wrong', '', ...record.problems.map((text) => `- ${cell(text)}`)]),
		'',
		`The sums of what was drilled: manifest.json ${record.manifest_sha256}, SHA256SUMS ${record.sums_sha256}.`,
		'',
	].join('\n');
}

/** What a drill does, in order. */
export const drillSteps = (where: string): string[] => [
	`  1  start an empty server of that kind, not older, in ${where}`,
	'  2  lockstep restore into it, accounts too',
	'  3  read every row and every definition again, and compare them with the backup',
	'  4  give it the position of its change-source file, and read it back',
];

export const DRILL_ENDS = '  then stop it, remove its folder, and leave a report beside the backup.';

type DrilledOptions = { readonly width: number; readonly ascii: boolean };

/** What a drill came to, where all is well. */
export function drilledLines(path: string, record: DrillRecord, checks: readonly Check[], { width, ascii }: DrilledOptions): Line[] {
	const signs = symbols(ascii);
	const lines: Line[] = [line(span(`${signs.ok} `, 'good'), span(`Drill passed: ${path} restores`, 'bold'))];
	for (const [name, text] of facts(record, '').slice(2)) lines.push(...indented(`  ${pad(name, 17)} `, text, width, 'plain', 'dim'));
	lines.push(
		...indented(`  ${pad('Time', 17)} `, record.phases.map(({ name, ms }) => `${name} ${duration(ms)}`).join(', '), width, 'plain', 'dim'),
	);
	for (const check of checks)
		lines.push(...indented(`  ${checkSign(check.status, signs)} `, check.title, width, 'plain', check.status === 'ok' ? 'good' : 'dim'));
	for (const warning of record.warnings) lines.push(...indented(`  ${signs.warn} `, warning, width, 'plain', 'warn'));
	return lines;
}

export const renderDrilled = (
	path: string,
	record: DrillRecord,
	checks: readonly Check[],
	options: DrilledOptions & { readonly color: boolean },
): string => paint(drilledLines(path, record, checks, options), options.color);
