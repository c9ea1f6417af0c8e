import { ConnectError, type UnverifiedCertificate } from '../core/errors.ts';
import { displayName, PASSWORD_WAYS, type ServerAddress } from './address.ts';
import { PasswordKept } from './auth.ts';
import { unreachable } from './greeting.ts';
import { CertificateRefused } from './tls.ts';

type DriverError = Error & { code?: string; errno?: number; sqlState?: string };

interface Words {
	readonly message: string;
	readonly reason?: string;
	readonly hints: readonly string[];
}

/** How it was tried to log in. */
interface Login {
	readonly passwordGiven: boolean;
	readonly encrypted: boolean;
	/** What the server showed, where it showed one. */
	readonly certificate?: UnverifiedCertificate | null;
}

/** A login that did not come to be, as a ConnectError that says whom the server saw, why, and what to do. */
export function refusedLogin(address: ServerAddress, error: DriverError, login: Login): ConnectError {
	const at = displayName(address);
	if (error instanceof PasswordKept) return keptPassword(address, error.plugin, login.encrypted, login.certificate);
	if (error instanceof CertificateRefused)
		return new ConnectError(
			{ ...error.description, message: `Connection to ${at} refused: ${error.description.message}` },
			{ cause: error },
		);
	// The driver names its errors after the server's, and its connection errors after the system's: only the first have a state.
	const description = error.sqlState !== undefined ? byNumber(error, address, login) : byCode(error, address, at);
	if (description === null) return unreachable(address, error);
	const said = error.sqlState !== undefined ? `ERROR ${error.errno} (${error.sqlState || '08S01'}): ${error.message}` : error.message;
	// The driver's error may hold what was sent: a copy is kept.
	return new ConnectError(
		{ ...description, details: said },
		{ cause: Object.assign(new Error(error.message), { code: error.code, errno: error.errno }) },
	);
}

/** What makes the server known, so that it may be given the password itself. */
export const PROOFS: readonly string[] = [
	'Verify the server: --ssl-mode VERIFY_CA --ssl-ca FILE, with its CA certificate (on the server: SELECT @@ssl_ca;)',
	'On the server’s own machine, use its socket: --socket PATH',
];

/** `by`: what would give the password away. */
export function keptPassword(
	address: ServerAddress,
	by: string,
	encrypted: boolean,
	certificate: UnverifiedCertificate | null = null,
): ConnectError {
	const clear = by === 'mysql_clear_password';
	const { host, port } = address;
	// Of a method that takes the password in clear there is nothing to agree to; without a certificate only a plain connection.
	const isOffered = !clear && encrypted === (certificate !== null);
	const descriptions = {
		message: `The password was not sent to ${displayName(address)}: nothing proves that this is the right server.`,
		reason: `A server can ask for the password itself (${by}), and ${encrypted ? 'its certificate is not verified' : 'the connection is not encrypted'}: any server there could read it.`,
		hints: clear
			? ['Use an account that logs in by a challenge, as: CREATE USER … IDENTIFIED BY …']
			: [
					...PROOFS,
					...(encrypted ? [] : ['With the server’s RSA key from a safe place: --server-public-key-path FILE']),
					...(certificate === null
						? []
						: [`After comparing its fingerprint on the server: --ssl-fp ${certificate.fingerprint.replaceAll(':', '')}`]),
					`Only where you trust the network: ${encrypted ? '--ssl-mode REQUIRED' : '--get-server-public-key'}`,
				],
	};
	return new ConnectError(descriptions, { unverified: isOffered ? { host, port, certificate } : null });
}

