import { useState } from 'react';
import type { RunDetails } from '../../app/wizard-backend.ts';
import { failureOf } from '../../core/failure.ts';
import { bytes } from '../../core/format.ts';
import { runWords } from '../../render/background.ts';
import { failureLines } from '../../render/failure.ts';
import { type Line, line, span } from '../../render/page.ts';
import { runFactLines } from '../../render/runs.ts';
import { useApp } from '../app-context.ts';
import { Choice, type Option } from '../components/choice.tsx';
import { bodyRows, Frame } from '../components/frame.tsx';
import { Pane } from '../components/pane.tsx';
import { REMOVAL_ROWS, Removal } from '../components/removal.tsx';
import { Text } from '../components/text.tsx';
import { useAsked } from '../hooks/use-asked.ts';
import { useKeys } from '../keys.ts';
import { transcriptRows } from '../run-rows.ts';
import { useTheme } from '../theme.ts';
import { badgeOf } from './run-header.ts';
import { placeOf } from './runs.tsx';

type Goal = 'watch' | 'recover' | 'resume' | 'undo' | 'remove' | 'back';

const OPTIONS: { readonly [goal in Exclude<Goal, 'remove'>]: Option<Goal> } = {
	watch: { value: 'watch', label: 'Watch', about: 'its progress, its lock, its end' },
	recover: { value: 'recover', label: 'Recover', about: 'roll back what must not stay' },
	resume: { value: 'resume', label: 'Resume', about: 'its plan again, from where it was left' },
	undo: { value: 'undo', label: 'Undo', about: 'all that it changed; its statements first' },
	back: { value: 'back', label: 'Back' },
};

/** The run as the screens of runs that are not over know it. */
const cardOf = ({ entry: { run, title, servers, started }, request }: RunDetails) =>
	({ run, title, servers, started, state: 'unfinished', request }) as const;

/** One run: what it did and came to, and what can be done with it. */
export function RunDetailsScreen({ run }: { readonly run: string }) {
	const app = useApp();
	const { signs, styles, ascii } = useTheme();
	const [view, setView] = useState<'facts' | 'statements'>('facts');
	const [isRemoving, setRemoving] = useState(false);
	const { value, failure, again } = useAsked(async () => {
		const details = await app.backend.runDetails(run);
		const partials = details.partial === null ? [] : await app.backend.partialBackups();
		return { details, partial: partials.find((each) => each.run === run) ?? null };
	});
	useKeys((key) => {
		if (key === 'esc') {
			if (isRemoving) setRemoving(false);
			else if (view === 'statements') setView('facts');
			else app.back();
		} else if (key === 's') setView(view === 'facts' ? 'statements' : 'facts');
		else if (key === 'y') app.copy(run, 'the name of the run');
		else if (key === '?' || key === 'f1') app.help('run-details');
	});
	const width = app.size.columns - 2;
	const partial = value?.partial ?? null;
	const remove = async () => {
		setRemoving(false);
		if (partial === null) return;
		try {
			await app.backend.removePartial(partial.path);
			app.flash(`removed ${partial.path}`);
		} catch (error) {
			app.flash(failureOf(error).description.message);
		}
		again();
	};
	const options = (): readonly Option<Goal>[] => {
		if (value === null) return [OPTIONS.back];
		const removal: readonly Option<Goal>[] =
			partial === null || partial.isInUse
				? []
				: [{ value: 'remove', label: 'Remove its folder', about: `incomplete backup, ${bytes(partial.bytes)}` }];
		return [...value.details.next.map(({ goal }) => OPTIONS[goal]), ...removal, OPTIONS.back];
	};
	const choose = (goal: Goal) => {
		if (goal === 'back' || value === null) app.back();
		else if (goal === 'remove') setRemoving(true);
		else if (goal === 'undo') app.go({ at: 'undo', details: value.details });
		else app.go(placeOf(cardOf(value.details), goal));
	};
	const lines = (): readonly Line[] => {
		if (failure !== null) return failureLines(failure, { width, ascii });
		if (value === null) return [];
		if (view === 'facts') return runFactLines(value.details, { width, ascii });
		const statements = transcriptRows(value.details.state, signs);
		return statements.length > 0 ? statements : [line(span('No statement was sent.', 'dim'))];
	};
	const shown = options();
	const rows = isRemoving ? REMOVAL_ROWS : shown.length;
	return (
		<Frame
			title={value === null ? 'run' : `run ${signs.dot} ${runWords(value.details.entry.title, value.details.entry.servers)}`}
			badge={value === null ? null : badgeOf(app, value.details.request)}
			hints={[
				[signs.arrows, 'move'],
				['enter', 'choose'],
				['s', view === 'facts' ? 'SQL' : 'summary'],
				['PgUp PgDn', 'scroll'],
				['esc', 'back'],
				['?', 'help'],
			]}
		>
			{value === null && failure === null ? (
				<Text {...styles('dim')}>{`Reading the journal of ${run} ${signs.more}`}</Text>
			) : (
				<>
					<Pane key={view} lines={lines()} width={width} height={bodyRows(app.size.rows) - rows - 1} pages />
					<Text {...styles('dim')}>{signs.rule.repeat(width)}</Text>
					{isRemoving && partial !== null ? (
						<Removal path={partial.path} size={partial.bytes} onAnswer={(yes) => (yes ? void remove() : setRemoving(false))} />
					) : (
						<Choice besidePane options={shown} onChoose={choose} />
					)}
				</>
			)}
		</Frame>
	);
}
