import { setTimeout as pause } from 'node:timers/promises';
import { statusOf } from '../app/status-report.ts';
import { LockstepError, UserError } from '../core/errors.ts';
import { FORMAT } from '../core/events.ts';
import { timeWithZone } from '../core/format.ts';
import { jsonLine } from '../core/json.ts';
import type { StatusReport } from '../core/status-report.ts';
import { renderStatus } from '../render/status.ts';
import { type GivenOptions, readOptions, readServers } from '../requests/command.ts';
import { STATUS } from '../requests/other-commands.ts';
import type { CommandResult, Context } from './context.ts';
import { openWizard } from './wizard.ts';

const EVERY_MS = 2_000;
/** A watch asks a server that does not answer less and less often, at most this rarely. */
const RARELY_MS = 8_000;
/** A server that has not answered all within this counts as unreachable. */
const ANSWER_MS = 10_000;

export async function status(context: Context, given: GivenOptions): Promise<CommandResult> {
	const { stdout, color, ascii, width, signal, env } = context;
	const { named, reach, missing } = readServers(STATUS, given, env.LOCKSTEP_PROFILE);
	if (missing !== undefined) {
		if (context.mode === 'wizard') return openWizard(context, { screen: 'status' });
		throw new UserError({ message: '--server is missing.', hints: ['lockstep status --server SERVER'] });
	}
	const wish = { server: named.server, ...reach?.server };
	const show = (report: StatusReport) =>
		stdout.write(
			context.flags.json ? jsonLine({ v: FORMAT, type: 'status', ...report }) : `${renderStatus(report, { color, ascii, width })}\n`,
		);
	// The first answer is owed: a wrong address or password is no server that is away for a while.
	const first = await statusOf(context, wish);
	show(first);
	if (!readOptions(STATUS, given).watch) return { end: null, document: true };
	let since: string | null = null;
	let every = EVERY_MS;
	for (;;) {
		await pause(every, undefined, { signal }).catch(() => signal.throwIfAborted());
		const report = await within(context, (bounded) => statusOf(bounded, wish));
		if (typeof report !== 'string') {
			[since, every] = [null, EVERY_MS];
			show(report);
			continue;
		}
		since ??= context.now().toISOString();
		every = Math.min(RARELY_MS, every * 2);
		stdout.write(
			context.flags.json
				? jsonLine({
						v: FORMAT,
						type: 'status',
						name: first.name,
						address: first.address,
						healthy: false,
						unreachable: { since, reason: report },
					})
				: `${first.name}  unreachable since ${timeWithZone(since)}: ${report}\n`,
		);
	}
}

/** What a server gives, or why it gives nothing now. */
async function within<T>(context: Context, ask: (bounded: Context) => Promise<T>): Promise<T | string> {
	const late = AbortSignal.timeout(ANSWER_MS);
	const signal = AbortSignal.any([context.signal, late]);
	const aborted = new Promise<never>((_resolve, reject) => {
		signal.addEventListener('abort', () => reject(signal.reason), { once: true });
	});
	aborted.catch(() => undefined);
	try {
		const asked = ask({ ...context, signal });
		asked.catch(() => undefined);
		// Also where what is asked cannot be broken off.
		return await Promise.race([asked, aborted]);
	} catch (error) {
		context.signal.throwIfAborted();
		if (late.aborted) return `no answer within ${ANSWER_MS / 1000} s.`;
		if (!(error instanceof LockstepError)) throw error;
		return error.description.message;
	}
}
