import { Box } from 'ink';
import { useState } from 'react';
import { decisionLines } from '../../render/decision.ts';
import { checkLines } from '../../render/failure.ts';
import { indented, paint } from '../../render/page.ts';
import { reviewLines } from '../../render/review.ts';
import { useApp } from '../app-context.ts';
import { Choice } from '../components/choice.tsx';
import { bodyRows, Frame, type Hint } from '../components/frame.tsx';
import { Pane } from '../components/pane.tsx';
import { Text } from '../components/text.tsx';
import { TypedName } from '../components/typed-name.tsx';
import { useKeys } from '../keys.ts';
import { writeNewFile } from '../new-file.ts';
import { reviewRows } from '../review-rows.ts';
import { useTheme } from '../theme.ts';
import { badgeOf, type Shown, stageOf } from './run-header.ts';

type View = 'plan' | 'statements' | 'checks';
type Asking = { readonly kind: 'yes' } | { readonly kind: 'type'; readonly index: number } | null;

const AFTER_DEATH = {
	backup:
		'If this terminal closes, the run continues, and lockstep attach shows it again. If the run itself is killed, the lock ends with its connection, and what the plan switched before it (read_only, the SQL thread) is rolled back by this screen within seconds, or by lockstep recover.',
	restore:
		'If this terminal closes, the run continues, and lockstep attach shows it again. If the run itself is killed, what was loaded stays: the same command resumes it, as long as nothing else changes those databases. lockstep undo drops what this run made; what it replaced cannot be restored.',
	drill:
		'If this terminal closes, the run continues, and lockstep attach shows it again. If the run itself is killed, this screen stops the throwaway server and removes its folder, or lockstep recover does.',
	provision:
		'If this terminal closes, the run continues, and lockstep attach shows it again. If the run itself is killed, what was done stays and is written down: the same command resumes it. lockstep undo removes what this run made; data that the replica had before cannot be restored.',
};

const DIALOG_HINTS: { readonly [kind in NonNullable<Asking>['kind']]: readonly Hint[] } = {
	type: [
		['enter', 'start, if it is exact'],
		['esc', 'do nothing'],
	],
	yes: [
		['enter', 'choose'],
		['y n', 'yes, no'],
		['esc', 'do nothing'],
	],
};

const forbiddenHints = (isRepeatable: boolean): readonly Hint[] => [
	...(isRepeatable ? ([['r', 'run the checks again']] as const) : []),
	['i', 'all checks'],
	['s', 'SQL'],
	['esc', 'back'],
	['?', 'help'],
];

const planHints = (view: View, isOpen: boolean, isRepeatable: boolean): readonly Hint[] => [
	['enter', 'start'],
	['s', view === 'statements' ? 'plan' : 'SQL'],
	['i', 'checks'],
	['esc', 'back'],
	['space', isOpen ? 'close steps' : 'open steps'],
	['c', 'copy'],
	['w', 'write'],
	...(isRepeatable ? ([['r', 'check again']] as const) : []),
	['?', 'help'],
];

