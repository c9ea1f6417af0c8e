import { Box } from 'ink';
import { useEffect, useState } from 'react';
import { fraction } from '../../core/progress.ts';
import type { StepState } from '../../core/state.ts';
import { indented, type Line, line, span } from '../../render/page.ts';
import { useApp } from '../app-context.ts';
import { Choice } from '../components/choice.tsx';
import { bodyRows, Frame, type Hint } from '../components/frame.tsx';
import { Lines } from '../components/lines.tsx';
import { Pane } from '../components/pane.tsx';
import { Text } from '../components/text.tsx';
import { useTick } from '../hooks/use-tick.ts';
import { useKeys } from '../keys.ts';
import { lagRows } from '../lag-rows.ts';
import { logRows } from '../log-rows.ts';
import { stateLine, transcriptRows } from '../run-rows.ts';
import { useTheme } from '../theme.ts';
import { WORDS } from '../words.ts';
import { badgeOf, type Shown, stageOf } from './run-header.ts';
import { Progressing } from './work-progress.tsx';

const WIDE = 110;

const PROGRESS_HINTS: readonly Hint[] = [
	['esc', 'back'],
	['?', 'help'],
];

const DIALOG_HINTS: readonly Hint[] = [
	['enter', 'choose'],
	['esc', 'keep going'],
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
function redLine({ state, stopping }: Shown['watched'], now: Date, room: Parameters<typeof stateLine>[2]): ReturnType<typeof stateLine> {
	if (stopping) return { text: WORDS.stopping, tone: 'warn' };
	if (state.phase === 'undoing') return { text: 'Rolling back what was changed', tone: 'warn' };
	return stateLine(state, now, room);
}

/** A run at work: its steps, how far the long one is, what it holds. */
export function Work({ watched, title }: Shown) {
	const app = useApp();
	const { signs, styles } = useTheme();
	const [pane, setPane] = useState<'statements' | 'log' | null>(null);
	const [asking, setAsking] = useState(false);
	const { state, stopping, stop, request, source } = watched;
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
	const stopWords = WORDS.stopWhy[request?.kind ?? 'backup'];
	const close = () => {
		if (asking) setAsking(false);
		else if (pane !== null) setPane(null);
		else if (looking) app.back();
		else app.flash(WORDS.howToLeave);
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
				return app.help('run', { why: current?.why, stop: undoing ? WORDS.puttingBack : stopWords });
		}
	});

	const red = redLine(watched, now, { dot: signs.dot, width: app.size.columns - 4 });
	const why = indented('', stopWords, app.size.columns - 2, 'dim');
	const dialog = asking && !stopping && !undoing ? 4 + why.length : 0;
	const height = bodyRows(app.size.rows, red !== null) - dialog;
	const width = app.size.columns - 2;
	const wide = app.size.columns >= WIDE;
	const left = wide ? Math.floor(width * 0.56) : width;
	const side = width - left - 3;
	const rows = orNothingYet(pane === 'log' ? logRows(state, signs) : transcriptRows(state, signs));
	const percent = current?.progress && !undoing ? fraction(current.progress) : null;
	const hints = (): readonly Hint[] => {
		if (dialog > 0) return [[signs.arrows, 'move'], ...DIALOG_HINTS];
		return looking ? PROGRESS_HINTS : workHints({ pane, undoing, leavable });
	};
	return (
		<Frame
			title={title}
			badge={badgeOf(app, request)}
			{...(percent === null ? {} : { right: { text: `${Math.floor(percent * 100)} %`, tone: 'bold' as const } })}
			{...stageOf(watched, looking ? 'Plan' : 'Run')}
			state={red}
			hints={hints()}
		>
			<Box height={height} flexShrink={0}>
				{pane !== null && !wide ? (
					<Pane key={pane} lines={rows} width={width} height={height} active={!asking} follow />
				) : (
					<Box flexDirection="column" width={left} height={height} overflow="hidden">
						<Progressing watched={watched} width={left} height={height} now={now} current={current} wide={wide} />
					</Box>
				)}
				{wide && (
					<Side
						watched={watched}
						current={current}
						title={pane === 'log' ? 'Log' : 'Statements and commands'}
						id={pane}
						lines={rows}
						width={side}
						height={height}
						now={now}
						active={!asking}
					/>
				)}
			</Box>
			{dialog > 0 && (
				<Box flexDirection="column" height={dialog} flexShrink={0}>
					<Text {...styles('dim')}>{signs.rule.repeat(width)}</Text>
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

/** The why of a step, never more than so many rows: the statements beside it matter more. `?` shows all of it. */
function whyRows(
	step: StepState,
	{ width, height, more }: { readonly width: number; readonly height: number; readonly more: string },
): Line[] {
	const rows = indented('', step.why, width, 'dim');
	const room = Math.max(1, height - 2);
	const cut = rows.length <= room ? rows : [...rows.slice(0, room - 1), line(span(`${more} ? all of it`, 'dim'))];
	return [[], line(span('Why this step', 'bold')), ...cut];
}

type SideProps = {
	readonly watched: Shown['watched'];
	readonly current: StepState | undefined;
	readonly title: string;
	readonly id: string | null;
	readonly lines: readonly Line[];
	readonly width: number;
	readonly height: number;
	readonly now: Date;
	readonly active: boolean;
};

/** The pane at the right: what is done first, then why, then how far the replica is behind. */
function Side({ watched, current, title, id, lines, width, height, now, active }: SideProps) {
	const { signs } = useTheme();
	const { lags } = watched.history;
	const graph = lags.length > 1 ? lagRows(lags, { now, width, height: Math.max(3, Math.min(8, Math.floor(height / 6))) }, signs) : [];
	const why = current === undefined ? [] : whyRows(current, { width, height: Math.floor(height / 4), more: signs.more });
	const below = why.length + (graph.length > 0 ? graph.length + 1 : 0);
	return (
		<Box flexDirection="column" width={width + 3} height={height} overflow="hidden" paddingLeft={3}>
			<Text bold>{title}</Text>
			<Pane key={id} lines={lines} width={width} height={Math.max(3, height - 1 - below)} active={active} follow />
			<Lines lines={why} />
			{graph.length > 0 && (
				<Box marginTop={1} flexShrink={0}>
					<Lines lines={graph} />
				</Box>
			)}
		</Box>
	);
}
