import { Box } from 'ink';
import { useEffect, useState } from 'react';
import type { RunCard } from '../../app/wizard-backend.ts';
import { failureOf } from '../../core/failure.ts';
import { ago, bytes, count, dayAndTime, duration, plural, type Symbols } from '../../core/format.ts';
import type { StatusReport } from '../../core/status-report.ts';
import { runWords } from '../../render/background.ts';
import { indented, type Line, line, span } from '../../render/page.ts';
import { useApp } from '../app-context.ts';
import { bodyRows, Frame } from '../components/frame.tsx';
import { Lines } from '../components/lines.tsx';
import { Menu, type MenuItem } from '../components/menu.tsx';
import { Text } from '../components/text.tsx';
import { useKeys } from '../keys.ts';
import { useTheme } from '../theme.ts';
import { placeOf, type RunGoal } from './runs.tsx';

type Goal = RunGoal | 'runs' | 'backup' | 'provision' | 'folders' | 'status' | 'practice' | 'profiles';

const ITEMS: readonly MenuItem<Goal>[] = [
	{ value: 'backup', digit: 1, label: 'Back up now', about: 'locked dump, then replication continues' },
	{ value: 'provision', digit: 2, label: 'Set up a backup replica', about: 'account, settings, seed, start, check' },
	{ value: 'folders', digit: 3, label: 'Restore or verify', about: 'prove a backup, or load it somewhere safe' },
	{ value: 'status', digit: 4, label: 'Status', about: 'replication, lag, last backup, disk' },
	{ value: 'runs', digit: 5, label: 'Runs', about: '' },
	{ value: 'practice', digit: 6, label: 'Practice', about: 'lessons on two throwaway servers' },
	{ value: 'profiles', digit: 7, label: 'Profiles', about: 'servers and where their backups go' },
];

/** The newest run of each state, in a line: what was cut off first. */
function runLines(runs: readonly RunCard[], now: Date, width: number, signs: Symbols): Line[] {
	const today = dayAndTime(now.toISOString()).slice(0, 10);
	const lines: Line[] = [];
	const runLine = (state: RunCard['state'], sign: string, tone: 'warn' | 'key' | 'dim', text: (words: string, at: string) => string) => {
		const [card, ...more] = runs.filter((each) => each.state === state);
		if (card === undefined) return;
		const started = dayAndTime(card.started);
		const at = started.startsWith(today) ? started.slice(11) : started;
		const others = more.length === 0 ? '' : ` And ${more.length} more.`;
		lines.push(...indented(`${sign} `, text(runWords(card.title, card.servers), at) + others, width, tone).slice(0, 2));
	};
	runLine('interrupted', signs.warn, 'warn', (words, at) => `Interrupted: ${words} of ${at}. Recover rolls back what it changed.`);
	runLine('running', signs.at, 'key', (words, at) => `At work: ${words}, since ${at}; enter to watch.`);
	runLine('unfinished', signs.note, 'dim', (words, at) => `${words} of ${at} is unfinished: Resume shows its plan again.`);
	return lines;
}

/** The way to runs that are not over, where there are any. */
function runItems(runs: readonly RunCard[]): MenuItem<Goal>[] {
	const about = (state: RunCard['state'], one: string) => {
		const { length } = runs.filter((each) => each.state === state);
		if (length === 0) return null;
		return length === 1 ? one : `choose of ${length}: ${one}`;
	};
	const item = (value: RunGoal, label: string, one: string): MenuItem<Goal>[] => {
		const text = about(STATE[value], one);
		return text === null ? [] : [{ value, label, about: text }];
	};
	return [
		...item('watch', 'Watch the run at work', 'its progress, its lock, its end'),
		...item('recover', 'Recover', 'roll back what was left changed'),
		...item('resume', 'Resume', 'the plan of the unfinished run again'),
	];
}

const STATE: { readonly [goal in RunGoal]: RunCard['state'] } = { watch: 'running', recover: 'interrupted', resume: 'unfinished' };

/** How many runs there are, and how many of them are not over. */
function countWords(all: number, runs: readonly RunCard[]): string {
	const some = (state: RunCard['state'], word: string) => {
		const { length } = runs.filter((each) => each.state === state);
		return length === 0 ? null : `${length} ${word}`;
	};
	const open = [some('running', 'at work'), some('interrupted', 'interrupted'), some('unfinished', 'unfinished')].filter(Boolean);
	return `${count(all)} on this machine${open.length === 0 ? '' : `: ${open.join(', ')}`}`;
}

