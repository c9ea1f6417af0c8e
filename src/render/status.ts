import { unmetWords } from '../core/expectations.ts';
import { bytes, dayAndTime, duration, plural, type Symbols, symbols, timeWithZone } from '../core/format.ts';
import type { StatusReport } from '../core/status-report.ts';
import { proofLine } from './backups.ts';
import { type Line, paint, span } from './page.ts';
import { pad } from './width.ts';

/** Columns of a fact's name. */
const LABEL = 13;

const expectationLines = ({ expectations }: StatusReport, signs: Symbols): Line[] =>
	expectations.map(({ isMet, expected, found }) => [
		span(` ${isMet ? signs.ok : signs.bad} `, isMet ? 'good' : 'bad'),
		span(`Expected: ${expected}${isMet ? '' : `; found: ${found}`}`),
	]);

/** One page on one server; the wizard shows the same facts. */
export function statusLines(report: StatusReport, { ascii, now }: { readonly ascii: boolean; readonly now: Date }): Line[] {
	const signs = symbols(ascii);
	const row = (label: string, text: string): Line => [span(` ${pad(label, LABEL)}`, 'dim'), span(text)];
	const { replication, lastBackup, disk } = report;
	const lines: Line[] = [
		[
			span(`${report.healthy ? signs.ok : signs.warn} `, report.healthy ? 'good' : 'warn'),
			span(report.name, 'bold'),
			span(`  ${report.title}${replication === null ? '' : `, replica of ${replication.source}`}`),
		],
		row('Read-only', report.readOnly ? 'yes' : 'no'),
		row('TLS', report.tls ?? 'this connection is not encrypted'),
		row('Data', `${plural(report.databases, 'database')}, ~${bytes(report.bytes)}`),
	];
	if (replication !== null) {
		const lag = replication.lagSeconds === null ? 'lag unknown' : `lag ${duration(replication.lagSeconds * 1000)}`;
		lines.push(
			row(
				'Replication',
				`io ${replication.io}, sql ${replication.sql}, ${lag}, ${replication.waiting ?? '?'} waiting, gtid ${replication.gtid}`,
			),
		);
		lines.push(row('', replication.encrypted ? 'encrypted' : 'not encrypted'));
	}
	if (report.replicas.length > 0) lines.push(row('Replicas', report.replicas.join(', ')));
	if (lastBackup !== null) {
		lines.push(
			row('Last backup', `${dayAndTime(lastBackup.finished)}, ${bytes(lastBackup.bytes)}, lock held ${duration(lastBackup.heldMs)}`),
			[span(pad('', LABEL + 1)), ...proofLine(lastBackup, signs, now)],
		);
	}
	if (disk !== null) lines.push(row('Disk', `${disk.path}, ${bytes(disk.freeBytes)} free`));
	lines.push(...expectationLines(report, signs));
	const unmet = new Set(report.expectations.map(unmetWords));
	for (const trouble of report.troubles) if (!unmet.has(trouble)) lines.push([span(` ${signs.warn} `, 'warn'), span(trouble)]);
	// Whole, however long: it is there to be copied.
	for (const hint of report.hints) lines.push([span('   hint       ', 'dim'), span(hint, 'key')]);
	return lines;
}

export function renderStatus(
	report: StatusReport,
	options: { readonly color: boolean; readonly ascii: boolean; readonly width: number; readonly now: Date },
): string {
	return paint(statusLines(report, options), options.color);
}

/** Of a server that a watch does not reach now. `since`: RFC 3339. */
export const unreachableWords = (name: string, { since, reason }: { readonly since: string; readonly reason: string }): string =>
	`${name}  unreachable since ${timeWithZone(since)}: ${reason}`;

/** Under a watch: of when it is, and how it ends. */
export const seenWords = (now: Date): string => `seen ${timeWithZone(now.toISOString())}, again every 2 s; Ctrl+C ends it`;
