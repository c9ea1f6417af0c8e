// Which servers are known on this machine, and which of them an address means.
import { homedir, hostname } from 'node:os';
import type { ServerCard } from '../core/status-report.ts';
import type { Profile } from '../profiles/profile.ts';
import type { ReachRequest } from '../requests/connection.ts';
import { type RunRequest, serversNamed } from '../requests/index.ts';
import { sandboxPorts } from '../sandbox/login.ts';
import { compact, plainName, type UrlParts } from '../server/address.ts';
import { findClientGroups, findLoginPaths, findSockets, type NamedGroup } from '../server/find-servers.ts';
import { type ServerFlags, USUAL_SOCKETS } from '../server/resolve.ts';
import { isAddress, parseServerText, serverUrl } from '../server/server-text.ts';
import type { AppContext } from './context.ts';
import { isLoopback } from './servers.ts';
import type { ServerSuggestion } from './wizard-backend.ts';

/** Where a server is, whatever names it. */
export type ServerPlace = Pick<UrlParts, 'host' | 'port' | 'socket'>;

/** What a profile, a text or the clients' options say of the place; null where only option files do. */
function placeOf({ host, port, socket, loginPath, groupSuffix }: UrlParts, optionFile?: string): ServerPlace | null {
	if (socket !== undefined) return { socket };
	if (host === undefined && (loginPath ?? groupSuffix ?? optionFile) !== undefined) return null;
	return { host: host ?? 'localhost', port: port ?? 3306 };
}

/** The place of a server as it was typed or given by options; null where it has to be resolved first. */
export function placeNamed(context: Pick<AppContext, 'profiles'>, server: string, reach?: ReachRequest[string]): ServerPlace | null {
	const flags = (reach?.flags ?? {}) as ServerFlags;
	if (flags.host !== undefined || flags.socket !== undefined) return placeOf(partsOf(flags));
	const profile = isAddress(server) ? undefined : context.profiles.get(server);
	if (profile !== undefined) return placeOf(profile, profile.optionFile);
	try {
		return server === '' ? null : placeOf(parseServerText(server));
	} catch {
		return null;
	}
}

/** What the clients' options say of a server, as an address says it. */
function partsOf({ host, port, socket, user, ...options }: ServerFlags): UrlParts {
	const { sslMode, sslCa, sslCert, sslKey, sslFp, tlsVersion, serverPublicKeyPath, loginPath } = options;
	return compact({
		...{ host, socket, user, sslCa, sslCert, sslKey, sslFp, tlsVersion, serverPublicKeyPath, loginPath },
		port: /^\d+$/.test(String(port ?? '')) ? Number(port) : undefined,
		sslMode: sslMode as UrlParts['sslMode'],
	});
}

const isHere = (host: string): boolean => isLoopback(host) || host.toLowerCase() === hostname().toLowerCase();

const isSameHost = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase() || (isHere(a) && isHere(b));

/** Names of one machine for itself count as one: for a warning too much is better than too little. */
function isSamePlace(a: ServerPlace, b: ServerPlace): boolean {
	if (a.socket !== undefined || b.socket !== undefined) return a.socket === b.socket;
	return a.port === b.port && isSameHost(a.host ?? '', b.host ?? '');
}

/** The profile whose server one of these places is; of several the one with the gravest badge. */
export function profileAt({ profiles }: Pick<AppContext, 'profiles'>, places: readonly ServerPlace[]): Profile | undefined {
	const grave = ({ badge }: Profile) => ['prod', 'test', 'sandbox', undefined].indexOf(badge);
	return profiles
		.list()
		.filter((profile) => {
			const own = placeOf(profile, profile.optionFile);
			return own !== null && places.some((place) => isSamePlace(place, own));
		})
		.toSorted((a, b) => grave(a) - grave(b))[0];
}

/** The places of a server that answered: by a socket it is at its port of this machine, too. */
export function placesOf({ address, port }: { readonly address: ServerPlace; readonly port: number }): readonly ServerPlace[] {
	if (address.socket === undefined) return [{ host: address.host ?? 'localhost', port: address.port ?? 3306 }];
	return [{ socket: address.socket }, ...(port > 0 ? [{ host: 'localhost', port }] : [])];
}

const aboutGroup = ({ parts, from }: NamedGroup): string => {
	const place = plainName({ host: parts.host ?? 'localhost', port: parts.port ?? 3306, ...(parts.socket && { socket: parts.socket }) });
	return `${parts.user === undefined ? '' : `${parts.user}@`}${place}  ${from}`;
};

