import { setTimeout as pause } from 'node:timers/promises';
import { VerifyFailed } from '../core/errors.ts';
import { meter } from '../core/progress.ts';
import type { Working } from '../core/step.ts';
import type { Server } from './server.ts';

/** Without a transaction applied for so long, waiting makes no sense any more. */
const STALLED_MS = 180_000;

/**
 * Waits until `on` has applied all of `target`, drawing what is still missing. Returns the milliseconds that it took.
 * A channel that stops with an error, applies nothing for three minutes, or needs more than `mostMs` in all, is a VerifyFailed.
 */
export async function catchUp(
	at: Working,
	on: { role: string; server: Server },
	target: string,
	mostMs = Number.POSITIVE_INFINITY,
): Promise<number> {
	const { positions, channel } = on.server.dialect;
	const began = at.now().getTime();
	const measure = meter(() => at.now().getTime());
	let most: number | null = null;
	let last = { lacking: Number.POSITIVE_INFINITY, at: began };
	for (;;) {
		const { replicated } = await at.look(on.role, positions.current);
		const status = (await at.look(on.role, channel.status))[0];
		const lacking = positions.lacking(replicated, target);
		const time = at.now().getTime();
		most = Math.max(most ?? 0, lacking);
		at.progress({
			unit: 'transactions',
			done: most - lacking,
			total: most,
			estimated: false,
			...measure(most - lacking, most),
			current: status?.sqlState ?? null,
			lagSeconds: status?.lagSeconds ?? null,
			waiting: lacking,
		});
		if (lacking === 0) return time - began;
		if (lacking < last.lacking) last = { lacking, at: time };
		const error = status?.sqlError ?? status?.ioError ?? null;
		const stopped = status === undefined || status.sql === 'no' || status.io === 'no';
		const late = time - began > mostMs;
		if (stopped || late || time - last.at > STALLED_MS) {
			throw new VerifyFailed(
				[
					{
						id: 'CATCH-UP',
						title: `${on.server.name} catches up with its source`,
						status: 'fail',
						expected: target,
						found: `${replicated}, ${lacking} transactions behind${error ? `: ${error}` : stopped ? ', replication is stopped' : late ? ', and it takes too long' : ', nothing applied for three minutes'}`,
					},
				],
				'The replica does not catch up.',
			);
		}
		await pause(300, undefined, { signal: at.signal }).catch(() => at.signal.throwIfAborted());
	}
}
