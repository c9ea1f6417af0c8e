import { Box } from 'ink';
import { useState } from 'react';
import { bytes, plural } from '../../core/format.ts';
import { failureLines } from '../../render/failure.ts';
import { type Line, line, span } from '../../render/page.ts';
import { runCardLines, runTitle, stateWords } from '../../render/runs.ts';
import { useApp } from '../app-context.ts';
import { Cards } from '../components/cards.tsx';
import { Field } from '../components/field.tsx';
import { bodyRows, Frame } from '../components/frame.tsx';
import { Lines } from '../components/lines.tsx';
import { Pane } from '../components/pane.tsx';
import { Text } from '../components/text.tsx';
import { useAsked } from '../hooks/use-asked.ts';
import { useKeys } from '../keys.ts';
import { useTheme } from '../theme.ts';

const DRAFT = 'all-runs';

/** What ran on this machine, and what is at work or to be done. */
export function AllRuns() {
	const app = useApp();
	const { signs, styles, ascii } = useTheme();
	const [filter, setFilter] = useState<string | null>(null);
	const [typing, setTyping] = useState(false);
	const [focus, setFocus] = useState(app.drafts.get(DRAFT)?.run);
	const { value, failure, again } = useAsked(app.backend.runHistory);
	useKeys((key) => {
		if (typing) {
			if (key === 'esc') {
				setFilter(null);
				setTyping(false);
			} else if (key === 'enter' || key === 'down' || key === 'tab') setTyping(false);
			return;
		}
		if (key === 'esc') {
			if (filter === null) app.back();
			else setFilter(null);
		} else if (key === '/') {
			setFilter(filter ?? '');
			setTyping(true);
		} else if (key === 'r') again();
		else if (key === '?' || key === 'f1') app.help('all-runs');
	});
	const width = app.size.columns - 2;
	const height = bodyRows(app.size.rows);
	const wanted = (filter ?? '').toLowerCase();
	const runs = (value?.runs ?? []).filter((entry) => `${entry.run} ${runTitle(entry)} ${stateWords(entry)}`.toLowerCase().includes(wanted));
	const at = Math.max(
		0,
		runs.findIndex(({ run }) => run === focus),
	);
	const move = (index: number) => {
		const run = runs[index]?.run;
		if (run === undefined) return;
		setFocus(run);
		// So that coming back from one finds it again.
		app.drafts.set(DRAFT, { run });
	};
	const heading = (): Line => {
		const partials = value?.partials ?? [];
		const left = `, ${plural(partials.length, 'incomplete backup')} of ${bytes(partials.reduce((sum, each) => sum + each.bytes, 0))} on disk`;
		return line(span(plural(value?.runs.length ?? 0, 'run'), 'bold'), span(partials.length === 0 ? '' : left, 'dim'));
	};
	const body = () => {
		if (failure !== null) return <Pane lines={failureLines(failure, { width, ascii })} width={width} height={height} />;
		if (value === null) return <Text {...styles('dim')}>{`Reading the journals ${signs.more}`}</Text>;
		return (
			<>
				<Lines lines={[heading()]} />
				<Box flexShrink={0} height={1}>
					{filter !== null && (
						<>
							<Text>{'/ '}</Text>
							<Field value={filter} onChange={setFilter} focused={typing} width={30} />
						</>
					)}
				</Box>
				{runs.length === 0 ? (
					<Text {...styles('dim')}>{filter === null ? 'No runs on this machine yet.' : 'No run has that in its name.'}</Text>
				) : (
					<Cards
						cards={runs.map((entry) => runCardLines(entry, { ascii, width: width - 2 }))}
						at={at}
						onMove={(index) => !typing && move(index)}
						onChoose={(index) => {
							const run = runs[index]?.run;
							if (typing || run === undefined) return;
							move(index);
							app.go({ at: 'run-details', run });
						}}
						width={width}
						height={height - 2}
					/>
				)}
			</>
		);
	};
	return (
		<Frame
			title="runs"
			hints={[
				...(runs.length > 0
					? ([
							[signs.arrows, 'move'],
							['enter', 'open'],
						] as const)
					: []),
				['/', 'filter'],
				['r', 'refresh'],
				['esc', 'back'],
				['?', 'help'],
			]}
		>
			{body()}
		</Frame>
	);
}
