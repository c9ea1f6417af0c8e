import type { DoctorReport } from '../../core/doctor-report.ts';
import type { ServerCard } from '../../core/status-report.ts';
import { doctorLines, linesToCopy } from '../../render/doctor.ts';
import { failureLines } from '../../render/failure.ts';
import { type Line, line, span } from '../../render/page.ts';
import { useApp } from '../app-context.ts';
import { bodyRows, Frame } from '../components/frame.tsx';
import { Gate } from '../components/gate.tsx';
import { Pane } from '../components/pane.tsx';
import { useAsked } from '../hooks/use-asked.ts';
import { useKeys } from '../keys.ts';
import { useTheme } from '../theme.ts';

/** What is wrong with a server, what that means, and what fixes it. */
export function Doctor({ card }: { readonly card: ServerCard }) {
	return (
		<Gate servers={[card.server]} title={`doctor ${card.name}`} badge={card.badge}>
			{() => <Examined card={card} />}
		</Gate>
	);
}

function Examined({ card }: { readonly card: ServerCard }) {
	const app = useApp();
	const { signs, ascii } = useTheme();
	const { language } = app.backend;
	const { value: report, failure, again } = useAsked<DoctorReport>(() => app.backend.doctor(card.server));
	const width = app.size.columns - 2;
	useKeys((key) => {
		if (key === 'esc') app.back();
		else if (key === 'r') again();
		else if (key === 'y' && report !== null) app.copy(linesToCopy(report).join('\n'), 'the lines that fix it');
		else if (key === '?' || key === 'f1') app.help('doctor');
	});
	const lines = (): readonly Line[] => {
		if (report !== null) return doctorLines(report, { width, ascii, language });
		if (failure !== null) return failureLines(failure, { width, ascii });
		return [line(span(`Asking ${card.name} ${signs.more}`, 'dim'))];
	};
	return (
		<Frame
			title={`doctor ${signs.dot} ${card.name}`}
			badge={card.badge}
			hints={[
				['r', 'again'],
				['y', 'copy the fixes'],
				['/', 'filter'],
				['esc', 'back'],
				['?', 'help'],
			]}
		>
			<Pane lines={lines()} width={width} height={bodyRows(app.size.rows)} />
		</Frame>
	);
}
