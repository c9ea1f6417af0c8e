import { Box } from 'ink';
import { useEffect, useState } from 'react';
import type { BackupCard, Verified } from '../../core/backups.ts';
import { clock, type Symbols } from '../../core/format.ts';
import { fraction } from '../../core/progress.ts';
import { verifiedLines } from '../../render/backups.ts';
import { failureLines } from '../../render/failure.ts';
import { indented, type Line, line, paint, span } from '../../render/page.ts';
import { type App, useApp } from '../app-context.ts';
import { bodyRows, Frame, type FrameProps } from '../components/frame.tsx';
import { broken, Lines } from '../components/lines.tsx';
import { Meter } from '../components/meters.tsx';
import { Pane } from '../components/pane.tsx';
import { type Task, useTask } from '../hooks/use-task.ts';
import { useTick } from '../hooks/use-tick.ts';
import { useKeys } from '../keys.ts';
import { progressRows } from '../run-rows.ts';
import { useTheme } from '../theme.ts';
import { afterVerify, nextLines } from './next-steps.ts';

const STOPPED = 'The backup was not read to its end: nothing is proven.';
const STOPPING = 'Stopping: no more is read.';

/** Reads all of a backup, anew at each asking. */
export function Verify({ card, done }: { readonly card: BackupCard; readonly done?: Task<Verified> }) {
	const [round, setRound] = useState(0);
	const again = () => setRound(round + 1);
	if (done !== undefined && round === 0) return <Reading card={card} task={done} again={again} />;
	return <FreshReading key={round} card={card} again={again} />;
}

function FreshReading({ card, again }: Pick<ReadingProps, 'card' | 'again'>) {
	const app = useApp();
	const task = useTask(app.session, (listener, signal) => app.backend.verify(card.path, listener, signal), STOPPED);
	return <Reading card={card} task={task} again={again} />;
}

type ReadingProps = { readonly card: BackupCard; readonly task: Task<Verified>; readonly again: () => void };

/** How a reading that is over ended. */
function verdictOf({ phase, failure }: Task<unknown>, signs: Symbols): NonNullable<FrameProps['right']> {
	if (phase === 'done') return { text: `${signs.ok} proven`, tone: 'good' };
	return failure?.class === 'Stopped' ? { text: `${signs.warn} stopped`, tone: 'warn' } : { text: `${signs.bad} failed`, tone: 'bad' };
}

function Reading({ card, task, again }: ReadingProps) {
	const app = useApp();
	const { ascii, signs } = useTheme();
	const [began] = useState(app.now());
	const { phase, failure, progress, stop } = task;
	const working = phase === 'working' || phase === 'stopping';
	useEffect(() => {
		const interrupt = phase === 'stopping' ? () => app.flash(STOPPING) : stop;
		app.onInterrupt.current = working ? interrupt : null;
		return () => {
			app.onInterrupt.current = null;
		};
	}, [app, phase, working, stop]);
	const width = app.size.columns - 2;
	const height = bodyRows(app.size.rows, phase === 'stopping');
	const percent = progress === null ? null : fraction(progress);
	const known = failure !== null && failure.left.length === 0 && failure.class !== 'Bug';
	const lines = (): readonly Line[] => {
		if (task.result !== null)
			return verifiedLines(task.result.folder, task.result.record, task.result.notes, { width, ascii, hasNext: false });
		if (failure === null) return [];
		return failureLines(failure, { width, ascii, ...(known ? { state: 'As before: verify only reads.' } : {}) });
	};
	const intro = [line(span('Reading every file of it, to its last byte', 'bold')), line(span(card.path, 'dim'))];
	// Come back to as it is: it would all be read anew.
	const onward: App = { ...app, go: (place) => app.go(place, { at: 'verify', card, done: task }) };
	// A reading that was stopped says nothing of the backup.
	const next = working || failure?.class === 'Stopped' ? [] : afterVerify(onward, card, task.result !== null);
	const below = nextLines(next);
	useKeys((key) => next.find((each) => each.key === key)?.does());
	useKeys((key) => {
		if (key === '?' || key === 'f1') app.help('verify');
		else if (working) {
			if (key === 'esc') stop();
		} else if (key === 'esc' || key === 'enter') app.back();
		else if (key === 'r') again();
		else if (key === 'y')
			task.result === null ? app.copy(paint(lines(), false), 'what is wrong') : app.copy(task.result.folder, 'the path of the backup');
	});
	return (
		<Frame
			title={`verify ${card.label}`}
			right={
				working
					? { text: percent === null ? clock(app.now().getTime() - began.getTime()) : `${Math.floor(percent * 100)} %`, tone: 'bold' }
					: verdictOf(task, signs)
			}
			state={phase === 'stopping' ? { text: STOPPING, tone: 'warn' } : null}
			hints={
				working
					? [
							['esc', 'stop'],
							['?', 'help'],
						]
					: [
							['enter esc', 'back'],
							[signs.arrows, 'scroll'],
							['r', 'once more'],
							['y', 'copy'],
							['q', 'quit'],
							['?', 'help'],
						]
			}
		>
			{working ? (
				<Working task={task} intro={intro} width={width} height={height} />
			) : (
				<>
					<Pane lines={lines()} width={width} height={height - below.length} />
					<Lines lines={below} />
				</>
			)}
		</Frame>
	);
}

type WorkingProps = { readonly task: Task<unknown>; readonly intro: readonly Line[]; readonly width: number; readonly height: number };

function Working({ task: { said, progress }, intro, width, height }: WorkingProps) {
	const app = useApp();
	const { signs } = useTheme();
	useTick(500);
	const figures = progress === null ? [] : progressRows(progress, app.now(), width, signs);
	const stepLines = said.flatMap((text, index) => {
		const last = index === said.length - 1;
		return indented(span(`${last ? signs.at : signs.ok} `, last ? 'key' : 'good'), text, width, last ? 'plain' : 'dim');
	});
	const block = progress === null ? 0 : 2 + figures.length + (progress.current === null ? 0 : 1);
	const room = Math.max(1, height - intro.length - 1 - block);
	return (
		<>
			<Lines lines={[...intro, []]} />
			<Lines lines={broken(stepLines, width).slice(-room)} />
			{progress !== null && (
				<Box flexDirection="column" marginTop={stepLines.length > 0 ? 1 : 0} flexShrink={0}>
					<Meter progress={progress} width={width} />
					<Lines lines={[...figures, ...(progress.current === null ? [] : [line(span(`${signs.at} `, 'key'), progress.current)])]} />
				</Box>
			)}
		</>
	);
}