/** What a profile's server is called beside its name. */
export function profileAddress(profile: Profile): string {
	const place = placeOf(profile, profile.optionFile);
	const user = profile.user === undefined ? '' : `${profile.user}@`;
	if (place === null) return profile.loginPath ?? profile.optionFile ?? `[client${profile.groupSuffix ?? ''}]`;
	return `${user}${plainName({ host: place.host ?? 'localhost', port: place.port ?? 3306, ...(place.socket && { socket: place.socket }) })}`;
}

/** All that a person may mean, the likeliest first, each value once: profiles, recent servers, sandboxes, groups, login paths, sockets. */
export async function suggestServers(context: AppContext, recent: readonly string[]): Promise<readonly ServerSuggestion[]> {
	const { env, profiles } = context;
	const where = { env, home: env.HOME ?? homedir() };
	const [ports, groups, paths, sockets] = await Promise.all([
		sandboxPorts(env),
		findClientGroups(where),
		findLoginPaths(where),
		findSockets(USUAL_SOCKETS),
	]);
	const badgeAt = (server: string) => {
		const place = placeNamed(context, server);
		return place === null ? null : (profileAt(context, [place])?.badge ?? null);
	};
	const plain = (value: string, kind: ServerSuggestion['kind'], about: string): ServerSuggestion => ({
		...{ value, label: value, kind, about, badge: kind === 'sandbox' ? 'sandbox' : badgeAt(value) },
	});
	const group = (found: NamedGroup): ServerSuggestion =>
		found.name === ''
			? plain(serverOf(found), 'option file', found.from)
			: {
					...plain(`mysql://?group-suffix=${encodeURIComponent(found.name)}`, 'option file', aboutGroup(found)),
					label: `[client${found.name}]`,
				};
	const all: readonly ServerSuggestion[] = [
		...profiles.list().map((profile) => ({
			...{ value: profile.name, label: profile.name, kind: 'profile' as const },
			...{ about: profileAddress(profile), badge: profile.badge ?? null },
		})),
		...recent.map((server) => plain(server, 'recent', 'used recently')),
		...ports.map((port) => plain(`root@127.0.0.1:${port}`, 'sandbox', 'sandbox')),
		...groups.map(group),
		...paths.map((found) => ({
			...plain(`mysql://?login-path=${encodeURIComponent(found.name)}`, 'login path', aboutGroup(found)),
			label: found.name,
		})),
		...sockets.map((socket) => plain(socket, 'socket', 'socket on this machine')),
	];
	const seen = new Set<string>();
	return all.filter(({ value }) => !seen.has(value) && seen.add(value));
}

/** A server of `[client]` as a person would type it. */
const serverOf = ({ parts: { user, host = 'localhost', port, socket } }: NamedGroup): string =>
	`${user === undefined ? '' : `${user}@`}${socket ?? (port === undefined ? host : plainName({ host, port }))}`;

/** Letters that a profile's name may have, of a server that has none yet: `db3`, `replica-34401`. */
function nameFor(place: ServerPlace, role: string, taken: readonly string[]): string {
	const { host = 'localhost', port, socket } = place;
	const isLocal = socket !== undefined || isLoopback(host);
	const plain = /^[\d.:]+$/.test(host) ? host : host.split('.')[0];
	const name = isLocal ? `${role}${port === undefined || port === 3306 ? '' : `-${port}`}` : `${plain}`.replaceAll(/[^\w.-]/g, '-');
	if (!taken.includes(name)) return name;
	for (let number = 2; ; number++) if (!taken.includes(`${name}-${number}`)) return `${name}-${number}`;
}

/** The servers of a request that no profile names, as profiles that may be saved: a replica with its folder for backups. Never a password. */
export function unsavedServers(
	context: AppContext,
	request: RunRequest,
	outputOf: (server: string) => string,
): readonly (ServerCard & { readonly role: string })[] {
	const taken = context.profiles.list().map(({ name }) => name);
	return Object.entries(serversNamed(request)).flatMap(([role, server]) => {
		const place = placeNamed(context, server, request.reach?.[role]);
		if (place === null || context.profiles.get(server) !== undefined || profileAt(context, [place]) !== undefined) return [];
		const name = nameFor(place, role, taken);
		taken.push(name);
		const flags = (request.reach?.[role]?.flags ?? {}) as ServerFlags;
		const url = server === '' ? serverUrl(partsOf(flags)) : serverUrl(parseServerText(server));
		return [{ role, name, server: url, badge: null, output: role === 'primary' ? null : outputOf(name) }];
	});
}
