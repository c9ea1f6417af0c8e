import { Box } from 'ink';
import { useState } from 'react';
import type { BackupReport } from '../../core/backups.ts';
import type { ServerCard } from '../../core/status-report.ts';
import { line, span } from '../../render/page.ts';
import { useApp } from '../app-context.ts';
import { Choice } from '../components/choice.tsx';
import { Field } from '../components/field.tsx';
import { bodyRows, Frame } from '../components/frame.tsx';
import { Lines } from '../components/lines.tsx';
import { Text } from '../components/text.tsx';
import { useKeys } from '../keys.ts';
import { useTheme } from '../theme.ts';
import { WORDS } from '../words.ts';

export type PickProps = { readonly flow: 'backup' | 'status' } | { readonly flow: 'restore'; readonly backup: BackupReport };

const QUESTIONS = { backup: 'Which server is to be backed up?', status: 'Which server?', restore: 'Into which server?' } as const;

/** What is loaded somewhere goes to a sandbox rather than to production. */
const RISK = { sandbox: 0, test: 1, none: 2, prod: 3 } as const;
const riskOf = ({ badge }: ServerCard): number => RISK[badge ?? 'none'];

/** Which server: a profile, or an address. */
export function Pick(props: PickProps) {
	const { flow } = props;
	const app = useApp();
	const { signs } = useTheme();
	const [filter, setFilter] = useState<string | null>(null);
	const [typing, setTyping] = useState(false);
	const wanted = (filter ?? '').toLowerCase();
	const known = app.backend.servers();
	const ordered = flow === 'restore' ? known.toSorted((a, b) => riskOf(a) - riskOf(b)) : known;
	const cards = ordered.filter((card) => `${card.name} ${card.server}`.toLowerCase().includes(wanted));
	useKeys((key) => {
		if (typing) {
			if (key === 'esc') {
				setFilter(null);
				setTyping(false);
			} else if (key === 'enter' || key === 'down' || key === 'tab') setTyping(false);
			return;
		}
		if (key === 'esc') {
			if (filter !== null) setFilter(null);
			else app.back();
		} else if (key === '/') {
			setFilter(filter ?? '');
			setTyping(true);
		} else if (key === '?' || key === 'f1') app.help('pick');
	});
	const options = [
		...cards.map((card) => ({
			value: card as ServerCard | null,
			label: card.name,
			about: [card.badge, card.server === card.name ? null : card.server, card.output].filter(Boolean).join('  '),
		})),
		{ value: null, label: 'Another server', about: 'host, port, user, password' },
	];
	return (
		<Frame
			title={props.flow === 'restore' ? `restore ${props.backup.label}` : flow}
			{...(flow === 'status' ? {} : { stage: { [flow]: 'Server' } })}
			hints={[
				[signs.arrows, 'move'],
				['enter', 'choose'],
				['/', 'filter'],
				['esc', 'back'],
				['?', 'help'],
			]}
		>
			<Lines lines={[line(span(QUESTIONS[flow], 'bold')), line(span(WORDS.readOnly, 'dim')), []]} />
			{filter !== null && (
				<Box flexShrink={0}>
					<Text>{'/ '}</Text>
					<Field value={filter} onChange={setFilter} focused={typing} width={30} />
				</Box>
			)}
			<Choice
				key={wanted}
				options={options}
				active={!typing}
				height={bodyRows(app.size.rows) - 4}
				onChoose={(card) => {
					if (props.flow === 'restore') {
						const { backup } = props;
						app.go(card === null ? { at: 'connect', goal: 'restore', backup } : { at: 'restore', card, backup });
					} else app.go(card === null ? { at: 'connect', goal: props.flow } : { at: props.flow, card });
				}}
			/>
		</Frame>
	);
}
