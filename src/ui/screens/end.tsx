import { useState } from 'react';
import type { Failure } from '../../core/model.ts';
import type { RunEnd } from '../../core/runner.ts';
import { type Line, line, paint, span } from '../../render/page.ts';
import { summaryLines } from '../../render/summary.ts';
import { type App, useApp } from '../app-context.ts';
import { bodyRows, Frame, type Hint } from '../components/frame.tsx';
import { Lines } from '../components/lines.tsx';
import { NewFileForm } from '../components/new-file-form.tsx';
import { Pane } from '../components/pane.tsx';
import { useKeys } from '../keys.ts';
import { logRows } from '../log-rows.ts';
import type { NewFile } from '../new-file.ts';
import { transcriptRows } from '../run-rows.ts';
import { useTheme } from '../theme.ts';
import { WORDS } from '../words.ts';
import { nextLines, nextSteps } from './next-steps.ts';
import { badgeOf, type Shown, stageOf } from './run-header.ts';

const WRITING_HINTS: readonly Hint[] = [
	['enter', 'write'],
	['esc', 'write nothing'],
];
const EMPTY: Line = line(span('No statement was sent.', 'dim'));

const ADVICE = 'what to do about it';

/** What to do about a failure; where nothing is known, what it was. */
const adviceOf = (failure: Failure | null): string => (failure?.description.hints ?? [failure?.description.message ?? '']).join('\n');

/** The end of a run: the summary that stays in the terminal, or what went wrong. */
export function End({ watched, title, end }: Shown & { readonly end: RunEnd }) {
	const app = useApp();
	const { signs, ascii } = useTheme();
	const [view, setView] = useState<'summary' | 'statements' | 'log'>('summary');
	const [writing, setWriting] = useState<NewFile | null>(null);
	const [written, setWritten] = useState<string | null>(null);
	const { state, request, again } = watched;
	const good = end.outcome === 'done' || end.outcome === 'undone';
	const width = app.size.columns - 2;
	// A run whose process died, and that could not be rolled back from here: that screen asks for the password that was missing.
	const canRollBack = end.open && end.failure?.class === 'LeftChanged' && state.run !== null;
	const rollBack = async () => {
		const card = (await app.backend.runs()).find((each) => each.run === state.run && each.state === 'interrupted');
		if (card === undefined) app.flash(WORDS.nothingLeft);
		else onward.go({ at: 'recover', card });
	};
	const summary = summaryLines(end, state, { width, ascii });
	// What is left for another screen is come back to as it is: a run would begin anew.
	const onward: App = { ...app, go: (place) => app.go(place, { at: 'ended', watched: { ...watched, again: null }, title, end }) };
	const next = nextSteps(onward, request, end, state.run);
	const copied = next.flatMap(({ text }) => (text === undefined ? [] : [line('  ', span(text, 'key'))]));
	useKeys((key) => {
		const chosen = next.find((each) => each.key === key);
		if (chosen?.file !== undefined) setWriting(chosen.file);
		else chosen?.does();
	}, writing === null);
	useKeys((key) => {
		switch (key) {
			case 'enter':
				return app.home();
			case 'esc':
				return view === 'summary' ? app.home() : setView('summary');
			case 's':
				return setView(view === 'statements' ? 'summary' : 'statements');
			case 'l':
				return setView(view === 'log' ? 'summary' : 'log');
			case 'r':
				if (!good) again?.();
				return;
			case 'p':
				if (canRollBack) void rollBack();
				return;
			case 'y':
				return good ? app.copy(paint(summary, false), 'the summary') : app.copy(adviceOf(end.failure), ADVICE);
			case '?':
			case 'f1':
				return app.help('summary');
		}
	}, writing === null);
	// Always in sight, whatever else there is to read.
	const below = view === 'summary' ? nextLines(next) : [];
	const statements = transcriptRows(state, signs);
	const lines = () => {
		if (view === 'summary')
			return [...summary, ...copied, ...(written === null ? [] : [line(span(`  ${signs.ok} `, 'good'), `written: ${written}`)])];
		if (view === 'log') return logRows(state, signs);
		return statements.length > 0 ? statements : [EMPTY];
	};
	const leaveWords = app.alone ? 'quit' : 'home';
	const leaveHints: readonly Hint[] =
		view === 'summary'
			? [['enter esc', leaveWords]]
			: [
					['enter', leaveWords],
					['esc', 'summary'],
				];
	const hints: readonly Hint[] = [
		...leaveHints,
		...(good || again === null ? [] : ([['r', 'try again']] as const)),
		...(canRollBack ? ([['p', 'roll back']] as const) : []),
		['s', 'SQL'],
		['l', 'log'],
		['y', 'copy'],
		['q', 'quit'],
		['?', 'help'],
	];
	return (
		<Frame
			title={title}
			badge={badgeOf(app, request)}
			{...(good ? stageOf(watched, 'Summary') : { right: { text: `${signs.bad} ${end.outcome}`, tone: 'bad' as const } })}
			hints={writing === null ? hints : WRITING_HINTS}
		>
			{writing === null ? (
				<>
					<Pane key={view} lines={lines()} width={width} height={bodyRows(app.size.rows) - below.length} />
					<Lines lines={below} />
				</>
			) : (
				<NewFileForm
					file={writing}
					width={width}
					height={bodyRows(app.size.rows)}
					onWritten={(path) => {
						setWriting(null);
						setWritten(path);
						app.flash(`${signs.ok} written: ${path}`);
					}}
					onLeave={() => setWriting(null)}
				/>
			)}
		</Frame>
	);
}