function byNumber(error: DriverError, address: ServerAddress, { passwordGiven, encrypted }: Login): Words {
	const at = displayName(address);
	const text = error.message;
	// 'user'@'host' as the server saw it: not what was asked for, which is half of all riddles.
	const seen = /'[^']*'@'[^']*'/.exec(text)?.[0] ?? `'${address.user}'`;
	switch (error.errno) {
		case 1045:
			return {
				message: `Access denied for ${seen} on ${at} (${passwordGiven ? 'a password was given' : 'no password given'}).`,
				reason: encrypted
					? 'The password is wrong, or there is no account for that user from that host.'
					: 'The password is wrong, there is no account for that user from that host, or the account demands TLS and this connection has none.',
				hints: [
					...(passwordGiven ? ['Give the right password:'] : ['Give a password:']),
					...PASSWORD_WAYS,
					`Which accounts there are: SELECT user, host FROM mysql.user WHERE user = '${address.user.replaceAll("'", "''")}';`,
					...(encrypted || address.socket !== undefined ? [] : ['An account made with REQUIRE SSL: --ssl-mode=REQUIRED.']),
				],
			};
		case 1698:
			return {
				message: `Access denied for ${seen} on ${at}.`,
				reason: 'That account takes no password: the server asks who the user of the operating system is, and it is another one.',
				hints: [`Run this as the system’s user ${address.user}, through the socket, or use an account that has a password.`],
			};
		case 1049:
			return { message: `${at} has no database of that name.`, hints: ['SHOW DATABASES;'] };
		case 1040:
		case 1203:
		case 1226:
			return {
				message: `${at} has no free connection${error.errno === 1040 ? '' : ` for ${seen}`}.`,
				hints: [
					"Look: SHOW GLOBAL STATUS LIKE 'Threads_connected'; SELECT @@max_connections, @@max_user_connections;",
					'End what is not needed, allow more, or use fewer connections:  --workers 1',
				],
			};
		case 1130:
			return {
				message: `${at} does not talk to this machine.`,
				reason: 'No account at all may log in from this address.',
				hints: [
					'On the server, look which hosts may: SELECT user, host FROM mysql.user;',
					'Make an account for this address, or log in from a machine that has one.',
				],
			};
		case 1129:
			return {
				message: `${at} has locked this machine out.`,
				reason: 'Too many connections from here broke off before they logged in.',
				hints: [
					'On MariaDB:  mariadb-admin flush-hosts   On MySQL:  TRUNCATE TABLE performance_schema.host_cache;',
					'and find out what keeps knocking.',
				],
			};
		case 1862:
		case 1820:
			return {
				message: `The password of ${seen} at ${at} has expired.`,
				hints: ["Log in with the ordinary client, and: SET PASSWORD = PASSWORD('…'); on MySQL: ALTER USER USER() IDENTIFIED BY '…';"],
			};
		case 3118:
		case 4151:
			return {
				message: `The account ${seen} at ${at} is locked.`,
				hints: [`ALTER USER ${seen} ACCOUNT UNLOCK; with an account that may.`],
			};
		case 1251:
		case 1275:
		case 1524:
		case 2061:
			return unknownPlugin(/'([^']+)'/.exec(text)?.[1], at);
		case 3159:
			return {
				message: `${at} demands an encrypted connection, and this one is none.`,
				reason: 'The server runs with require_secure_transport.',
				hints: ['Use --ssl-mode=REQUIRED, or better VERIFY_CA with --ssl-ca.'],
			};
		case 3032:
			return {
				message: `${at} is in offline mode and lets in administrators only.`,
				hints: [
					'Wait until it is over, or end it:  SET GLOBAL offline_mode = OFF;',
					'An account with CONNECTION_ADMIN may log in meanwhile.',
				],
			};
		case 1053:
			return { message: `${at} is shutting down.`, hints: ['Wait until it is up again.'] };
		default:
			return { message: `${at} refused the connection.`, hints: ['The server’s own words stand below; its error log may say more.'] };
	}
}

