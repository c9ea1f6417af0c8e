import { useEffect, useState } from 'react';
import type { RunCard } from '../../app/wizard-backend.ts';
import { failureOf } from '../../core/failure.ts';
import type { Finding } from '../../core/finding.ts';
import { dayAndTime } from '../../core/format.ts';
import type { Failure } from '../../core/model.ts';
import { runWords } from '../../render/background.ts';
import { failureLines } from '../../render/failure.ts';
import { findingLines, putsBack } from '../../render/findings.ts';
import { indented, type Line, line, span } from '../../render/page.ts';
import { useApp } from '../app-context.ts';
import { bodyRows, Frame, type Hint } from '../components/frame.tsx';
import { Gate, isLogin } from '../components/gate.tsx';
import { Pane } from '../components/pane.tsx';
import { Text } from '../components/text.tsx';
import { useKeys } from '../keys.ts';
import { useTheme } from '../theme.ts';
import { badgeOf, reachOf, rolesOf, serversOf } from './run-header.ts';

/** What a run that was cut off has left on its servers, before any of it is put back. */
export function Recover({ card }: { readonly card: RunCard }) {
	const app = useApp();
	const [refused, setRefused] = useState(false);
	const title = `recover ${runWords(card.title, card.servers)}`;
	// Only a login that is refused asks for the servers' passwords: one that is away may have nothing to be put back.
	if (!refused) return <Findings card={card} title={title} onLogin={() => setRefused(true)} />;
	return (
		<Gate
			servers={serversOf(card.request)}
			reach={reachOf(card.request)}
			roles={rolesOf(card.request)}
			title={title}
			badge={badgeOf(app, card.request)}
		>
			{() => <Findings card={card} title={title} />}
		</Gate>
	);
}

type FindingsProps = { readonly card: RunCard; readonly title: string; readonly onLogin?: () => void };

function Findings({ card, title, onLogin }: FindingsProps) {
	const app = useApp();
	const { signs, styles, ascii } = useTheme();
	const [findings, setFindings] = useState<readonly Finding[] | null>(null);
	const [failure, setFailure] = useState<Failure | null>(null);
	const [round, setRound] = useState(0);

	// biome-ignore lint/correctness/useExhaustiveDependencies: looked at once, and again on demand.
	useEffect(() => {
		let mine = true;
		setFindings(null);
		setFailure(null);
		const read = async () => {
			try {
				const found = await app.backend.findings(card.run);
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

	const something = findings !== null && putsBack(findings);
	useKeys((key) => {
		if (key === 'esc') app.back();
		else if (key === 'r') setRound(round + 1);
		else if (key === '?' || key === 'f1') app.help('recover');
		else if (findings === null) return;
		else if (key === 'enter') app.go({ at: 'watch', how: 'recover', run: card.run, title, request: card.request });
		else if (key === 'y' && something) app.copy(findings.flatMap(({ actions }) => actions.map(({ text }) => text)).join('\n'));
	});

	const width = app.size.columns - 2;
	const height = bodyRows(app.size.rows);
	const began = `${runWords(card.title, card.servers)}, begun ${dayAndTime(card.started)}, was interrupted.`;
	const bodyLines: Line[] =
		findings === null
			? []
			: [
					...indented('', began, width, 'bold'),
					...indented(
						'',
						something
							? 'It has left this. Enter rolls it back; until then lockstep only reads.'
							: 'Nothing to roll back. Enter closes the run, so that it is not offered again.',
						width,
						'dim',
					),
					[],
					...findingLines(findings, { width, ascii, servers: card.servers }),
				];
	const hints = (): readonly Hint[] => {
		if (failure !== null)
			return [
				['r', 'refresh'],
				['esc', 'back'],
				['?', 'help'],
			];
		if (findings === null) return [['esc', 'back']];
		return [
			['enter', something ? 'roll it back' : 'close the run'],
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
					lines={failure === null ? bodyLines : [line(span(began, 'bold')), [], ...failureLines(failure, { width, ascii })]}
					width={width}
					height={height}
				/>
			)}
		</Frame>
	);
}
