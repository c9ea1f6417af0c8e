import { UserError } from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import { newest, type Past } from '../core/past.ts';
import { findingLines } from '../telling/findings.ts';
import { paint } from '../telling/page.ts';
import type { Context, Ending } from './context.ts';
import { engageUndo } from './engage.ts';
import { runsFolder } from './prepare.ts';
import { findingsOf } from './recover.ts';
import { watchHeadless } from './run.ts';

/**
 * Takes back what a run did, from its journal: the one that is named, else the newest provisioning or the newest run of any kind that
 * was cut off before it could put things back itself.
 */
export async function undo(context: Context, name: string | undefined): Promise<Ending> {
	// One that was refused has changed nothing and hides none; one that was taken back must not make an older one the next.
	const wanted = (each: Past) => {
		if (name !== undefined) return each.run === name;
		const changed = each.touched.length > 0;
		return each.runbook !== 'locked-dump' ? changed || each.end?.outcome === 'undone' : changed && each.open;
	};
	const past = newest(runsFolder(context), wanted);
	if (past === undefined) {
		throw new UserError({
			what: name === undefined ? 'There is no run to take back.' : `There is no run ${name}.`,
			mend: [`Runs are kept in ${runsFolder(context)}`],
		});
	}
	if (past.touched.length === 0) throw new UserError({ what: `The run ${past.run} changed nothing, or was taken back already.` });
	if (context.flags.dryRun) return preview(context, past);
	if (context.flags.yes !== true) {
		throw new UserError({
			what: `This takes back the run ${past.run} of ${past.started}: ${past.touched.join(', ')}.`,
			mend: [`If that is meant:  lockstep undo ${past.run} --yes`],
		});
	}
	return watchHeadless(context, (watcher) => engageUndo(context, past, {}, watcher, 'undo'));
}

/** Shows the statements that would undo the run, as the servers are now. */
async function preview(context: Context, past: Past): Promise<Ending> {
	const { width, ascii, color } = context;
	const findings = await findingsOf(context, past, {}, 'all');
	return {
		end: null,
		extra: { dry_run: true, run: past.run, findings: findings as unknown as Json },
		next: [`Would undo run ${past.run}:`, paint(findingLines(findings, { width, ascii, servers: past.servers }), color)],
	};
}
