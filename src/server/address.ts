import { UserError } from '../core/errors.ts';

/** As every MySQL client knows them: PREFERRED takes TLS where the server has it, without looking at the certificate. */
export type SslMode = 'DISABLED' | 'PREFERRED' | 'REQUIRED' | 'VERIFY_CA' | 'VERIFY_IDENTITY';

export const SSL_MODES: readonly SslMode[] = ['DISABLED', 'PREFERRED', 'REQUIRED', 'VERIFY_CA', 'VERIFY_IDENTITY'];

/** What the header of every screen shows beside a server's name. */
export type Badge = 'prod' | 'test' | 'sandbox';

/** How to use TLS. `ca`, `cert`, `key` are paths on this machine; `version` a list like `TLSv1.2,TLSv1.3`. */
export interface TlsChoice {
	readonly mode: SslMode;
	readonly ca?: string;
	readonly cert?: string;
	readonly key?: string;
	readonly version?: string;
	/** The SHA-256 fingerprint of the server's certificate, as `AB:CD:…`: no other is taken. */
	readonly fingerprint?: string;
}

/** What the person said of the RSA key by which a MySQL server takes a password without TLS. */
export interface ServerKey {
	/** Take the one that the server sends, whoever it is; with TLS: give the password to a server whose certificate is not verified. */
	readonly request?: true;
	/** A PEM file on this machine. */
	readonly path?: string;
}

/** Where a server is and how to get there; everything but the password. */
export interface ServerAddress {
	/** The profile's name, else `HOST:PORT`; for a socket its path. This is the name that a person types to confirm. */
	readonly name: string;
	readonly host: string;
	readonly port: number;
	/** The path of a Unix socket. Where there is one, host and port are not used to connect. */
	readonly socket?: string;
	readonly user: string;
	readonly tls: TlsChoice;
	readonly serverKey?: ServerKey;
	readonly badge?: Badge;
	/** From the first byte to a session that is ready, in milliseconds. */
	readonly connectTimeoutMs: number;
	/** Where each value came from: `flag`, `LOCKSTEP_…`, `profile`, `/etc/mysql/my.cnf [client]`, `default`. */
	readonly origin: Readonly<Record<string, string>>;
}

/** What a server's URL can say. */
export interface UrlParts {
	readonly user?: string;
	readonly host?: string;
	readonly port?: number;
	readonly socket?: string;
	readonly sslMode?: SslMode;
	readonly sslCa?: string;
	readonly sslCert?: string;
	readonly sslKey?: string;
	readonly tlsVersion?: string;
	readonly sslFp?: string;
	readonly getServerPublicKey?: boolean;
	readonly serverPublicKeyPath?: string;
	readonly connectTimeout?: number;
	/** A group of MySQL's login file that says the rest, the password included. */
	readonly loginPath?: string;
	/** `[client<suffix>]` of the option files says the rest. */
	readonly groupSuffix?: string;
}

/** Where a password may come from: said wherever one is missing, wrong, or given in the wrong place. */
export const PASSWORD_WAYS: readonly string[] = [
	'in a terminal: -p (or --password) asks for it',
	'--password-file FILE, or --password-command COMMAND',
	'an option file of your own, mode 0600: ~/.my.cnf with "[client]" and "password = …"',
	'the environment: LOCKSTEP_PASSWORD (LOCKSTEP_PRIMARY_PASSWORD, LOCKSTEP_REPLICA_PASSWORD where there are two servers)',
];

export const isServerUrl = (text: string): boolean => /^[a-z][a-z0-9+.-]*:\/\//i.test(text);

/** The mode in the spelling of the clients, whatever case or dash it was written with. Throws UserError for an unknown one. */
export function readSslMode(text: string, from: string): SslMode {
	const mode = SSL_MODES.find((known) => known === text.toUpperCase().replaceAll('-', '_'));
	if (mode === undefined)
		throw new UserError({ message: `${from} has an unknown ssl-mode.`, reason: `"${text}"`, hints: [`One of: ${SSL_MODES.join(', ')}.`] });
	return mode;
}

/** The SHA-256 fingerprint of a certificate as `AB:CD:…`, however it was written, or UserError. */
export function readFingerprint(text: string, from: string): string {
	const digits = text.replace(/^sha256[ :=]*/i, '').replaceAll(/[:\s]/g, '');
	if (!/^[0-9a-f]{64}$/i.test(digits)) {
		throw new UserError({
			message: `${from} has no SHA-256 fingerprint of a certificate.`,
			reason: `"${text}"`,
			hints: ['On the server: openssl x509 -noout -fingerprint -sha256 -in CERT, with the file of SELECT @@ssl_cert;'],
		});
	}
	return (digits.toUpperCase().match(/../g) ?? []).join(':');
}

/** A port, or UserError. */
export function readPort(text: string, from: string): number {
	const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
	if (!(port >= 1 && port <= 65535))
		throw new UserError({ message: `${from} has no usable port.`, reason: `"${text}"`, hints: ['A port is a number from 1 to 65535.'] });
	return port;
}

/** Seconds as MySQL's clients count them, or a duration like `5s`, in seconds. */
export function readSeconds(text: string, from: string): number {
	const found = /^(\d+)\s*(s?)$/.exec(text.trim());
	const seconds = found ? Number(found[1]) : Number.NaN;
	if (!(seconds >= 1 && seconds <= 86400)) {
		throw new UserError({
			message: `${from} has no usable connect timeout.`,
			reason: `"${text}"`,
			hints: ['Give whole seconds, 1 to 86400.'],
		});
	}
	return seconds;
}