/** Replication in one line. */
export function replicationWords(report: StatusReport, dot: string): Line {
	const { replication } = report;
	if (replication === null) {
		return report.replicas.length > 0
			? line(`source of ${plural(report.replicas.length, 'replica')}`, span(report.readOnly ? '' : ' (clients write here)', 'dim'))
			: line('not a replica', span(report.readOnly ? `, read-only` : `, writable`, 'dim'));
	}
	const { io, sql, lagSeconds, gtid, encrypted } = replication;
	return line(
		span(`io ${io}`, io === 'yes' ? 'plain' : 'bad'),
		` ${dot} `,
		span(`sql ${sql}`, sql === 'yes' ? 'plain' : 'bad'),
		` ${dot} lag ${lagSeconds === null ? 'unknown' : `${lagSeconds} s`}`,
		gtid === '' ? '' : ` ${dot} gtid ${gtid}`,
		span(encrypted ? ` ${dot} TLS` : ` ${dot} not encrypted`, encrypted ? 'dim' : 'warn'),
	);
}

function reportLines(report: StatusReport, now: Date, width: number, dot: string): Line[] {
	const { lastBackup, disk } = report;
	const lines: Line[] = [
		lastBackup === null
			? line(span('Last backup   ', 'dim'), 'none yet')
			: line(
					span('Last backup   ', 'dim'),
					`${dayAndTime(lastBackup.finished)}   ${bytes(lastBackup.rawBytes)} -> ${bytes(lastBackup.bytes)}, lock ${duration(lastBackup.heldMs)}   ${ago(lastBackup.finished, now)}`,
				),
		[span('Replication   ', 'dim'), ...replicationWords(report, dot)],
	];
	if (disk !== null) {
		const fits =
			lastBackup === null || lastBackup.bytes === 0
				? ''
				: `, about ${Math.floor(disk.freeBytes / lastBackup.bytes)} more like the last one`;
		lines.push(line(span('Disk          ', 'dim'), `${bytes(disk.freeBytes)} free${fits}  `, span(disk.path, 'dim')));
	}
	for (const trouble of report.troubles.slice(0, 2)) lines.push(...indented('  ', trouble, width, 'warn').slice(0, 1));
	return lines;
}

/** The runs of this machine that are not over, and how many there are in all; asked anew in each round. */
function useRuns(round: number): { readonly runs: readonly RunCard[]; readonly ran: number } {
	const app = useApp();
	const [runs, setRuns] = useState<readonly RunCard[]>([]);
	const [ran, setRan] = useState(0);
	// biome-ignore lint/correctness/useExhaustiveDependencies: asked anew on demand.
	useEffect(() => {
		let mine = true;
		const read = async () => {
			let found: readonly RunCard[] = [];
			let all = 0;
			try {
				all = app.backend.countRuns();
				found = await app.backend.runs();
			} catch {
				// A folder of journals that cannot be read is no reason to show no home.
			}
			if (!mine) return;
			setRuns(found);
			setRan(all);
		};
		void read();
		return () => {
			mine = false;
		};
	}, [round]);
	return { runs, ran };
}

/** The ways to runs that are not over, then the places; where that is too much for `room`, Runs leads to all but the first of those. */
function itemsFor({ runs, ran }: { readonly runs: readonly RunCard[]; readonly ran: number }, room: number): readonly MenuItem<Goal>[] {
	const places = ITEMS.flatMap((item) => {
		if (item.value !== 'runs') return [item];
		return ran === 0 ? [] : [{ ...item, about: countWords(ran, runs) }];
	});
	const open = runItems(runs);
	return [...(ran > 0 && open.length + places.length > room ? open.slice(0, 1) : open), ...places];
}

const isRunGoal = (goal: Goal): goal is RunGoal => Object.hasOwn(STATE, goal);

