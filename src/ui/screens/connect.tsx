import { useState } from 'react';
import type { BackupReport } from '../../core/backups.ts';
import type { ErrorMessage, UnverifiedServer } from '../../core/errors.ts';
import { failureOf } from '../../core/failure.ts';
import type { ServerCard } from '../../core/status-report.ts';
import { useApp } from '../app-context.ts';
import { Form, type FormField, type Values } from '../components/form.tsx';
import { bodyRows, Frame } from '../components/frame.tsx';
import { Trust } from '../components/trust.tsx';
import { useTheme } from '../theme.ts';

const FIELDS: readonly FormField[] = [
	{
		id: 'host',
		label: 'Host',
		kind: 'text',
		about: 'Name or address of the server.',
		placeholder: 'db3.example.org',
		group: 'Where it is',
	},
	{ id: 'port', label: 'Port', kind: 'text', about: 'Its TCP port.' },
	{
		id: 'socket',
		label: 'Socket',
		kind: 'text',
		about: 'A socket file on this machine, instead of host and port.',
		placeholder: '/run/mysqld/mysqld.sock',
	},
	{ id: 'user', label: 'User', kind: 'text', about: 'The account to log in with.', group: 'Who asks' },
	{
		id: 'password',
		label: 'Password',
		kind: 'password',
		about: 'Kept in memory until lockstep ends; never written, never shown. Ctrl+R shows what is typed.',
	},
	{
		id: 'tls',
		label: 'TLS',
		kind: 'choice',
		about: 'verified: certificate and name are checked. required: encrypted; whatever server answers may be given the password.',
		options: [
			{ value: 'PREFERRED', label: 'if offered' },
			{ value: 'REQUIRED', label: 'required' },
			{ value: 'VERIFY_IDENTITY', label: 'verified' },
			{ value: 'DISABLED', label: 'off' },
		],
	},
	{
		id: 'name',
		label: 'Save as',
		kind: 'text',
		about: 'A name saves it as a profile, without the password. Empty: this once only.',
		placeholder: '(not saved)',
		group: 'Profile',
	},
	{
		id: 'badge',
		label: 'Badge',
		kind: 'choice',
		about: 'Always in the header, so that production is never mistaken for something else.',
		options: [
			{ value: '', label: 'none' },
			{ value: 'prod', label: 'production' },
			{ value: 'test', label: 'test' },
		],
	},
	{ id: 'output', label: 'Backups go to', kind: 'text', about: 'Folder for the backups of this server.', placeholder: '(proposed later)' },
];

const EMPTY: Values = { host: '', port: '3306', socket: '', user: '', password: '', tls: 'PREFERRED', name: '', badge: '', output: '' };

/** The address that commands take, without the password. */
export function addressOf(values: Values): string {
	const user = values.user ? `${encodeURIComponent(values.user)}@` : '';
	const options = new URLSearchParams();
	if (values.socket) options.set('socket', values.socket);
	if (values.tls && values.tls !== 'PREFERRED') options.set('ssl-mode', values.tls);
	const query = options.size === 0 ? '' : `?${options.toString().replaceAll('%2F', '/')}`;
	const host = values.host?.includes(':') ? `[${values.host}]` : values.host;
	return values.socket ? `mysql://${user}localhost${query}` : `mysql://${user}${host}:${values.port || '3306'}${query}`;
}

function wrong(values: Values, taken: readonly string[]): { [field: string]: string } {
	const errors: { [field: string]: string } = {};
	if (!values.host && !values.socket) errors.host = 'A host or a socket is needed.';
	const port = Number(values.port);
	if (!values.socket && !(Number.isInteger(port) && port > 0 && port < 65_536)) errors.port = 'A number from 1 to 65535.';
	if (values.name && !/^[\w.-]+$/.test(values.name)) errors.name = 'Letters, digits, dot, dash, underscore.';
	if (values.name && taken.includes(values.name)) errors.name = 'This name is taken.';
	return errors;
}

