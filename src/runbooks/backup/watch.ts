import { LockTimeout, ServerError } from '../../core/errors.ts';
import type { RunContext } from '../../core/step.ts';
import type { Activity } from '../../dialects/contract/locks.ts';
import type { Query } from '../../sql/sql.ts';
import { ANSWER_MS, type BackupEnv } from './env.ts';

const EVERY_MS = 1_000;

type Seen = { lagSeconds: number | null; waiting: number | null; freeBytes: number };

/**
 * Looks once a second at how far the replica falls behind while the lock is held, and at the room that is left.
 * Where the server gives no answer because a statement that waits for our lock keeps its status from everybody, `onStuck` is told, once.
 * Of several channels the one that is furthest behind counts. The server's own "seconds behind" says 0 for a while although the applier waits for the lock, so what was received and not applied decides.
 */
export function watchReplica(at: BackupEnv & RunContext, isHeld: () => boolean, onStuck: (why: LockTimeout) => void) {
	const runQuery = <T>(query: Query<T>) => at.runQuery('server', { ...query, mostMs: ANSWER_MS });
	const { channel, positions } = at.server.dialect;
	let seen: Partial<Seen> = {};
	let behindSince: number | null = null;
	let busy = false;
	const timer = setInterval(async () => {
		if (busy) return;
		busy = true;
		try {
			const channels = await runQuery(channel.status);
			const { freeBytes } = await at.folderFacts(at.paths.partial);
			if (channels.length === 0) {
				seen = { freeBytes };
				return;
			}
			const { replicated } = await runQuery(positions.current);
			const waiting = positions.countMissing(replicated, positions.union(channels.map((each) => each.received)));
			const time = at.now().getTime();
			if (waiting === 0) behindSince = null;
			else behindSince ??= time;
			const since = behindSince === null ? 0 : Math.round((time - behindSince) / 1000);
			seen = { lagSeconds: Math.max(since, ...channels.map((each) => each.lagSeconds ?? 0)), waiting, freeBytes };
		} catch (error) {
			// Otherwise only a look: what is wrong with the server shows in the run itself.
			if (!isHeld() || !(error instanceof ServerError) || !error.connectionLost) return;
			const waiting = await runQuery(at.server.dialect.locks.activity).then(administers, () => []);
			if (waiting.length > 0 && isHeld()) onStuck(stuck(at, waiting));
		} finally {
			busy = false;
		}
	}, EVERY_MS);
	return { latest: () => seen, stop: () => clearInterval(timer) };
}

const ADMINISTERS =
	/^(STOP|START|RESET|CHANGE)\s+(ALL\s+)?(SLAVES?|REPLICAS?|MASTER|REPLICATION)\b|^RESET\s+BINARY\b|^SET\s+(STATEMENT\b.*\bFOR\s+)?.*\b(GLOBAL\b|@@)/is;

/** Statements about replication or settings that have not ended: what of the server's state they hold, nobody else is told. Pure. */
const administers = (activity: readonly Activity[]): readonly Activity[] =>
	activity.filter((each) => each.command !== 'Sleep' && each.milliseconds >= ANSWER_MS / 2 && ADMINISTERS.test(each.text));

const stuck = ({ server }: BackupEnv, waiting: readonly Activity[]): LockTimeout =>
	new LockTimeout({
		message: `The lock on ${server.name} was released before the dump ended: a statement that waits for it blocks the server's status for all sessions.`,
		reason: waiting
			.map((each) => `${each.id} ${each.user}@${each.host.replace(/:\d+$/, '')} ${each.seconds} s: ${each.text.slice(0, 100)}`)
			.join('; '),
		hints: [
			'That statement continues now. Change replication before or after a backup, then run the backup again.',
			'What was written stays in the folder that ends in .partial; it is no backup.',
		],
	});
