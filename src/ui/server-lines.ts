// How a server is, in the lines of several screens. Pure.
import { ago, bytes, dayAndTime, duration, plural, type Symbols } from '../core/format.ts';
import type { ServerSeen, StatusReport } from '../core/status-report.ts';
import { proofLine } from '../render/backups.ts';
import { indented, type Line, line, span } from '../render/page.ts';
import { pad, widthOf } from '../render/width.ts';

/** Columns of the name of a fact. */
const NAME = 14;
/** Troubles that stand beside other facts. */
const MOST_TROUBLES = 2;

export type LineSpace = { readonly width: number; readonly now: Date; readonly signs: Symbols };

const fact = (name: string, ...value: Line): Line => [span(pad(name, NAME), 'dim'), ...value];

const lengthOf = (each: Line): number => each.reduce((sum, { text }) => sum + widthOf(text), 0);

/** The first of them that fits, each shorter than the one before; the last where none does. */
const fittingOf = (width: number, ...variants: readonly Line[]): Line =>
	variants.find((each) => lengthOf(each) <= width) ?? variants.at(-1) ?? [];

/** Replication in one line. `gtid`: whether its position stands there, too. */
export function replicationWords(report: StatusReport, dot: string, gtid = true): Line {
	const { replication } = report;
	if (replication === null) {
		return report.replicas.length > 0
			? line(`source of ${plural(report.replicas.length, 'replica')}`, span(report.readOnly ? '' : ' (clients write here)', 'dim'))
			: line('not a replica', span(report.readOnly ? `, read-only` : `, writable`, 'dim'));
	}
	const { io, sql, lagSeconds, encrypted } = replication;
	return line(
		span(`io ${io}`, io === 'yes' ? 'plain' : 'bad'),
		` ${dot} `,
		span(`sql ${sql}`, sql === 'yes' ? 'plain' : 'bad'),
		` ${dot} lag ${lagSeconds === null ? 'unknown' : `${lagSeconds} s`}`,
		replication.gtid === '' || !gtid ? '' : ` ${dot} gtid ${replication.gtid}`,
		span(encrypted ? ` ${dot} TLS` : ` ${dot} not encrypted`, encrypted ? 'dim' : 'warn'),
	);
}

/** The last backup of its folder, and the room there. */
export function folderLines({ lastBackup, disk }: ServerSeen['folder'], { width, now }: LineSpace): Line[] {
	const lines: Line[] = [];
	if (lastBackup === null) lines.push(fact('Last backup', span('none yet')));
	else {
		const age = ago(lastBackup.finished, now);
		const size = `${bytes(lastBackup.rawBytes)} -> ${bytes(lastBackup.bytes)}, lock ${duration(lastBackup.heldMs)}`;
		lines.push(
			fittingOf(
				width,
				fact('Last backup', span(`${dayAndTime(lastBackup.finished)}   ${size}   ${age}`)),
				fact('Last backup', span(`${age}   ${size}`)),
				fact('Last backup', span(`${age}   ${bytes(lastBackup.bytes)}`)),
			),
		);
	}
	if (disk === null) return lines;
	const free = span(`${bytes(disk.freeBytes)} free`);
	const isSized = lastBackup !== null && lastBackup.bytes > 0;
	const fits = isSized ? span(`, about ${Math.floor(disk.freeBytes / lastBackup.bytes)} more like the last one`) : span('');
	const path = span(`  ${disk.path}`, 'dim');
	lines.push(fittingOf(width, fact('Disk', free, fits, path), fact('Disk', free, fits), fact('Disk', free)));
	return lines;
}

/** A server that answered: its last backup, its replication, its disk, what is wrong, and how the backup was proven. */
export function reportLines(report: StatusReport, space: LineSpace): Line[] {
	const { width, now, signs } = space;
	const [last = [], ...disk] = folderLines(report, space);
	const { lastBackup } = report;
	return [
		last,
		fittingOf(
			width,
			fact('Replication', ...replicationWords(report, signs.dot)),
			fact('Replication', ...replicationWords(report, signs.dot, false)),
		),
		...disk,
		...report.troubles.slice(0, MOST_TROUBLES).flatMap((trouble) => indented(`${signs.warn} `, trouble, width, 'warn').slice(0, 2)),
		...(lastBackup === null ? [] : [fact('Proven', ...proofLine(lastBackup, signs, now))]),
	];
}