/** The plan, before anything has changed. */
export function ReviewScreen({ watched, title }: Shown) {
	const app = useApp();
	const { signs, styles, ascii } = useTheme();
	const [view, setView] = useState<View>('plan');
	const [asking, setAsking] = useState<Asking>(null);
	const [isOpen, setOpen] = useState(false);
	const { state, question, request, again } = watched;
	const review = state.review;
	const consents = review?.consents ?? [];
	const consent = asking?.kind === 'type' ? consents[asking.index] : undefined;
	const forbidden = question === null;
	const commandLine = request === null ? '' : app.backend.commandLine(request);

	const answer = (go: boolean) => {
		if (question?.kind !== 'review') return;
		question.answer(go ? { go: true, typed: consents.map((each) => each.name) } : { go: false, previewOnly: false });
	};
	const leave = () => {
		if (forbidden) app.back();
		else answer(false);
	};
	const write = () => {
		if (review === null) return;
		const at = app
			.now()
			.toISOString()
			.replace(/[-:]|\.\d+/g, '');
		const path = `lockstep-${review.runbook}-${at}.md`;
		const text = paint(reviewLines(review, { width: 100, servers: state.servers }), false);
		try {
			const page = `# ${review.title}\n\n\`\`\`text\n${text}\n\`\`\`\n\nThe same thing as a command:\n\n\`\`\`sh\n${commandLine}\n\`\`\`\n`;
			app.flash(`${signs.ok} written: ${writeNewFile({ path, text: page, mode: 0o600 })}`);
		} catch (error) {
			app.flash(`${signs.bad} ${error instanceof Error ? error.message : String(error)}`);
		}
	};

	const nextName = (index: number) => {
		if (index + 1 < consents.length) setAsking({ kind: 'type', index: index + 1 });
		else answer(true);
	};
	const pressInDialog = (key: string, asked: NonNullable<Asking>) => {
		if (key === 'esc' || (asked.kind === 'yes' && key === 'n')) setAsking(null);
		else if (asked.kind === 'yes' && key === 'y') answer(true);
	};
	const begin = () => {
		if (forbidden) return;
		setAsking(consents.length > 0 ? { kind: 'type', index: 0 } : { kind: 'yes' });
	};

	useKeys((key) => {
		if (asking !== null) return pressInDialog(key, asking);
		switch (key) {
			case 'esc':
				return view === 'plan' ? leave() : setView('plan');
			case 's':
				return setView(view === 'statements' ? 'plan' : 'statements');
			case 'i':
				return setView(view === 'checks' ? 'plan' : 'checks');
			case ' ':
				return setOpen(!isOpen);
			// Not y, which says yes in the dialog.
			case 'c':
				return app.copy(commandLine, 'the equivalent command');
			case 'w':
				return write();
			case '?':
			case 'f1':
				return app.help('review');
			case 'r':
				return again?.();
			case 'enter':
				return begin();
		}
	});

	if (review === null || request === null) return null;
	const width = app.size.columns - 2;
	const dialog = asking === null ? 0 : 4;
	const height = bodyRows(app.size.rows) - dialog;
	const { servers } = state;
	const effect = review.overview?.effect ?? `This changes ${Object.values(servers).join(' and ')}.`;
	const lines = () => {
		// Where it is agreed to, only what it comes to, whole.
		if (asking !== null) return [...indented('', effect, width, 'bold'), [], ...decisionLines(review, { width, signs, servers })];
		if (view === 'statements') return reviewLines(review, { width, ascii, servers });
		if (view === 'checks') return review.checks.flatMap((check) => checkLines(check, width, signs));
		return reviewRows(review, { width, signs, servers, commandLine, afterDeath: AFTER_DEATH[request.kind], isOpen });
	};
	const hints = (): readonly Hint[] => {
		if (asking !== null) return DIALOG_HINTS[asking.kind];
		return forbidden ? forbiddenHints(again !== null) : planHints(view, isOpen, again !== null);
	};
	return (
		<Frame title={title} badge={badgeOf(app, request)} {...stageOf(watched, 'Plan')} hints={hints()}>
			<Pane key={asking === null ? view : 'asking'} lines={lines()} width={width} height={height} pages={asking !== null} />
			{asking?.kind === 'yes' && (
				<Box flexDirection="column" flexShrink={0} height={dialog}>
					<Text {...styles('dim')}>{signs.rule.repeat(width)}</Text>
					<Text bold>Start?</Text>
					<Choice
						besidePane
						options={[
							{ value: false, label: 'No, change nothing' },
							{ value: true, label: 'Yes, start' },
						]}
						onChoose={(yes) => (yes ? answer(true) : setAsking(null))}
					/>
				</Box>
			)}
			{asking?.kind === 'type' && consent !== undefined && (
				<Box flexDirection="column" flexShrink={0} height={dialog}>
					<Text {...styles('dim')}>{signs.rule.repeat(width)}</Text>
					<TypedName key={asking.index} name={consent.name} width={width} onTyped={() => nextName(asking.index)} />
				</Box>
			)}
		</Frame>
	);
}
