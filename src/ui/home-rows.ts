// What Home says of runs, and where it leads. Pure.
import type { RunCard } from '../app/wizard-backend.ts';
import { count, dayAndTime, type Symbols } from '../core/format.ts';
import type { ServerCard, ServerSeen } from '../core/status-report.ts';
import { runWords } from '../render/background.ts';
import { indented, type Line } from '../render/page.ts';
import type { MenuItem } from './components/menu.tsx';
import type { OpenRuns } from './hooks/use-open-runs.ts';
import type { RunGoal } from './screens/runs.tsx';

/** Where Home leads. */
export type Goal = RunGoal | 'runs' | 'backup' | 'provision' | 'folders' | 'status' | 'practice' | 'profiles';

const ITEMS: readonly MenuItem<Goal>[] = [
	{ value: 'backup', digit: 1, label: 'Back up now', about: 'locked dump, then replication continues' },
	{ value: 'provision', digit: 2, label: 'Set up a backup replica', about: 'account, settings, seed, start, check' },
	{ value: 'folders', digit: 3, label: 'Restore or verify', about: 'prove a backup, or load it somewhere safe' },
	{ value: 'status', digit: 4, label: 'Status', about: 'replication, lag, last backup, disk' },
	{ value: 'runs', digit: 5, label: 'Runs', about: '' },
	{ value: 'practice', digit: 6, label: 'Practice', about: 'lessons on two throwaway servers' },
	{ value: 'profiles', digit: 7, label: 'Profiles', about: 'servers and where their backups go' },
];

/** The state of the runs that a goal is about. */
export const STATE: { readonly [goal in RunGoal]: RunCard['state'] } = { watch: 'running', recover: 'interrupted', resume: 'unfinished' };

export const isRunGoal = (goal: Goal): goal is RunGoal => Object.hasOwn(STATE, goal);

/** Whether an interrupted run has left this server changed, by its name or its address. */
export function hasInterruptedRun(runs: readonly RunCard[], card: ServerCard, seen: ServerSeen | null): boolean {
	const names = [card.name, card.server, seen?.report?.name, seen?.report?.address];
	return runs.some(({ state, servers }) => state === STATE.recover && Object.values(servers).some((name) => names.includes(name)));
}

/** The newest run of each state, in a line: what was cut off first. */
export function runLines(runs: readonly RunCard[], now: Date, width: number, signs: Symbols): Line[] {
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

/** How many runs there are, and how many of them are not over. */
function countWords(all: number, runs: readonly RunCard[]): string {
	const some = (state: RunCard['state'], word: string) => {
		const { length } = runs.filter((each) => each.state === state);
		return length === 0 ? null : `${length} ${word}`;
	};
	const open = [some('running', 'at work'), some('interrupted', 'interrupted'), some('unfinished', 'unfinished')].filter(Boolean);
	return `${count(all)} on this machine${open.length === 0 ? '' : `: ${open.join(', ')}`}`;
}

/** The ways to runs that are not over, then the places; where that is too much for `room`, Runs leads to all but the first of those. */
export function itemsFor({ runs, ran }: OpenRuns, room: number): readonly MenuItem<Goal>[] {
	const places = ITEMS.flatMap((item) => {
		if (item.value !== 'runs') return [item];
		return ran === 0 ? [] : [{ ...item, about: countWords(ran, runs) }];
	});
	const open = runItems(runs);
	return [...(ran > 0 && open.length + places.length > room ? open.slice(0, 1) : open), ...places];
}
