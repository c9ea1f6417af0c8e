import { hostname } from 'node:os';
import { ConnectError } from '../core/errors.ts';
import type { RunRecord } from '../core/run-record.ts';
import { NO_POLICY } from '../dialects/common/passwords.ts';
import type { Identity } from '../dialects/contract/identity.ts';
import type { ProvisionRequest } from '../requests/provision.ts';
import type { Server } from '../runbooks/shared/server.ts';
import { CertificateRefused } from '../server/tls.ts';
import { Secret } from '../sql/secret.ts';
import type { AppContext } from './context.ts';
import {
	type ConnectionOptions,
	type ConnectionOptionsByRole,
	isLoopback,
	type OpenedServer,
	openServer,
	resolveConnection,
} from './servers.ts';

/** Whether the server answers, and only the login or its certificate is in the way: that the person can fix at once. */
function isRefused({ unverified, cause }: ConnectError): boolean {
	return unverified !== null || cause instanceof CertificateRefused || /^ER_/.test((cause as { code?: string } | undefined)?.code ?? '');
}

/**
 * Both servers of a provisioning. Where one that is to be undone has only one that can be reached, the other is what its journal says of it.
 * Rejects with the errors of connecting.
 */
export async function openPair(
	context: AppContext,
	asked: ProvisionRequest,
	connections: ConnectionOptionsByRole,
	undo: RunRecord | undefined,
): Promise<{ readonly primary: OpenedServer; readonly replica: OpenedServer }> {
	const connection = (role: 'primary' | 'replica'): ConnectionOptions => ({ role, server: asked[role] || undefined, ...connections[role] });
	const open = (role: 'primary' | 'replica') =>
		openServer(context, connection(role)).catch((error: unknown) => {
			if (undo === undefined || !(error instanceof ConnectError) || isRefused(error)) throw error;
			return error;
		});
	const primary = await open('primary');
	const replica = await open('replica');
	if (primary instanceof ConnectError) {
		if (replica instanceof ConnectError || undo === undefined) throw primary;
		return { primary: await absentServer(context, connection('primary'), { error: primary, like: replica, record: undo }), replica };
	}
	if (!(replica instanceof ConnectError)) return { primary, replica };
	if (undo === undefined) throw replica;
	return { primary, replica: await absentServer(context, connection('replica'), { error: replica, like: primary, record: undo }) };
}

/** So that nobody is asked for one. */
const NO_PASSWORD = new Secret('');

/** A server that cannot be reached, of a run that is to be undone: known by that run’s journal, and taken for one of the kind of `like`. */
export async function absentServer(
	context: AppContext,
	connection: ConnectionOptions,
	{
		error,
		like,
		record,
	}: {
		readonly error: ConnectError;
		readonly like: Pick<OpenedServer, 'identity'> & { readonly server: Pick<Server, 'dialect'> };
		readonly record: RunRecord;
	},
): Promise<OpenedServer> {
	const { address } = await resolveConnection(context, { ...connection, password: connection.password ?? NO_PASSWORD });
	const known = record.identities[connection.role];
	const { madeAt, ...identity } = known as Pick<Identity, 'serverId' | 'serverUuid' | 'hostname' | 'dataDir'> & { madeAt?: string | null };
	const name = record.servers[connection.role] ?? address.name;
	const host = address.socket === undefined ? address.host : 'localhost';
	return {
		absent: error,
		reach: { address, password: null, dialect: like.server.dialect },
		server: {
			name,
			host,
			port: address.socket === undefined ? address.port : Number(/:(\d+)$/.exec(name)?.[1] ?? 0),
			local: address.socket !== undefined || isLoopback(address.host) || address.host === hostname(),
			dialect: like.server.dialect,
		},
		identity: { ...like.identity, ...identity },
		madeAt: madeAt ?? null,
		...{ tls: null, profile: null, passwordPolicy: NO_POLICY },
		warnings: [`${name} cannot be reached: ${error.description.message}`],
	};
}
