import { setTimeout as pause } from 'node:timers/promises';
import { VerifyFailed } from '../../core/errors.ts';
import { meter } from '../../core/progress.ts';
import type { RunContext } from '../../core/step.ts';
import type { Channel } from '../../dialects/contract/replication.ts';
import { channelsOf } from './channels.ts';
import type { Server } from './server.ts';

/** Without a transaction applied for so long, waiting makes no sense any more. */
const STALLED_MS = 180_000;

/** What is to be applied: by GTID, and of channels without GTIDs by their sources' own files. */
export type Target = {
	readonly gtid: string;
	readonly logs: readonly { readonly channel: string; readonly file: string; readonly pos: number }[];
	/** The channels that must go on working for it, by name. */
	readonly channels: readonly string[];
};

/** Whether a channel's SQL thread has come as far as that place in its source's files. */
function reached(channel: Channel | undefined, { file, pos }: Target['logs'][number]): boolean {
	if (channel?.sourceFile == null) return false;
	if (channel.sourceFile === file) return (channel.sourcePos ?? 0) >= pos;
	// Their names are counted up: `log.999999` comes before `log.1000000`.
	return channel.sourceFile.length === file.length ? channel.sourceFile > file : channel.sourceFile.length > file.length;
}

const countUnreached = (logs: Target['logs'], all: readonly Channel[]): number =>
	logs.filter(
		(log) =>
			!reached(
				all.find((each) => each.name === log.channel),
				log,
			),
	).length;

/** The channels that a target comes through, as far as they are there. */
const neededFor = (target: string | Target, all: readonly Channel[]): readonly Channel[] =>
	typeof target === 'string' ? all.slice(0, 1) : all.filter((each) => target.channels.includes(each.name));

/** Whether a channel that is needed has stopped, or is not there. */
const haveStopped = (target: string | Target, needed: readonly Channel[]): boolean =>
	needed.length < (typeof target === 'string' ? 1 : target.channels.length) || needed.some((each) => each.sql === 'no' || each.io === 'no');

function reasonBehind(why: { readonly error: string | null; readonly stopped: boolean; readonly late: boolean }): string {
	if (why.error) return `: ${why.error}`;
	if (why.stopped) return ', replication is stopped';
	return why.late ? ', and it takes too long' : ', nothing applied for three minutes';
}

/**
 * Waits until `on` has applied all of `target` (a GTID position alone: through its first channel), drawing what is still missing. Returns the milliseconds that it took.
 * A channel that stops with an error, applies nothing for three minutes, or needs more than `mostMs` in all, is a VerifyFailed.
 */
export async function catchUp(
	at: RunContext,
	on: { role: string; server: Server },
	target: string | Target,
	mostMs = Number.POSITIVE_INFINITY,
): Promise<number> {
	const { positions } = on.server.dialect;
	const { gtid, logs } = typeof target === 'string' ? { gtid: target, logs: [] } : target;
	const began = at.now().getTime();
	const measure = meter(() => at.now().getTime());
	let most: number | null = null;
	let last = { lacking: Number.POSITIVE_INFINITY, at: began };
	for (;;) {
		const { replicated } = await at.runQuery(on.role, positions.current);
		const all = await channelsOf(on.server, at.runQuery, on.role);
		const needed = neededFor(target, all);
		const lacking = positions.countMissing(replicated, gtid) + countUnreached(logs, all);
		const lags = needed.flatMap((each) => each.lagSeconds ?? []);
		const time = at.now().getTime();
		most = Math.max(most ?? 0, lacking);
		at.progress({
			unit: 'transactions',
			done: most - lacking,
			total: most,
			estimated: false,
			...measure(most - lacking, most),
			current: needed[0]?.sqlState ?? null,
			lagSeconds: lags.length === 0 ? null : Math.max(...lags),
			waiting: lacking,
		});
		if (lacking === 0) return time - began;
		if (lacking < last.lacking) last = { lacking, at: time };
		const error = needed.map((each) => each.sqlError ?? each.ioError).find((each) => each !== null) ?? null;
		const stopped = haveStopped(target, needed);
		const late = time - began > mostMs;
		if (stopped || late || time - last.at > STALLED_MS) {
			throw new VerifyFailed(
				[
					{
						id: 'CATCH-UP',
						title: `${on.server.name} does not catch up with its source`,
						status: 'fail',
						expected: [gtid, ...logs.map((log) => `${log.channel || 'default'} ${log.file}:${log.pos}`)].filter(Boolean).join(', '),
						found: `${replicated}, ${lacking} transactions behind${reasonBehind({ error, stopped, late })}`,
					},
				],
				'The replica does not catch up.',
			);
		}
		await pause(300, undefined, { signal: at.signal }).catch(() => at.signal.throwIfAborted());
	}
}
