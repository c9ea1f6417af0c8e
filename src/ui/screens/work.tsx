import { Box } from 'ink';
import { useEffect, useState } from 'react';
import type { Symbols } from '../../core/format.ts';
import { fraction } from '../../core/progress.ts';
import type { RunState, StepState } from '../../core/state.ts';
import { indented, type Line, line, span } from '../../render/page.ts';
import { useApp } from '../app-context.ts';
import { Choice } from '../components/choice.tsx';
import { bodyRows, Frame, type Hint } from '../components/frame.tsx';
import { broken, Lines } from '../components/lines.tsx';
import { Graph, Meter, spark } from '../components/meters.tsx';
import { Pane } from '../components/pane.tsx';
import { Text } from '../components/text.tsx';
import { useTick } from '../hooks/use-tick.ts';
import { useKeys } from '../keys.ts';
import { logRows } from '../log-rows.ts';
import { progressRows, stateLine, stepRows, tableRows, transcriptRows } from '../run-rows.ts';
import { useTheme } from '../theme.ts';
import { WORDS } from '../words.ts';
import { badgeOf, type Shown, stageOf } from './run-header.ts';

const WIDE = 110;

const LOOKING_HINTS: readonly Hint[] = [
	['esc', 'back'],
	['?', 'help'],
];

type HintsFor = { readonly pane: string | null; readonly undoing: boolean; readonly leavable: boolean };

const workHints = ({ pane, undoing, leavable }: HintsFor): readonly Hint[] => [
	['l', 'log'],
	['s', 'SQL'],
	...(pane !== null ? ([['esc', 'close']] as const) : []),
	...(undoing ? [] : ([['ctrl+c', 'stop safely']] as const)),
	...(leavable ? ([['b', 'background']] as const) : []),
	['?', 'help'],
];

const orNothingYet = (rows: Line[]): Line[] => (rows.length > 0 ? rows : [line(span(WORDS.nothingYet, 'dim'))]);

/** What matters now: that it stops, that it puts back, what it holds. */
function redLine({ state, stopping }: Shown['watched'], now: Date, dot: string): ReturnType<typeof stateLine> {
	if (stopping) return { text: WORDS.stopping, tone: 'warn' };
	if (state.phase === 'undoing') return { text: 'Rolling back what was changed', tone: 'warn' };
	return stateLine(state, now, dot);
}

/** A run at work: its steps, how far the long one is, what it holds. */
export function Work({ watched, title }: Shown) {
	const app = useApp();
	const { signs, look } = useTheme();
	const [pane, setPane] = useState<'statements' | 'log' | null>(null);
	const [asking, setAsking] = useState(false);
	const { state, history, stopping, stop, request, source } = watched;
	useTick(500);
	// Before it has begun to change anything it is declined, not left; what is put back here is soon done.
	const leavable = (state.phase === 'running' || state.phase === 'undoing') && source !== 'recover';
	const now = app.now();
	const current: StepState | undefined = state.steps.find((step) => step.id === state.current);
	const looking = state.phase === 'looking' || state.phase === 'review';
	const undoing = state.phase === 'undoing';

	useEffect(() => {
		app.onInterrupt.current = () => {
			if (stopping) app.flash(WORDS.stopping);
			else if (undoing) app.flash(WORDS.puttingBack);
			else setAsking(true);
		};
		return () => {
			app.onInterrupt.current = null;
		};
	}, [app, stopping, undoing]);
	const close = () => {
		if (asking) setAsking(false);
		else if (pane !== null) setPane(null);
		else if (looking) app.back();
	};
	useKeys((key) => {
		if (key === 'esc') return close();
		if (asking) return;
		switch (key) {
			case 'b':
				if (leavable) app.background();
				return;
			case 's':
				return setPane(pane === 'statements' ? null : 'statements');
			case 'l':
				return setPane(pane === 'log' ? null : 'log');
			case '?':
			case 'f1':
				return app.help('run', current?.why);
		}
	});

	const red = redLine(watched, now, signs.dot);
	const why = indented('', WORDS.stopWhy[request?.kind ?? 'backup'], app.size.columns - 2, 'dim');
	const dialog = asking && !stopping && !undoing ? 4 + why.length : 0;
	const height = bodyRows(app.size.rows, red !== null) - dialog;
	const width = app.size.columns - 2;
	const wide = app.size.columns >= WIDE;
	const left = wide ? Math.floor(width * 0.56) : width;
	const side = width - left - 3;
	const rows = orNothingYet(pane === 'log' ? logRows(state, signs) : transcriptRows(state, signs));
	const percent = current?.progress && !undoing ? fraction(current.progress) : null;
	return (
		<Frame
			title={title}
			badge={badgeOf(app, request)}
			{...(percent === null ? {} : { right: { text: `${Math.floor(percent * 100)} %`, tone: 'bold' as const } })}
			{...stageOf(watched, looking ? 'Review' : 'Run')}
			state={red}
			hints={looking ? LOOKING_HINTS : workHints({ pane, undoing, leavable })}
		>
			<Box height={height} flexShrink={0}>
				{pane !== null && !wide ? (
					<Pane key={pane} lines={rows} width={width} height={height} active={!asking} follow />
				) : (
					<Box flexDirection="column" width={left} height={height} overflow="hidden">
						<Progressing watched={watched} width={left} height={height} now={now} history={history} current={current} wide={wide} />
					</Box>
				)}
				{wide && (
					<Box flexDirection="column" width={side + 3} height={height} overflow="hidden" paddingLeft={3}>
						<Text bold>{pane === 'log' ? 'Log' : 'Statements and commands'}</Text>
						<Pane
							key={pane}
							lines={rows}
							width={side}
							height={Math.max(3, height - 1 - sideRows(history.lags.length, current, side))}
							active={!asking}
							follow
						/>
						{current !== undefined && <Lines lines={whyRows(current, side)} />}
						{history.lags.length > 1 && (
							<Box marginTop={1} flexShrink={0}>
								<Graph values={history.lags} width={side} height={4} label={(top) => `Lag, at most ${top} s`} />
							</Box>
						)}
					</Box>
				)}
			</Box>
			{dialog > 0 && (
				<Box flexDirection="column" height={dialog} flexShrink={0}>
					<Text {...look('dim')}>{signs.rule.repeat(width)}</Text>
					<Text bold>Stop this run?</Text>
					<Lines lines={why} />
					<Choice
						options={[
							{ value: false, label: WORDS.keepGoing },
							{ value: true, label: WORDS.stopSafely, tone: 'warn' },
						]}
						onChoose={(yes) => {
							setAsking(false);
							if (yes) stop();
						}}
					/>
				</Box>
			)}
		</Frame>
	);
}

