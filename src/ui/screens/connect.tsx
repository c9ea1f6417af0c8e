import { useEffect, useState } from 'react';
import type { ProfileEdit } from '../../app/wizard-backend.ts';
import { failureOf } from '../../core/failure.ts';
import type { ServerCard } from '../../core/status-report.ts';
import { initialValues, readForm } from '../../requests/form.ts';
import { PROFILE } from '../../requests/other-commands.ts';
import { useApp } from '../app-context.ts';
import { Form, type FormField, type Values } from '../components/form.tsx';
import { bodyRows, Frame } from '../components/frame.tsx';
import { Gate } from '../components/gate.tsx';
import { requestFields } from '../components/request-fields.ts';
import { useDraft } from '../components/request-form.tsx';
import { useTheme } from '../theme.ts';

/** What is no option of the command: its argument, and a part of the address. */
const OWN: readonly FormField[] = [
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
];

const [SERVER, ...OTHERS] = requestFields(PROFILE, { server: { kind: 'server' }, expectReplicaOf: { kind: 'server' } });
const FIELDS: readonly FormField[] = [...(SERVER === undefined ? [] : [SERVER]), ...OWN, ...OTHERS];

const EMPTY: Values = { ...initialValues(PROFILE), tls: '', name: '' };

/** The address with the choice of TLS, unless it says that itself. */
export function addressOf({ server = '', tls = '' }: Values): string {
	if (tls === '' || server.includes('ssl-mode=') || server.startsWith('/')) return server;
	const url = server.includes('://') ? server : `mysql://${server}`;
	return `${url}${url.includes('?') ? '&' : '?'}ssl-mode=${tls}`;
}

function wrong(values: Values, taken: readonly string[]): { [field: string]: string } {
	const errors: { [field: string]: string } = { ...readForm(PROFILE, values).errors };
	if (!values.server) errors.server = 'Which server? A host or a socket is needed.';
	if (!values.name) errors.name = 'A profile needs a name.';
	else if (!/^[\w.-]+$/.test(values.name)) errors.name = 'Letters, digits, dot, dash, underscore.';
	else if (taken.includes(values.name)) errors.name = 'This name is taken.';
	return errors;
}

const badgeOf = (text: string | undefined): ServerCard['badge'] => (text === 'prod' || text === 'test' || text === 'sandbox' ? text : null);

/** What the form says beside how it is reached. */
const fieldsOf = (values: Values): ProfileEdit['fields'] => {
	const { server: _, ...fields } = readForm(PROFILE, values).fields;
	return fields;
};

const EXPECTATIONS = ['expectReplicaOf', 'expectLag', 'expectBackupAge'] as const;
const expectsAnything = (values: Values): boolean => values.expectReadOnly === 'yes' || EXPECTATIONS.some((id) => values[id] !== '');

/** A profile that is to be changed; null for a server that is none yet. */
type Editing = { readonly was: string; readonly before: Values } | null;

type Submitted = {
	readonly values: Values;
	/** As which it is tested. */
	readonly server: string;
	readonly reach?: { readonly flags: { readonly sslMode: string } };
};

/** What is tested before it is saved; null where nothing of how it is reached has changed. */
function testOf(values: Values, editing: Editing): Submitted | null {
	if (editing === null || values.server !== editing.before.server) return { values, server: addressOf(values) };
	if (values.tls === editing.before.tls) return null;
	return { values, server: editing.was, reach: { flags: { sslMode: values.tls || 'PREFERRED' } } };
}

/** A server that is no profile yet, or a profile that is changed: its connection is tested before it is saved. */
export function Connect({ edit }: { readonly edit?: string }) {
	const app = useApp();
	const { signs } = useTheme();
	const [editing] = useState<Editing>(() => {
		const before = edit === undefined ? null : app.backend.profileForm(edit);
		return edit === undefined || before === null ? null : { was: edit, before };
	});
	const draft = useDraft(
		editing === null ? 'connect' : `profile ${editing.was}`,
		{ ...EMPTY, ...editing?.before },
		{ anew: editing !== null },
	);
	const [tested, setTested] = useState<Submitted | null>(null);
	const { name: called = '', badge } = draft.values;

	const save = (values: Values) => {
		const { name = '', server = '', tls = '' } = values;
		if (editing === null) {
			const output = values.output || app.backend.proposeOutput(name);
			app.backend.save({ name, server: addressOf(values), badge: badgeOf(values.badge), output });
			if (expectsAnything(values))
				app.backend.editProfile({ was: name, name, server: null, tls: null, fields: { ...fieldsOf(values), output } });
		} else {
			const { was, before } = editing;
			const isElsewhere = server !== before.server;
			app.backend.editProfile({
				...{ was, name, fields: fieldsOf(values) },
				...{ server: isElsewhere ? addressOf(values) : null, tls: isElsewhere || tls === before.tls ? null : tls },
			});
			app.seen.delete(was);
		}
		draft.forget();
	};
	/** Saves it, and goes back to where it was asked for. */
	const finish = (values: Values, words: string) => {
		try {
			save(values);
			app.flash(`${signs.ok} ${values.name}: ${words}`);
		} catch (error) {
			const { message, reason } = failureOf(error).description;
			app.flash(`${signs.bad} ${[message, reason].filter(Boolean).join(' ')}`);
		}
		// What lies before knows it by its old name.
		if (editing === null || values.name === editing.was) app.back();
		else app.home();
	};
	const submit = (values: Values) => {
		const names = app.backend.servers().map((card) => card.name);
		const found = wrong(
			values,
			names.filter((name) => name !== editing?.was),
		);
		draft.setErrors(found);
		if (Object.keys(found).length > 0) return;
		const test = testOf(values, editing);
		if (test === null) finish(values, 'saved');
		else setTested(test);
	};
	if (tested !== null)
		return (
			<Gate
				servers={[tested.server]}
				{...(tested.reach !== undefined && { reach: [tested.reach] })}
				title={`test ${called}`}
				badge={badgeOf(badge)}
				onBack={() => setTested(null)}
			>
				{([report]) => <Saved onSaved={() => finish(tested.values, `${report?.version ?? ''}, ${report?.tls ?? 'not encrypted'}`)} />}
			</Gate>
		);
	return (
		<Frame
			title={editing === null ? 'add a server' : `profile ${editing.was}`}
			badge={draft.values.server && editing === null ? app.backend.badgeOf(draft.values.server) : badgeOf(badge)}
			right={{ text: 'Connection', tone: 'dim' }}
			hints={[
				['ctrl+s', testOf(draft.values, editing) === null ? 'save' : 'test and save'],
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
				submit={testOf(draft.values, editing) === null ? 'Save' : 'Test the connection and save'}
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

/** Once the connection was tested. */
function Saved({ onSaved }: { readonly onSaved: () => void }) {
	// biome-ignore lint/correctness/useExhaustiveDependencies: saved once.
	useEffect(() => onSaved(), []);
	return null;
}
