import { statusOf } from '../app/status-report.ts';
import { watchStatus } from '../app/watch-status.ts';
import { UserError } from '../core/errors.ts';
import { FORMAT } from '../core/events.ts';
import { jsonLine } from '../core/json.ts';
import type { StatusReport } from '../core/status-report.ts';
import { renderStatus, unreachableWords } from '../render/status.ts';
import { type GivenOptions, readOptions, readServers } from '../requests/command.ts';
import { STATUS } from '../requests/other-commands.ts';
import type { CommandResult, Context } from './context.ts';
import { openWizard } from './wizard.ts';

/** `lockstep status`: how a server is, once or again and again. */
export async function status(context: Context, given: GivenOptions): Promise<CommandResult> {
	const { stdout, color, ascii, width, env, flags } = context;
	const { named, reach, missing } = readServers(STATUS, given, env.LOCKSTEP_PROFILE);
	if (missing !== undefined) {
		if (context.mode === 'wizard') return openWizard(context, { screen: 'status' });
		throw new UserError({ message: '--server is missing.', hints: ['lockstep status --server SERVER'] });
	}
	const connection = { server: named.server, ...reach?.server };
	const show = (report: StatusReport) =>
		stdout.write(flags.json ? jsonLine({ v: FORMAT, type: 'status', ...report }) : `${renderStatus(report, { color, ascii, width })}\n`);
	// The first answer is owed: a wrong address or password is no server that is away for a while.
	const first = await statusOf(context, connection);
	show(first);
	if (!readOptions(STATUS, given).watch) return { end: null, document: true };
	const { name, address } = first;
	for await (const report of watchStatus(context, connection)) {
		if (!('since' in report)) show(report);
		else if (flags.json) stdout.write(jsonLine({ v: FORMAT, type: 'status', name, address, healthy: false, unreachable: { ...report } }));
		else stdout.write(`${unreachableWords(name, report)}\n`);
	}
	return { end: null, document: true };
}
