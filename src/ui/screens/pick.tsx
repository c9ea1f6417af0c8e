import { Box } from 'ink';
import { useState } from 'react';
import type { ServerSuggestion } from '../../app/wizard-backend.ts';
import type { BackupReport } from '../../core/backups.ts';
import { failureOf } from '../../core/failure.ts';
import type { ServerCard } from '../../core/status-report.ts';
import { line, span } from '../../render/page.ts';
import { useApp } from '../app-context.ts';
import { comboLines } from '../components/combo-list.tsx';
import { Field } from '../components/field.tsx';
import { bodyRows, Frame } from '../components/frame.tsx';
import { Lines } from '../components/lines.tsx';
import { Text } from '../components/text.tsx';
import { useServerCombo } from '../hooks/use-server-combo.ts';
import { useKeys } from '../keys.ts';
import { useTheme } from '../theme.ts';
import { WORDS } from '../words.ts';

export type PickProps = { readonly flow: 'backup' | 'status' } | { readonly flow: 'restore'; readonly backup: BackupReport };

const QUESTIONS = { backup: 'Which server is to be backed up?', status: 'Which server?', restore: 'Into which server?' } as const;

/** What is loaded somewhere goes to a sandbox rather than to production. */
const RISK = { sandbox: 0, test: 1, none: 2, prod: 3 } as const;
const riskOf = ({ badge }: ServerSuggestion): number => RISK[badge ?? 'none'];
const harmlessFirst = (all: readonly ServerSuggestion[]) => all.toSorted((a, b) => riskOf(a) - riskOf(b));

/** Which server: one that is known, or any address. */
export function Pick(props: PickProps) {
	const { flow } = props;
	const app = useApp();
	const { signs, styles } = useTheme();
	const [text, setText] = useState('');
	const [said, setSaid] = useState<{ readonly isBad: boolean; readonly text: string } | null>(null);
	const combo = useServerCombo(text, { preselect: true, ...(flow === 'restore' && { order: harmlessFirst }) });
	const open = (card: ServerCard) => {
		if (props.flow === 'restore') app.go({ at: 'restore', card, backup: props.backup });
		else app.go({ at: props.flow, card });
	};
	const choose = async (server: string) => {
		if (server === '' || said?.isBad === false) return;
		const known = app.backend.servers().find((card) => card.name === server || card.server === server);
		if (known !== undefined) return open(known);
		setSaid({ isBad: false, text: `connecting to ${server} ${signs.more}` });
		try {
			const { badge } = await app.backend.inspectServer(server);
			setSaid(null);
			open({ name: server, server, badge, output: null });
		} catch (error) {
			const { message, reason } = failureOf(error).description;
			setSaid({ isBad: true, text: `${signs.bad} ${[message, reason].filter(Boolean).join(' ')}` });
		}
	};
	useKeys((key) => {
		if (key === 'esc') {
			if (text === '') app.back();
			else setText('');
		} else if (key === 'f1' || (key === '?' && text === '')) app.help('pick');
		else if (key === 'down' || key === 'wheeldown' || key === 'tab') combo.move(1);
		else if (key === 'up' || key === 'wheelup' || key === 'shift+tab') combo.move(-1);
		else if (key === 'pageup') combo.move(-Math.max(0, combo.at));
		else if (key === 'pagedown') combo.move(combo.rows.length - 1 - combo.at);
		else if (key === 'enter' || key === 'ctrl+s') void choose(combo.taken);
	});
	const height = bodyRows(app.size.rows);
	return (
		<Frame
			title={props.flow === 'restore' ? `restore ${props.backup.label}` : flow}
			{...(flow === 'status' ? {} : { stage: { [flow]: 'Server' } })}
			hints={[
				[signs.arrows, 'move'],
				['enter', 'choose'],
				['type', 'filter, or any address'],
				['esc', 'back'],
				['F1', 'help'],
			]}
		>
			<Lines lines={[line(span(QUESTIONS[flow], 'bold')), line(span(WORDS.readOnly, 'dim'))]} />
			<Box flexShrink={0} height={1}>
				<Text {...styles('key')}>{'/ '}</Text>
				<Field
					value={text}
					onChange={(next) => {
						// A first question mark asks for help.
						if (text === '' && next === '?') return;
						setText(next);
						setSaid(null);
					}}
					focused
					width={app.size.columns - 8}
					placeholder="a profile, HOST, USER@HOST:PORT, a socket or mysql://…"
				/>
			</Box>
			<Box flexShrink={0} height={1} paddingLeft={2}>
				<Text {...styles(said?.isBad ? 'bad' : 'dim')} wrap="truncate">
					{said?.text ?? ''}
				</Text>
			</Box>
			{comboLines(combo, height - 4)}
		</Frame>
	);
}
