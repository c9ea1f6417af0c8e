import type { BackupReport } from '../../core/backups.ts';
import { bytes, plural } from '../../core/format.ts';
import type { ServerCard, StatusReport } from '../../core/status-report.ts';
import { initialValues, readForm } from '../../requests/form.ts';
import { RESTORE, type RestoreRequest } from '../../requests/restore.ts';
import { useApp } from '../app-context.ts';
import type { FormField } from '../components/form.tsx';
import { Gate } from '../components/gate.tsx';
import { requestFields } from '../components/request-fields.ts';
import { RequestForm, useDraft } from '../components/request-form.tsx';
import { draftKey } from '../drafts.ts';

const FEW = 6;

function fields(backup: BackupReport, { databases, bytes: size }: StatusReport): readonly FormField[] {
	const held = backup.databaseList.map(({ name }) => name);
	const list = `${held.slice(0, FEW).join(', ')}${held.length > FEW ? ` and ${held.length - FEW} more` : ''}`;
	return requestFields(RESTORE, {
		databases: {
			about: `Names with commas between them. Empty: all ${plural(held.length, 'database')}: ${list}.`,
			group: `What to load; the server holds ${plural(databases, 'database')}, ${bytes(size)}`,
		},
	});
}

/** What of a backup is loaded into a server. */
export function Restore({ card, backup }: { readonly card: ServerCard; readonly backup: BackupReport }) {
	return (
		<Gate servers={[card.server]} title={`restore into ${card.name}`} badge={card.badge}>
			{([status]) => (status === undefined ? null : <RestoreForm card={card} backup={backup} status={status} />)}
		</Gate>
	);
}

type RestoreFormProps = { readonly card: ServerCard; readonly backup: BackupReport; readonly status: StatusReport };

function RestoreForm({ card, backup, status }: RestoreFormProps) {
	const app = useApp();
	const draft = useDraft(draftKey({ kind: 'restore', backup: backup.path, server: card.server }), initialValues(RESTORE));
	const submit = () => {
		const { fields: asked, errors } = readForm(RESTORE, draft.values);
		const unknown = (asked.databases ?? []).filter((name) => !backup.databaseList.some((each) => each.name === name));
		const found = { ...(unknown.length > 0 && { databases: `The backup holds no ${unknown.join(', ')}.` }), ...errors };
		draft.setErrors(found);
		if (Object.keys(found).length > 0) return;
		const request: RestoreRequest = { kind: 'restore', server: card.server, backup: backup.path, ...asked };
		app.go({ at: 'run', request, title: `restore into ${card.name}` });
	};
	return (
		<RequestForm
			title={`restore into ${card.name}`}
			badge={card.badge}
			stage={{ restore: 'What' }}
			draft={draft}
			fields={fields(backup, status)}
			onSubmit={submit}
		/>
	);
}
