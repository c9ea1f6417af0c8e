import { useState } from 'react';
import { failureOf } from '../../core/failure.ts';
import { initialValues, readForm } from '../../requests/form.ts';
import { PROVISION, type ProvisionRequest } from '../../requests/provision.ts';
import { useApp } from '../app-context.ts';
import type { FormField, Values } from '../components/form.tsx';
import { requestFields } from '../components/request-fields.ts';
import { RequestForm, useDraft } from '../components/request-form.tsx';
import { useTheme } from '../theme.ts';

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

type Pair = 'primary' | 'replica';
type Checked = { readonly server: string; readonly note: NonNullable<FormField['note']> };

/** What each server is, looked at as soon as its field is left. */
function useChecks() {
	const app = useApp();
	const { signs } = useTheme();
	const [checks, setChecks] = useState<{ readonly [role in Pair]?: Checked }>({});
	const check = async (role: Pair, server: string) => {
		if (server === '' || checks[role]?.server === server) return;
		const say = (note: Checked['note']) =>
			setChecks((before) =>
				before[role] === undefined || before[role].server === server ? { ...before, [role]: { server, note } } : before,
			);
		setChecks((before) => ({ ...before, [role]: { server, note: { tone: 'dim', text: `connecting ${signs.more}` } } }));
		try {
			const { account, badge, title, needsPassword } = await app.backend.inspectServer(server, { role });
			const words = [title, account, ...(needsPassword ? ['password asked for next'] : [])].join(` ${signs.dot} `);
			say({ tone: badge === 'prod' ? 'warn' : 'good', text: badge === null ? words : `${badge.toUpperCase()}  ${words}` });
		} catch (error) {
			const { message, reason } = failureOf(error).description;
			say({ tone: 'bad', text: [message, reason].filter(Boolean).join(' ') });
		}
	};
	return { checks, check };
}

export function Provision({ primary, replica }: { readonly primary?: string; readonly replica?: string }) {
	const app = useApp();
	const cards = app.backend.servers();
	const preset = primary !== undefined && replica !== undefined;
	const initial = { ...initialValues(PROVISION), primary: primary ?? '', replica: replica ?? '', backup: '' };
	const draft = useDraft('provision', initial, { anew: preset });
	const { values } = draft;
	const { checks, check } = useChecks();
	const address = (name: string | undefined) => cards.find((card) => card.name === name)?.server ?? name ?? '';
	const server = (id: Pair, label: string, about: string): FormField => ({
		...{ id, label, kind: 'server', about: `${about} A profile, HOST, USER@HOST:PORT, a socket or mysql://…` },
		placeholder: id === 'primary' ? 'root@db1' : 'root@db2:3306',
		...(checks[id]?.server === address(values[id]) && { note: checks[id]?.note }),
	});
	const fields: readonly FormField[] = [
		{ ...server('primary', 'Primary', 'The server that clients write to: read, and given one account.'), group: 'Which servers' },
		server('replica', 'Replica', 'Becomes the backup replica: its data is REPLACED.'),
		...requestFields(PROVISION).flatMap((field) => (field.id === 'seed' && values.seed === 'backup' ? [field, BACKUP_FIELD] : [field])),
	];
	const submit = (latest: Values) => {
		const isFromBackup = latest.seed === 'backup';
		const { fields: asked, errors } = readForm(PROVISION, { ...latest, seed: isFromBackup ? (latest.backup ?? '') : (latest.seed ?? '') });
		const found = wrong(latest, errors);
		draft.setErrors(found);
		if (Object.keys(found).length > 0) return;
		const request: ProvisionRequest = {
			...{ kind: 'provision', primary: address(latest.primary), replica: address(latest.replica) },
			...asked,
		};
		app.go({ at: 'run', request, title: `set up ${latest.replica}` });
	};
	return (
		<RequestForm
			title="set up a backup replica"
			badge={values.replica ? app.backend.badgeOf(address(values.replica)) : null}
			stage={{ provision: 'Servers' }}
			draft={draft}
			fields={fields}
			onSubmit={submit}
			onLeave={(field, latest) => {
				if (field === 'primary' || field === 'replica') void check(field, address(latest[field]));
			}}
			ready={preset}
		/>
	);
}
