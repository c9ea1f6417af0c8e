import { statusOf } from '../app/status-report.ts';
import { watchStatus } from '../app/watch-status.ts';
import { CheckFailed, Stopped, UserError } from '../core/errors.ts';
import { statusPrinter } from '../headless/status-printer.ts';
import { type GivenOptions, readOptions, readServers } from '../requests/command.ts';
import { STATUS } from '../requests/other-commands.ts';
import type { CommandResult } from './command-result.ts';
import type { Context } from './context.ts';
import { openWizard } from './wizard.ts';

const NOT_AS_EXPECTED = CheckFailed.exitCode;
const INTERRUPTED = 130;

/** `lockstep status`: how a server is, once or again and again. */
export async function status(context: Context, given: GivenOptions): Promise<CommandResult> {
	const { named, reach, missing } = readServers(STATUS, given, context.env.LOCKSTEP_PROFILE);
	if (missing !== undefined) {
		if (context.mode === 'wizard') return openWizard(context, { screen: 'status' });
		throw new UserError({ message: '--server is missing.', hints: ['lockstep status --server SERVER'] });
	}
	const isWatch = readOptions(STATUS, given).watch;
	const connection = { server: named.server, ...reach?.server };
	const printer = statusPrinter(context.stdout, { ...context, isJson: context.flags.json ?? false, isWatch });
	// The first answer is owed: a wrong address or password is no server that is away for a while.
	const first = await statusOf(context, connection);
	printer.show(first);
	if (!isWatch) return { end: null, document: true, ...(first.expectations.some(({ isMet }) => !isMet) && { exitCode: NOT_AS_EXPECTED }) };
	try {
		for await (const report of watchStatus({ ...context, onConnecting: undefined }, connection)) {
			if ('since' in report) printer.miss(first, report);
			else printer.show(report);
		}
	} catch (error) {
		// Ctrl+C is how a watch ends: nothing failed.
		if (!(error instanceof Stopped) || error.signal !== 'SIGINT') throw error;
	}
	return { end: null, document: true, exitCode: INTERRUPTED };
}
