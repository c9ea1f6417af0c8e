import type { ServerInfo } from '../core/info.ts';
import type { Channel } from '../dialects/contract/replication.ts';
import { titleOf } from '../runbooks/shared/server.ts';
import { connect } from '../server/session.ts';
import type { AppContext } from './context.ts';
import { type ConnectionOptions, openServer } from './servers.ts';

const ANSWER_MS = 10_000;

/** What a bug report needs of a server: what it is, and what our account may do there. Read-only. Rejects with the errors of connecting. */
export async function serverInfo(context: AppContext, connection: Omit<ConnectionOptions, 'role'>): Promise<ServerInfo> {
	const { server, identity, tls, reach } = await openServer(context, { role: 'server', ...connection }, 'status');
	const { dialect, address, password } = reach;
	const { held, needs, missing } = dialect.privileges;
	const session = await connect(address, password, { signal: context.signal });
	try {
		const limits = { timeoutMs: ANSWER_MS, signal: context.signal };
		const has = held.read(await session.query(held.statement, limits));
		const lacking = (...needed: readonly (typeof needs.status)[]) => missing(has, needed.flat()).map(({ privilege }) => privilege);
		const maySeeStatus = lacking(needs.status).length === 0;
		const { status, connected } = dialect.channel;
		return {
			title: titleOf(server, identity),
			version: identity.version,
			comment: identity.comment,
			channels: maySeeStatus ? status.read(await session.query(status.statement, limits)).map(threadsOf) : null,
			replicas: maySeeStatus ? connected.read(await session.query(connected.statement, limits)).length : null,
			read_only: identity.readOnly,
			binary_log: identity.binaryLog,
			tls,
			missing_privileges: {
				status: lacking(needs.status),
				backup: lacking(needs.backup),
				'backup --stop-applier': lacking(needs.backup, needs.stopApplier),
				'backup --long-queries kill': lacking(needs.backup, needs.kill),
				'provision, as the primary': lacking(needs.provisionPrimary),
				'provision, as the replica': lacking(needs.provisionReplica),
			},
		};
	} finally {
		await session.close();
	}
}

const threadsOf = ({ io, sql }: Channel) => ({ io, sql });
