import { knownProfile, profileChange } from '../app/edit-profiles.ts';
import { openServer } from '../app/servers.ts';
import { UserError } from '../core/errors.ts';
import { FORMAT } from '../core/events.ts';
import { jsonLine } from '../core/json.ts';
import { answerWords, changedProfile, renderProfile, renderProfiles, wouldChange } from '../render/profiles.ts';
import { choice, type FieldsOf } from '../requests/option.ts';
import { type PROFILE, PROFILE_VERBS } from '../requests/other-commands.ts';
import type { CommandResult, Context } from './context.ts';

/** `lockstep profile`: the servers that have a name. */
export async function profile(
	context: Context,
	given: string,
	name: string | undefined,
	fields: FieldsOf<typeof PROFILE.options>,
): Promise<CommandResult> {
	const { flags, profiles, stdout } = context;
	const verb = choice(PROFILE_VERBS).parse(given, 'profile');
	if (verb === 'list') {
		const all = profiles.list();
		stdout.write(flags.json ? jsonLine({ v: FORMAT, type: 'profiles', profiles: all }) : `${renderProfiles(all, profiles.file)}\n`);
		return { end: null, document: true };
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
			stdout.write(flags.json ? jsonLine({ v: FORMAT, type: 'profile', ...profile }) : `${renderProfile(profile)}\n`);
			return { end: null, document: true };
		}
		case 'test':
			knownProfile(context, name);
			return { end: null, next: [answerWords(name, await openServer(context, { role: 'server', server: name }))] };
	}
}
