import { UserError } from '../core/errors.ts';
import { shellWord } from '../core/shell.ts';
import type { Profile } from '../profiles/profile.ts';
import { type FormValues, formTexts } from '../requests/form.ts';
import { PROFILE } from '../requests/other-commands.ts';
import type { AppContext } from './context.ts';
import { profileAddress } from './known-servers.ts';
import { type ProfileFields, profileFrom } from './profile-from.ts';
import type { ProfileEdit } from './wizard-backend.ts';

/** A change to the saved profiles, not written yet. */
export interface ProfileChange {
	readonly kind: 'add' | 'edit' | 'remove';
	readonly name: string;
	write(): void;
}

const unknown = (name: string) => new UserError({ message: `There is no profile ${name}.`, hints: ['lockstep profile list'] });

/** The profile of that name. Throws UserError where there is none. */
export function knownProfile({ profiles }: AppContext, name: string): Profile {
	const known = profiles.get(name);
	if (known === undefined) throw unknown(name);
	return known;
}

function addition({ profiles }: AppContext, name: string, fields: ProfileFields): Profile {
	if (profiles.get(name) !== undefined)
		throw new UserError({
			message: `There is a profile ${name} already.`,
			hints: [`lockstep profile edit ${shellWord(name)} …`, `lockstep profile remove ${shellWord(name)}`],
		});
	if (fields.server === undefined && fields.optionFile === undefined && fields.loginPath === undefined)
		throw new UserError({
			message: 'Where is it?',
			hints: [`lockstep profile add ${shellWord(name)} --server mysql://USER@HOST:PORT`],
		});
	return profileFrom(name, fields);
}

/** One expectation more leaves the others. */
function changed({ expect: before, ...known }: Profile, fields: ProfileFields): Profile {
	const { expect, ...given } = profileFrom(known.name, fields);
	const expected = { ...(fields.expectNothing ? {} : before), ...expect };
	return { ...known, ...given, ...(Object.keys(expected).length > 0 && { expect: expected }) };
}

/** Checks a change of a profile. Throws UserError where it cannot be made; `write` where the file cannot be written. */
export function profileChange(context: AppContext, kind: ProfileChange['kind'], name: string, fields: ProfileFields): ProfileChange {
	const { profiles } = context;
	if (kind === 'remove') {
		knownProfile(context, name);
		return { kind, name, write: () => void profiles.remove(name) };
	}
	const profile = kind === 'add' ? addition(context, name, fields) : changed(knownProfile(context, name), fields);
	return { kind, name, write: () => profiles.put(profile) };
}

/** What a profile's form shows. `server` and `tls` say how it is reached. Null where there is none of that name. */
export function profileForm({ profiles }: AppContext, name: string): FormValues | null {
	const profile = profiles.get(name);
	if (profile === undefined) return null;
	const { badge, output, expect = {} } = profile;
	const fields = {
		...{ badge, output, server: profileAddress(profile) },
		...{ expectReplicaOf: expect.replicaOf, expectReadOnly: expect.readOnly },
		...{ expectLag: expect.maxLagSeconds, expectBackupAge: expect.maxBackupAgeSeconds },
	};
	const texts = formTexts(PROFILE, fields);
	const times = Object.fromEntries(['expectLag', 'expectBackupAge'].map((id) => [id, inLargestUnit(texts[id] ?? '')]));
	return { ...texts, ...times, name, tls: profile.tls?.mode ?? '' };
}

/** `26h` of `93600s`. */
function inLargestUnit(text: string): string {
	const seconds = Number(/^(\d+)s$/.exec(text)?.[1] ?? 0);
	if (seconds === 0) return text;
	if (seconds % 3600 === 0) return `${seconds / 3600}h`;
	return seconds % 60 === 0 ? `${seconds / 60}m` : text;
}

/** A profile without what its form asks for. */
function withoutAnswers({ badge: _badge, output: _output, expect: _expect, ...kept }: Profile): Profile {
	return kept;
}

/** What stays of a profile that is reached in another way. */
const withoutConnection = ({ name, role, defaults }: Profile): Profile => ({
	name,
	...(role !== undefined && { role }),
	...(defaults !== undefined && { defaults }),
});

function withTls({ tls, ...profile }: Profile, mode: string): Profile {
	const { mode: _, ...others } = tls ?? {};
	const next = { ...others, ...(mode !== '' && { mode: mode as NonNullable<typeof tls>['mode'] & string }) };
	return { ...profile, ...(Object.keys(next).length > 0 && { tls: next }) };
}

/** Writes a profile as its form says; what the form does not ask for stays. Throws UserError. */
export function editProfile(context: AppContext, { was, name, server, tls, fields }: ProfileEdit): void {
	const { profiles } = context;
	const known = knownProfile(context, was);
	const before = withoutAnswers(known);
	if (name !== was && profiles.get(name) !== undefined) throw new UserError(`There is a profile ${name} already.`);
	const kept = server === null ? before : withoutConnection(before);
	const given = profileFrom(name, { ...fields, server: server ?? undefined });
	// That it is writable is expected by the file only: the form does not take it away.
	const isWritable = known.expect?.readOnly === false && !fields.expectReadOnly;
	const edited: Profile = { ...kept, ...given, ...(isWritable && { expect: { ...given.expect, readOnly: false } }) };
	profiles.put(server === null && tls !== null ? withTls(edited, tls) : edited);
	if (name !== was) profiles.remove(was);
}
