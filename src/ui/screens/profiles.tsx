import { useState } from 'react';
import { failureOf } from '../../core/failure.ts';
import type { ServerCard } from '../../core/status-report.ts';
import { line, span } from '../../render/page.ts';
import { useApp } from '../app-context.ts';
import { Choice } from '../components/choice.tsx';
import { bodyRows, Frame } from '../components/frame.tsx';
import { Lines } from '../components/lines.tsx';
import { useKeys } from '../keys.ts';
import { useTheme } from '../theme.ts';

const HEADING_ROWS = 3;
const QUESTION_ROWS = 3;

/** One that is kept in the configuration, and no throwaway server that only this program knows. */
export const isProfile = ({ name, server }: ServerCard): boolean => name === server;

/** The servers that have names. */
export function Profiles() {
	const app = useApp();
	const { signs } = useTheme();
	const cards = app.backend.servers();
	const [removing, setRemoving] = useState<ServerCard | null>(null);
	useKeys((key) => {
		if (key === 'esc') {
			if (removing === null) app.back();
			else setRemoving(null);
		} else if (key === 'a' && removing === null) app.go({ at: 'connect' });
		else if (key === '?' || key === 'f1') app.help('profiles');
	});
	const act = (key: string, card: ServerCard | null) => {
		if (card === null || !['e', 't', 'd'].includes(key)) return;
		if (key === 't') app.go({ at: 'status', card });
		else if (!isProfile(card)) app.flash('It is no saved profile: it lasts as long as the sandbox.');
		else if (key === 'e') app.go({ at: 'connect', edit: card.name });
		else setRemoving(card);
	};
	const answer = (isAgreed: boolean) => {
		setRemoving(null);
		if (!isAgreed || removing === null) return;
		try {
			app.backend.removeProfile(removing.name);
			app.seen.delete(removing.server);
			app.flash(`${signs.ok} removed the profile ${removing.name}`);
		} catch (error) {
			app.flash(failureOf(error).description.message);
		}
	};
	const options = [
		...cards.map((card) => ({
			value: card as ServerCard | null,
			label: card.name,
			about: [card.badge, card.address ?? (card.server === card.name ? null : card.server), card.output].filter(Boolean).join('  '),
		})),
		{ value: null, label: 'Add a server', about: 'its connection is tested first' },
	];
	const height = bodyRows(app.size.rows) - HEADING_ROWS - (removing === null ? 0 : QUESTION_ROWS);
	return (
		<Frame
			title="profiles"
			hints={[
				[signs.arrows, 'move'],
				['enter', 'status'],
				['a', 'add'],
				['e', 'edit'],
				['d', 'remove'],
				['esc', 'back'],
				['?', 'help'],
			]}
		>
			<Lines lines={[line(span('Servers known here', 'bold')), line(span('Names, addresses, folders. Never a password.', 'dim')), []]} />
			<Choice
				options={options}
				height={height}
				active={removing === null}
				onChoose={(card) => app.go(card === null ? { at: 'connect' } : { at: 'status', card })}
				onKey={act}
			/>
			{removing !== null && (
				<>
					<Lines lines={[line(span(`Remove the profile ${removing.name}? Its server and its backups stay.`, 'bold'))]} />
					<Choice
						options={[
							{ value: false, label: 'Keep it' },
							{ value: true, label: 'Remove it', about: 'its name, address, folder, expectations' },
						]}
						onChoose={answer}
					/>
				</>
			)}
		</Frame>
	);
}
