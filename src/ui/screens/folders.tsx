import { Box } from 'ink';
import { useState } from 'react';
import { countWords } from '../../render/backups.ts';
import { line, span } from '../../render/page.ts';
import { useApp } from '../app-context.ts';
import { Choice, type Option } from '../components/choice.tsx';
import { Field } from '../components/field.tsx';
import { bodyRows, Frame } from '../components/frame.tsx';
import { Lines } from '../components/lines.tsx';
import { Text } from '../components/text.tsx';
import { useAsked } from '../hooks/use-asked.ts';
import { useKeys } from '../keys.ts';
import { useTheme } from '../theme.ts';

const DRAFT = 'folders';

/** Whose backups: the folders of the servers known here, or another one. */
export function Folders() {
	const app = useApp();
	const { signs, styles } = useTheme();
	const { value: folders } = useAsked(app.backend.backupFolders);
	const [typing, setTyping] = useState(false);
	const [typed, setTyped] = useState(app.drafts.get(DRAFT)?.folder ?? '');
	useKeys((key) => {
		if (key === 'f1' || (key === '?' && !typing)) app.help('folders');
		else if (key === 'esc') {
			if (typing) setTyping(false);
			else app.back();
		} else if (typing && key === 'enter' && typed.trim() !== '') {
			app.drafts.set(DRAFT, { folder: typed.trim() });
			app.go({ at: 'backups', folder: typed.trim() });
		}
	});
	const options: Option<string | null>[] = [
		...(folders ?? []).map(({ path, of, ...counts }) => ({
			value: path,
			label: of.join(', '),
			about: `${counts.backups + counts.incomplete + counts.damaged === 0 ? 'none yet' : countWords(counts)}  ${path}`,
		})),
		{ value: null, label: 'Another folder', about: 'the one that was given to lockstep backup --to' },
	];
	return (
		<Frame
			title="backups"
			hints={
				typing
					? [
							['enter', 'look'],
							['esc', 'back to the list'],
							['F1', 'help'],
						]
					: [
							[signs.arrows, 'move'],
							['enter', 'look'],
							['esc', 'back'],
							['?', 'help'],
						]
			}
		>
			<Lines
				lines={[
					line(span('Whose backups?', 'bold')),
					line(span('A folder holds the backups of one server, each in a folder of its own.', 'dim')),
					[],
				]}
			/>
			{folders === null ? (
				<Text {...styles('dim')}>{`Looking ${signs.more}`}</Text>
			) : (
				<Choice
					options={options}
					active={!typing}
					height={bodyRows(app.size.rows) - 5}
					onChoose={(folder) => (folder === null ? setTyping(true) : app.go({ at: 'backups', folder }))}
				/>
			)}
			{typing && (
				<Box marginTop={1} flexShrink={0}>
					<Text bold>{'Folder: '}</Text>
					<Field value={typed} onChange={setTyped} focused width={app.size.columns - 12} placeholder="/srv/backup/db3" />
				</Box>
			)}
		</Frame>
	);
}
