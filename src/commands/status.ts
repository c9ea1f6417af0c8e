import { stripVTControlCharacters } from 'node:util';
import { statusOf } from '../app/status-report.ts';
import { watchStatus } from '../app/watch-status.ts';
import { CheckFailed, Stopped, UserError } from '../core/errors.ts';
import { FORMAT } from '../core/events.ts';
import { jsonLine } from '../core/json.ts';
import type { StatusReport } from '../core/status-report.ts';
import { renderStatus, seenWords, unreachableWords } from '../render/status.ts';
import { widthOf } from '../render/width.ts';
import { type GivenOptions, readOptions, readServers } from '../requests/command.ts';
import { STATUS } from '../requests/other-commands.ts';
import type { CommandResult, Context } from './context.ts';
import { openWizard } from './wizard.ts';

/** `lockstep status`: how a server is, once or again and again. */
export async function status(context: Context, given: GivenOptions): Promise<CommandResult> {
	const { stdout, color, ascii, width, env, flags, now } = context;
	const { named, reach, missing } = readServers(STATUS, given, env.LOCKSTEP_PROFILE);
	if (missing !== undefined) {
		if (context.mode === 'wizard') return openWizard(context, { screen: 'status' });
		throw new UserError({ message: '--server is missing.', hints: ['lockstep status --server SERVER'] });
	}
	const isWatch = readOptions(STATUS, given).watch;
	const connection = { server: named.server, ...reach?.server };
	const screen = flags.json || !stdout.isTTY || env.TERM === 'dumb' ? null : redrawn(stdout);
	const write = (text: string) => (screen === null || !isWatch ? stdout.write(`${text}\n`) : screen(`${text}\n\n${seenWords(now())}\n`));
	const show = (report: StatusReport) =>
		flags.json ? stdout.write(jsonLine({ v: FORMAT, type: 'status', ...report })) : write(renderStatus(report, { color, ascii, width }));
	// The first answer is owed: a wrong address or password is no server that is away for a while.
	const first = await statusOf(context, connection);
	show(first);
	if (!isWatch) return { end: null, document: true, ...(first.expectations.some(({ isMet }) => !isMet) && { exitCode: NOT_AS_EXPECTED }) };
	const { name, address } = first;
	try {
		for await (const report of watchStatus(context, connection)) {
			if (!('since' in report)) show(report);
			else if (flags.json) stdout.write(jsonLine({ v: FORMAT, type: 'status', name, address, healthy: false, unreachable: { ...report } }));
			else write(unreachableWords(name, report));
		}
	} catch (error) {
		// Ctrl+C is how a watch ends: nothing failed.
		if (!(error instanceof Stopped) || error.signal !== 'SIGINT') throw error;
	}
	return { end: null, document: true, exitCode: INTERRUPTED };
}

const NOT_AS_EXPECTED = CheckFailed.exitCode;
const INTERRUPTED = 130;

/** Writes each text in the place of the one before. */
function redrawn(stdout: Context['stdout']): (text: string) => void {
	let rows = 0;
	return (text) => {
		// What has scrolled off cannot be reached.
		const up = Math.min(rows, (stdout.rows ?? 24) - 1);
		stdout.write(`${up > 0 ? `\x1b[${up}A\r\x1b[J` : ''}${text}`);
		rows = text
			.split('\n')
			.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(stripVTControlCharacters(line)) / (stdout.columns ?? 80))), -1);
	};
}
