import { setTimeout as after } from 'node:timers/promises';
import type { PracticeServerState } from '../core/practice.ts';
import { SUM, threadsText } from './common-checks.ts';
import type { Pair, Side } from './pair.ts';
import { serverText } from './server-text.ts';

const ANSWER_WITHIN_MS = 5000;

async function linesOf(pair: Pair, side: Side): Promise<readonly string[]> {
	const { gtid } = await side.query(pair.dialect.positions.current);
	const tickets = await side.value(`SELECT ${SUM.tickets} FROM shop.tickets`).catch((error) => serverText(error));
	const channel = side.role === 'replica' ? await pair.channel() : undefined;
	const threads = side.role === 'replica' ? threadsText(channel) : [];
	return [...threads, `shop.tickets ${tickets}`, `gtid ${gtid.replace(/^[\da-f]{8}-[\da-f-]{27}/, (uuid) => `${uuid.slice(0, 8)}…`)}`];
}

/** Both servers as they are now. Never rejects: a server that does not answer says so. */
export function readStates(pair: Pair): Promise<readonly PracticeServerState[]> {
	return Promise.all(
		[pair.primary, pair.replica].map(async (side) => {
			const { host, port } = side.server;
			const silence = after(ANSWER_WITHIN_MS, [`no answer within ${ANSWER_WITHIN_MS / 1000} s`], { ref: false });
			const lines = await Promise.race([linesOf(pair, side).catch((error) => [serverText(error)]), silence]);
			return { name: side.name, address: `${host}:${port}`, lines };
		}),
	);
}
