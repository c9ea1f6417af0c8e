import { toVerify, verifiedFields, verifyAndRecord, verifyEvents } from '../app/verify.ts';
import { renderVerified, verifyPreview } from '../render/backups.ts';
import { chooseBackup } from './choose-backup.ts';
import type { CommandResult } from './command-result.ts';
import type { Context } from './context.ts';

/** `lockstep verify`: reads a whole backup, and writes down beside it what that came to. */
export async function verify(context: Context, given: string | undefined): Promise<CommandResult> {
	if (given === undefined) return chooseBackup(context, 'verify');
	const { flags, stderr } = context;
	if (flags.dryRun) {
		const expected = await toVerify(given);
		const { folder, files, bytes } = expected;
		return { end: null, extra: { dry_run: true, backup: folder, files, bytes }, next: verifyPreview(expected) };
	}
	const verified = await verifyAndRecord(context, given, {
		onProgress: verifyEvents(context, context.print),
		warn: (text) => void stderr.write(`${text}\n`),
	});
	const { folder, record, notes } = verified;
	return { end: null, extra: verifiedFields(verified), next: flags.quiet ? [] : [renderVerified(folder, record, notes, context)] };
}
