import { userInfo } from 'node:os';
import { ConnectError } from '../core/errors.ts';
import type { ReachRequest } from '../requests/connection.ts';
import { type RunRequest, serversNamed } from '../requests/index.ts';
import { plainName, type ServerAddress } from '../server/address.ts';
import type { ServerFlags } from '../server/resolve.ts';
import { Secret } from '../sql/secret.ts';
import type { AppContext } from './context.ts';
import { type ConnectionOptions, resolveConnection, withPasswords } from './servers.ts';

/** By what a server's password is kept: one that only the clients' options name has no name of its own. */
export function keyOf(server: string, reach: ReachRequest[string] | undefined): string {
	const { host, port, socket } = (reach?.flags ?? {}) as ServerFlags;
	return server === '' ? JSON.stringify([host, port, socket]) : server;
}

/** Those that `-p` asks for, by {@link keyOf}: before the wizard has the terminal. */
export async function askedPasswords(context: AppContext, request: RunRequest): Promise<Map<string, Secret>> {
	const connections = await withPasswords(context, request, {});
	return new Map(
		Object.entries(connections).flatMap(([role, { password }]) => {
			const server = serversNamed(request)[role] ?? '';
			return password === undefined ? [] : [[keyOf(server, request.reach?.[role]), password] as const];
		}),
	);
}

/** A server as somebody named it in the wizard, and what says how to reach it. */
export interface NamedServer {
	readonly server: string;
	readonly reach?: ReachRequest[string] | undefined;
	/** All that is said of the connection, the password that is known included. */
	readonly options: ConnectionOptions;
}

/** What resolving a server found, before any connection. */
export interface Account {
	readonly account: string;
	readonly address: ServerAddress;
	readonly needsPassword: boolean;
}

const accountOf = (address: ServerAddress): string => `${address.user}@${plainName(address)}`;

/** By a socket the server may take the system's user for the account of the same name (unix_socket, auth_socket). */
const isSystemUser = ({ socket, user }: ServerAddress): boolean => socket !== undefined && user === userInfo().username;

const NO_LOGIN = new Set(['ER_ACCESS_DENIED_ERROR', 'ER_ACCESS_DENIED_NO_PASSWORD_ERROR']);

/** The passwords that a person gives in the wizard: in memory only, once for each account. */
export interface WizardPasswords {
	of(server: string, reach?: ReachRequest[string]): Secret | undefined;
	/** Null: the one that was offered. */
	remember(server: string, password: string | null, reach?: ReachRequest[string]): void;
	inspect(named: NamedServer): Promise<Account>;
	/** Rejects with a ConnectError that `needsPassword` where nothing says how to log in. */
	require(named: NamedServer): Promise<Account>;
	/** This server let us in: until it refuses, it need not be resolved before each login. */
	opened(named: NamedServer, account: Account): void;
	/** What this name stands for has changed: it is resolved anew. */
	changed(server: string): void;
	/** A login that was refused asks for the password; the one that was wrong is forgotten. Other errors stay as they are. */
	refused(error: unknown, named: NamedServer): unknown;
}

/** `passwords`: by {@link keyOf}, those that were asked for before the wizard was opened. */
export function openWizardPasswords(context: AppContext, passwords: Map<string, Secret>): WizardPasswords {
	/** By account: what was typed, in that order. */
	const typed = new Map<string, Secret>();
	/** Which account a server's name stands for. */
	const accounts = new Map<string, string>();
	/** Which account's password was offered for a server, and which of them were refused there. */
	const offers = new Map<string, string>();
	const refusedOffers = new Set<string>();
	const open = new Map<string, Account>();
	const offerFor = (key: string, account: string): string | null => {
		const user = account.slice(0, account.lastIndexOf('@'));
		const same = [...typed.keys()].findLast((each) => each !== account && each.slice(0, each.lastIndexOf('@')) === user);
		if (same === undefined || refusedOffers.has(`${key} ${same}`)) return null;
		offers.set(key, same);
		return same;
	};
	const inspect = async ({ server, reach, options }: NamedServer): Promise<Account> => {
		const key = keyOf(server, reach);
		const { address, passwordFrom } = await resolveConnection(context, options);
		const account = accountOf(address);
		accounts.set(key, account);
		const known = passwords.get(key) ?? typed.get(account);
		if (known !== undefined) passwords.set(key, known);
		const isPasswordless =
			context.profiles.get(address.name)?.passwordless === true || address.tls.cert !== undefined || isSystemUser(address);
		return { account, address, needsPassword: known === undefined && passwordFrom === 'none' && !isPasswordless };
	};
	return {
		of: (server, reach) => passwords.get(keyOf(server, reach)),
		remember(server, password, reach) {
			const key = keyOf(server, reach);
			const secret = password === null ? typed.get(offers.get(key) ?? '') : new Secret(password);
			if (secret === undefined) return;
			passwords.set(key, secret);
			const account = accounts.get(key);
			if (account === undefined) return;
			typed.delete(account);
			typed.set(account, secret);
		},
		inspect,
		changed(server) {
			open.delete(server);
			accounts.delete(server);
			offers.delete(server);
		},
		opened: ({ server, reach }, account) => void open.set(keyOf(server, reach), account),
		async require(named) {
			const found = open.get(keyOf(named.server, named.reach)) ?? (await inspect(named));
			const { account, needsPassword } = found;
			if (!needsPassword) return found;
			throw new ConnectError(
				{
					message: `The password of ${account} is needed.`,
					reason: 'No option file, login path or profile says it, so there was no login.',
				},
				{ needsPassword: { account, sameAs: offerFor(keyOf(named.server, named.reach), account) } },
			);
		},
		refused(error, { server, reach }) {
			const key = keyOf(server, reach);
			const account = accounts.get(key);
			const code = (error as { cause?: { code?: string } }).cause?.code ?? '';
			if (!(error instanceof ConnectError) || account === undefined || !NO_LOGIN.has(code)) return error;
			passwords.delete(key);
			typed.delete(account);
			open.delete(key);
			refusedOffers.add(`${key} ${offers.get(key)}`);
			return new ConnectError(error.description, { cause: error.cause, needsPassword: { account, sameAs: null } });
		},
	};
}
