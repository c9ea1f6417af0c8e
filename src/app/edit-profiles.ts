import { UserError } from '../core/errors.ts';
import { shellWord } from '../core/shell.ts';
import type { Profile } from '../profiles/profile.ts';
import type { AppContext } from './context.ts';
import { type ProfileFields, profileFrom } from './profile-from.ts';

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
