import { failureOf } from '../../core/failure.ts';
import { bytes, plural } from '../../core/format.ts';
import { parseNames } from '../../core/names.ts';
import type { BackupRequest, ServerCard, StatusReport } from '../../core/wizard-backend.ts';
import { useApp } from '../app-context.ts';
import type { FormField } from '../components/form.tsx';
import { Gate } from '../components/gate.tsx';
import { RequestForm, useDraft } from '../components/request-form.tsx';
import { useTheme } from '../theme.ts';

const seconds = (text: string | undefined): number | null => {
	const parts = /^(\d+)\s*(s|m|h)?$/.exec((text ?? '').trim());
	if (parts === null) return null;
	return Number(parts[1]) * ({ s: 1, m: 60, h: 3600 }[parts[2] ?? 's'] ?? 1);
};
export const readSeconds = seconds;

/** The names in a field, and what is wrong with them where something is. */
export function readNames(text: string | undefined, label: string, isTable = false): { readonly names: string[]; readonly wrong?: string } {
	try {
		const names = parseNames(text ?? '', label);
		return isTable && names.some((name) => !/^[^.]+\..+$/s.test(name)) ? { names, wrong: 'Each as database.table.' } : { names };
	} catch (error) {
		return { names: [], wrong: failureOf(error).description.message };
	}
}

function fields(report: StatusReport): readonly FormField[] {
	return [
		{
			id: 'to',
			label: 'Folder',
			kind: 'text',
			about: 'Each backup becomes a folder in it, named by its time (UTC).',
			group: 'Where it goes',
		},
		{
			id: 'compress',
			label: 'Compression',
			kind: 'choice',
			about: 'zstd is about as small as gzip and several times faster; less time is less time under the lock.',
			options: [
				{ value: 'zstd', label: 'zstd' },
				{ value: 'gzip', label: 'gzip' },
				{ value: 'none', label: 'none' },
			],
		},
		{
			id: 'engine',
			label: 'Engine',
			kind: 'choice',
			about:
				'parallel: several connections read tables in pieces, far faster. vendor: mariadb-dump or mysqldump, one plain SQL file a database.',
			options: [
				{ value: 'parallel', label: 'parallel' },
				{ value: 'vendor', label: 'vendor’s tool' },
			],
		},
		{
			id: 'databases',
			label: 'Databases',
			kind: 'text',
			about: `Names with commas between them. Empty: all ${plural(report.databases, 'database')}, ${bytes(report.bytes)}.`,
			placeholder: '(all)',
			group: 'What',
		},
		{ id: 'ignore', label: 'Leave out tables', kind: 'text', about: 'database.table with commas between them.', placeholder: '(none)' },
		{
			id: 'lock',
			label: 'The lock',
			kind: 'choice',
			about: 'held: for the whole dump. snapshot: until every connection has its snapshot, an instant where all is InnoDB (parallel only).',
			options: [
				{ value: 'auto', label: 'automatic (recommended)' },
				{ value: 'held', label: 'held' },
				{ value: 'snapshot', label: 'snapshot' },
			],
			group: 'The lock',
		},
		{
			id: 'most',
			label: 'Maximum lock time',
			kind: 'text',
			about:
				'Then the dump is stopped: 10m, 2h; 0: no limit. Empty: 3 times the predicted time (6 times if it is assumed), at least 5 min.',
			placeholder: '(automatic: the plan shows it)',
		},
		{
			id: 'wait',
			label: 'Wait for the lock',
			kind: 'text',
			about: 'Maximum time, then everything is rolled back: 60s, 5m.',
		},
		{
			id: 'long',
			label: 'Long statements',
			kind: 'choice',
			about: 'Who holds up the lock for over 10 s. give up: refuse at once. kill them: they are listed first, and a name must be typed.',
			options: [
				{ value: 'wait', label: 'wait for them' },
				{ value: 'abort', label: 'give up' },
				{ value: 'kill', label: 'kill them' },
			],
		},
		...(report.replication === null
			? []
			: ([
					{
						id: 'applier',
						label: 'Replication',
						kind: 'choice',
						about: 'held: the lock makes it wait. stopped: its SQL thread is stopped first and started again afterwards.',
						options: [
							{ value: 'no', label: 'held by the lock' },
							{ value: 'yes', label: 'stopped first' },
						],
					},
				] satisfies FormField[])),
	];
}

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
	const draft = useDraft(`backup ${card.server}`, {
		to: card.output ?? app.desk.proposeOutput(card.server),
		compress: 'zstd',
		engine: 'parallel',
		lock: 'auto',
		databases: '',
		ignore: '',
		most: '',
		wait: '60s',
		long: 'wait',
		applier: 'no',
	});
	const { values } = draft;
	const submit = () => {
		const wait = seconds(values.wait);
		const most = seconds(values.most);
		const { names: databases, wrong: wrongDatabases } = readNames(values.databases, 'Databases');
		const { names: ignored, wrong: wrongTables } = readNames(values.ignore, 'Leave out tables', true);
		const found: { [field: string]: string } = {};
		if (values.engine === 'vendor' && values.lock === 'snapshot') found.lock = 'Only the parallel engine can let it go early.';
		if (!values.to) found.to = 'A folder is needed.';
		if (wait === null || wait < 1) found.wait = 'A time such as 60s, 5m or 1h.';
		if ((values.most ?? '').trim() !== '' && most === null) found.most = 'A time such as 10m or 2h, 0 for no limit, or nothing.';
		if (wrongDatabases !== undefined) found.databases = wrongDatabases;
		if (wrongTables !== undefined) found.ignore = wrongTables;
		draft.setErrors(found);
		if (Object.keys(found).length > 0 || wait === null) return;
		const request: BackupRequest = {
			kind: 'backup',
			server: card.server,
			to: values.to ?? '',
			compress: values.compress === 'gzip' || values.compress === 'none' ? values.compress : 'zstd',
			engine: values.engine === 'vendor' ? 'vendor' : 'parallel',
			...(values.lock === 'held' || values.lock === 'snapshot' ? { lock: values.lock } : {}),
			lockWaitSeconds: wait,
			longQueries: values.long === 'abort' || values.long === 'kill' ? values.long : 'wait',
			...(most === null ? {} : { maxLockSeconds: most }),
			stopApplier: values.applier === 'yes',
			...(databases.length > 0 ? { databases } : {}),
			...(ignored.length > 0 ? { ignoreTables: ignored } : {}),
		};
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
