import { bytes, dayAndTime, duration, plural, type Symbols, symbols } from '../core/format.ts';
import type { RunEntry, RunStatus } from '../core/run-entry.ts';
import type { RunEnd } from '../core/runner.ts';
import { shellWord } from '../core/shell.ts';
import type { RunState, TranscriptLine } from '../core/state.ts';
import { aboutOf, runWords } from './background.ts';
import { indented, type Line, line, paint, span, type Tone } from './page.ts';
import { summaryLines } from './summary.ts';
import { pad } from './width.ts';

type Styles = { readonly width: number; readonly ascii?: boolean };
type Partial = { readonly path: string; readonly bytes: number; readonly run: string | null; readonly isInUse: boolean };
type NextStep = { readonly goal: 'watch' | 'resume' | 'recover' | 'undo'; readonly command: string };

const OUTCOMES: { readonly [outcome in NonNullable<RunEntry['outcome']>]: string } = {
	done: 'done',
	previewed: 'previewed',
	declined: 'declined: nothing was changed',
	failed: 'failed',
	stopped: 'stopped',
	undone: 'undone',
};

/** How a run stands, in a few words. */
export function stateWords({ state, outcome, steps, resumed_by: later }: RunEntry): string {
	const complete = `${steps.done} of ${plural(steps.of, 'step')} complete`;
	switch (state) {
		case 'running':
			return `running, ${complete}`;
		case 'interrupted':
			return 'interrupted: its process died, and not all it changed is rolled back';
		case 'unfinished':
			return `unfinished, ${complete}`;
		case 'finished':
			if (later !== null) return `resumed by ${later}`;
			return outcome === null ? 'ended before it changed anything' : OUTCOMES[outcome];
	}
}

function signOf({ state, outcome, resumed_by: later }: RunEntry, signs: Symbols): readonly [string, Tone] {
	if (state === 'running') return [signs.at, 'key'];
	if (state === 'interrupted' || state === 'unfinished') return [signs.warn, 'warn'];
	if (later !== null || outcome === null || outcome === 'declined') return [signs.note, 'dim'];
	if (outcome === 'failed') return [signs.bad, 'bad'];
	return outcome === 'done' ? [signs.ok, 'good'] : [signs.undone, 'dim'];
}

/** `Set up a backup replica on db3, primary db1`: what it is, and on which servers. */
export function runTitle({ title, servers }: Pick<RunEntry, 'title' | 'servers'>): string {
	const about = aboutOf(servers);
	const others = Object.entries(servers).filter(([, name]) => name !== about && !title.includes(name) && !about.includes(name));
	return [runWords(title, servers), ...others.map(([role, name]) => `${role} ${name}`)].join(', ');
}

function sizes({ bytes: stored, raw_bytes: raw }: RunEntry): string | null {
	if (raw === null) return stored === null ? null : bytes(stored);
	return stored === null ? bytes(raw) : `${bytes(raw)} -> ${bytes(stored)}`;
}

function figures(entry: RunEntry): string {
	const { started, ms, lock_ms: held, state } = entry;
	return [
		dayAndTime(started),
		ms === null ? null : `${state === 'running' ? 'for' : 'took'} ${duration(ms)}`,
		held === null ? null : `lock held ${duration(held)}`,
		sizes(entry),
	]
		.filter((part) => part !== null)
		.join(', ');
}

/** A run in a list. */
export function runCardLines(entry: RunEntry, { width, ascii = false }: Styles): Line[] {
	const signs = symbols(ascii);
	const [sign, tone] = signOf(entry, signs);
	return [
		...indented(span(`${sign} `, tone), runTitle(entry), width, 'bold'),
		...indented('  ', `${stateWords(entry)}; ${figures(entry)}`, width, tone === 'warn' ? 'plain' : 'dim'),
	];
}

/** The folders of backups that were not completed, with what they take. */
export function partialLines(partials: readonly Partial[], { width, ascii = false }: Styles): Line[] {
	if (partials.length === 0) return [];
	const signs = symbols(ascii);
	const all = bytes(partials.reduce((sum, partial) => sum + partial.bytes, 0));
	return [
		line(span(`${plural(partials.length, 'incomplete backup')}, ${all} on disk`, 'bold')),
		...partials.flatMap(({ path, bytes: size, run, isInUse }): Line[] => [
			...indented(span(`${isInUse ? signs.at : signs.note} `, isInUse ? 'key' : 'dim'), `${path}  ${bytes(size)}`, width),
			...indented('  ', isInUse ? 'a backup is at work there' : `left by ${run ?? 'a run that this machine does not know'}`, width, 'dim'),
		]),
	];
}

/** Of the removal of one. */
export const partialWords = ({ path, bytes: size }: Pick<Partial, 'path' | 'bytes'>): string => `${path} (${bytes(size)})`;

