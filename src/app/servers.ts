import { hostname } from 'node:os';
import type { ConnectError } from '../core/errors.ts';
import { NO_POLICY, type PasswordPolicy } from '../dialects/common/passwords.ts';
import type { Identity } from '../dialects/contract/identity.ts';
import { detect } from '../dialects/index.ts';
import { runTool } from '../exec/tool.ts';
import type { ConnectionTarget } from '../executor/connection-target.ts';
import { type RunRequest, serversNamed } from '../requests/index.ts';
import type { Server } from '../runbooks/shared/server.ts';
import { sandboxLogin } from '../sandbox/login.ts';
import { isServerUrl, type ServerAddress } from '../server/address.ts';
import { type ResolvedServer, resolveServer, type ServerFlags } from '../server/resolve.ts';
import { connect } from '../server/session.ts';
import type { Secret } from '../sql/secret.ts';
import type { AppContext } from './context.ts';

/** A server as somebody named it on a command line or in the wizard. */
export interface ConnectionOptions {
	readonly role: 'primary' | 'replica' | 'server';
	/** A profile's name or a URL; undefined where the letters of the MySQL clients say it. */
	readonly server?: string | undefined;
	readonly flags?: ServerFlags;
	readonly passwordFile?: string | undefined;
	readonly passwordCommand?: string | undefined;
	/** Given in the wizard, for as long as the program runs. */
	readonly password?: Secret | undefined;
}

/** How each role's server is reached, where that is more than the request says. */
export type ConnectionOptionsByRole = Readonly<Record<string, Omit<ConnectionOptions, 'role'>>>;

export interface OpenedServer {
	readonly reach: ConnectionTarget;
	readonly server: Server;
	readonly identity: Identity;
	/** When its system tables were made; null where its identity tells one server from another, or where we may not see it. */
	readonly madeAt: string | null;
	readonly tls: string | null;
	/** The profile that it is, where it is one. */
	readonly profile: string | null;
	readonly warnings: readonly string[];
	/** What it demands of the accounts that are created on it; of a primary only. */
	readonly passwordPolicy: PasswordPolicy;
	/** It cannot be reached, and why: the rest is what a journal and its partner say of it. */
	readonly absent?: ConnectError;
}

export const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || /^127\./.test(host);

/** Where the configuration keeps the fingerprint of the certificate that a person accepted of the server at `HOST:PORT`. */
export const acceptedKey = (place: string): string => `certificate ${place}`;

export function resolveConnection(context: AppContext, given: ConnectionOptions): Promise<ResolvedServer> {
	// A password that is known already is asked for, or looked for, no more.
	const { password: _, ...flags }: ServerFlags = given.flags ?? {};
	const connection: ConnectionOptions = given.password === undefined ? given : { role: given.role, server: given.server, flags };
	const ask = given.password === undefined ? context.passwordPrompt(connection.flags?.password === '') : undefined;
	return resolveServer({
		...(connection.server === undefined ? {} : { server: connection.server }),
		...(connection.flags === undefined ? {} : { flags: connection.flags }),
		...(connection.passwordFile === undefined ? {} : { passwordFile: connection.passwordFile }),
		...(connection.passwordCommand === undefined ? {} : { passwordCommand: connection.passwordCommand }),
		...(ask === undefined ? {} : { ask }),
		env: context.env,
		role: connection.role,
		profiles: (name) => context.profiles.get(name),
		acceptedCertificate: (place) => context.profiles.preference(acceptedKey(place)),
		sandboxLogin: (port) => sandboxLogin(context.env, port),
		runCommand: async (line) => (await runTool({ program: '/bin/sh', argv: ['-c', line] })).stdout,
	});
}

/** The connections of a run, with the passwords that only a person at this terminal can give: asked here, because the engine has none. */
export async function withPasswords(
	context: AppContext,
	request: RunRequest,
	connections: ConnectionOptionsByRole,
): Promise<ConnectionOptionsByRole> {
	const full: Record<string, ConnectionOptionsByRole[string]> = { ...connections };
	for (const [name, named] of Object.entries(serversNamed(request))) {
		const role = name as ConnectionOptions['role'];
		const connection = { ...request.reach?.[role], ...connections[role] };
		if (connection.password !== undefined || context.passwordPrompt(connection.flags?.password === '') === undefined) continue;
		const { password } = await resolveConnection(context, { role, ...(named === '' ? {} : { server: named }), ...connection });
		if (password !== null) full[role] = { ...connection, password };
	}
	return full;
}

/** An empty password is none: nothing is there to be kept from an unverified server, by our sessions or a vendor's tool. */
const unlessEmpty = (password: Secret | null): Secret | null => (password?.reveal() === '' ? null : password);

async function connectTo(context: AppContext, address: ServerAddress, password: Secret | null) {
	using _ = context.onConnecting?.(address.name);
	return await connect(address, password, { signal: context.signal });
}

/** `only`: for a look at its status, which must not hang where replication does. Connects once, to learn what kind of server it is and that it lets us in. Throws ConnectError or UserError. */
export async function openServer(
	context: AppContext,
	connection: ConnectionOptions,
	only: 'all' | 'status' = 'all',
): Promise<OpenedServer> {
	const resolved = await resolveConnection(context, connection);
	const password = unlessEmpty(connection.password ?? resolved.password);
	const { address } = resolved;
	const session = await connectTo(context, address, password);
	try {
		const runQuery = async <T>(query: {
			statement: Parameters<typeof session.query>[0];
			read(rows: Awaited<ReturnType<typeof session.query>>): T;
		}) => query.read(await session.query(query.statement));
		const dialect = await detect(runQuery, address.name);
		const identity = await runQuery(only === 'status' ? dialect.identityWithoutUptime : dialect.identity);
		// Of a server that an option names in place of the profile's, the address has no profile's name.
		const profile = connection.server ?? context.env.LOCKSTEP_PROFILE;
		const isKnown =
			profile !== undefined && profile === address.name && !isServerUrl(profile) && context.profiles.get(profile) !== undefined;
		const known = isKnown ? profile : null;
		const port = address.socket === undefined ? address.port : identity.port;
		const host = address.socket === undefined ? address.host : 'localhost';
		return {
			passwordPolicy: connection.role === 'primary' ? await runQuery(dialect.accounts.passwordPolicy) : NO_POLICY,
			reach: { address, password, dialect },
			server: {
				// Without a network it has no port.
				name: known ?? (address.socket !== undefined && port === 0 ? address.socket : `${host.includes(':') ? `[${host}]` : host}:${port}`),
				host,
				port,
				local: address.socket !== undefined || isLoopback(address.host) || address.host === hostname(),
				dialect,
			},
			identity,
			madeAt: dialect.madeAt === null ? null : await runQuery(dialect.madeAt),
			tls:
				session.tls === null
					? null
					: `${session.tls.version} ${session.tls.cipher}${session.tls.verified ? ', verified' : ', not verified'}`,
			profile: known,
			warnings: [
				...resolved.warnings,
				...(session.passwordExposed
					? [
							`The password went to ${address.name} over a connection on which nothing proves the server. To verify it: --ssl-mode VERIFY_CA --ssl-ca FILE`,
						]
					: []),
			],
		};
	} finally {
		await session.close();
	}
}