/** As option files say it: nothing at all means yes. */
export const isOn = (text: string): boolean => /^(1|on|true|yes|)$/i.test(text);

/** Where a host is from that might have been meant as a profile's name. */
export const NO_PROFILE = 'address (no profile has this name)';

const KNOWN = [
	...['ssl-mode', 'ssl-ca', 'ssl-cert', 'ssl-key', 'ssl-fp', 'tls-version', 'get-server-public-key', 'server-public-key-path'],
	...['socket', 'connect-timeout', 'login-path', 'group-suffix'],
];

/**
 * Reads `mysql://USER@HOST:PORT?ssl-mode=…&ssl-ca=…`, `mysql://USER@localhost?socket=/path` and, where option files say the rest,
 * `mysql://?login-path=NAME` or `mysql://?group-suffix=_db3` (`mariadb://` means the same).
 * Throws UserError for anything else, and for a password inside: it would stand in the shell's history and the process list.
 * No error repeats the text after the user's name.
 */
export function parseServerUrl(text: string): UrlParts {
	const example = 'mysql://USER@HOST:PORT?ssl-mode=REQUIRED or mysql://USER@localhost?socket=/run/mysqld/mysqld.sock';
	// Before any parser may fail and quote it: credentials are everything up to the last @ of the authority.
	const authority = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(text)?.[1] ?? '';
	const credentials = authority.includes('@') ? authority.slice(0, authority.lastIndexOf('@')) : '';
	const asked = [...new URLSearchParams(text.split('?').slice(1).join('?')).keys()];
	// A password with a / or ? in it ends the authority early: then a colon that no port follows gives it away.
	const torn = credentials === '' && text.slice(text.indexOf('://') + 3).includes('@') && /:(?!\d+$)/.test(authority);
	if (credentials.includes(':') || torn || asked.some((key) => /^(password|passwd|pwd)$/i.test(key))) {
		throw new UserError({
			message: 'A password in a server address is not taken.',
			reason:
				'An address stands in the shell’s history and in the process list, where other users can read it. Change that password if it is a real one.',
			hints: ['Leave it out of the address and give it in one of these ways:', ...PASSWORD_WAYS],
		});
	}
	let url: URL;
	try {
		// A host of its own scheme is kept as it was written, so parse as a special one.
		url = new URL(text.replace(/^(mysql|mariadb):/i, 'http:').replace(/^(http:\/\/(?:[^/?#]*@)?)(?=\?)/, '$1localhost'));
	} catch {
		throw new UserError({ message: 'This server address cannot be read.', hints: [`An address is ${example}.`] });
	}
	if (!/^(mysql|mariadb):\/\//i.test(text)) {
		throw new UserError({
			message: `A server address starts with mysql:// or mariadb://, not with ${text.slice(0, text.indexOf('://') + 3)}.`,
			hints: [example],
		});
	}
	if (url.pathname !== '' && url.pathname !== '/') {
		throw new UserError({
			message: 'A server address names no database.',
			reason: `"${url.pathname}" stands behind the host.`,
			hints: [example, 'Databases are chosen with --databases.'],
		});
	}
	const unknown = asked.filter((key) => !KNOWN.includes(key));
	if (unknown.length > 0) {
		throw new UserError({ message: `A server address knows no "${unknown.join('", "')}".`, hints: [`It knows: ${KNOWN.join(', ')}.`] });
	}
	const from = 'The server address';
	const given = (key: string): string | undefined => url.searchParams.get(key) || undefined;
	const mode = given('ssl-mode');
	const timeout = given('connect-timeout');
	// The URL parser drops the default port of http, which here is a port like any other.
	const port = /:(\d+)$/.exec(authority)?.[1];
	return compact({
		user: decoded(url.username),
		host: /(^|@)$/.test(authority) ? undefined : decoded(url.hostname.replace(/^\[(.*)\]$/, '$1')),
		port: port === undefined ? undefined : readPort(port, from),
		socket: given('socket'),
		sslMode: mode === undefined ? undefined : readSslMode(mode, from),
		sslCa: given('ssl-ca'),
		sslCert: given('ssl-cert'),
		sslKey: given('ssl-key'),
		tlsVersion: given('tls-version'),
		sslFp: given('ssl-fp') === undefined ? undefined : readFingerprint(given('ssl-fp') ?? '', from),
		getServerPublicKey: url.searchParams.has('get-server-public-key') ? isOn(given('get-server-public-key') ?? '') : undefined,
		serverPublicKeyPath: given('server-public-key-path'),
		connectTimeout: timeout === undefined ? undefined : readSeconds(timeout, from),
		loginPath: given('login-path'),
		groupSuffix: given('group-suffix'),
	});
}

/** The name of a server that has no profile. */
export function plainName(address: Pick<ServerAddress, 'host' | 'port' | 'socket'>): string {
	if (address.socket !== undefined) return address.socket;
	return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

function decoded(text: string): string | undefined {
	if (text === '') return undefined;
	try {
		return decodeURIComponent(text);
	} catch {
		return text;
	}
}

/** How messages call a server: its name, and where it is if the name does not say it. */
export function displayName(address: ServerAddress): string {
	const plain = plainName(address);
	return address.name === plain ? plain : `${address.name} (${plain})`;
}

/** Leaves out what is undefined, so that spreading one over another never hides a value. */
export function compact<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
	return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
		[K in keyof T]?: Exclude<T[K], undefined>;
	};
}