const placeOf = (values: Values): string => (values.socket ? 'localhost' : `${values.host}:${values.port}`);

function cardOf(values: Values, name: string, server: string): ServerCard {
	return {
		name,
		server,
		badge: values.badge === 'prod' || values.badge === 'test' ? values.badge : null,
		output: values.output || null,
	};
}

/** What a server that does not let in says, at the field that it is about. */
function refusal({ message, reason }: ErrorMessage): Values {
	const field = /password|denied/i.test(`${message} ${reason}`) ? 'password' : 'host';
	return { [field]: [message, reason].filter(Boolean).join(' ') };
}

type ConnectProps =
	| { readonly goal: 'backup' | 'status' | 'profiles' | 'provision' }
	| { readonly goal: 'restore'; readonly backup: BackupReport };

/** A server that is no profile yet: tested before anything goes on. */
export function Connect(props: ConnectProps) {
	const { goal } = props;
	const app = useApp();
	const { signs } = useTheme();
	const [values, setValues] = useState<Values>({ ...EMPTY, ...app.drafts.get('connect') });
	const [errors, setErrors] = useState<Values>({});
	const [busy, setBusy] = useState<string | null>(null);
	const [untrusted, setUntrusted] = useState<{ readonly server: string; readonly unverified: UnverifiedServer } | null>(null);
	const change = (next: Values) => {
		setValues(next);
		setErrors({});
		const { password: _, ...kept } = next;
		app.drafts.set('connect', kept);
	};
	const save = (card: ServerCard) => {
		app.backend.save(card);
		if (values.password) app.backend.remember(card.name, values.password);
	};
	const goOn = (card: ServerCard) => {
		app.back();
		if (props.goal === 'restore') app.go({ at: 'restore', card, backup: props.backup });
		else if (goal === 'backup' || goal === 'status') app.go({ at: goal, card });
	};
	const submit = async () => {
		const found = wrong(
			values,
			app.backend.servers().map((card) => card.name),
		);
		if (goal === 'profiles' && !values.name) found.name = 'A profile needs a name.';
		setErrors(found);
		if (Object.keys(found).length > 0 || busy !== null) return;
		const server = addressOf(values);
		const name = values.name || placeOf(values);
		setBusy(`Asking ${name} ${signs.more}`);
		if (values.password) app.backend.remember(server, values.password);
		try {
			const report = await app.backend.status(server);
			const card = cardOf(values, name, server);
			if (values.name) save(card);
			app.drafts.delete('connect');
			app.flash(`${signs.ok} ${name}: ${report.version}${report.tls === null ? ', not encrypted' : `, ${report.tls}`}`);
			goOn(values.name ? { ...card, server: name } : card);
		} catch (error) {
			const { description, unverified } = failureOf(error);
			setUntrusted(unverified === undefined ? null : { server, unverified });
			setErrors(refusal(description));
			setBusy(null);
		}
	};
	if (untrusted !== null)
		return (
			<Trust
				{...untrusted}
				title="another server"
				onAccept={() => {
					setUntrusted(null);
					void submit();
				}}
				onDecline={() => setUntrusted(null)}
			/>
		);
	return (
		<Frame
			title="another server"
			right={{ text: 'Connection', tone: 'dim' }}
			note={busy}
			hints={[
				['tab', 'next field'],
				['space', 'turn a choice'],
				['ctrl+r', 'show password'],
				['esc', 'back'],
				['F1', 'help'],
			]}
		>
			<Form
				fields={FIELDS}
				values={values}
				onChange={change}
				submit="Test the connection and go on"
				onSubmit={() => void submit()}
				onBack={app.back}
				onHelp={() => app.help('form')}
				errors={errors}
				width={app.size.columns - 2}
				height={bodyRows(app.size.rows)}
			/>
		</Frame>
	);
}
