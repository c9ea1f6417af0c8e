import { initialValues, readForm } from '../../requests/form.ts';
import { PROVISION, type ProvisionRequest } from '../../requests/provision.ts';
import { useApp } from '../app-context.ts';
import type { FormField, Values } from '../components/form.tsx';
import { requestFields } from '../components/request-fields.ts';
import { RequestForm, useDraft } from '../components/request-form.tsx';
import { useKeys } from '../keys.ts';

/** Up to so many servers are turned like a choice; more are typed. */
const FEW = 4;

const BACKUP_FIELD: FormField = {
	id: 'backup',
	label: 'Backup',
	kind: 'text',
	about: 'The folder of a backup of the primary or of a replica of it. What came after it must still be in the primary’s binary logs.',
	placeholder: '/backups/db1/latest',
};

/** What is wrong with the answers; `read`: what reading each option by itself has found. */
function wrong(values: Values, read: Values): Values {
	const { seed: wrongSeed, ...found }: { [field: string]: string } = { ...read };
	if (wrongSeed !== undefined) found.backup = 'There is no such folder.';
	if (!values.primary) found.primary = 'Which server is the primary?';
	if (!values.replica) found.replica = 'Which server becomes the replica?';
	else if (values.primary === values.replica) found.replica = 'A server cannot replicate from itself.';
	if (values.operator && !/^[^@]+(@[^@]+)?$/.test(values.operator)) found.operator = 'NAME or NAME@HOST, for example ops@10.0.0.%';
	if (values.account && !/^[^@]+@[^@]+$/.test(values.account)) found.account = 'NAME@HOST, for example repl@10.0.0.3';
	if (values.seed === 'backup' && !values.backup) found.backup = 'Which backup? Its folder, or the link `latest`.';
	return found;
}

export function Provision({ primary, replica }: { readonly primary?: string; readonly replica?: string }) {
	const app = useApp();
	const cards = app.backend.servers();
	const known = cards.map((card) => card.name);
	const preset = primary !== undefined && replica !== undefined;
	const initial = { ...initialValues(PROVISION), primary: primary ?? '', replica: replica ?? '', backup: '' };
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
		...requestFields(PROVISION).flatMap((field) => (field.id === 'seed' && values.seed === 'backup' ? [field, BACKUP_FIELD] : [field])),
	];
	const submit = () => {
		const isFromBackup = values.seed === 'backup';
		const { fields: asked, errors } = readForm(PROVISION, { ...values, seed: isFromBackup ? (values.backup ?? '') : (values.seed ?? '') });
		const found = wrong(values, errors);
		draft.setErrors(found);
		if (Object.keys(found).length > 0) return;
		const address = (name: string | undefined) => cards.find((card) => card.name === name)?.server ?? name ?? '';
		const request: ProvisionRequest = {
			...{ kind: 'provision', primary: address(values.primary), replica: address(values.replica) },
			...asked,
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
