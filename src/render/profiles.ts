import { pad } from './width.ts';

type Profile = {
	readonly name: string;
	readonly badge?: string;
	readonly socket?: string;
	readonly user?: string;
	readonly host?: string;
	readonly port?: number;
	readonly output?: string;
};

const where = ({ socket, user, host, port }: Profile): string =>
	socket ?? `${user ? `${user}@` : ''}${host ?? 'localhost'}:${port ?? 3306}`;

/** `lockstep profile list`. `file`: where they are kept. */
export function renderProfiles(profiles: readonly Profile[], file: string): string {
	if (profiles.length === 0) return `No profiles yet, in ${file}.\nNext:  lockstep profile add NAME --server mysql://USER@HOST:PORT`;
	return profiles
		.map((each) => `${pad(each.name, 20)} ${pad(each.badge ?? '', 8)} ${where(each)}${each.output ? `  → ${each.output}` : ''}`)
		.join('\n');
}

/** `lockstep profile show`: each field by its name in the configuration. */
export const renderProfile = (profile: { readonly [field: string]: unknown }): string =>
	Object.entries(profile)
		.flatMap(([field, value]) => fieldLines(field, value))
		.join('\n');

function fieldLines(field: string, value: unknown): readonly string[] {
	if (Array.isArray(value)) return [`${pad(field, 20)} ${value.join(', ')}`];
	if (typeof value !== 'object' || value === null) return [`${pad(field, 20)} ${String(value)}`];
	return Object.entries(value).flatMap(([key, each]) => fieldLines(`${field}.${key}`, each));
}

/** `lockstep profile test`. `tls`: null where the connection is not encrypted. */
export const answerWords = (
	name: string,
	{ identity, tls }: { readonly identity: { readonly version: string; readonly account: string }; readonly tls: string | null },
): string => `${name} answers: ${identity.version}, as ${identity.account}, ${tls ?? 'not encrypted'}.`;

type Change = { readonly kind: 'add' | 'edit' | 'remove'; readonly name: string };

/** What a change of a profile would do. */
export const wouldChange = ({ kind, name }: Change, file: string): string =>
	({
		add: `Would add profile ${name} to ${file}.`,
		edit: `Would change profile ${name} in ${file}.`,
		remove: `Would remove profile ${name} from ${file}.`,
	})[kind];

/** What it has done. */
export const changedProfile = ({ kind, name }: Change, file: string): readonly string[] =>
	({
		add: [`Kept in ${file}, without a password.`, `Next:  lockstep profile test ${name}`],
		edit: [`Changed in ${file}.`],
		remove: [`Removed from ${file}.`],
	})[kind];