export function Home() {
	const app = useApp();
	const { signs } = useTheme();
	const cards = app.backend.servers();
	const [index, setIndex] = useState(0);
	const [round, setRound] = useState(0);
	const { runs, ran } = useRuns(round);
	const [seen, setSeen] = useState<{
		readonly server: string;
		readonly report: StatusReport | null;
		readonly lines: readonly Line[];
		readonly isLocked?: boolean;
	} | null>(null);
	const card = cards[cards.length === 0 ? 0 : index % cards.length];
	const server = card?.server;
	const width = app.size.columns - 2;

	// biome-ignore lint/correctness/useExhaustiveDependencies: asked anew for another server or on demand, not for every drawing.
	useEffect(() => {
		if (server === undefined) return;
		let mine = true;
		setSeen(null);
		app.backend.status(server).then(
			(report) => mine && setSeen({ server, report, lines: [] }),
			(error) => {
				const { description, needsPassword } = failureOf(error);
				const reason = needsPassword === undefined ? description.reason : 'Press u to log in.';
				if (mine)
					setSeen({
						server,
						report: null,
						lines: [line(span(`${signs.warn} ${description.message}`, 'warn')), line(span(reason ?? '', 'dim'))],
						isLocked: needsPassword !== undefined,
					});
			},
		);
		return () => {
			mine = false;
		};
	}, [server, round]);

	useKeys((key) => {
		if (key === '?' || key === 'f1') app.help('home');
		else if (key === 'p' && cards.length > 1) setIndex((index + 1) % cards.length);
		else if (key === 'r') setRound(round + 1);
		else if (key === 'u' && card !== undefined && seen?.isLocked) app.go({ at: 'status', card });
	});

	const openRun = (goal: RunGoal) => {
		const cards = runs.filter((each) => each.state === STATE[goal]);
		const [only] = cards;
		if (only !== undefined) app.go(cards.length === 1 ? placeOf(only, goal) : { at: 'runs', goal, cards });
	};
	const choose = (goal: Goal) => {
		if (isRunGoal(goal)) openRun(goal);
		else if (goal === 'backup' || goal === 'status') {
			const [only] = cards;
			if (only !== undefined && cards.length === 1) app.go({ at: goal, card: only });
			else app.go({ at: 'pick', flow: goal });
		} else if (goal === 'provision') app.go({ at: 'provision' });
		else if (goal === 'runs') app.go({ at: 'all-runs' });
		else app.go({ at: goal });
	};

	const report = seen?.report ?? null;
	const notOver = runLines(runs, app.now(), width, signs);
	const top: Line[] = [
		...notOver,
		...app.backend.warnings.flatMap((warning) => indented(`${signs.warn} `, warning, width, 'warn').slice(0, 2)),
	];
	if (card === undefined) {
		top.push(line(span('Welcome.', 'bold'), ' No server is known here yet.'));
		top.push(line(span('Practice starts a throwaway pair here; Profiles adds your own servers.', 'dim')));
	} else if (seen === null) top.push(line(span(`Checking ${card.name} ${signs.more}`, 'dim')));
	else top.push(...(report === null ? seen.lines : reportLines(report, app.now(), width, signs.dot)));
	const height = bodyRows(app.size.rows);
	const items = itemsFor({ runs, ran }, height - notOver.length);
	// Where it is tight, the blank rows go first, then the question.
	const gap = top.length + items.length + 3 > height ? 0 : 1;
	const question = top.length + items.length + 1 > height ? 0 : 1;
	const kept = top.slice(0, Math.max(2, height - items.length - question - 2 * gap));
	return (
		<Frame
			title={card === undefined ? `${app.backend.version}` : `${card.name}${report === null ? '' : ` ${signs.dot} ${report.title}`}`}
			badge={card?.badge ?? null}
			{...(report === null
				? {}
				: {
						right: report.healthy
							? { text: `${signs.busy} healthy`, tone: 'good' as const }
							: { text: `${signs.warn} needs attention`, tone: 'warn' as const },
					})}
			hints={[
				[signs.arrows, 'move'],
				['enter', 'open'],
				...(cards.length > 1 ? ([['p', 'next profile']] as const) : []),
				...(seen?.isLocked ? ([['u', 'log in']] as const) : []),
				['?', 'help'],
				['q', 'quit'],
			]}
		>
			<Lines lines={kept} />
			{question > 0 && (
				<Box marginTop={gap} marginBottom={gap} flexShrink={0}>
					<Text bold>What do you want to do?</Text>
				</Box>
			)}
			<Menu items={items} onSelect={choose} {...(card === undefined ? { initial: 'practice' as const } : {})} />
		</Frame>
	);
}
