import type { ServerCard } from '../../core/status-report.ts';
import { line, span } from '../../render/page.ts';
import { useApp } from '../app-context.ts';
import { Choice } from '../components/choice.tsx';
import { bodyRows, Frame } from '../components/frame.tsx';
import { Lines } from '../components/lines.tsx';
import { useKeys } from '../keys.ts';
import { useTheme } from '../theme.ts';

/** The servers that have names. */
export function Profiles() {
	const app = useApp();
	const { signs } = useTheme();
	const cards = app.backend.servers();
	useKeys((key) => {
		if (key === 'esc') app.back();
		else if (key === 'a') app.go({ at: 'connect' });
		else if (key === '?' || key === 'f1') app.help('profiles');
	});
	const options = [
		...cards.map((card) => ({
			value: card as ServerCard | null,
			label: card.name,
			about: [card.badge, card.address ?? (card.server === card.name ? null : card.server), card.output].filter(Boolean).join('  '),
		})),
		{ value: null, label: 'Add a server', about: 'its connection is tested first' },
	];
	return (
		<Frame
			title="profiles"
			hints={[
				[signs.arrows, 'move'],
				['enter', 'status'],
				['a', 'add'],
				['esc', 'back'],
				['?', 'help'],
			]}
		>
			<Lines lines={[line(span('Servers known here', 'bold')), line(span('Names, addresses, folders. Never a password.', 'dim')), []]} />
			<Choice
				options={options}
				height={bodyRows(app.size.rows) - 3}
				onChoose={(card) => app.go(card === null ? { at: 'connect' } : { at: 'status', card })}
			/>
		</Frame>
	);
}
