import { Box } from 'ink';
import { useEffect, useState } from 'react';
import { fraction } from '../../core/progress.ts';
import type { StepState } from '../../core/state.ts';
import { indented, type Line, line, span } from '../../render/page.ts';
import { widthOf } from '../../render/width.ts';
import { useApp } from '../app-context.ts';
import { Choice } from '../components/choice.tsx';
import { bodyRows, Frame } from '../components/frame.tsx';
import { broken, Lines } from '../components/lines.tsx';
import { Bar, Graph, spark } from '../components/meters.tsx';
import { Pane } from '../components/pane.tsx';
import { Text } from '../components/text.tsx';
import { useTick } from '../hooks/use-tick.ts';
import { useKeys } from '../keys.ts';
import { logRows } from '../log-rows.ts';
import { barLabel, progressRows, stateLine, stepRows, tableRows, transcriptRows } from '../run-rows.ts';
import { useTheme } from '../theme.ts';
import { WORDS } from '../words.ts';
import { badgeOf, type Shown, stageOf } from './run-header.ts';

const WIDE = 110;

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
	useKeys((key) => {
		if (key === 'esc') {
			if (asking) setAsking(false);
			else if (pane !== null) setPane(null);
			else if (looking) app.back();
		} else if (asking) return;
		else if (key === 'b' && leavable) app.background();
		else if (key === 's') setPane(pane === 'statements' ? null : 'statements');
		else if (key === 'l') setPane(pane === 'log' ? null : 'log');
		else if (key === '?' || key === 'f1') app.help('run', current?.why);
	});

	const red = stopping
		? { text: WORDS.stopping, tone: 'warn' as const }
		: undoing
			? { text: 'Rolling back what was changed', tone: 'warn' as const }
			: stateLine(state, now, signs.dot);
	const why = indented('', WORDS.stopWhy[request?.kind ?? 'backup'], app.size.columns - 2, 'dim');
	const dialog = asking && !stopping && !undoing ? 4 + why.length : 0;
	const height = bodyRows(app.size.rows, red !== null) - dialog;
	const width = app.size.columns - 2;
	const wide = app.size.columns >= WIDE;
	const left = wide ? Math.floor(width * 0.56) : width;
	const side = width - left - 3;
	const rows = pane === 'log' ? logRows(state, signs) : transcriptRows(state, signs);
	const percent = current?.progress && !undoing ? fraction(current.progress) : null;
	return (
		<Frame
			title={title}
			badge={badgeOf(app, request)}
			{...(percent === null ? {} : { right: { text: `${Math.floor(percent * 100)} %`, tone: 'bold' as const } })}
			{...stageOf(watched, looking ? 'Review' : 'Run')}
			state={red}
			hints={
				looking
					? [
							['esc', 'back'],
							['?', 'help'],
						]
					: [
							['l', 'log'],
							['s', 'SQL'],
							...(pane !== null ? ([['esc', 'close']] as const) : []),
							...(undoing ? [] : ([['ctrl+c', 'stop safely']] as const)),
							...(leavable ? ([['b', 'background']] as const) : []),
							['?', 'help'],
						]
			}
		>
			<Box height={height} flexShrink={0}>
				{pane !== null && !wide ? (
					<Pane
						key={pane}
						lines={rows.length > 0 ? rows : [line(span(WORDS.nothingYet, 'dim'))]}
						width={width}
						height={height}
						active={!asking}
						follow
					/>
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
							lines={rows.length > 0 ? rows : [line(span(WORDS.nothingYet, 'dim'))]}
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

function Progressing({ watched: { state }, history, current, width, height, now, wide }: ProgressingProps) {
	const { signs, look } = useTheme();
	const undoing = state.phase === 'undoing';
	// What is being put back has no way to go: its statements tell it.
	const progress = undoing ? null : (current?.progress ?? null);
	const block = progress === null ? 0 : 6;
	const warnings = state.notes
		.slice(-2)
		.flatMap(({ level, text }) =>
			indented(
				`${level === 'warning' ? signs.warn : signs.note} `,
				text,
				width,
				level === 'warning' ? 'plain' : 'dim',
				level === 'warning' ? 'warn' : 'dim',
			),
		)
		.slice(-4);
	const done = undoing
		? broken(transcriptRows({ ...state, transcript: state.transcript.filter((each) => each.undoing) }, signs), width)
		: [];
	const below = (warnings.length > 0 ? warnings.length + 1 : 0) + (done.length > 0 ? Math.min(done.length, 4) + 1 : 0);
	const steps = stepRows(
		state,
		now,
		Math.max(3, Math.min(state.steps.length, height - block - below - (progress === null ? 2 : 4))),
		width,
		signs,
	);
	const putBack = done.slice(-Math.max(1, height - steps.length - 1 - (warnings.length > 0 ? warnings.length + 1 : 0)));
	// Where it is tight, what is told to the person stays, and figures go.
	const details =
		progress === null
			? []
			: progressRows(progress, now, width, signs).slice(
					0,
					warnings.length > 0 ? Math.max(1, height - steps.length - 3 - below) : undefined,
				);
	const label = progress === null ? '' : barLabel(progress);
	const room =
		height - steps.length - 1 - (progress === null ? 0 : 1 + details.length + 1) - (warnings.length > 0 ? warnings.length + 1 : 0) - 1;
	const lags = history.lags;
	return (
		<>
			<Lines lines={steps} />
			{progress !== null && (
				<Box flexDirection="column" marginTop={1} flexShrink={0}>
					<Box>
						{fraction(progress) !== null && (
							<Box flexShrink={0} marginRight={2}>
								<Bar part={fraction(progress) ?? 0} width={Math.max(10, width - widthOf(label) - 3)} />
							</Box>
						)}
						<Text wrap="truncate">{label}</Text>
					</Box>
					<Lines lines={details} />
					{history.rates.length > 1 && (
						<Text wrap="truncate">
							<Text {...look('key')}>{spark(history.rates, Math.floor(width / 2) - 2, signs.spark)}</Text>
							{lags.length > 1 && !wide && <Text {...look('warn')}>{`   ${spark(lags, Math.floor(width / 2) - 12, signs.spark)}`}</Text>}
							{lags.length > 1 && !wide && <Text {...look('dim')}> lag</Text>}
						</Text>
					)}
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
