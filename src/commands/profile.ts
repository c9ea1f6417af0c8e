import { profileFrom } from '../app/profile-from.ts';
import { openServer } from '../app/servers.ts';
import { UserError } from '../core/errors.ts';
import { FORMAT } from '../core/events.ts';
import { jsonLine } from '../core/json.ts';
import { shellWord } from '../core/shell.ts';
import type { Profile } from '../profiles/profile.ts';
import { pad } from '../render/width.ts';
import type { FieldsOf } from '../requests/option.ts';
import type { PROFILE } from '../requests/other-commands.ts';
import type { CommandResult, Context } from './context.ts';

type Flags = FieldsOf<typeof PROFILE.options>;

const where = (profile: Profile): string =>
	profile.socket ?? `${profile.user ? `${profile.user}@` : ''}${profile.host ?? 'localhost'}:${profile.port ?? 3306}`;

export async function profile(context: Context, verb: string, name: string | undefined, flags: Flags): Promise<CommandResult> {
	const { profiles } = context;
	if (verb === 'list') return listProfiles(context);
	if (name === undefined) throw new UserError({ message: 'A profile’s name is missing.', hints: [`lockstep profile ${verb} NAME`] });
	const known = profiles.get(name);
	const { dryRun } = context.flags;
	switch (verb) {
		case 'add':
			if (known !== undefined)
				throw new UserError({
					message: `There is a profile ${name} already.`,
					hints: [`lockstep profile edit ${shellWord(name)} …`, `lockstep profile remove ${shellWord(name)}`],
				});
			return addProfile(context, name, flags);
		case 'edit':
			if (known === undefined) throw unknown(name);
			if (dryRun) return preview(`Would change profile ${profileFrom(name, flags).name} in ${profiles.file}.`);
			profiles.put({ ...known, ...profileFrom(name, flags) });
			return { end: null, next: [`Changed in ${profiles.file}.`] };
		case 'remove':
			if (dryRun && known !== undefined) return preview(`Would remove profile ${name} from ${profiles.file}.`);
			if (!profiles.remove(name)) throw unknown(name);
			return { end: null, next: [`Removed from ${profiles.file}.`] };
		case 'test':
			if (known === undefined) throw unknown(name);
			return testProfile(context, name);
		default:
			throw new UserError({ message: `profile ${verb} is not known.`, hints: ['lockstep profile list | add | edit | test | remove'] });
	}
}

function listProfiles({ flags, profiles, stdout }: Context): CommandResult {
	const all = profiles.list();
	if (flags.json) stdout.write(jsonLine({ v: FORMAT, type: 'profiles', profiles: all }));
	else {
		for (const each of all)
			stdout.write(`${pad(each.name, 20)} ${pad(each.badge ?? '', 8)} ${where(each)}${each.output ? `  → ${each.output}` : ''}\n`);
		if (all.length === 0)
			stdout.write(`No profiles yet, in ${profiles.file}.\nNext:  lockstep profile add NAME --server mysql://USER@HOST:PORT\n`);
	}
	return { end: null, document: true };
}

function addProfile({ flags: { dryRun }, profiles }: Context, name: string, flags: Flags): CommandResult {
	if (flags.server === undefined && flags.optionFile === undefined && flags.loginPath === undefined) {
		throw new UserError({
			message: 'Where is it?',
			hints: [`lockstep profile add ${shellWord(name)} --server mysql://USER@HOST:PORT`],
		});
	}
	if (dryRun) return preview(`Would add profile ${profileFrom(name, flags).name} to ${profiles.file}.`);
	profiles.put(profileFrom(name, flags));
	return { end: null, next: [`Kept in ${profiles.file}, without a password.`, `Next:  lockstep profile test ${name}`] };
}

async function testProfile(context: Context, name: string): Promise<CommandResult> {
	const opened = await openServer(context, { role: 'server', server: name });
	return {
		end: null,
		next: [`${name} answers: ${opened.identity.version}, as ${opened.identity.account}, ${opened.tls ?? 'not encrypted'}.`],
	};
}

const preview = (text: string): CommandResult => ({ end: null, extra: { dry_run: true }, next: [text] });

const unknown = (name: string) => new UserError({ message: `There is no profile ${name}.`, hints: ['lockstep profile list'] });
