import type { Working } from '../../core/step.ts';
import type { BackupEnv } from './env.ts';

const EVERY_MS = 1_000;

type Seen = { lagSeconds: number | null; waiting: number | null; freeBytes: number };

/**
 * Looks once a second at how far the replica falls behind while the lock is held, and at the room that is left.
 * Of several channels the one that is furthest behind counts. The server's own "seconds behind" says 0 for a while although the applier waits for the lock, so what was received and not applied decides.
 */
export function watchReplica(at: BackupEnv & Working) {
	const { channel, positions } = at.server.dialect;
	let seen: Partial<Seen> = {};
	let behindSince: number | null = null;
	let busy = false;
	const timer = setInterval(async () => {
		if (busy) return;
		busy = true;
		try {
			const channels = await at.look('server', channel.status);
			const { freeBytes } = await at.folderFacts(at.paths.partial);
			if (channels.length === 0) {
				seen = { freeBytes };
				return;
			}
			const { replicated } = await at.look('server', positions.current);
			const waiting = positions.lacking(replicated, positions.union(channels.map((each) => each.received)));
			const time = at.now().getTime();
			if (waiting === 0) behindSince = null;
			else behindSince ??= time;
			const since = behindSince === null ? 0 : Math.round((time - behindSince) / 1000);
			seen = { lagSeconds: Math.max(since, ...channels.map((each) => each.lagSeconds ?? 0)), waiting, freeBytes };
		} catch {
			// Only a look: what is wrong with the server shows in the run itself.
		} finally {
			busy = false;
		}
	}, EVERY_MS);
	return { latest: () => seen, stop: () => clearInterval(timer) };
}
