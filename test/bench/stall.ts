// What a client feels of a lock: one that writes a tiny row every 2 ms, and the longest that it had to wait.
import { setTimeout as pause } from 'node:timers/promises';
import type { Session } from '../../src/server/session.ts';

const EVERY_MS = 2;
export const PROBE = 'bench_probe';

export const probeStatements = (): string[] => [
	`CREATE DATABASE IF NOT EXISTS ${PROBE}`,
	`CREATE TABLE IF NOT EXISTS ${PROBE}.ticks (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY) ENGINE=InnoDB`,
];

/** Starts writing; `end` stops it and gives the longest time from a first try to its success, in ms. */
export async function startProbe(session: Session): Promise<{ end: () => Promise<number> }> {
	const run = (text: string) => session.query({ pieces: [text] }, { timeoutMs: 0 });
	// Short, so that a try that waits behind the lock is none that others wait behind.
	await run('SET SESSION lock_wait_timeout = 1');
	let longest = 0;
	let stopped = false;
	const loop = async () => {
		while (!stopped) {
			const began = performance.now();
			for (let done = false; !done; ) {
				done = await run(`INSERT INTO ${PROBE}.ticks VALUES ()`).then(
					() => true,
					() => stopped,
				);
			}
			longest = Math.max(longest, performance.now() - began);
			await pause(EVERY_MS);
		}
	};
	const running = loop();
	return {
		end: async () => {
			stopped = true;
			await running;
			return longest;
		},
	};
}
