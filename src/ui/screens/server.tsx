import { Box } from 'ink';
import { useState } from 'react';
import type { ServerCard } from '../../core/status-report.ts';
import { useApp } from '../app-context.ts';
import { bodyRows, Frame, ROOMY } from '../components/frame.tsx';
import { Lines } from '../components/lines.tsx';
import { Menu, type MenuItem } from '../components/menu.tsx';
import { detailLines, markOf } from '../fleet-rows.ts';
import { useWatched } from '../hooks/use-watched.ts';
import { useKeys } from '../keys.ts';
import { useTheme } from '../theme.ts';
import { isProfile } from './profiles.tsx';

const EVERY_MS = 2_000;

type Goal = 'backup' | 'status' | 'doctor' | 'backups' | 'replica' | 'primary' | 'profile';

const ITEMS: readonly MenuItem<Goal>[] = [
	{ value: 'backup', digit: 1, label: 'Back up now', about: 'its plan comes first' },
	{ value: 'status', digit: 2, label: 'Status', about: 'replication, lag over time, last backup, disk' },
	{ value: 'doctor', digit: 3, label: 'Doctor', about: 'what is wrong, what that means, what fixes it' },
	{ value: 'backups', digit: 4, label: 'Its backups', about: 'verify, drill or restore one' },
	{ value: 'replica', digit: 5, label: 'Make it a replica', about: 'its data is replaced' },
	{ value: 'primary', digit: 6, label: 'Give it a replica', about: 'account, settings, seed, start, check' },
	{ value: 'profile', digit: 7, label: 'Edit its profile', about: 'address, badge, folder, what is expected of it' },
];

/** What can be done with a server, and how it is. */
export function Server({ card: given }: { readonly card: ServerCard }) {
	const app = useApp();
	// Its profile may have been edited meanwhile.
	const card = app.backend.servers().find(({ server }) => server === given.server) ?? given;
	const { signs } = useTheme();
	const [round, setRound] = useState(0);
	const seen = useWatched([card], { everyMs: EVERY_MS, round }).get(card.server) ?? null;
	const isLocked = seen?.state === 'locked';
	useKeys((key) => {
		if (key === 'esc') app.back();
		else if (key === 'r') setRound(round + 1);
		else if (key === 'u' && isLocked) app.go({ at: 'status', card });
		else if (key === '?' || key === 'f1') app.help('server');
	});
	const choose = (goal: Goal) => {
		if (goal === 'backups') app.go({ at: 'backups', folder: card.output ?? app.backend.proposeOutput(card.server) });
		else if (goal === 'replica') app.go({ at: 'provision', replica: card.server });
		else if (goal === 'primary') app.go({ at: 'provision', primary: card.server });
		else if (goal === 'profile') app.go({ at: 'connect', edit: card.name });
		else app.go({ at: goal, card });
	};
	const items = ITEMS.filter(({ value }) => value !== 'profile' || isProfile(card));
	const height = bodyRows(app.size.rows);
	const at = { now: app.now(), signs };
	const mark = markOf({ seen }, at.now, signs);
	const lines = detailLines({ card, seen }, { ...at, width: app.size.columns - 2 });
	const gap = lines.length + 1 + items.length > height ? 0 : 1;
	return (
		<Frame
			title={`${card.name}${seen?.report == null || app.size.columns < ROOMY ? '' : ` ${signs.dot} ${seen.report.title}`}`}
			badge={card.badge}
			right={{ text: `${mark.sign} ${mark.words}`, tone: mark.tone }}
			hints={[
				[signs.arrows, 'move'],
				['enter', 'open'],
				...(isLocked ? ([['u', 'log in']] as const) : []),
				['r', 'refresh'],
				['esc', 'back'],
				['?', 'help'],
			]}
		>
			<Lines lines={lines.slice(0, Math.max(1, height - items.length - gap))} />
			<Box marginTop={gap} flexShrink={0}>
				<Menu items={items} onSelect={choose} />
			</Box>
		</Frame>
	);
}
