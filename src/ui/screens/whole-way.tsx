import { Box } from 'ink';
import { useEffect, useState } from 'react';
import { failureOf } from '../../core/failure.ts';
import type { Symbols } from '../../core/format.ts';
import type { Failure } from '../../core/model.ts';
import type { ServerCard } from '../../core/status-report.ts';
import { failureLines } from '../../render/failure.ts';
import { indented, type Line, line, span } from '../../render/page.ts';
import { useApp } from '../app-context.ts';
import { bodyRows, Frame, type FrameProps, type Hint } from '../components/frame.tsx';
import { Lines } from '../components/lines.tsx';
import { Menu } from '../components/menu.tsx';
import { Pane } from '../components/pane.tsx';
import { Text } from '../components/text.tsx';
import { useKeys } from '../keys.ts';
import { useTheme } from '../theme.ts';

type Pair = { readonly primary: ServerCard; readonly replica: ServerCard };

const INTRO =
	'Both servers run on this machine only, with a sample shop and a writer that keeps changing it. Nothing of yours is touched. The flows below are the real ones.';

type Goal = 'provision' | 'backup' | 'status' | 'primary';

/** How far the pair is. */
function stateOf(pair: Pair | null, failure: Failure | null, signs: Symbols): NonNullable<FrameProps['right']> {
	if (pair !== null) return { text: `${signs.busy} running`, tone: 'good' };
	return failure === null ? { text: `starting ${signs.more}`, tone: 'dim' } : { text: 'not started', tone: 'bad' };
}

function hintsOf(failure: Failure | null, signs: Symbols): readonly Hint[] {
	if (failure !== null)
		return [
			['r', 'try again'],
			['esc', 'back'],
		];
	return [
		[signs.arrows, 'move'],
		['enter', 'open'],
		['esc', 'back'],
		['?', 'help'],
		['q', 'quit'],
	];
}

function serverLine(label: string, { name, server }: ServerCard): Line {
	return line(span(label, 'dim'), span(name, 'bold'), span(`  ${server === name ? '' : server}`, 'dim'));
}

/** Starts or finds the throwaway pair, then offers the flows on it. */
export function WholeWay() {
	const app = useApp();
	const { signs, ascii } = useTheme();
	const [said, setSaid] = useState<readonly string[]>([]);
	const [pair, setPair] = useState<Pair | null>(null);
	const [failure, setFailure] = useState<Failure | null>(null);
	const [round, setRound] = useState(0);

	// biome-ignore lint/correctness/useExhaustiveDependencies: started once, and again on demand.
	useEffect(() => {
		let mine = true;
		setFailure(null);
		setSaid([]);
		app.backend
			.sandbox((text) => mine && setSaid((before) => [...before, text]))
			.then(
				(found) => mine && setPair(found),
				(error) => mine && setFailure(failureOf(error)),
			);
		return () => {
			mine = false;
		};
	}, [round]);

	useKeys((key) => {
		if (key === 'esc') app.back();
		else if (key === '?' || key === 'f1') app.help('whole-way');
		else if (key === 'r' && failure !== null) setRound(round + 1);
	});

	const width = app.size.columns - 2;
	const height = bodyRows(app.size.rows);
	const last = app.session.last;
	const hasReplica = last?.end.outcome === 'done' && last.request?.kind === 'provision';
	const open = (goal: Goal) => {
		if (pair === null) return;
		if (goal === 'provision') app.go({ at: 'provision', primary: pair.primary.name, replica: pair.replica.name });
		else if (goal === 'backup') app.go({ at: 'backup', card: pair.replica });
		else app.go({ at: 'status', card: goal === 'primary' ? pair.primary : pair.replica });
	};
	const body = () => {
		if (failure !== null) return <Pane lines={failureLines(failure, { width, ascii })} width={width} height={height} />;
		if (pair !== null) return <Flows pair={pair} hasReplica={hasReplica} width={width} onSelect={open} />;
		return (
			<Box flexDirection="column">
				<Lines lines={[line(span('Starting a throwaway primary and replica', 'bold')), []]} />
				<Lines lines={said.slice(-(height - 3)).map((text) => line(span(`${signs.at} `, 'key'), text))} />
			</Box>
		);
	};
	return (
		<Frame title="practice" badge="sandbox" right={stateOf(pair, failure, signs)} hints={hintsOf(failure, signs)}>
			{body()}
		</Frame>
	);
}

type FlowsProps = {
	readonly pair: Pair;
	/** Set up a moment ago: what comes next is its backup. */
	readonly hasReplica: boolean;
	readonly width: number;
	readonly onSelect: (goal: Goal) => void;
};

function Flows({ pair, hasReplica, width, onSelect }: FlowsProps) {
	const { styles } = useTheme();
	return (
		<>
			<Lines
				lines={[
					serverLine('Primary   ', pair.primary),
					serverLine('Replica   ', pair.replica),
					[],
					...indented('', INTRO, width, 'dim'),
					[],
				]}
			/>
			<Text bold>
				{hasReplica ? 'The replica follows. Now its first locked backup:' : 'The whole way: first the replica, then its backup'}
			</Text>
			<Text> </Text>
			<Menu
				items={[
					{ value: 'provision', digit: 1, label: 'Set up the replica', about: 'account, seed, start, compare' },
					{ value: 'backup', digit: 2, label: 'Back up the replica', about: 'locked dump, lag grows and shrinks' },
					{ value: 'status', digit: 3, label: 'Watch the replica', about: 'replication and lag' },
					{ value: 'primary', digit: 4, label: 'Check the primary', about: 'what clients write to' },
				]}
				initial={hasReplica ? 'backup' : 'provision'}
				onSelect={onSelect}
			/>
			<Text {...styles('dim')}> </Text>
		</>
	);
}
