import { Box } from 'ink';
import { useEffect, useState } from 'react';
import type { RunCard, RunDetails } from '../../app/wizard-backend.ts';
import { lostWords } from '../../core/effects.ts';
import { failureOf } from '../../core/failure.ts';
import type { Finding } from '../../core/finding.ts';
import { dayAndTime, plural } from '../../core/format.ts';
import type { Failure } from '../../core/model.ts';
import { runWords } from '../../render/background.ts';
import { dangerLines, undoneLines } from '../../render/decision.ts';
import { failureLines } from '../../render/failure.ts';
import { findingLines, putsBack } from '../../render/findings.ts';
import { indented, type Line, line, span } from '../../render/page.ts';
import { useApp } from '../app-context.ts';
import { Choice } from '../components/choice.tsx';
import { bodyRows, Frame, type Hint } from '../components/frame.tsx';
import { Gate, isLogin } from '../components/gate.tsx';
import { Pane } from '../components/pane.tsx';
import { Text } from '../components/text.tsx';
import { TypedName } from '../components/typed-name.tsx';
import { useKeys } from '../keys.ts';
import { useTheme } from '../theme.ts';
import { badgeOf, reachOf, rolesOf, serversOf } from './run-header.ts';

type Run = Pick<RunCard, 'run' | 'title' | 'servers' | 'started' | 'request'>;

/** What a run that was cut off has left on its servers, before any of it is put back. */
export const Recover = ({ card }: { readonly card: RunCard }) => <BehindLogin card={card} goal="recover" lost={[]} />;

/** All that a run has changed, before any of it is undone. */
export function Undo({ details }: { readonly details: RunDetails }) {
	const { entry, request, state } = details;
	return <BehindLogin card={{ ...entry, request }} goal="undo" lost={lostWords(state.effects.lost, entry.servers)} />;
}

type Shown = {
	readonly card: Run;
	/** `recover`: what must not stay; `undo`: all of it. */
	readonly goal: 'recover' | 'undo';
	/** What is gone for good, a sentence each. */
	readonly lost: readonly string[];
};

function BehindLogin(shown: Shown) {
	const app = useApp();
	const [refused, setRefused] = useState(false);
	const { request, title, servers } = shown.card;
	// Only a login that is refused asks for the servers' passwords: one that is away may have nothing to be put back.
	if (!refused) return <Findings {...shown} onLogin={() => setRefused(true)} />;
	return (
		<Gate
			servers={serversOf(request)}
			reach={reachOf(request)}
			roles={rolesOf(request)}
			title={`${shown.goal} ${runWords(title, servers)}`}
			badge={badgeOf(app, request)}
		>
			{() => <Findings {...shown} />}
		</Gate>
	);
}

const WORDS = {
	recover: {
		state: 'was interrupted',
		something: 'It has left this. Enter rolls it back; until then lockstep only reads.',
		nothing: 'Nothing to roll back. Enter closes the run, so that it is not offered again.',
		enter: ['roll it back', 'close the run'],
	},
	undo: {
		state: 'is to be undone',
		something: 'These statements undo it. Enter asks once more; until then lockstep only reads.',
		nothing: 'Nothing is left to be undone. Enter closes the run.',
		enter: ['undo it', 'close the run'],
	},
} as const;

/** What is asked before all is undone: names, one after another, or whether. */
type Asking = { readonly typed: readonly string[] };

const DIALOG = 3;

