import { indented, type Line, line, span } from '../../render/page.ts';
import { columns } from '../../render/width.ts';
import { type HelpAbout, useApp } from '../app-context.ts';
import { bodyRows, Frame } from '../components/frame.tsx';
import { Pane } from '../components/pane.tsx';
import { useKeys } from '../keys.ts';
import { HELP, type HelpTopic } from '../words.ts';

/** The keys of the place below, and why one is there. */
export function Help({ topic, why, stop, onClose }: HelpAbout & { readonly topic: HelpTopic; readonly onClose: () => void }) {
	const app = useApp();
	const width = app.size.columns - 2;
	const { title, why: standing, keys } = HELP[topic];
	useKeys((key) => {
		if (key === 'esc' || key === '?' || key === 'f1' || key === 'q' || key === 'enter') onClose();
	});
	const reason = why ?? standing;
	const lines: Line[] = [
		line(span(title, 'bold')),
		[],
		...columns(keys, [{ most: width }, { most: width }], '').map(([key = '', does = '']) =>
			line('  ', span(`${key}   `, 'key'), does.trimEnd()),
		),
		...(stop === undefined ? [] : [[], line(span('Stop safely', 'bold')), ...indented('  ', stop, Math.min(width, 100))]),
		...(reason === ''
			? []
			: [[], line(span(why === undefined ? 'Why' : 'Why this step', 'bold')), ...indented('  ', reason, Math.min(width, 100))]),
	];
	return (
		<Frame title="help" hints={[['esc', 'close']]}>
			<Pane lines={lines} width={width} height={bodyRows(app.size.rows)} />
		</Frame>
	);
}
