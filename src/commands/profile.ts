import { knownProfile, profileChange } from '../app/edit-profiles.ts';
import { openServer } from '../app/servers.ts';
import { UserError } from '../core/errors.ts';
import { FORMAT } from '../core/events.ts';
import { jsonLine } from '../core/json.ts';
import { answerWords, changedProfile, renderProfiles, wouldChange } from '../render/profiles.ts';
import type { FieldsOf } from '../requests/option.ts';
import type { PROFILE } from '../requests/other-commands.ts';
import type { CommandResult, Context } from './context.ts';

/** `lockstep profile`: the servers that have a name. */
export async function profile(
	context: Context,
	verb: string,
	name: string | undefined,
	fields: FieldsOf<typeof PROFILE.options>,
): Promise<CommandResult> {
	const { flags, profiles, stdout } = context;
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
		case 'test':
			knownProfile(context, name);
			return { end: null, next: [answerWords(name, await openServer(context, { role: 'server', server: name }))] };
		default:
			throw new UserError({ message: `profile ${verb} is not known.`, hints: ['lockstep profile list | add | edit | test | remove'] });
	}
}
