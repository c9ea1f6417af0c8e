import { Box } from 'ink';
import { useState } from 'react';
import type { Recovery } from '../../core/director.ts';
import { lostWords } from '../../core/effects.ts';
import type { Failure } from '../../core/model.ts';
import { failureLines } from '../../render/failure.ts';
import { useApp } from '../app-context.ts';
import { Choice, type Option } from '../components/choice.tsx';
import { bodyRows, Frame } from '../components/frame.tsx';
import { Pane } from '../components/pane.tsx';
import { Text } from '../components/text.tsx';
import { useKeys } from '../keys.ts';
import { transcriptRows } from '../run-rows.ts';
import { useTheme } from '../theme.ts';
import { badgeOf, type Shown } from './run-header.ts';

const CHOICES: readonly Option<Recovery>[] = [
	{ value: 'keep', label: 'Keep and leave', about: 'what is done stays; starting again resumes it' },
	{ value: 'retry', label: 'Try this step again', about: 'once its cause is fixed' },
	{ value: 'undo', label: 'Undo it', about: 'undo what this run did, last first; not what is said above to be gone', tone: 'warn' },
];

/** A step failed in a run that keeps what it did. */
export function FailedStep({
	watched,
	title,
	failure,
	answer,
}: Shown & { readonly failure: Failure; readonly answer: (choice: Recovery) => void }) {
	const app = useApp();
	const { signs, styles, ascii } = useTheme();
	const [statements, setStatements] = useState(false);
	const { state } = watched;
	useKeys((key) => {
		if (key === 's') setStatements(!statements);
		// As its first choice: the harmless one.
		else if (key === 'esc') statements ? setStatements(false) : answer('keep');
		else if (key === 'b') app.background();
		else if (key === 'y') app.copy((failure.description.hints ?? [failure.description.message]).join('\n'), 'what to do about it');
		else if (key === '?' || key === 'f1') app.help('failed', { why: state.steps.find((step) => step.id === failure.step)?.why });
	});
	const width = app.size.columns - 2;
	const height = bodyRows(app.size.rows);
	const step = state.steps.find((each) => each.id === failure.step);
	const done = state.steps.filter((each) => each.status === 'done').length;
	const lost = lostWords(state.effects.lost, state.servers);
	const gone = lost.length === 0 ? '' : ` Cannot be restored: ${lost.join('; ')}.`;
	return (
		<Frame
			title={title}
			badge={badgeOf(app, watched.request)}
			right={{ text: `${signs.bad} a step failed`, tone: 'bad' }}
			hints={[
				[signs.arrows, 'move'],
				['enter', 'choose'],
				['esc', statements ? 'failure' : 'keep and leave'],
				['s', statements ? 'failure' : 'SQL'],
				['b', 'background'],
				['y', 'copy'],
				['?', 'help'],
			]}
		>
			<Pane
				key={String(statements)}
				lines={
					statements
						? transcriptRows(state, signs)
						: failureLines(failure, {
								width,
								ascii,
								state: `“${step?.title ?? failure.step}” failed. ${done} of ${state.steps.length} steps are complete. You can leave and resume later.${gone}`,
							})
				}
				width={width}
				height={height - 5}
				pages={!statements}
			/>
			<Box flexDirection="column" flexShrink={0} height={5}>
				<Text {...styles('dim')}>{signs.rule.repeat(width)}</Text>
				<Text bold>What now?</Text>
				<Choice besidePane options={CHOICES} onChoose={answer} active={!statements} />
			</Box>
		</Frame>
	);
}
