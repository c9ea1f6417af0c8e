import type { BackupCard, BackupReport } from '../../core/backups.ts';
import { cardLines, showLines } from '../../render/backups.ts';
import { failureLines } from '../../render/failure.ts';
import { indented, type Line } from '../../render/page.ts';
import { useApp } from '../app-context.ts';
import { Choice, type Option } from '../components/choice.tsx';
import { bodyRows, Frame } from '../components/frame.tsx';
import { Pane } from '../components/pane.tsx';
import { Text } from '../components/text.tsx';
import { useAsked } from '../hooks/use-asked.ts';
import { useKeys } from '../keys.ts';
import { useTheme } from '../theme.ts';

type Goal = 'verify' | 'drill' | 'restore' | 'back';

const VERIFY: Option<Goal> = { value: 'verify', label: 'Verify', about: 'read all of it: every file as it was written' };
const DRILL: Option<Goal> = { value: 'drill', label: 'Drill', about: 'restore it into a throwaway server, and count' };
const RESTORE: Option<Goal> = { value: 'restore', label: 'Restore', about: 'load it, or a part of it, into a server' };
const BACK: Option<Goal> = { value: 'back', label: 'Back' };

const UNREADY = {
	partial:
		'A run that is at work is shown on Home, and so is one that was interrupted. Until it is complete nothing counts it as a backup.',
	damaged: 'It has the name of a complete backup, and cannot be read as one. Verify names all that is wrong with it.',
};

function optionsFor(isRead: boolean, isBroken: boolean): readonly Option<Goal>[] {
	if (isRead) return [VERIFY, DRILL, RESTORE, BACK];
	return isBroken ? [VERIFY, BACK] : [BACK];
}

/** One backup: all there is to say of it, and what can be done with it. */
export function Archive({ card }: { readonly card: BackupCard }) {
	const app = useApp();
	const { signs, styles, ascii } = useTheme();
	const { value: report, failure } = useAsked<BackupReport | null>(async () =>
		card.state === 'complete' ? app.backend.showBackup(card.path) : null,
	);
	useKeys((key) => {
		if (key === 'esc') app.back();
		else if (key === 'y') app.copy(card.path);
		else if (key === '?' || key === 'f1') app.help('archive');
	});
	const width = app.size.columns - 2;
	const now = app.now();
	const options = optionsFor(report !== null, card.state === 'damaged' || failure !== null);
	const waits = card.state === 'complete' && report === null && failure === null;
	const lines = (): readonly Line[] => {
		if (report !== null) return showLines(report, { width, ascii, now });
		if (failure !== null) return failureLines(failure, { width, ascii });
		return [
			...cardLines(card, { width, ascii, now }),
			...indented('  ', card.path, width, 'dim'),
			[],
			...(card.state === 'complete' ? [] : indented('  ', UNREADY[card.state], width)),
		];
	};
	const choose = (goal: Goal) => {
		if (goal === 'back') app.back();
		else if (goal === 'verify') app.go({ at: goal, card });
		else if (goal === 'drill')
			app.go({
				at: 'run',
				request: { kind: 'drill', backup: card.path, replicate: false, tls: true },
				title: `drill ${card.label}`,
			});
		else if (report !== null) app.go({ at: 'pick', flow: 'restore', backup: report });
	};
	return (
		<Frame
			title={`backup ${card.label}`}
			hints={[
				[signs.arrows, 'move'],
				['enter', 'choose'],
				['PgUp PgDn', 'scroll'],
				['esc', 'back'],
				['y', 'copy its path'],
				['?', 'help'],
			]}
		>
			{waits ? (
				<Text {...styles('dim')}>{`Looking into ${card.path} ${signs.more}`}</Text>
			) : (
				<>
					<Pane lines={lines()} width={width} height={bodyRows(app.size.rows) - options.length - 1} pages />
					<Text {...styles('dim')}>{signs.rule.repeat(width)}</Text>
					<Choice wheel={false} options={options} onChoose={choose} />
				</>
			)}
		</Frame>
	);
}
