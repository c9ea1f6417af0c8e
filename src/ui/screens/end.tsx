import { useState } from 'react';
import type { RunEnd } from '../../core/runner.ts';
import { type Line, line, paint, span } from '../../render/page.ts';
import { summaryLines } from '../../render/summary.ts';
import { useApp } from '../app-context.ts';
import { bodyRows, Frame } from '../components/frame.tsx';
import { Pane } from '../components/pane.tsx';
import { useKeys } from '../keys.ts';
import { logRows } from '../log-rows.ts';
import { transcriptRows } from '../run-rows.ts';
import { useTheme } from '../theme.ts';
import { WORDS } from '../words.ts';
import { badgeOf, type Shown, stageOf } from './run-header.ts';

const EMPTY: Line = line(span('No statement was sent.', 'dim'));

/** The end of a run: the summary that stays in the terminal, or what went wrong. */
export function End({ watched, title, end }: Shown & { readonly end: RunEnd }) {
	const app = useApp();
	const { signs, ascii } = useTheme();
	const [view, setView] = useState<'summary' | 'statements' | 'log'>('summary');
	const { state, request, again } = watched;
	const good = end.outcome === 'done' || end.outcome === 'undone';
	const width = app.size.columns - 2;
	// A run whose process died, and that could not be rolled back from here: that screen asks for the password that was missing.
	const canRollBack = end.open && end.failure?.class === 'LeftChanged' && state.run !== null;
	const rollBack = async () => {
		const card = (await app.desk.runs()).find((each) => each.run === state.run && each.state === 'cut off');
		if (card === undefined) app.flash(WORDS.nothingLeft);
		else app.go({ at: 'recover', card });
	};
	const summary = summaryLines(end, state, { width, ascii });
	useKeys((key) => {
		if (key === 'q') app.quit();
		else if (key === 'enter') app.home();
		else if (key === 'esc') {
			if (view === 'summary') app.home();
			else setView('summary');
		} else if (key === 's') setView(view === 'statements' ? 'summary' : 'statements');
		else if (key === 'l') setView(view === 'log' ? 'summary' : 'log');
		else if (key === 'r' && !good) again?.();
		else if (key === 'p' && canRollBack) void rollBack();
		else if (key === 'y')
			app.copy(good ? paint(summary, false) : (end.failure?.description.hints ?? [end.failure?.description.message ?? '']).join('\n'));
		else if (key === '?' || key === 'f1') app.help('summary');
	});
	const statements = transcriptRows(state, signs);
	return (
		<Frame
			title={title}
			badge={badgeOf(app, request)}
			{...(good ? stageOf(watched, 'Summary') : { right: { text: `${signs.bad} ${end.outcome}`, tone: 'bad' as const } })}
			hints={[
				...(app.alone ? [] : ([['enter', 'home']] as const)),
				...(good || again === null ? [] : ([['r', 'try again']] as const)),
				...(canRollBack ? ([['p', 'roll back']] as const) : []),
				['s', 'SQL'],
				['l', 'log'],
				['y', 'copy'],
				['q', 'quit'],
				['?', 'help'],
			]}
		>
			<Pane
				key={view}
				lines={view === 'summary' ? summary : view === 'log' ? logRows(state, signs) : statements.length > 0 ? statements : [EMPTY]}
				width={width}
				height={bodyRows(app.size.rows)}
			/>
		</Frame>
	);
}