function Findings({ card, goal, lost, onLogin }: Shown & { readonly onLogin?: () => void }) {
	const app = useApp();
	const { signs, styles, ascii } = useTheme();
	const [findings, setFindings] = useState<readonly Finding[] | null>(null);
	const [failure, setFailure] = useState<Failure | null>(null);
	const [round, setRound] = useState(0);
	const [asking, setAsking] = useState<Asking | null>(null);
	const title = `${goal} ${runWords(card.title, card.servers)}`;
	const words = WORDS[goal];

	// biome-ignore lint/correctness/useExhaustiveDependencies: looked at once, and again on demand.
	useEffect(() => {
		let mine = true;
		setFindings(null);
		setFailure(null);
		const read = async () => {
			try {
				const found = await (goal === 'undo' ? app.backend.undoFindings(card.run) : app.backend.findings(card.run));
				if (mine) setFindings(found);
			} catch (error) {
				const next = failureOf(error);
				if (!mine) return;
				if (onLogin !== undefined && isLogin(next)) onLogin();
				else setFailure(next);
			}
		};
		void read();
		return () => {
			mine = false;
		};
	}, [round]);

	const copyStatements = (found: readonly Finding[]) => {
		const statements = found.flatMap(({ actions }) => actions.map(({ text }) => text));
		app.copy(statements.join('\n'), plural(statements.length, 'statement'));
	};
	const something = findings !== null && putsBack(findings);
	const start = (typed: readonly string[]) =>
		app.go({ at: 'watch', how: 'recover', run: card.run, title, request: card.request, ...(goal === 'undo' && { undo: { typed } }) });
	const consents = (findings ?? []).flatMap((finding) => finding.consents ?? []);
	const untyped = asking === null ? undefined : consents.find(({ name }) => !asking.typed.includes(name));
	useKeys((key) => {
		if (key === 'esc') setAsking(null);
	}, asking !== null);
	useKeys((key) => {
		if (key === 'esc') app.back();
		else if (key === 'r') setRound(round + 1);
		else if (key === '?' || key === 'f1') app.help(goal);
		else if (findings === null) return;
		else if (key === 'enter') goal === 'undo' && something ? setAsking({ typed: [] }) : start([]);
		else if (key === 'y' && something) copyStatements(findings);
	}, asking === null);

	const width = app.size.columns - 2;
	const height = bodyRows(app.size.rows) - (asking === null ? 0 : DIALOG + 1);
	const began = `${runWords(card.title, card.servers)}, begun ${dayAndTime(card.started)}, ${words.state}.`;
	const gone = lost.flatMap((text) => indented(span(`${signs.warn} `, 'bad'), `Cannot be restored: ${text}`, width));
	const bodyLines = (): Line[] => {
		if (findings === null) return [];
		const head = indented('', began, width, 'bold');
		if (asking !== null) {
			// Where it is agreed to, only what it comes to, whole: as a plan shows it.
			const actions = findings.flatMap((finding) => finding.actions);
			const options = { width, servers: card.servers };
			const danger = [...dangerLines({ actions, consents }, options), ...undoneLines(actions, options)];
			return [...head, [], ...danger, ...gone];
		}
		return [
			...head,
			...indented('', something ? words.something : words.nothing, width, 'dim'),
			...gone,
			[],
			...findingLines(findings, { width, ascii, servers: card.servers }),
		];
	};
	const hints = (): readonly Hint[] => {
		if (failure !== null)
			return [
				['r', 'refresh'],
				['esc', 'back'],
				['?', 'help'],
			];
		if (findings === null) return [['esc', 'back']];
		if (asking !== null)
			return [
				['enter', untyped === undefined ? 'choose' : 'confirm'],
				['esc', 'change nothing'],
			];
		return [
			['enter', something ? words.enter[0] : words.enter[1]],
			[signs.arrows, 'scroll'],
			...(something ? ([['y', 'copy']] as const) : []),
			['r', 'refresh'],
			['esc', 'back'],
			['?', 'help'],
		];
	};
	return (
		<Frame title={title} badge={badgeOf(app, card.request)} hints={hints()}>
			{findings === null && failure === null ? (
				<Text {...styles('dim')}>{`Checking ${Object.values(card.servers).join(' and ')} ${signs.more}`}</Text>
			) : (
				<Pane
					key={asking === null ? 'all' : 'asking'}
					lines={failure === null ? bodyLines() : [line(span(began, 'bold')), [], ...failureLines(failure, { width, ascii })]}
					width={width}
					height={height}
					pages={asking !== null}
				/>
			)}
			{asking !== null && (
				<Box flexDirection="column" flexShrink={0}>
					<Text {...styles('dim')}>{signs.rule.repeat(width)}</Text>
					{untyped === undefined ? (
						<>
							<Text bold>Undo this?</Text>
							<Choice
								besidePane
								options={[
									{ value: false, label: 'No, change nothing' },
									{ value: true, label: 'Yes, undo it' },
								]}
								onChoose={(yes) => (yes ? start(asking.typed) : setAsking(null))}
							/>
						</>
					) : (
						<TypedName
							key={untyped.name}
							name={untyped.name}
							width={width}
							onTyped={() => setAsking({ typed: [...asking.typed, untyped.name] })}
						/>
					)}
				</Box>
			)}
		</Frame>
	);
}
