import { Box } from 'ink';
import { useEffect, useState } from 'react';
import { ago, bytes, clock, count, dayAndTime, duration, type Symbols, timeWithZone } from '../../core/format.ts';
import type { ServerCard, StatusReport } from '../../core/status-report.ts';
import { proofLine } from '../../render/backups.ts';
import { indented, type Line, span } from '../../render/page.ts';
import { pad } from '../../render/width.ts';
import { useApp } from '../app-context.ts';
import { bodyRows, Frame, ROOMY } from '../components/frame.tsx';
import { Gate } from '../components/gate.tsx';
import { broken, Lines } from '../components/lines.tsx';
import { Pane } from '../components/pane.tsx';
import { absenceWords, markOf } from '../fleet-rows.ts';
import { type LagSample, withLag } from '../history.ts';
import { useWatched } from '../hooks/use-watched.ts';
import { useKeys } from '../keys.ts';
import { lagRows } from '../lag-rows.ts';
import { replicationWords } from '../server-lines.ts';
import { useTheme } from '../theme.ts';

const EVERY_MS = 2000;
/** Rows of the lag over time beside its title and its times. */
const GRAPH_MOST = 8;
const GRAPH_FRAME = 2;

const uptime = (seconds: number): string => (seconds < 86_400 ? clock(seconds * 1000) : `${Math.floor(seconds / 86_400)} days`);

export function Status({ card }: { readonly card: ServerCard }) {
	return (
		<Gate servers={[card.server]} title={`status ${card.name}`} badge={card.badge}>
			{([report]) => (report === undefined ? null : <Watching card={card} first={report} />)}
		</Gate>
	);
}

const fact = (name: string, ...value: Line): Line => [span(pad(name, 14), 'dim'), ...value];

const serverFacts = (report: StatusReport): readonly Line[] => [
	fact('Server', span(`${report.version}  ${report.address}`)),
	fact('Connection', span(report.tls ?? 'not encrypted', 'dim')),
	fact(
		'Data',
		span(
			`${count(report.databases)} databases, ${bytes(report.bytes)}${report.uptimeSeconds === null ? '' : `, up ${uptime(report.uptimeSeconds)}`}`,
		),
	),
	fact('Writes', span(report.readOnly ? 'read-only' : 'writable', report.readOnly || report.replication === null ? 'plain' : 'warn')),
];

function replicationFacts(report: StatusReport, width: number, dot: string): readonly Line[] {
	const { replication, replicas } = report;
	const lines: Line[] = [];
	if (replication !== null) lines.push(fact('Source', span(replication.source)));
	lines.push(fact('Replication', ...replicationWords(report, dot)));
	if (typeof replication?.waiting === 'number') lines.push(fact('Waiting', span(`${count(replication.waiting)} transactions`)));
	if (replication?.error) lines.push(...indented('Error         ', replication.error, width, 'bad'));
	if (replicas.length > 0) lines.push(fact('Replicas', span(replicas.join(', '))));
	return lines;
}

function backupFacts({ lastBackup, disk }: StatusReport, now: Date, signs: Symbols): readonly Line[] {
	const lines: Line[] = [
		fact(
			'Last backup',
			span(
				lastBackup === null
					? 'none yet'
					: `${dayAndTime(lastBackup.finished)} (${ago(lastBackup.finished, now)})  ${bytes(lastBackup.bytes)}, lock held ${duration(lastBackup.heldMs)}`,
			),
		),
	];
	if (lastBackup !== null) lines.push(fact('', ...proofLine(lastBackup, signs, now)), fact('', span(lastBackup.path, 'dim')));
	if (disk !== null)
		lines.push(
			fact('Disk', span(`${bytes(disk.freeBytes)} free`), span(lastBackup?.path.startsWith(disk.path) ? '' : `  ${disk.path}`, 'dim')),
		);
	return lines;
}

/** The lags with that of this report, where it says one. */
function lagsAfter(lags: readonly LagSample[], { replication }: StatusReport, now: Date): readonly LagSample[] {
	const lag = replication?.lagSeconds ?? null;
	return lag === null ? lags : withLag(lags, { at: now.getTime(), lag });
}

function Watching({ card, first }: { readonly card: ServerCard; readonly first: StatusReport }) {
	const app = useApp();
	const { signs } = useTheme();
	const [round, setRound] = useState(0);
	const seen = useWatched([card], { everyMs: EVERY_MS, round, first }).get(card.server);
	const report = seen?.report ?? first;
	const [lags, setLags] = useState<readonly LagSample[]>([]);
	const [seenAt, setSeenAt] = useState(app.now());
	// biome-ignore lint/correctness/useExhaustiveDependencies: once for each report.
	useEffect(() => {
		setLags((before) => lagsAfter(before, report, app.now()));
		setSeenAt(app.now());
	}, [report]);

	useKeys((key) => {
		if (key === 'esc') app.back();
		else if (key === 'r') setRound(round + 1);
		else if (key === 'd') app.go({ at: 'doctor', card });
		else if (key === '?' || key === 'f1') app.help('status');
	});

	const width = app.size.columns - 2;
	const mark = markOf({ seen: seen ?? null }, app.now(), signs);
	const lines: Line[] = [
		...(seen === undefined || seen.failure === null ? [] : indented(`${mark.sign} `, absenceWords(seen, mark), width, mark.tone)),
		...report.troubles.flatMap((each) => indented(span(`${signs.warn} `, 'warn'), each, width)),
		...report.hints.flatMap((each) => indented(span('  hint   ', 'dim'), each, width, 'key')),
		...serverFacts(report),
		...replicationFacts(report, width, signs.dot),
		...backupFacts(report, app.now(), signs),
		...report.expectations.map(({ expected, isMet }) =>
			fact('Expected', span(`${isMet ? signs.ok : signs.bad} `, isMet ? 'good' : 'bad'), span(expected)),
		),
	];
	const rows = broken(lines, width).length;
	const height = bodyRows(app.size.rows);
	const graph = lags.length === 0 ? 0 : Math.max(1, Math.min(GRAPH_MOST, height - rows - GRAPH_FRAME - 1));
	const below = graph === 0 ? 0 : graph + GRAPH_FRAME + 1;
	return (
		<Frame
			title={`status ${signs.dot} ${card.name}${app.size.columns < ROOMY ? '' : ` ${signs.dot} ${report.title}`}`}
			badge={card.badge}
			right={{ text: `${mark.sign} ${mark.words}`, tone: mark.tone }}
			hints={[
				['r', 'refresh now'],
				['d', 'doctor'],
				['esc', 'back'],
				['q', 'quit'],
				['?', `help   seen ${timeWithZone(seenAt.toISOString())}`],
			]}
		>
			<Pane lines={lines} width={width} height={graph === 0 ? height : Math.min(rows, height - below)} />
			{graph > 0 && (
				<Box marginTop={1} flexShrink={0}>
					<Lines lines={lagRows(lags, { now: app.now(), width, height: graph }, signs)} />
				</Box>
			)}
		</Frame>
	);
}
