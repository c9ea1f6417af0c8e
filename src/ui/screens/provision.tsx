import type { ProvisionRequest } from '../../core/wizard-backend.ts';
import { useApp } from '../app-context.ts';
import type { FormField } from '../components/form.tsx';
import { RequestForm, useDraft } from '../components/request-form.tsx';
import { useKeys } from '../keys.ts';
import { readSeconds } from './backup.tsx';

/** Up to so many servers are turned like a choice; more are typed. */
const FEW = 4;

export function Provision({ primary, replica }: { readonly primary?: string; readonly replica?: string }) {
	const app = useApp();
	const cards = app.desk.servers();
	const known = cards.map((card) => card.name);
	const preset = primary !== undefined && replica !== undefined;
	const initial = {
		primary: primary ?? '',
		replica: replica ?? '',
		account: '',
		operator: '',
		seed: 'dump',
		backup: '',
		tls: 'yes',
		delay: '',
	};
	const draft = useDraft('provision', initial, { anew: preset });
	const { values } = draft;
	useKeys((key) => {
		if (key === 'ctrl+n') app.go({ at: 'connect', goal: 'provision' });
	});
	const server = (id: 'primary' | 'replica', label: string, about: string): FormField => {
		const choose = known.length > 0 && known.length <= FEW && (values[id] === '' || known.includes(values[id] ?? ''));
		return choose
			? { id, label, kind: 'choice', about, options: known.map((name) => ({ value: name, label: name })) }
			: { id, label, kind: 'text', about: `${about} A profile's name or mysql://USER@HOST:PORT.`, placeholder: 'mysql://root@db1:3306' };
	};
	const fields: readonly FormField[] = [
		{ ...server('primary', 'Primary', 'The server that clients write to. Its data is read; it gets one account.'), group: 'Which servers' },
		server('replica', 'Replica', 'The server that becomes the backup replica. Its data is REPLACED.'),
		{
			id: 'seed',
			label: 'Copy by',
			kind: 'choice',
			about:
				'The stream works everywhere. CLONE copies the files themselves, for MySQL only: faster, and the accounts are replaced, too. A backup burdens the primary least.',
			options: [
				{ value: 'dump', label: 'a dump’s stream' },
				{ value: 'clone', label: 'CLONE (MySQL)' },
				{ value: 'backup', label: 'a backup' },
			],
		},
		...(values.seed === 'backup'
			? [
					{
						id: 'backup',
						label: 'Backup',
						kind: 'text' as const,
						about:
							'The folder of a backup of the primary or of a replica of it. What came after it must still be in the primary’s binary logs.',
						placeholder: '/backups/db1/latest',
					},
				]
			: []),
		{
			id: 'account',
			label: 'Account',
			kind: 'text',
			about: 'NAME@HOST of the replication account. Empty: a name is proposed, limited to the address of the replica.',
			placeholder: '(proposed)',
			group: 'How they talk',
		},
		{
			id: 'tls',
			label: 'Encryption',
			kind: 'choice',
			about: 'The account may log in with TLS only. Without it, everything replicated passes the network readable.',
			options: [
				{ value: 'yes', label: 'required' },
				{ value: 'no', label: 'NOT encrypted' },
			],
		},
		{
			id: 'delay',
			label: 'Delay',
			kind: 'text',
			about: 'Apply changes so much later (1h), to have time after a mistake. Empty: at once.',
			placeholder: '(none)',
		},
		{
			id: 'operator',
			label: 'Operator account',
			kind: 'text',
			about: 'NAME or NAME@HOST: one more account, for backups of the replica. Its password goes to a file for you alone. Empty: none.',
			placeholder: '(none)',
		},
	];
	const submit = () => {
		const delay = values.delay ? readSeconds(values.delay) : 0;
		const found: { [field: string]: string } = {};
		if (!values.primary) found.primary = 'Which server is the primary?';
		if (!values.replica) found.replica = 'Which server becomes the replica?';
		else if (values.primary === values.replica) found.replica = 'A server cannot replicate from itself.';
		if (values.operator && !/^[^@]+(@[^@]+)?$/.test(values.operator)) found.operator = 'NAME or NAME@HOST, for example ops@10.0.0.%';
		if (values.account && !/^[^@]+@[^@]+$/.test(values.account)) found.account = 'NAME@HOST, for example repl@10.0.0.3';
		if (values.seed === 'backup' && !values.backup) found.backup = 'Which backup? Its folder, or the link `latest`.';
		if (delay === null) found.delay = 'A time such as 30m or 1h.';
		draft.setErrors(found);
		if (Object.keys(found).length > 0) return;
		const address = (name: string | undefined) => cards.find((card) => card.name === name)?.server ?? name ?? '';
		const request: ProvisionRequest = {
			kind: 'provision',
			primary: address(values.primary),
			replica: address(values.replica),
			tls: values.tls !== 'no',
			...(values.seed === 'clone' ? { seed: 'clone' as const } : {}),
			...(values.seed === 'backup' && values.backup ? { seed: 'backup' as const, backup: values.backup } : {}),
			...(values.account ? { account: values.account } : {}),
			...(values.operator ? { operator: values.operator } : {}),
			...(delay ? { delaySeconds: delay } : {}),
		};
		app.go({ at: 'run', request, title: `set up ${values.replica}` });
	};
	return (
		<RequestForm
			title="set up a backup replica"
			badge={cards.find((card) => card.name === values.replica)?.badge ?? null}
			stage={{ provision: 'Servers' }}
			hints={[
				['tab', 'fields'],
				['space', 'turn a choice'],
				['ctrl+n', 'new server'],
				['esc', 'back'],
				['F1', 'help'],
			]}
			draft={draft}
			fields={fields}
			onSubmit={submit}
			ready={preset}
		/>
	);
}
