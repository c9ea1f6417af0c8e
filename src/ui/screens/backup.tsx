import { bytes, plural } from '../../core/format.ts';
import type { ServerCard, StatusReport } from '../../core/status-report.ts';
import { BACKUP, type BackupRequest } from '../../requests/backup.ts';
import { initialValues, readForm } from '../../requests/form.ts';
import { useApp } from '../app-context.ts';
import { Gate } from '../components/gate.tsx';
import { requestFields } from '../components/request-fields.ts';
import { RequestForm, useDraft } from '../components/request-form.tsx';
import { draftKey, lastKey } from '../drafts.ts';
import { useTheme } from '../theme.ts';

const fields = (report: StatusReport) =>
	requestFields(BACKUP, {
		databases: { about: `Names with commas between them. Empty: all ${plural(report.databases, 'database')}, ${bytes(report.bytes)}.` },
		...(report.replication === null && { stopApplier: null }),
	});

export function Backup({ card }: { readonly card: ServerCard }) {
	return (
		<Gate servers={[card.server]} title={`backup ${card.name}`} badge={card.badge}>
			{([report]) => (report === undefined ? null : <BackupForm card={card} report={report} />)}
		</Gate>
	);
}

function BackupForm({ card, report }: { readonly card: ServerCard; readonly report: StatusReport }) {
	const app = useApp();
	const { signs } = useTheme();
	const draft = useDraft(draftKey({ kind: 'backup', server: card.server }), {
		...{ ...initialValues(BACKUP), to: card.output ?? app.backend.proposeOutput(card.server) },
		...app.backend.answers(lastKey(card.server)),
	});
	const submit = () => {
		const { fields: asked, errors } = readForm(BACKUP, draft.values);
		const isOdd = asked.engine === 'vendor' && asked.lock === 'snapshot';
		const found = { ...errors, ...(isOdd && { lock: 'Only the parallel engine can let it go early.' }) };
		draft.setErrors(found);
		if (Object.keys(found).length > 0) return;
		const request: BackupRequest = { kind: 'backup', server: card.server, ...asked };
		app.go({ at: 'run', request, title: `backup ${signs.dot} ${card.name}` });
	};
	return (
		<RequestForm
			title={`backup ${signs.dot} ${card.name}`}
			badge={card.badge}
			stage={{ backup: 'What and how' }}
			draft={draft}
			fields={fields(report)}
			onSubmit={submit}
		/>
	);
}
