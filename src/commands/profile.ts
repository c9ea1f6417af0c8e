import { knownProfile, profileChange } from '../app/edit-profiles.ts';
import type { ProfileFields } from '../app/profile-from.ts';
import { openServer } from '../app/servers.ts';
import { UserError } from '../core/errors.ts';
import { answerWords, changedProfile, renderProfile, renderProfiles, wouldChange } from '../render/profiles.ts';
import { choice } from '../requests/option.ts';
import { PROFILE_VERBS } from '../requests/other-commands.ts';
import type { CommandResult } from './command-result.ts';
import type { Context } from './context.ts';
import { printDocument } from './document.ts';

/** `lockstep profile`: the servers that have a name. */
export async function profile(context: Context, given: string, name: string | undefined, fields: ProfileFields): Promise<CommandResult> {
	const { flags, profiles } = context;
	const verb = choice(PROFILE_VERBS).parse(given, 'profile');
	if (verb === 'list') {
		const all = profiles.list();
		return printDocument(context, 'profiles', { profiles: all }, () => renderProfiles(all, profiles.file));
	}
	if (name === undefined) throw new UserError({ message: 'A profile’s name is missing.', hints: [`lockstep profile ${verb} NAME`] });
	switch (verb) {
		case 'add':
		case 'edit':
		case 'remove': {
			const change = profileChange(context, verb, name, fields);
			if (flags.dryRun) return { end: null, extra: { dry_run: true }, next: [wouldChange(change, profiles.file)] };
			change.write();
			return { end: null, next: changedProfile(change, profiles.file) };
		}
		case 'show': {
			const profile = knownProfile(context, name);
			return printDocument(context, 'profile', profile, () => renderProfile({ ...profile }));
		}
		case 'test':
			knownProfile(context, name);
			return { end: null, next: [answerWords(name, await openServer(context, { role: 'server', server: name }))] };
	}
}
