import type { BackupReport } from '../../core/backups.ts';
import { bytes, plural } from '../../core/format.ts';
import type { RestoreRequest, ServerCard, StatusReport } from '../../core/wizard-backend.ts';
import { useApp } from '../app-context.ts';
import type { FormField } from '../components/form.tsx';
import { Gate } from '../components/gate.tsx';
import { RequestForm, useDraft } from '../components/request-form.tsx';
import { readNames } from './backup.tsx';

const FEW = 6;

function fields(backup: BackupReport, { databases, bytes: size }: StatusReport): readonly FormField[] {
	const held = backup.databaseList.map(({ name }) => name);
	const list = `${held.slice(0, FEW).join(', ')}${held.length > FEW ? ` and ${held.length - FEW} more` : ''}`;
	return [
		{
			id: 'databases',
			label: 'Databases',
			kind: 'text',
			about: `Names with commas between them. Empty: all ${plural(held.length, 'database')}: ${list}.`,
			placeholder: '(all)',
			group: `What to load; the server holds ${plural(databases, 'database')}, ${bytes(size)}`,
		},
		{
			id: 'tables',
			label: 'Tables',
			kind: 'text',
			about: 'Only these and their triggers, as database.table with commas between them. Empty: all.',
			placeholder: '(all)',
		},
		{
			id: 'accounts',
			label: 'Accounts',
			kind: 'choice',
			about: 'Accounts of the backup that do not exist yet are created, with their passwords and privileges; others stay as they are.',
			options: [
				{ value: 'no', label: 'left alone' },
				{ value: 'yes', label: 'made, too' },
			],
		},
		{
			id: 'binlog',
			label: 'Binary log',
			kind: 'choice',
			about: 'Whether the load is written into it: replicas of this server get it only then, and it needs as much room again.',
			options: [
				{ value: 'no', label: 'not written' },
				{ value: 'yes', label: 'written' },
			],
		},
	];
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
	const draft = useDraft(`restore ${backup.path} ${card.server}`, { databases: '', tables: '', accounts: 'no', binlog: 'no' });
	const { values } = draft;
	const submit = () => {
		const { names: databases, wrong: wrongDatabases } = readNames(values.databases, 'Databases');
		const { names: tables, wrong: wrongTables } = readNames(values.tables, 'Tables', true);
		const unknown = databases.filter((name) => !backup.databaseList.some((each) => each.name === name));
		const found: { [field: string]: string } = {};
		if (unknown.length > 0) found.databases = `The backup holds no ${unknown.join(', ')}.`;
		if (wrongDatabases !== undefined) found.databases = wrongDatabases;
		if (wrongTables !== undefined) found.tables = wrongTables;
		draft.setErrors(found);
		if (Object.keys(found).length > 0) return;
		const request: RestoreRequest = {
			kind: 'restore',
			server: card.server,
			backup: backup.path,
			...(databases.length > 0 ? { databases } : {}),
			...(tables.length > 0 ? { tables } : {}),
			accounts: values.accounts === 'yes',
			writeBinlog: values.binlog === 'yes',
		};
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
