import type { RunCard } from '../../app/wizard-backend.ts';
import { dayAndTime } from '../../core/format.ts';
import { runWords } from '../../render/background.ts';
import { line, span } from '../../render/page.ts';
import { type Place, useApp } from '../app-context.ts';
import { Choice } from '../components/choice.tsx';
import { bodyRows, Frame } from '../components/frame.tsx';
import { Lines } from '../components/lines.tsx';
import { useKeys } from '../keys.ts';
import { useTheme } from '../theme.ts';

/** Where a run of the list leads. */
export function placeOf(card: RunCard, goal: RunGoal): Place {
	const title = runWords(card.title, card.servers);
	switch (goal) {
		case 'recover':
			return { at: 'recover', card };
		case 'resume':
			return { at: 'run', request: card.request, title };
		case 'watch':
			return { at: 'watch', how: 'attach', run: card.run, title, request: card.request };
	}
}

/** What can be done with a run that is not over. */
export type RunGoal = 'watch' | 'recover' | 'resume';

const WORDS = {
	watch: { title: 'runs at work', question: 'Which run is to be watched?', about: 'They continue whether watched or not.' },
	recover: { title: 'recover', question: 'Which run is to be rolled back?', about: 'What it left is shown before anything is done.' },
	resume: { title: 'resume', question: 'Which run is to be resumed?', about: 'Its plan is shown before anything is done.' },
} as const;

/** Which of several runs is to be watched, resumed, or put back. */
export function Runs({ goal, cards }: { readonly goal: RunGoal; readonly cards: readonly RunCard[] }) {
	const app = useApp();
	const { signs } = useTheme();
	useKeys((key) => {
		if (key === 'esc') app.back();
		else if (key === '?' || key === 'f1') app.help('runs');
	});
	return (
		<Frame
			title={WORDS[goal].title}
			hints={[
				[signs.arrows, 'move'],
				['enter', 'choose'],
				['esc', 'back'],
				['?', 'help'],
			]}
		>
			<Lines lines={[line(span(WORDS[goal].question, 'bold')), line(span(WORDS[goal].about, 'dim')), []]} />
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
