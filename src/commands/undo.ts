import type { RunRequest } from '../core/desk.ts';
import { UserError } from '../core/errors.ts';
import { newest } from '../core/past.ts';
import type { Context, Ending } from './context.ts';
import { runsFolder } from './prepare.ts';
import { runHeadless } from './run.ts';

/**
 * Takes back what a run did, from its journal: the one that is named, else the newest provisioning or the newest run of any kind that
 * was cut off before it could put things back itself.
 */
export async function undo(context: Context, name: string | undefined): Promise<Ending> {
	const past = newest(runsFolder(context), (each) =>
		name === undefined ? each.runbook === 'provision-replica' || (each.open && each.touched.length > 0) : each.run === name,
	);
	if (past === undefined) {
		throw new UserError({
			what: name === undefined ? 'There is no run to take back.' : `There is no run ${name}.`,
			mend: [`Runs are kept in ${runsFolder(context)}`],
		});
	}
	if (past.touched.length === 0) throw new UserError({ what: `The run ${past.run} changed nothing, or was taken back already.` });
	if (context.flags.yes !== true) {
		throw new UserError({
			what: `This takes back the run ${past.run} of ${past.started}: ${past.touched.join(', ')}.`,
			mend: [`If that is meant:  lockstep undo ${past.run} --yes`],
		});
	}
	return runHeadless(context, past.request as RunRequest, {}, (prepared, how) => prepared.undo(how, past));
}
