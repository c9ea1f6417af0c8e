import { Box } from 'ink';
import { useState } from 'react';
import type { Symbols } from '../../core/format.ts';
import type { Progress } from '../../core/progress.ts';
import type { RunState, StepState } from '../../core/state.ts';
import { indented, type Line, span } from '../../render/page.ts';
import { broken, Lines } from '../components/lines.tsx';
import { Meter, spark } from '../components/meters.tsx';
import { Text } from '../components/text.tsx';
import type { History } from '../history.ts';
import { lagRows } from '../lag-rows.ts';
import { progressRows, stepRows, transcriptRows } from '../run-rows.ts';
import { tableRows } from '../table-rows.ts';
import { useTheme } from '../theme.ts';
import { waitRow } from '../wait-row.ts';
import { WORDS } from '../words.ts';
import { type Shown, serversOf } from './run-header.ts';

type ProgressingProps = {
	readonly watched: Shown['watched'];
	readonly current: StepState | undefined;
	readonly width: number;
	readonly height: number;
	readonly now: Date;
	/** Whether a pane beside it shows the lag. */
	readonly wide: boolean;
};

const STEPS_LEAST = 3;
/** Below it, as beside a dialog in a small terminal, the bar and its figures stand alone. */
const STEPS_FROM = STEPS_LEAST + 3;
/** Below it blank lines and the figures that matter less go. */
const TIGHT = 14;
/** From here on a narrow screen has room for the lag over time. */
const GRAPH_FROM = 18;
/** Rows of a list of tables that the steps leave it, where there are so many. */
const LIST_LEAST = 4;

/** The last notes of the run, in a few rows. */
function noteRows(state: RunState, width: number, signs: Symbols): Line[] {
	return state.notes
		.slice(-2)
		.flatMap(({ level, text }) =>
			level === 'warning'
				? indented(span(`${signs.warn} `, 'warn'), text, width)
				: indented(span(`${signs.note} `, 'dim'), text, width, 'dim'),
		)
		.slice(-4);
}

/** What is rolled back, as statements: it has no way to go that could be measured. */
const undoneRows = (state: RunState, width: number, signs: Symbols): Line[] =>
	state.phase === 'undoing'
		? broken(transcriptRows({ ...state, transcript: state.transcript.filter((each) => each.undoing) }, signs), width)
		: [];

/** The lag over time below the figures, where no pane shows it. */
function graphRows(history: History, { now, width, height, wide }: ProgressingProps, signs: Symbols): Line[] {
	const isBehind = history.lags.some(({ lag }) => lag > 0);
	return wide || height < GRAPH_FROM || !isBehind ? [] : lagRows(history.lags, { now, width, height: 1 }, signs);
}

/** How many rows of a list of tables are worth more than another step. */
function listWanted({ workers = [], finished = [], next = [] }: Progress): number {
	const all = workers.length + finished.length + next.length;
	return workers.length === 0 && finished.length === 0 ? 0 : Math.min(all, Math.max(LIST_LEAST, Math.min(workers.length, 2 * LIST_LEAST)));
}

const blockOf = (rows: number, gap: number): number => (rows > 0 ? rows + gap : 0);

/** The steps of a run, and how far the one in hand is. */
export function Progressing(props: ProgressingProps) {
	const { watched, current, width, height, now } = props;
	const { state, history } = watched;
	const { signs, styles } = useTheme();
	const progress = state.phase === 'undoing' ? null : (current?.progress ?? null);
	const [since] = useState(() => now.getTime());
	const to = watched.request === null ? [] : serversOf(watched.request);
	const wait = waitRow({ state, current, connecting: { to, since }, now }, width, signs);
	const isTight = height < TIGHT;
	const gap = isTight ? 0 : 1;
	const warnings = noteRows(state, width, signs);
	const done = undoneRows(state, width, signs);
	const graph = progress === null ? [] : graphRows(history, props, signs);
	const list = progress === null ? 0 : listWanted(progress);
	// Where it is tight, what is told to the person stays, and figures go.
	const hasSteps = progress === null || height >= STEPS_FROM;
	const spare = height - (hasSteps ? STEPS_LEAST : 0) - 1 - Number(wait !== null) - blockOf(list, gap) - blockOf(warnings.length, 1);
	const details = progress === null ? [] : progressRows(progress, now, width, signs).slice(0, isTight ? Math.max(1, spare) : 4);
	const hasRates = progress !== null && !isTight && history.rates.length > 1;
	const figures = progress === null ? 0 : gap + 1 + details.length + Number(hasRates);
	const fixed = Number(wait !== null) + figures + blockOf(graph.length, gap) + blockOf(warnings.length, 1);
	const wanted = height - fixed - blockOf(list, gap) - blockOf(Math.min(done.length, 4), 1);
	const stepsHeight = Math.max(STEPS_LEAST, Math.min(state.steps.length, wanted));
	const steps = hasSteps ? stepRows(state, now, { height: stepsHeight, width }, signs) : [];
	const room = height - steps.length - fixed;
	const tables = progress === null ? [] : tableRows(progress, { width, height: room - gap }, signs);
	const undone = done.slice(-Math.max(1, room - 1));
	return (
		<>
			<Lines lines={wait === null ? steps : [...steps, wait]} />
			{progress !== null && (
				<Box flexDirection="column" marginTop={gap} flexShrink={0}>
					<Meter progress={progress} width={width} />
					<Lines lines={details} />
					{hasRates && (
						<Text {...styles('key')} wrap="truncate">
							{spark(history.rates, width, signs.spark)}
						</Text>
					)}
				</Box>
			)}
			{[
				{ id: 'tables', lines: tables, margin: gap },
				{ id: 'lag', lines: graph, margin: gap },
				{ id: 'undone', lines: undone, margin: 1 },
				{ id: 'notes', lines: warnings, margin: 1 },
			].map(
				({ id, lines, margin }) =>
					lines.length > 0 && (
						<Box key={id} marginTop={margin} flexShrink={0}>
							<Lines lines={lines} />
						</Box>
					),
			)}
			{progress === null && state.phase === 'looking' && (
				<Box marginTop={1}>
					<Text {...styles('dim')}>{WORDS.readOnly}</Text>
				</Box>
			)}
		</>
	);
}
