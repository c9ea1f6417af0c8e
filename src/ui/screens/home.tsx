import { Box } from 'ink';
import { useState } from 'react';
import { indented, type Line, line, span } from '../../render/page.ts';
import { useApp } from '../app-context.ts';
import { bodyRows, Frame, ROOMY } from '../components/frame.tsx';
import { Lines } from '../components/lines.tsx';
import { Menu } from '../components/menu.tsx';
import { Text } from '../components/text.tsx';
import { detailLines, type FleetServer, markOf } from '../fleet-rows.ts';
import { type Goal, hasInterruptedRun, isRunGoal, itemsFor, runLines, STATE } from '../home-rows.ts';
import { useOpenRuns } from '../hooks/use-open-runs.ts';
import { useWatched } from '../hooks/use-watched.ts';
import { useKeys } from '../keys.ts';
import { useTheme } from '../theme.ts';
import { Fleet } from './fleet.tsx';
import { placeOf } from './runs.tsx';

/** From an answer of a server to the next question. */
const EVERY_MS = 5_000;

/** What lies ahead: the servers, a line each where there are several, and what can be done. */
export function Home() {
	const app = useApp();
	const { signs } = useTheme();
	const cards = app.backend.servers();
	const [round, setRound] = useState(0);
	const runs = useOpenRuns(round);
	const seen = useWatched(cards, { everyMs: EVERY_MS, round });
	const width = app.size.columns - 2;

	useKeys((key) => {
		if (key === '?' || key === 'f1') app.help('home');
		else if (key === 'r') setRound(round + 1);
	});

	const choose = (goal: Goal) => {
		if (isRunGoal(goal)) {
			const open = runs.runs.filter((each) => each.state === STATE[goal]);
			const [only] = open;
			if (only !== undefined) app.go(open.length === 1 ? placeOf(only, goal) : { at: 'runs', goal, cards: open });
		} else if (goal === 'backup' || goal === 'status') {
			const [only] = cards;
			if (only !== undefined && cards.length === 1) app.go({ at: goal, card: only });
			else app.go({ at: 'pick', flow: goal });
		} else if (goal === 'provision') app.go({ at: 'provision' });
		else if (goal === 'runs') app.go({ at: 'all-runs' });
		else app.go({ at: goal });
	};

	const notOver = runLines(runs.runs, app.now(), width, signs);
	const warnings = app.backend.warnings.flatMap((warning) => indented(`${signs.warn} `, warning, width, 'warn').slice(0, 2));
	const items = itemsFor(runs, bodyRows(app.size.rows) - notOver.length);
	const props = { top: [...notOver, ...warnings], items, onSelect: choose };
	const servers = cards.map((card) => {
		const latest = seen.get(card.server) ?? null;
		return { card, seen: latest, isLeftChanged: hasInterruptedRun(runs.runs, card, latest) };
	});
	if (servers.length > 1) return <Fleet {...props} servers={servers} hasRuns={runs.runs.length > 0} />;
	return <OneServer {...props} server={servers[0] ?? null} />;
}

type OneServerProps = {
	/** Runs that are not over, and warnings. */
	readonly top: readonly Line[];
	readonly items: ReturnType<typeof itemsFor>;
	readonly onSelect: (goal: Goal) => void;
	readonly server: FleetServer | null;
};

/** The only server that is known, in full; or none. */
function OneServer({ top: notices, items, onSelect, server }: OneServerProps) {
	const app = useApp();
	const { card, seen = null, isLeftChanged = false } = server ?? {};
	const { signs } = useTheme();
	const height = bodyRows(app.size.rows);
	const isLocked = seen?.state === 'locked';
	useKeys((key) => {
		if (key === 'u' && card !== undefined && isLocked) app.go({ at: 'status', card });
	});
	const about =
		card === undefined
			? [
					line(span('Welcome.', 'bold'), ' No server is known here yet.'),
					line(span('Practice starts a throwaway pair here; Profiles adds your own servers.', 'dim')),
				]
			: detailLines({ card, seen }, { width: app.size.columns - 2, now: app.now(), signs });
	const top = [...notices, ...about];
	// Where it is tight, the blank rows go first, then the question.
	const gap = top.length + items.length + 3 > height ? 0 : 1;
	const question = top.length + items.length + 1 > height ? 0 : 1;
	const kept = top.slice(0, Math.max(2, height - items.length - question - 2 * gap));
	const mark = markOf({ seen, isLeftChanged }, app.now(), signs);
	const report = seen?.state === 'answers' ? seen.report : null;
	return (
		<Frame
			title={
				card === undefined
					? `${app.backend.version}`
					: `${card.name}${report === null || app.size.columns < ROOMY ? '' : ` ${signs.dot} ${report.title}`}`
			}
			badge={card?.badge ?? null}
			{...(card !== undefined && { right: { text: `${mark.sign} ${mark.words}`, tone: mark.tone } })}
			hints={[[signs.arrows, 'move'], ['enter', 'open'], ...(isLocked ? ([['u', 'log in']] as const) : []), ['?', 'help'], ['q', 'quit']]}
		>
			<Lines lines={kept} />
			{question > 0 && (
				<Box marginTop={gap} marginBottom={gap} flexShrink={0}>
					<Text bold>What do you want to do?</Text>
				</Box>
			)}
			<Menu items={items} onSelect={onSelect} {...(card === undefined ? { initial: 'practice' as const } : {})} />
		</Frame>
	);
}
