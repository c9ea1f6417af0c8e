import { useEffect, useState } from 'react';
import type { ServerCard, StatusReport } from '../../core/status-report.ts';
import { useApp } from '../app-context.ts';
import { Form, type FormField, type Values } from '../components/form.tsx';
import { bodyRows, Frame } from '../components/frame.tsx';
import { Gate } from '../components/gate.tsx';
import { useDraft } from '../components/request-form.tsx';
import { useTheme } from '../theme.ts';

const FIELDS: readonly FormField[] = [
	{
		id: 'server',
		label: 'Server',
		kind: 'server',
		about: 'HOST, HOST:PORT, USER@HOST:PORT, a socket’s path, or mysql://USER@HOST:PORT?ssl-mode=… Its password is asked for next.',
		placeholder: 'backup@db3.example.org',
		group: 'Where it is',
	},
	{
		id: 'tls',
		label: 'TLS',
		kind: 'choice',
		about: 'verified: certificate and name are checked. required: encrypted; whatever server answers may be given the password.',
		options: [
			{ value: '', label: 'if offered' },
			{ value: 'REQUIRED', label: 'required' },
			{ value: 'VERIFY_IDENTITY', label: 'verified' },
			{ value: 'DISABLED', label: 'off' },
		],
	},
	{
		id: 'name',
		label: 'Save as',
		kind: 'text',
		about: 'The profile’s name. A profile holds no password.',
		placeholder: 'db3',
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
	{
		id: 'output',
		label: 'Backups go to',
		kind: 'text',
		about: 'Folder for the backups of this server. Empty: one is proposed.',
		placeholder: '(proposed)',
	},
];

const EMPTY: Values = { server: '', tls: '', name: '', badge: '', output: '' };

/** The address with the choice of TLS, unless it says that itself. */
export function addressOf({ server = '', tls = '' }: Values): string {
	if (tls === '' || server.includes('ssl-mode=') || server.startsWith('/')) return server;
	const url = server.includes('://') ? server : `mysql://${server}`;
	return `${url}${url.includes('?') ? '&' : '?'}ssl-mode=${tls}`;
}

function wrong(values: Values, taken: readonly string[]): { [field: string]: string } {
	const errors: { [field: string]: string } = {};
	if (!values.server) errors.server = 'Which server? A host or a socket is needed.';
	if (!values.name) errors.name = 'A profile needs a name.';
	else if (!/^[\w.-]+$/.test(values.name)) errors.name = 'Letters, digits, dot, dash, underscore.';
	else if (taken.includes(values.name)) errors.name = 'This name is taken.';
	return errors;
}

const cardOf = ({ name = '', badge, output }: Values, server: string, proposed: string): ServerCard => ({
	...{ name, server, output: output || proposed },
	badge: badge === 'prod' || badge === 'test' ? badge : null,
});

/** A server that is no profile yet: its connection is tested before it is saved. */
export function Connect() {
	const app = useApp();
	const draft = useDraft('connect', EMPTY);
	const [tested, setTested] = useState<ServerCard | null>(null);
	const submit = (values: Values) => {
		const found = wrong(
			values,
			app.backend.servers().map((card) => card.name),
		);
		draft.setErrors(found);
		if (Object.keys(found).length > 0) return;
		setTested(cardOf(values, addressOf(values), app.backend.proposeOutput(values.name ?? '')));
	};
	if (tested !== null)
		return (
			<Gate servers={[tested.server]} title={`test ${tested.name}`} badge={tested.badge} onBack={() => setTested(null)}>
				{([report]) => <Saved card={tested} report={report} onSaved={() => draft.forget()} />}
			</Gate>
		);
	return (
		<Frame
			title="add a server"
			badge={draft.values.server ? app.backend.badgeOf(draft.values.server) : null}
			right={{ text: 'Connection', tone: 'dim' }}
			hints={[
				['ctrl+s', 'test and save'],
				['tab', 'next field'],
				['space', 'change'],
				['esc', 'back'],
				['F1', 'help'],
			]}
		>
			<Form
				fields={FIELDS}
				values={draft.values}
				onChange={draft.change}
				submit="Test the connection and save"
				onSubmit={submit}
				onBack={app.back}
				onHelp={() => app.help('form')}
				errors={draft.errors}
				width={app.size.columns - 2}
				height={bodyRows(app.size.rows)}
			/>
		</Frame>
	);
}

type SavedProps = { readonly card: ServerCard; readonly report: StatusReport | undefined; readonly onSaved: () => void };

/** Saves it, once, and goes back to where it was asked for. */
function Saved({ card, report, onSaved }: SavedProps) {
	const app = useApp();
	const { signs } = useTheme();
	// biome-ignore lint/correctness/useExhaustiveDependencies: saved once.
	useEffect(() => {
		app.backend.save(card);
		onSaved();
		app.flash(`${signs.ok} ${card.name}: ${report?.version ?? ''}, ${report?.tls ?? 'not encrypted'}`);
		app.back();
	}, []);
	return null;
}
