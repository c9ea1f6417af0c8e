import { completeDrill } from '../app/build-drill.ts';
import { clearInterruptedDrills } from '../app/interrupted-drills.ts';
import { UserError } from '../core/errors.ts';
import type { DRILL, DrillRequest } from '../requests/drill.ts';
import { toCommandLine } from '../requests/index.ts';
import type { FieldsOf } from '../requests/option.ts';
import { chooseBackup } from './choose-backup.ts';
import type { CommandResult } from './command-result.ts';
import type { Context } from './context.ts';
import { runRequest } from './run-request.ts';

/** Restores a backup into a throwaway server and proves what came; leaves a report beside the backup, and nothing else. */
export async function drill(context: Context, backup: string | undefined, options: FieldsOf<typeof DRILL.options>): Promise<CommandResult> {
	if (backup === undefined) {
		// A list of backups would drop the options.
		const hasOptions = options.replicate || !options.tls || Object.keys(options).length > 2;
		return chooseBackup(hasOptions ? { ...context, mode: 'headless' } : context, 'drill');
	}
	const { flags, mode, stderr } = context;
	const asked: DrillRequest = { kind: 'drill', backup, ...options };
	if (!asked.replicate && (asked.primary ?? asked.account ?? asked.accountPasswordFile) !== undefined)
		throw new UserError({
			message: 'A primary is of use with --replicate only.',
			hints: [toCommandLine({ ...asked, replicate: true })],
		});
	const request = await completeDrill(context, asked);
	if (!flags.dryRun) await clearInterruptedDrills(context, (text) => void stderr.write(`${text}\n`));
	// It changes no server that was there before: only an account on one is asked about.
	const changesPrimary = request.replicate && request.account === undefined;
	const isAgreed = mode === 'headless' && !changesPrimary;
	return runRequest(isAgreed ? { ...context, flags: { ...flags, yes: true } } : context, request);
}