interface RunList {
	readonly entries: readonly RunEntry[];
	readonly partials: readonly Partial[];
	/** Runs that a newer lockstep did. */
	readonly newer: readonly string[];
}

const HEADINGS: { readonly [state in RunStatus]: string } = {
	running: 'At work',
	interrupted: 'Interrupted',
	unfinished: 'Unfinished',
	finished: 'Finished',
};

/** `lockstep runs`. */
function runsLines({ entries, partials, newer }: RunList, styles: Styles): Line[] {
	if (entries.length + partials.length + newer.length === 0) return [line('No runs on this machine yet.')];
	const lines: Line[] = [];
	for (const [state, heading] of Object.entries(HEADINGS)) {
		const found = entries.filter((entry) => entry.state === state);
		if (found.length === 0) continue;
		lines.push(line(span(heading, 'bold')));
		for (const entry of found) lines.push(...runCardLines(entry, styles), line('  ', span(entry.run, 'key')));
		lines.push([]);
	}
	if (newer.length > 0) lines.push(line(`By a newer lockstep: ${newer.join(', ')}`), []);
	const left = partialLines(partials, styles);
	if (left.length > 0) lines.push(...left, []);
	const removable = partials.find(({ run, isInUse }) => run !== null && !isInUse);
	const next = [
		...(entries[0] === undefined ? [] : [`lockstep runs ${entries[0].run}`]),
		...(removable === undefined ? [] : [`lockstep runs --remove-partial ${shellWord(removable.path)}`]),
	];
	return [...lines, ...next.map((command, index) => line(span(index === 0 ? 'Next:  ' : '       ', 'dim'), span(command, 'key')))];
}

const GOALS: { readonly [goal in NextStep['goal']]: string } = {
	watch: 'Watch it, or stop it safely',
	resume: 'Resume it',
	recover: 'Roll back what must not stay',
	undo: 'Undo all that it changed',
};

const STATUS: { readonly [status in TranscriptLine['status']]: string } = {
	running: '  (its end is not known)',
	done: '',
	failed: '  (failed)',
	discarded: '  (given up)',
};

/** What was sent to servers and done on this machine, whole and unbroken. */
function statementLines({ transcript, servers }: RunState): Line[] {
	if (transcript.length === 0) return [line(span('  No statement was sent.', 'dim'))];
	return transcript.flatMap(({ action, undoing, status }): Line[] => [
		line(span(`  ${servers[action.on] ?? action.on}: ${undoing ? 'rolled back: ' : ''}${action.why}${STATUS[status]}`, 'dim')),
		...action.text.split('\n').map((text) => line(`    ${text}`)),
	]);
}

interface Details {
	readonly entry: RunEntry;
	readonly state: RunState;
	readonly end: RunEnd | null;
	readonly next: readonly NextStep[];
	readonly partial: string | null;
}

/** What a run is, how it ended, and what it left: without its statements. */
export function runFactLines({ entry, state, end, partial }: Omit<Details, 'next'>, styles: Styles): Line[] {
	const { width } = styles;
	const row = (label: string, text: string | null) => (text === null ? [] : indented(span(`  ${pad(label, 9)} `, 'dim'), text, width));
	const signs = symbols(styles.ascii ?? false);
	const [sign, tone] = signOf(entry, signs);
	return [
		...indented(span(`${sign} `, tone), runTitle(entry), width, 'bold'),
		...row('State', stateWords(entry)),
		...row('Began', dayAndTime(entry.started)),
		...row('Took', entry.ms === null ? null : duration(entry.ms)),
		...row('Lock', entry.lock_ms === null ? null : `held ${duration(entry.lock_ms)}`),
		...row('Size', sizes(entry)),
		...row('Run', entry.run),
		...row('Left', partial === null ? null : `incomplete backup: ${partial}`),
		...(end === null ? [] : [[], ...summaryLines(end, state, { ...styles, isEarlier: true })]),
	];
}

/** `lockstep runs RUN`. */
function runLines(details: Details, styles: Styles): Line[] {
	const { state, next, partial } = details;
	const removal = partial === null || details.entry.state === 'running' ? [] : [`lockstep runs --remove-partial ${shellWord(partial)}`];
	const lines: Line[] = [...runFactLines(details, styles), [], line(span('Statements and commands', 'bold')), ...statementLines(state)];
	if (next.length + removal.length === 0) return lines;
	lines.push([], line(span('Next', 'bold')));
	const steps = [...next.map(({ goal, command }) => [GOALS[goal], command]), ...removal.map((each) => ['Remove the folder', each])];
	for (const [label = '', command = ''] of steps) lines.push(line(span(`  ${pad(label, 30)}`, 'dim'), span(command, 'key')));
	return lines;
}

type Painted = Styles & { readonly color: boolean };
export const renderRuns = (list: RunList, { color, ...styles }: Painted): string => paint(runsLines(list, styles), color);
export const renderRun = (details: Details, { color, ...styles }: Painted): string => paint(runLines(details, styles), color);
