import type { ReadContext } from '../../core/step.ts';
import type { Channel } from '../../dialects/contract/replication.ts';
import type { Server } from './server.ts';

/** A server's channels, each with the error that stopped it. */
export async function channelsOf(
	{ dialect: { channel } }: Pick<Server, 'dialect'>,
	runQuery: ReadContext['runQuery'],
	role: string,
): Promise<readonly Channel[]> {
	const channels = await runQuery(role, channel.status);
	const roots = channel.rootErrors(channels);
	return roots === null ? channels : runQuery(role, roots);
}
