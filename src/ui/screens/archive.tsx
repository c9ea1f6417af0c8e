import { useState } from 'react';
import type { BackupCard, BackupReport, PartialStatus } from '../../core/backups.ts';
import { failureOf } from '../../core/failure.ts';
import { bytes } from '../../core/format.ts';
import { cardLines, showLines } from '../../render/backups.ts';
import { failureLines } from '../../render/failure.ts';
import { indented, type Line } from '../../render/page.ts';
import { useApp } from '../app-context.ts';
import { Choice, type Option } from '../components/choice.tsx';
import { bodyRows, Frame } from '../components/frame.tsx';
import { Pane } from '../components/pane.tsx';
import { REMOVAL_ROWS, Removal } from '../components/removal.tsx';
import { Text } from '../components/text.tsx';
import { useAsked } from '../hooks/use-asked.ts';
import { useKeys } from '../keys.ts';
import { useTheme } from '../theme.ts';

type Goal = 'verify' | 'drill' | 'restore' | 'remove' | 'run' | 'back';

const VERIFY: Option<Goal> = { value: 'verify', label: 'Verify', about: 'read all of it: every file as it was written' };
const DRILL: Option<Goal> = { value: 'drill', label: 'Drill', about: 'restore it into a throwaway server, and count' };
const RESTORE: Option<Goal> = { value: 'restore', label: 'Restore', about: 'load it, or a part of it, into a server' };
const RUN: Option<Goal> = { value: 'run', label: 'Its run', about: 'what it did, how it stands, and what can be done with it' };
const BACK: Option<Goal> = { value: 'back', label: 'Back' };

const DAMAGED = 'It has the name of a complete backup, and cannot be read as one. Verify names all that is wrong with it.';
const PARTIAL: { readonly [status in PartialStatus]: string } = {
	running: 'A run at work writes to it. Until that is complete nothing counts it as a backup.',
	interrupted: 'Its run is over, and did not complete it. Nothing uses it, and no restore takes it: it only takes room.',
	unknown: 'It may be written from another machine, or by another user, at this moment. Nothing counts it as a backup.',
};

const statedOf = ({ state, partial }: BackupCard): string | null => {
	if (state === 'complete') return null;
	return state === 'damaged' ? DAMAGED : PARTIAL[partial ?? 'unknown'];
};

type Known = { readonly isRead: boolean; readonly isBroken: boolean };

function optionsFor({ partial, run, bytes: size }: BackupCard, { isRead, isBroken }: Known): readonly Option<Goal>[] {
	if (isRead) return [VERIFY, DRILL, RESTORE, BACK];
	if (isBroken) return [VERIFY, BACK];
	const removal: Option<Goal> = { value: 'remove', label: 'Remove it', about: `${bytes(size)} on disk; asks once more` };
	return [...(partial === 'interrupted' ? [removal] : []), ...(run === null ? [] : [RUN]), BACK];
}

/** One backup: all there is to say of it, and what can be done with it. */
export function Archive({ card }: { readonly card: BackupCard }) {
	const app = useApp();
	const { signs, styles, ascii } = useTheme();
	const { value: report, failure } = useAsked<BackupReport | null>(async () =>
		card.state === 'complete' ? app.backend.showBackup(card.path) : null,
	);
	const [isRemoving, setRemoving] = useState(false);
	const remove = async () => {
		setRemoving(false);
		try {
			await app.backend.removePartial(card.path);
			app.flash(`removed ${card.path}`);
			app.back();
		} catch (error) {
			app.flash(failureOf(error).description.message);
		}
	};
	useKeys((key) => {
		if (key === 'esc') isRemoving ? setRemoving(false) : app.back();
		else if (key === 'y') app.copy(card.path, 'the path of the backup');
		else if (key === '?' || key === 'f1') app.help('archive');
	});
	const width = app.size.columns - 2;
	const now = app.now();
	const options = optionsFor(card, { isRead: report !== null, isBroken: card.state === 'damaged' || failure !== null });
	const stated = statedOf(card);
	const waits = card.state === 'complete' && report === null && failure === null;
	const lines = (): readonly Line[] => {
		if (report !== null) return showLines(report, { width, ascii, now });
		if (failure !== null) return failureLines(failure, { width, ascii });
		return [
			...cardLines(card, { width, ascii, now }),
			...indented('  ', card.path, width, 'dim'),
			[],
			...(stated === null ? [] : indented('  ', stated, width)),
		];
	};
	const choose = (goal: Goal) => {
		if (goal === 'back') app.back();
		else if (goal === 'remove') setRemoving(true);
		else if (goal === 'run' && card.run !== null) app.go({ at: 'run-details', run: card.run });
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
					<Pane lines={lines()} width={width} height={bodyRows(app.size.rows) - (isRemoving ? REMOVAL_ROWS : options.length) - 1} pages />
					<Text {...styles('dim')}>{signs.rule.repeat(width)}</Text>
					{isRemoving ? (
						<Removal path={card.path} size={card.bytes} onAnswer={(yes) => (yes ? void remove() : setRemoving(false))} />
					) : (
						<Choice besidePane options={options} onChoose={choose} />
					)}
				</>
			)}
		</Frame>
	);
}
