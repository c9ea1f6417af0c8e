import { useState } from 'react';
import { cardLines, folderLine, listLines } from '../../render/backups.ts';
import { failureLines } from '../../render/failure.ts';
import { useApp } from '../app-context.ts';
import { Cards } from '../components/cards.tsx';
import { bodyRows, Frame } from '../components/frame.tsx';
import { Lines } from '../components/lines.tsx';
import { Pane } from '../components/pane.tsx';
import { Text } from '../components/text.tsx';
import { useAsked } from '../hooks/use-asked.ts';
import { useKeys } from '../keys.ts';
import { useTheme } from '../theme.ts';

/** The backups of a folder, newest first. */
export function Backups({ folder }: { readonly folder: string }) {
	const app = useApp();
	const { signs, styles, ascii } = useTheme();
	const draft = `backups ${folder}`;
	const [focus, setFocus] = useState(app.drafts.get(draft)?.path);
	const { value: list, failure, again } = useAsked(() => app.backend.backups(folder));
	useKeys((key) => {
		if (key === 'esc') app.back();
		else if (key === 'r') again();
		else if (key === '?' || key === 'f1') app.help('backups');
	});
	const width = app.size.columns - 2;
	const height = bodyRows(app.size.rows);
	const options = { width, ascii, now: app.now() };
	const cards = list?.cards ?? [];
	const at = Math.max(
		0,
		cards.findIndex(({ path }) => path === focus),
	);
	const move = (index: number) => {
		const path = cards[index]?.path;
		if (path === undefined) return;
		setFocus(path);
		// So that coming back from one finds it again.
		app.drafts.set(draft, { path });
	};
	const body = () => {
		if (failure !== null) return <Pane lines={failureLines(failure, { width, ascii })} width={width} height={height} />;
		if (list === null) return <Text {...styles('dim')}>{`Looking into ${folder} ${signs.more}`}</Text>;
		if (cards.length === 0) return <Pane lines={listLines(list.folder, [], options)} width={width} height={height} />;
		return (
			<>
				<Lines lines={[folderLine(list.folder, cards), []]} />
				<Cards
					cards={cards.map((card) => cardLines(card, { ...options, width: width - 2 }))}
					at={at}
					onMove={move}
					onChoose={(index) => {
						const card = cards[index];
						move(index);
						if (card !== undefined) app.go({ at: 'archive', card });
					}}
					width={width}
					height={height - 2}
				/>
			</>
		);
	};
	return (
		<Frame
			title="backups"
			hints={[
				...(cards.length > 0
					? ([
							[signs.arrows, 'move'],
							['enter', 'open'],
						] as const)
					: []),
				['r', 'refresh'],
				['esc', 'back'],
				['?', 'help'],
			]}
		>
			{body()}
		</Frame>
	);
}