const whyRows = (step: StepState, width: number): Line[] => [
	[],
	line(span('Why this step', 'bold')),
	...indented('', step.why, width, 'dim'),
];
const sideRows = (lags: number, step: StepState | undefined, width: number): number =>
	(step === undefined ? 0 : whyRows(step, width).length) + (lags > 1 ? 6 : 0);

type ProgressingProps = {
	readonly watched: Shown['watched'];
	readonly history: Shown['watched']['history'];
	readonly current: StepState | undefined;
	readonly width: number;
	readonly height: number;
	readonly now: Date;
	readonly wide: boolean;
};

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

function Progressing({ watched: { state }, history, current, width, height, now, wide }: ProgressingProps) {
	const { signs, look } = useTheme();
	const undoing = state.phase === 'undoing';
	// What is being put back has no way to go: its statements tell it.
	const progress = undoing ? null : (current?.progress ?? null);
	const block = progress === null ? 0 : 6;
	const warnings = noteRows(state, width, signs);
	const warned = warnings.length > 0 ? warnings.length + 1 : 0;
	const done = undoing
		? broken(transcriptRows({ ...state, transcript: state.transcript.filter((each) => each.undoing) }, signs), width)
		: [];
	const below = warned + (done.length > 0 ? Math.min(done.length, 4) + 1 : 0);
	const stepsHeight = Math.max(3, Math.min(state.steps.length, height - block - below - (progress === null ? 2 : 4)));
	const steps = stepRows(state, now, { height: stepsHeight, width }, signs);
	const putBack = done.slice(-Math.max(1, height - steps.length - 1 - warned));
	// Where it is tight, what is told to the person stays, and figures go.
	const details =
		progress === null
			? []
			: progressRows(progress, now, width, signs).slice(
					0,
					warnings.length > 0 ? Math.max(1, height - steps.length - 3 - below) : undefined,
				);
	const room = height - steps.length - 1 - (progress === null ? 0 : 1 + details.length + 1) - warned - 1;
	return (
		<>
			<Lines lines={steps} />
			{progress !== null && (
				<Box flexDirection="column" marginTop={1} flexShrink={0}>
					<Meter progress={progress} width={width} />
					<Lines lines={details} />
					{history.rates.length > 1 && <Sparks history={history} width={width} wide={wide} />}
				</Box>
			)}
			{progress !== null && room > 1 && (
				<Box marginTop={1} flexShrink={0}>
					<Lines lines={tableRows(history, progress, Math.min(room - 1, 12), signs)} />
				</Box>
			)}
			{putBack.length > 0 && (
				<Box marginTop={1} flexShrink={0}>
					<Lines lines={putBack} />
				</Box>
			)}
			{warnings.length > 0 && (
				<Box marginTop={1} flexShrink={0}>
					<Lines lines={warnings} />
				</Box>
			)}
			{progress === null && state.phase === 'looking' && (
				<Box marginTop={1}>
					<Text {...look('dim')}>{WORDS.lookOnly}</Text>
				</Box>
			)}
		</>
	);
}

/** The rate of late, and the lag where no graph shows it. */
function Sparks({ history: { rates, lags }, width, wide }: Pick<ProgressingProps, 'history' | 'width' | 'wide'>) {
	const { signs, look } = useTheme();
	return (
		<Text wrap="truncate">
			<Text {...look('key')}>{spark(rates, Math.floor(width / 2) - 2, signs.spark)}</Text>
			{lags.length > 1 && !wide && <Text {...look('warn')}>{`   ${spark(lags, Math.floor(width / 2) - 12, signs.spark)}`}</Text>}
			{lags.length > 1 && !wide && <Text {...look('dim')}> lag</Text>}
		</Text>
	);
}