function byCode(error: DriverError, address: ServerAddress, at: string): Words | null {
	const mode = address.tls.mode;
	if (error.code === 'HANDSHAKE_NO_SSL_SUPPORT') {
		return {
			message: `${at} has no TLS, and ssl-mode ${mode} demands it.`,
			hints: [
				"Give the server a certificate (ssl_cert, ssl_key), and look: SHOW VARIABLES LIKE 'have_ssl';",
				'Without encryption, where the network is safe: --ssl-mode=DISABLED.',
			],
		};
	}
	if (error.code === 'HANDSHAKE_SSL_ERROR')
		return { message: `No TLS with ${at} in ssl-mode ${mode}.`, ...tlsReason(error.message, address) };
	if (error.code === 'AUTH_SWITCH_PLUGIN_ERROR') return unknownPlugin(/unknown plugin (\S+?)\./.exec(error.message)?.[1], at);
	if (error.code === 'MYSQL_CLEAR_PASSWORD_NOT_ENABLED') return unknownPlugin('mysql_clear_password', at);
	if (error.code === 'PROTOCOL_CONNECTION_LOST' || error.code === 'ECONNRESET' || error.code === 'EPIPE') {
		return {
			message: `${at} closed the connection during the login.`,
			reason: 'A server does this while it shuts down or when its connect_timeout is over; so does a proxy that gives up.',
			hints: ['Try again; if it stays, the server’s error log says why.'],
		};
	}
	if (error.code === 'ETIMEDOUT') {
		return {
			message: `${at} did not finish the login within ${address.connectTimeoutMs / 1000} s.`,
			reason: 'The server greeted, then fell silent: it is overloaded, waits for DNS, or hangs.',
			hints: ['Check the server; skip_name_resolve avoids the DNS queries. A slow line: --connect-timeout.'],
		};
	}
	if (/handshake|packet/i.test(error.message)) {
		return {
			message: `${at} does not speak the MySQL protocol as expected.`,
			hints: ['Check the port, and what stands between: a proxy speaks for the server.'],
		};
	}
	return null;
}

function tlsReason(text: string, address: ServerAddress): Pick<Words, 'reason' | 'hints'> {
	const { ca } = address.tls;
	const weaker = 'Encrypted, without checking the certificate: --ssl-mode=REQUIRED.';
	if (/self[- ]signed|unable to verify|unable to get (local )?issuer|signature failure|unhandled critical/i.test(text)) {
		return {
			reason:
				ca === undefined
					? 'The server’s certificate is not signed by a trusted CA, and no --ssl-ca was given.'
					: `The server’s certificate is not signed by the CA in ${ca}.`,
			hints: [
				ca === undefined
					? 'Give the CA’s certificate of that server: --ssl-ca=FILE.'
					: 'Take the CA file of that very server: SELECT @@ssl_ca;',
				weaker,
			],
		};
	}
	if (/altnames|does not match|IP: .* is not in|Host: .* is not/i.test(text)) {
		return {
			reason: `The certificate is for another name than "${address.host}".`,
			hints: ['Connect by the name that stands in the certificate.', 'The CA alone is checked with --ssl-mode=VERIFY_CA.'],
		};
	}
	if (/expired|not yet valid/i.test(text)) {
		return {
			reason: 'The certificate is out of its dates.',
			hints: ['Renew it on the server, and check the clocks of both machines.', weaker],
		};
	}
	if (/version|protocol|alert|cipher/i.test(text)) {
		return {
			reason: 'Both sides found no TLS version or cipher in common, or the server refused our certificate.',
			hints: ['See the server’s: SELECT @@tls_version;', 'Give one with --tls-version=TLSv1.2.'],
		};
	}
	return {
		reason: 'The TLS handshake failed.',
		hints: ["See the server’s: SHOW VARIABLES LIKE '%ssl%';", 'Check --ssl-ca, --ssl-cert and --ssl-key.'],
	};
}

function unknownPlugin(plugin: string | undefined, at: string): Words {
	return {
		message: `${at} wants this account to log in by ${plugin === undefined ? 'a method' : `"${plugin}"`}${plugin === undefined ? ' that lockstep does not know' : ', which lockstep does not know'}.`,
		reason:
			'It knows mysql_native_password, caching_sha2_password, sha256_password, ed25519, parsec, and the socket of the system’s own user.',
		hints: ['Use an account for this work that logs in by one of those, as: CREATE USER … IDENTIFIED BY …'],
	};
}
