import type { Drilled, DrillRecord } from './backups.ts';
import type { Check } from './check.ts';
import { bytes, count, dayAndTime, duration, plural } from './format.ts';
import { visible } from './visible.ts';

type BackedUp = { readonly host: string; readonly port: number; readonly version: string };

const cell = (text: string): string => visible(text.replaceAll('\t', '  ')).replaceAll('|', '\\|');
const LABELS: Readonly<Record<Check['status'], string>> = { ok: 'yes', note: 'note', warning: 'warning', fail: '**NO**' };

/** What a drill came to, as pairs of a name and its words. */
export const drillFacts = (record: Drilled): readonly (readonly [string, string])[] => [
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
export function drillMarkdown(record: DrillRecord, checks: readonly Check[], server: BackedUp): string {
	const facts = [
		['Backup', `${record.backup} of ${server.host}:${server.port} (${server.version})`],
		['Drilled', `${dayAndTime(record.at, 'UTC')} by lockstep ${record.tool.version}`],
		...drillFacts(record),
	] as const;
	const total = record.phases.reduce((sum, { ms }) => sum + ms, 0);
	return [
		`# Drill of backup ${record.backup}: ${record.ok ? 'it restores' : 'FAILED'}`,
		'',
		'| | |',
		'|---|---|',
		...facts.map(([name, text]) => `| ${name} | ${cell(text)} |`),
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
