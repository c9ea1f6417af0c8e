import { lstatSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { UserError } from '../core/errors.ts';
import type { Secret } from '../sql/secret.ts';
import {
	type Badge,
	compact,
	NO_PROFILE,
	plainName,
	readFingerprint,
	readPort,
	readSeconds,
	readSslMode,
	type ServerAddress,
	type SslMode,
	type UrlParts,
} from './address.ts';
import { readOptionFiles } from './option-files.ts';
import { fromOptions, type Said } from './option-values.ts';
import { findPassword } from './passwords.ts';
import { isAddress, parseServerText, SERVER_FORMS } from './server-text.ts';

/** What a profile says about reaching its server; never a password. */
export interface KnownServer {
	readonly name: string;
	readonly badge?: Badge;
	readonly host?: string;
	readonly port?: number;
	readonly socket?: string;
	readonly user?: string;
	/** The only option file to read, in place of the usual ones. */
	readonly optionFile?: string;
	readonly groupSuffix?: string;
	readonly loginPath?: string;
	/** Its account has no password: nobody is asked for one. */
	readonly passwordless?: boolean;
	readonly tls?: {
		readonly mode?: SslMode;
		readonly ca?: string;
		readonly cert?: string;
		readonly key?: string;
		readonly version?: string;
		readonly serverPublicKeyPath?: string;
		readonly fingerprint?: string;
	};
}

/** The letters that every MySQL client has, as they were typed. */
export interface ServerFlags {
	readonly host?: string;
	readonly port?: string | number;
	readonly user?: string;
	/** '' asks. */
	readonly password?: string;
	readonly socket?: string;
	readonly defaultsFile?: string;
	readonly defaultsExtraFile?: string;
	readonly defaultsGroupSuffix?: string;
	readonly noDefaults?: boolean;
	readonly loginPath?: string;
	readonly sslMode?: string;
	readonly sslCa?: string;
	readonly sslCert?: string;
	readonly sslKey?: string;
	readonly tlsVersion?: string;
	readonly sslFp?: string;
	readonly getServerPublicKey?: boolean;
	readonly serverPublicKeyPath?: string;
	readonly connectTimeout?: string | number;
}

/** Everything that may say where a server is. */
export interface ServerSources {
	/** A profile's name, or an address in any form of `server-text.ts`. Without it `LOCKSTEP_PROFILE`, and without that flags, option files and defaults, as the clients do. */
	readonly server?: string;
	readonly flags?: ServerFlags;
	readonly passwordFile?: string;
	readonly passwordCommand?: string;
	/** Runs a password command and gives what it printed. */
	readonly runCommand?: (line: string) => Promise<string>;
	readonly env: NodeJS.ProcessEnv;
	/** `server` where there is one only. */
	readonly role?: 'primary' | 'replica' | 'server';
	readonly profiles: (name: string) => KnownServer | undefined;
	/** How root logs in to a sandbox's server at this port of 127.0.0.1; null where none listens there. */
	readonly sandboxLogin?: (port: number) => Promise<{ readonly password: Secret; readonly ca: string } | null>;
	/** The fingerprint of the certificate that a person accepted of the server at this `HOST:PORT`. */
	readonly acceptedCertificate?: (place: string) => string | undefined;
	/** Absent where nobody is there to be asked. */
	readonly ask?: (question: string) => Promise<Secret>;
	/** Of the machine, for tests: home folder, system-wide option files, sockets that are usual, the system's user. */
	readonly machine?: Partial<Machine>;
}

interface Machine {
	readonly home: string;
	readonly systemFiles: readonly string[];
	readonly sockets: readonly string[];
	readonly user: string;
}

/** A server to connect to, and the password for it. */
export interface ResolvedServer {
	readonly address: ServerAddress;
	readonly password: Secret | null;
	readonly passwordFrom: string;
	readonly warnings: readonly string[];
}

/** Where the distributions put the socket, as compiled into their clients. */
export const USUAL_SOCKETS: readonly string[] = ['/run/mysqld/mysqld.sock', '/var/run/mysqld/mysqld.sock', '/tmp/mysql.sock'];

/** Where the mode comes from when only a fingerprint is given. */
export const BY_FINGERPRINT = 'because a fingerprint is given';

/** One place that says something; the first in the order of precedence counts. */
interface Level {
	readonly from: (key: keyof Said) => string;
	readonly said: Said;
}

/**
 * Puts an address and a password together: flags before the URL, before the profile, before option files, before defaults
 * (src/manual/servers.md), and notes where each value came from. Throws UserError.
 */
export async function resolveServer(sources: ServerSources): Promise<ResolvedServer> {
	const { env, flags = {} } = sources;
	const machine = machineOf(sources);
	const flagged = fromFlags(flags);
	const named = sources.server ?? profileOfEnvironment(flagged, env);
	const { profile, address: url, from: urlFrom } = readNamed(named, sources);
	const files = await readOptionFiles(
		compact({
			noDefaults: flags.noDefaults,
			defaultsFile: flags.defaultsFile ?? (flags.noDefaults ? undefined : profile?.optionFile),
			defaultsExtraFile: flags.defaultsExtraFile,
			defaultsGroupSuffix: flags.defaultsGroupSuffix ?? url?.groupSuffix ?? profile?.groupSuffix,
			loginPath: flags.loginPath ?? url?.loginPath ?? profile?.loginPath,
		}),
		{ env, home: machine.home, systemFiles: machine.systemFiles },
	);
	const options = fromOptions(files.options);
	const levels: readonly Level[] = [
		{ from: () => 'flag', said: flagged },
		{ from: (key) => (key === 'host' ? urlFrom : 'address'), said: url ?? {} },
		{
			from: () => (sources.server === undefined ? 'profile (LOCKSTEP_PROFILE)' : 'profile'),
			said: profile === undefined ? {} : fromProfile(profile),
		},
		{ from: (key) => options.origin[key] ?? 'option file', said: options.said },
	];
	const found = assemble(levels, machine, profile);
	// The program made that password itself: nobody types it.
	const sandbox = isRootHere(found.address) ? ((await sources.sandboxLogin?.(found.address.port)) ?? null) : null;
	const { address, rank } = sandbox === null ? found : withoutOptionFiles(found, levels, machine, profile);
	// Whoever types a profile's name to confirm means the profile's server, not another that a flag put in its place.
	const meant = rank === 0 ? undefined : profile;
	const name = meant === undefined ? plainName(address) : meant.name;
	const full: ServerAddress = { ...address, name, ...(meant?.badge === undefined ? {} : { badge: meant.badge }) };
	const login = await findPassword({
		...compact({
			flag: flags.password,
			passwordFile: sources.passwordFile,
			passwordCommand: sources.passwordCommand,
			runCommand: sources.runCommand,
			ask: sandbox === null ? sources.ask : async () => sandbox.password,
			profileName: profile?.name,
			option: sandbox === null ? options.password : undefined,
		}),
		role: sources.role ?? 'server',
		// What the environment and option files say is the password of other servers.
		env: sandbox === null ? env : {},
		question: `Password of ${full.user} at ${name}: `,
	});
	const tls = tlsOf(full, sandbox?.ca);
	// What was accepted holds where nothing more exact is said.
	const accepted = isUnproven(full, tls) ? sources.acceptedCertificate?.(plainName(full)) : undefined;
	return {
		address: {
			...full,
			tls: accepted === undefined ? tls : { ...tls, fingerprint: accepted },
			origin: accepted === undefined ? full.origin : { ...full.origin, sslFp: 'accepted in the wizard' },
		},
		...{ password: login.password, passwordFrom: login.from, warnings: [...files.warnings, ...login.warnings] },
	};
}

function machineOf({ env, machine }: ServerSources): Machine {
	return {
		home: machine?.home ?? (env.HOME || homedir()),
		systemFiles: ['/etc/my.cnf', '/etc/mysql/my.cnf'],
		sockets: USUAL_SOCKETS,
		user: userInfo().username,
		...machine,
	};
}

/** A server that is named by flags is not the one that the environment names. */
function profileOfEnvironment(flagged: Said, env: NodeJS.ProcessEnv): string | undefined {
	if (flagged.host !== undefined || flagged.socket !== undefined) return undefined;
	return env.LOCKSTEP_PROFILE || undefined;
}

/** Whether it may be a sandbox's server. */
const isRootHere = ({ socket, host, user }: Pick<ServerAddress, 'socket' | 'host' | 'user'>): boolean =>
	socket === undefined && host === '127.0.0.1' && user === 'root';

/** `sandboxCa`: of a sandbox's server, which is verified where nothing else is said. */
const tlsOf = ({ tls, origin }: ServerAddress, sandboxCa: string | undefined): ServerAddress['tls'] =>
	sandboxCa !== undefined && origin.sslMode === 'default' ? { ...tls, mode: 'VERIFY_CA', ca: sandboxCa } : tls;

/** Whether nothing is said by which the server proves who it is. */
const isUnproven = ({ socket, origin, serverKey }: ServerAddress, tls: ServerAddress['tls']): boolean =>
	socket === undefined && tls.mode === 'PREFERRED' && origin.sslMode === 'default' && !serverKey?.request;

interface Named {
	readonly profile?: KnownServer;
	readonly address?: UrlParts;
	/** Where the host is from. */
	readonly from: string;
}

/** A profile goes before a host of the same name. A name that must be a profile's, the environment's, is no host's. */
function readNamed(named: string | undefined, { server, profiles }: ServerSources): Named {
	if (named === undefined) return { from: 'address' };
	const profile = isAddress(named) ? undefined : profiles(named);
	if (profile !== undefined) return { profile, from: 'address' };
	if (isAddress(named)) return { address: parseServerText(named), from: 'address' };
	if (server !== undefined) return { address: hostNamed(named), from: NO_PROFILE };
	throw noProfile(named);
}

function hostNamed(name: string): UrlParts {
	try {
		return parseServerText(name);
	} catch {
		throw noProfile(name);
	}
}

const noProfile = (name: string): UserError =>
	new UserError({
		message: `There is no profile of the name "${name}".`,
		hints: ['Those that there are: lockstep profile list', `A server is ${SERVER_FORMS}.`],
	});

function fromFlags(flags: ServerFlags): Said {
	return compact({
		host: flags.host || undefined,
		port: flags.port === undefined ? undefined : readPort(String(flags.port), '--port'),
		socket: flags.socket || undefined,
		user: flags.user || undefined,
		sslMode: flags.sslMode === undefined ? undefined : readSslMode(flags.sslMode, '--ssl-mode'),
		sslCa: flags.sslCa || undefined,
		sslCert: flags.sslCert || undefined,
		sslKey: flags.sslKey || undefined,
		tlsVersion: flags.tlsVersion || undefined,
		sslFp: flags.sslFp === undefined ? undefined : readFingerprint(flags.sslFp, '--ssl-fp'),
		getServerPublicKey: flags.getServerPublicKey,
		serverPublicKeyPath: flags.serverPublicKeyPath || undefined,
		connectTimeout: flags.connectTimeout === undefined ? undefined : readSeconds(String(flags.connectTimeout), '--connect-timeout'),
	});
}

const fromProfile = (profile: KnownServer): Said =>
	compact({
		host: profile.host,
		port: profile.port,
		socket: profile.socket,
		user: profile.user,
		sslMode: profile.tls?.mode,
		sslCa: profile.tls?.ca,
		sslCert: profile.tls?.cert,
		sslKey: profile.tls?.key,
		tlsVersion: profile.tls?.version,
		sslFp: profile.tls?.fingerprint,
		serverPublicKeyPath: profile.tls?.serverPublicKeyPath,
	});

/** The rank of the option files among the levels. */
const OPTION_FILES = 3;

/** The same of a sandbox's server, whose TLS and account a person's option files say nothing of; unless they are what names it. */
function withoutOptionFiles(
	found: ReturnType<typeof assemble>,
	levels: readonly Level[],
	machine: Machine,
	profile: KnownServer | undefined,
): ReturnType<typeof assemble> {
	const own = assemble(levels.slice(0, OPTION_FILES), machine, profile);
	return isRootHere(own.address) && own.address.port === found.address.port ? own : found;
}

/** Chooses value by value; `rank` is the level that says where the server is. */
function assemble(
	levels: readonly Level[],
	machine: Machine,
	profile: KnownServer | undefined,
): { readonly address: Omit<ServerAddress, 'name' | 'badge'>; readonly rank: number } {
	const origin: Record<string, string> = {};
	const rankOf = (key: keyof Said): number => {
		const found = levels.findIndex((level) => level.said[key] !== undefined);
		return found < 0 ? levels.length : found;
	};
	const pick = <K extends keyof Said>(key: K): Said[K] | undefined => {
		const level = levels[rankOf(key)];
		if (level !== undefined) origin[key] = level.from(key);
		return level?.said[key];
	};
	const fallback = <T>(key: string, value: T | undefined, otherwise: T): T => {
		if (value === undefined) origin[key] = 'default';
		return value ?? otherwise;
	};
	const host = fallback('host', pick('host'), 'localhost');
	const port = fallback('port', pick('port'), 3306);
	// Only a server on this very machine is reached by a socket, and a port that was asked for more urgently means the network.
	const local = host === 'localhost' || rankOf('socket') < rankOf('host');
	const wanted = local && rankOf('socket') <= rankOf('port') ? pick('socket') : undefined;
	// A port of an option file says where the network's door is; one that was typed says to use it.
	const portWanted = rankOf('port') < OPTION_FILES;
	const usual = host === 'localhost' && !portWanted ? machine.sockets.find(isSocket) : undefined;
	const socket = wanted ?? usual;
	if (socket !== undefined && wanted === undefined) origin.socket = 'default';
	const ca = pick('sslCa');
	let mode = pick('sslMode');
	if (mode === undefined && ca !== undefined) {
		mode = 'VERIFY_CA';
		origin.sslMode = 'because a CA is given';
	}
	const fingerprint = pick('sslFp');
	if (mode === undefined && fingerprint !== undefined) {
		mode = 'REQUIRED';
		origin.sslMode = BY_FINGERPRINT;
	}
	const keyPath = pick('serverPublicKeyPath');
	const serverKey = {
		...(pick('getServerPublicKey') ? { request: true as const } : {}),
		...(keyPath === undefined ? {} : { path: keyPath }),
	};
	const seconds = fallback('connectTimeout', pick('connectTimeout'), 10);
	const address = {
		// A certificate is made for the name, not for the number.
		host: host === 'localhost' && socket === undefined && !portWanted && mode !== 'VERIFY_IDENTITY' ? '127.0.0.1' : host,
		port,
		...(socket === undefined ? {} : { socket }),
		user: fallback('user', pick('user'), machine.user),
		tls: {
			mode: fallback('sslMode', mode, 'PREFERRED'),
			...compact({ ca, cert: pick('sslCert'), key: pick('sslKey'), version: pick('tlsVersion'), fingerprint }),
		},
		...(Object.keys(serverKey).length === 0 ? {} : { serverKey }),
		connectTimeoutMs: seconds * 1000,
		origin,
	};
	const rank = Math.min(
		...(['host', 'port', 'socket'] as const).map((key) => (socket === undefined && key === 'socket' ? levels.length : rankOf(key))),
	);
	return { address, rank: profile === undefined ? levels.length : rank };
}

function isSocket(path: string): boolean {
	try {
		return lstatSync(path).isSocket();
	} catch {
		return false;
	}
}
