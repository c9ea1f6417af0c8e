import type { RunCard } from '../../app/wizard-backend.ts';
import { dayAndTime } from '../../core/format.ts';
import { runWords } from '../../render/background.ts';
import { line, span } from '../../render/page.ts';
import { useApp } from '../app-context.ts';
import { Choice } from '../components/choice.tsx';
import { bodyRows, Frame } from '../components/frame.tsx';
import { Lines } from '../components/lines.tsx';
import { useKeys } from '../keys.ts';
import { useTheme } from '../theme.ts';

/** Where a run of the list leads. */
export const placeOf = (card: RunCard, goal: 'watch' | 'recover') =>
	goal === 'recover'
		? ({ at: 'recover', card } as const)
		: ({ at: 'watch', how: 'attach', run: card.run, title: runWords(card.title, card.servers), request: card.request } as const);

/** Which of several runs is to be watched, or put back. */
export function Runs({ goal, cards }: { readonly goal: 'watch' | 'recover'; readonly cards: readonly RunCard[] }) {
	const app = useApp();
	const { signs } = useTheme();
	useKeys((key) => {
		if (key === 'esc') app.back();
		else if (key === '?' || key === 'f1') app.help('runs');
	});
	return (
		<Frame
			title={goal === 'recover' ? 'recover' : 'runs at work'}
			hints={[
				[signs.arrows, 'move'],
				['enter', 'choose'],
				['esc', 'back'],
				['?', 'help'],
			]}
		>
			<Lines
				lines={[
					line(span(goal === 'recover' ? 'Which run is to be rolled back?' : 'Which run is to be watched?', 'bold')),
					line(
						span(goal === 'recover' ? 'What it left is shown before anything is done.' : 'They continue whether watched or not.', 'dim'),
					),
					[],
				]}
			/>
			<Choice
				options={cards.map((card) => ({
					value: card,
					label: `${dayAndTime(card.started)}  ${runWords(card.title, card.servers)}`,
					about: card.run,
				}))}
				height={bodyRows(app.size.rows) - 3}
				onChoose={(card) => app.go(placeOf(card, goal))}
			/>
		</Frame>
	);
}
