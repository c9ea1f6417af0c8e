import { Box } from 'ink';
import { useEffect, useState } from 'react';
import { failureOf } from '../../core/failure.ts';
import type { Failure } from '../../core/model.ts';
import type { ServerCard } from '../../core/status-report.ts';
import { failureLines } from '../../render/failure.ts';
import { indented, line, span } from '../../render/page.ts';
import { useApp } from '../app-context.ts';
import { bodyRows, Frame } from '../components/frame.tsx';
import { Lines } from '../components/lines.tsx';
import { Menu } from '../components/menu.tsx';
import { Pane } from '../components/pane.tsx';
import { Text } from '../components/text.tsx';
import { useKeys } from '../keys.ts';
import { useTheme } from '../theme.ts';

type Pair = { readonly primary: ServerCard; readonly replica: ServerCard };

const INTRO =
	'Both servers run on this machine only, with a sample shop and a writer that keeps changing it. Nothing of yours is touched. The flows below are the real ones.';

/** Starts or finds the throwaway pair, then offers the flows on it. */
export function Practice() {
	const app = useApp();
	const { signs, ascii, look } = useTheme();
	const [said, setSaid] = useState<readonly string[]>([]);
	const [pair, setPair] = useState<Pair | null>(null);
	const [failure, setFailure] = useState<Failure | null>(null);
	const [round, setRound] = useState(0);

	// biome-ignore lint/correctness/useExhaustiveDependencies: started once, and again on demand.
	useEffect(() => {
		let mine = true;
		setFailure(null);
		setSaid([]);
		app.desk
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
		else if (key === '?' || key === 'f1') app.help('practice');
		else if (key === 'q') app.quit();
		else if (key === 'r' && failure !== null) setRound(round + 1);
	});

	const width = app.size.columns - 2;
	const height = bodyRows(app.size.rows);
	const last = app.session.last;
	const hasReplica = last?.end.outcome === 'done' && last.request?.kind === 'provision';
	const open = (goal: 'provision' | 'backup' | 'status' | 'primary') => {
		if (pair === null) return;
		if (goal === 'provision') app.go({ at: 'provision', primary: pair.primary.name, replica: pair.replica.name });
		else if (goal === 'backup') app.go({ at: 'backup', card: pair.replica });
		else app.go({ at: 'status', card: goal === 'primary' ? pair.primary : pair.replica });
	};
	return (
		<Frame
			title="practice"
			badge="sandbox"
			right={
				pair === null
					? { text: failure === null ? `starting ${signs.more}` : 'not started', tone: failure === null ? 'dim' : 'bad' }
					: { text: `${signs.busy} running`, tone: 'good' }
			}
			hints={
				failure !== null
					? [
							['r', 'try again'],
							['esc', 'back'],
						]
					: [
							[signs.arrows, 'move'],
							['enter', 'open'],
							['esc', 'back'],
							['?', 'help'],
							['q', 'quit'],
						]
			}
		>
			{failure !== null ? (
				<Pane lines={failureLines(failure, { width, ascii })} width={width} height={height} />
			) : pair === null ? (
				<Box flexDirection="column">
					<Lines lines={[line(span('Starting a throwaway primary and replica', 'bold')), []]} />
					<Lines lines={said.slice(-(height - 3)).map((text) => line(span(`${signs.at} `, 'key'), text))} />
				</Box>
			) : (
				<>
					<Lines
						lines={[
							line(
								span('Primary   ', 'dim'),
								span(pair.primary.name, 'bold'),
								span(`  ${pair.primary.server === pair.primary.name ? '' : pair.primary.server}`, 'dim'),
							),
							line(
								span('Replica   ', 'dim'),
								span(pair.replica.name, 'bold'),
								span(`  ${pair.replica.server === pair.replica.name ? '' : pair.replica.server}`, 'dim'),
							),
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
							{ value: 'provision', label: '1 Set up the replica', about: 'account, seed, start, compare' },
							{ value: 'backup', label: '2 Back up the replica', about: 'locked dump, lag grows and shrinks' },
							{ value: 'status', label: '3 Watch the replica', about: 'replication and lag' },
							{ value: 'primary', label: '4 Check the primary', about: 'what clients write to' },
						]}
						initial={hasReplica ? 'backup' : 'provision'}
						onSelect={open}
					/>
					<Text {...look('dim')}> </Text>
				</>
			)}
		</Frame>
	);
}
