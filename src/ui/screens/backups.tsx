import { useState } from 'react';
import type { BackupCard } from '../../core/backups.ts';
import { cardLines, cardText, holdsWords, listLines } from '../../render/backups.ts';
import { failureLines } from '../../render/failure.ts';
import { line, span } from '../../render/page.ts';
import { useApp } from '../app-context.ts';
import { Cards } from '../components/cards.tsx';
import { bodyRows, Frame } from '../components/frame.tsx';
import { Lines } from '../components/lines.tsx';
import { Pane } from '../components/pane.tsx';
import { Text } from '../components/text.tsx';
import { useAsked } from '../hooks/use-asked.ts';
import { useFilter } from '../hooks/use-filter.tsx';
import { useKeys } from '../keys.ts';
import { useTheme } from '../theme.ts';

/** Rows above the cards; without a blank one where room is short. */
const HEAD = 3;
const ROOMY = 14;
/** Where the order is kept from one start to the next. */
const MEMORY = 'backups';
const SORTS = ['newest', 'oldest', 'size'] as const;
type Sort = (typeof SORTS)[number];
const SORT_WORDS: { readonly [sort in Sort]: string } = { newest: 'newest first', oldest: 'oldest first', size: 'largest first' };

const sortOf = (text: string | undefined): Sort => SORTS.find((each) => each === text) ?? 'newest';

/** They come newest first. */
function sorted(cards: readonly BackupCard[], sort: Sort): readonly BackupCard[] {
	if (sort === 'newest') return cards;
	return sort === 'oldest' ? cards.toReversed() : cards.toSorted((a, b) => b.bytes - a.bytes);
}

/** The backups of a folder. */
export function Backups({ folder }: { readonly folder: string }) {
	const app = useApp();
	const { signs, styles, ascii } = useTheme();
	const draft = `backups ${folder}`;
	const [focus, setFocus] = useState(app.drafts.get(draft)?.path);
	const { value: list, failure, again } = useAsked(() => app.backend.backups(folder));
	const [sort, setSort] = useState<Sort>(() => sortOf(app.backend.answers(MEMORY)?.sort));
	const width = app.size.columns - 2;
	const all = list?.cards ?? [];
	const filter = useFilter(all.length > 0, width);
	const sortNext = () => {
		const next = SORTS[(SORTS.indexOf(sort) + 1) % SORTS.length] ?? 'newest';
		setSort(next);
		app.backend.keepAnswers(MEMORY, { sort: next });
	};
	useKeys((key) => {
		if (key === 'esc') app.back();
		else if (key === 'r') again();
		else if (key === 'o' && all.length > 1) sortNext();
		else if (key === '?' || key === 'f1') app.help('backups');
	});
	const height = bodyRows(app.size.rows);
	const head = height < ROOMY ? HEAD - 1 : HEAD;
	const options = { width, ascii, now: app.now() };
	// Matched as they are shown: by label, server, state, proof.
	const cards = sorted(all, sort).filter((card) =>
		cardText(card, { ...options, width: 1000 })
			.toLowerCase()
			.includes(filter.text),
	);
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
		if (all.length === 0) return <Pane lines={listLines(list.folder, [], options)} width={width} height={height} />;
		return (
			<>
				<Lines lines={[line(span(list.folder, 'bold'))]} />
				{filter.row ?? <Lines lines={[line(span(`${holdsWords(all)}${all.length > 1 ? `, ${SORT_WORDS[sort]}` : ''}`, 'dim'))]} />}
				{head === HEAD && <Lines lines={[[]]} />}
				{cards.length === 0 && <Text {...styles('dim')}>{'  nothing matches'}</Text>}
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
					height={height - head}
				/>
			</>
		);
	};
	return (
		<Frame
			title="backups"
			hints={[
				...(all.length > 0
					? ([
							[signs.arrows, 'move'],
							['enter', 'open'],
							['/', 'filter'],
							['o', 'sort'],
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
