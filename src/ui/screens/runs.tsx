import type { RunCard } from '../../app/wizard-backend.ts';
import { failureOf } from '../../core/failure.ts';
import { dayAndTime } from '../../core/format.ts';
import type { Failure } from '../../core/model.ts';
import { runWords } from '../../render/background.ts';
import { failureLines } from '../../render/failure.ts';
import { line, span } from '../../render/page.ts';
import { type App, type Place, useApp } from '../app-context.ts';
import { Choice } from '../components/choice.tsx';
import { bodyRows, Frame } from '../components/frame.tsx';
import { Lines } from '../components/lines.tsx';
import { Pane } from '../components/pane.tsx';
import { Text } from '../components/text.tsx';
import { useAsked } from '../hooks/use-asked.ts';
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
	undo: { title: 'undo', question: 'Which run is to be undone?', about: 'The statements that undo it are shown before anything is done.' },
	resume: { title: 'resume', question: 'Which run is to be resumed?', about: 'Its plan is shown before anything is done.' },
} as const;

/** Which of several runs is to be watched, resumed, or put back. */
export function Runs({ goal, cards }: { readonly goal: RunGoal; readonly cards: readonly RunCard[] }) {
	const app = useApp();
	return <RunChoice goal={goal} cards={cards} onChoose={(card) => app.go(placeOf(card, goal))} />;
}

/** `lockstep recover` and `lockstep undo` without a run. */
export function ChooseRun({ goal }: { readonly goal: 'recover' | 'undo' }) {
	const app = useApp();
	const { value, failure } = useAsked<readonly Listed[]>(() => (goal === 'undo' ? app.backend.runsToUndo() : interruptedRuns(app)));
	const choose = async ({ run }: Listed) => {
		if (goal === 'recover') {
			const card = (await interruptedRuns(app)).find((each) => each.run === run);
			if (card === undefined) app.flash('nothing of that run is left any more');
			else app.go({ at: 'recover', card });
			return;
		}
		try {
			app.go({ at: 'undo', details: await app.backend.runDetails(run) });
		} catch (error) {
			app.flash(failureOf(error).description.message);
		}
	};
	return <RunChoice goal={goal} cards={value} failure={failure} onChoose={(card) => void choose(card)} />;
}

const interruptedRuns = async ({ backend }: App) => (await backend.runs()).filter(({ state }) => state === 'interrupted');

type Listed = Pick<RunCard, 'run' | 'title' | 'servers' | 'started'>;

type RunChoiceProps<C> = {
	readonly goal: keyof typeof WORDS;
	/** Null while they are read. */
	readonly cards: readonly C[] | null;
	readonly failure?: Failure | null;
	readonly onChoose: (card: C) => void;
};

function RunChoice<C extends Listed>({ goal, cards, failure = null, onChoose }: RunChoiceProps<C>) {
	const app = useApp();
	const { signs, styles, ascii } = useTheme();
	const words = WORDS[goal];
	const width = app.size.columns - 2;
	const height = bodyRows(app.size.rows);
	useKeys((key) => {
		if (key === 'esc') app.back();
		else if (key === '?' || key === 'f1') app.help('runs');
	});
	return (
		<Frame
			title={words.title}
			hints={[
				[signs.arrows, 'move'],
				['enter', 'choose'],
				['esc', 'back'],
				['?', 'help'],
			]}
		>
			{failure !== null && <Pane lines={failureLines(failure, { width, ascii })} width={width} height={height} />}
			{failure === null && cards === null && <Text {...styles('dim')}>{`Reading the journals ${signs.more}`}</Text>}
			{cards?.length === 0 && <Text>{`No run is left to ${goal}.`}</Text>}
			{cards !== null && cards.length > 0 && (
				<>
					<Lines lines={[line(span(words.question, 'bold')), line(span(words.about, 'dim')), []]} />
					<Choice
						options={cards.map((card) => ({
							value: card,
							label: `${dayAndTime(card.started)}  ${runWords(card.title, card.servers)}`,
							about: card.run,
						}))}
						height={height - 3}
						onChoose={onChoose}
					/>
				</>
			)}
		</Frame>
	);
}
