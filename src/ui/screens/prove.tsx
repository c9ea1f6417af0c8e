import { Box } from 'ink';
import { Fragment, type ReactNode, useEffect, useState } from 'react';
import type { ProgressListener } from '../../app/wizard-backend.ts';
import type { BackupCard } from '../../core/backups.ts';
import { clock } from '../../core/format.ts';
import { fraction } from '../../core/progress.ts';
import { verifiedLines } from '../../render/backups.ts';
import { failureLines } from '../../render/failure.ts';
import { indented, type Line, line, paint, span } from '../../render/page.ts';
import { widthOf } from '../../render/width.ts';
import { useApp } from '../app-context.ts';
import { bodyRows, Frame } from '../components/frame.tsx';
import { broken, Lines } from '../components/lines.tsx';
import { Bar } from '../components/meters.tsx';
import { Pane } from '../components/pane.tsx';
import { Text } from '../components/text.tsx';
import { type Task, useTask } from '../hooks/use-task.ts';
import { useTick } from '../hooks/use-tick.ts';
import { useKeys } from '../keys.ts';
import { barLabel, progressRows } from '../run-rows.ts';
import { useTheme } from '../theme.ts';
import type { HelpTopic } from '../words.ts';

const VERIFY = {
	stopped: 'The backup was not read to its end: nothing is proven.',
	stopping: 'Stopping: no more is read.',
	state: 'As before: verify only reads.',
};
/** Reads all of a backup. */
export function Verify({ card }: { readonly card: BackupCard }) {
	const app = useApp();
	const { ascii } = useTheme();
	const width = app.size.columns - 2;
	return (
		<Again>
			{(again) => (
				<Proving
					title={`verify ${card.label}`}
					topic="verify"
					words={VERIFY}
					intro={[line(span('Reading every file of it, to its last byte', 'bold')), line(span(card.path, 'dim'))]}
					work={(onlooker, signal) => app.desk.verify(card.path, onlooker, signal)}
					result={({ folder, record, notes }) => verifiedLines(folder, record, notes, { width, ascii })}
					copies={({ folder }) => folder}
					again={again}
				/>
			)}
		</Again>
	);
}

/** Its child anew at each asking. */
function Again({ children }: { readonly children: (again: () => void) => ReactNode }) {
	const [round, setRound] = useState(0);
	return <Fragment key={round}>{children(() => setRound(round + 1))}</Fragment>;
}

type ProvingProps<T> = {
	readonly title: string;
	readonly topic: HelpTopic;
	readonly words: typeof VERIFY;
	readonly intro: readonly Line[];
	readonly work: (onlooker: ProgressListener, signal: AbortSignal) => Promise<T>;
	readonly result: (value: T) => readonly Line[];
	readonly copies: (value: T) => string;
	readonly again: () => void;
};

function Proving<T>({ title, topic, words, intro, work, result, copies, again }: ProvingProps<T>) {
	const app = useApp();
	const { ascii, signs } = useTheme();
	const task = useTask(app.session, work, words.stopped);
	const [began] = useState(app.now());
	const { phase, failure, progress, stop } = task;
	const working = phase === 'working' || phase === 'stopping';
	useEffect(() => {
		app.onInterrupt.current = working ? (phase === 'stopping' ? () => app.flash(words.stopping) : stop) : null;
		return () => {
			app.onInterrupt.current = null;
		};
	}, [app, phase, working, stop, words.stopping]);
	const width = app.size.columns - 2;
	const height = bodyRows(app.size.rows, phase === 'stopping');
	const percent = progress === null ? null : fraction(progress);
	const known = failure !== null && failure.left.length === 0 && failure.class !== 'Bug';
	const lines =
		task.result !== null
			? result(task.result)
			: failure !== null
				? failureLines(failure, { width, ascii, ...(known ? { state: words.state } : {}) })
				: [];
	useKeys((key) => {
		if (key === '?' || key === 'f1') app.help(topic);
		else if (working) {
			if (key === 'esc') stop();
		} else if (key === 'esc' || key === 'enter') app.back();
		else if (key === 'q') app.quit();
		else if (key === 'r') again();
		else if (key === 'y') app.copy(task.result === null ? paint(lines, false) : copies(task.result));
	});
	return (
		<Frame
			title={title}
			right={
				working
					? { text: percent === null ? clock(app.now().getTime() - began.getTime()) : `${Math.floor(percent * 100)} %`, tone: 'bold' }
					: phase === 'done'
						? { text: `${signs.ok} proven`, tone: 'good' }
						: {
								text: failure?.class === 'Stopped' ? `${signs.warn} stopped` : `${signs.bad} failed`,
								tone: failure?.class === 'Stopped' ? 'warn' : 'bad',
							}
			}
			state={phase === 'stopping' ? { text: words.stopping, tone: 'warn' } : null}
			hints={
				working
					? [
							['esc', 'stop'],
							['?', 'help'],
						]
					: [
							['enter', 'back'],
							[signs.arrows, 'scroll'],
							['r', 'once more'],
							['y', 'copy'],
							['q', 'quit'],
							['?', 'help'],
						]
			}
		>
			{working ? <Working task={task} intro={intro} width={width} height={height} /> : <Pane lines={lines} width={width} height={height} />}
		</Frame>
	);
}

type WorkingProps = { readonly task: Task<unknown>; readonly intro: readonly Line[]; readonly width: number; readonly height: number };

function Working({ task: { said, progress }, intro, width, height }: WorkingProps) {
	const app = useApp();
	const { signs } = useTheme();
	useTick(500);
	const label = progress === null ? '' : barLabel(progress);
	const part = progress === null ? null : fraction(progress);
	const figures = progress === null ? [] : progressRows(progress, app.now(), width, signs);
	const told = said.flatMap((text, index) => {
		const last = index === said.length - 1;
		return indented(`${last ? signs.at : signs.ok} `, text, width, last ? 'plain' : 'dim', last ? 'key' : 'good');
	});
	const block = progress === null ? 0 : 2 + figures.length + (progress.current === null ? 0 : 1);
	const room = Math.max(1, height - intro.length - 1 - block);
	return (
		<>
			<Lines lines={[...intro, []]} />
			<Lines lines={broken(told, width).slice(-room)} />
			{progress !== null && (
				<Box flexDirection="column" marginTop={told.length > 0 ? 1 : 0} flexShrink={0}>
					<Box>
						{part !== null && (
							<Box flexShrink={0} marginRight={2}>
								<Bar part={part} width={Math.max(10, width - widthOf(label) - 3)} />
							</Box>
						)}
						<Text wrap="truncate">{label}</Text>
					</Box>
					<Lines lines={[...figures, ...(progress.current === null ? [] : [line(span(`${signs.at} `, 'key'), progress.current)])]} />
				</Box>
			)}
		</>
	);
}
