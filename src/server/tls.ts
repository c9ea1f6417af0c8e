import { readFile } from 'node:fs/promises';
import { TLSSocket } from 'node:tls';
import type { SslOptions } from 'mysql2';
import { type ErrorMessage, type UnverifiedCertificate, UserError } from '../core/errors.ts';
import type { ServerAddress, TlsChoice } from './address.ts';
import type { FullLogin } from './auth.ts';

/** What the driver needs for TLS; `optional` where a server without TLS is taken as it is. Null: no TLS at all. */
export interface TlsOptions {
	readonly ssl: SslOptions;
	readonly optional: boolean;
}

/**
 * The clients' modes as the driver's options. A socket needs no TLS and has it only where it is asked for.
 * VERIFY_CA without a CA file checks against the CAs that Node knows. Throws UserError where a file cannot be read.
 */
export async function tlsOptions(address: ServerAddress): Promise<TlsOptions | null> {
	const { mode, ca, cert, key, version, fingerprint } = address.tls;
	if (mode === 'DISABLED' && fingerprint !== undefined)
		throw new UserError({
			message: 'ssl-mode DISABLED and --ssl-fp are given: without TLS there is no certificate.',
			hints: ['Leave one of them out.'],
		});
	if (mode === 'DISABLED' || (mode === 'PREFERRED' && address.socket !== undefined)) return null;
	const verified = mode === 'VERIFY_CA' || mode === 'VERIFY_IDENTITY';
	return {
		optional: mode === 'PREFERRED' && fingerprint === undefined,
		ssl: {
			rejectUnauthorized: verified,
			verifyIdentity: mode === 'VERIFY_IDENTITY',
			...(ca === undefined ? {} : { ca: await pem(ca, '--ssl-ca') }),
			...(cert === undefined ? {} : { cert: await pem(cert, '--ssl-cert') }),
			...(key === undefined ? {} : { key: await pem(key, '--ssl-key') }),
			...(version === undefined ? {} : versions(version)),
		},
	};
}

/** How a password may be sent to this server in full; `encrypted`: whether the connection is. Throws UserError where the key cannot be read. */
export async function fullLogin(address: ServerAddress, encrypted: boolean): Promise<FullLogin> {
	const { tls, serverKey, socket } = address;
	if (socket !== undefined) return { how: 'clear' };
	// REQUIRED is never a default: whoever asks for it takes the certificate as it is, as with the vendor's client.
	if (encrypted) return { how: tls.mode !== 'PREFERRED' || verifies(tls) || serverKey?.request ? 'clear' : 'refused' };
	if (serverKey?.path !== undefined) return { how: 'rsa', key: await pem(serverKey.path, '--server-public-key-path') };
	return serverKey?.request ? { how: 'rsa', key: null } : { how: 'refused' };
}

async function pem(path: string, flag: string): Promise<string> {
	try {
		return await readFile(path, 'utf8');
	} catch (cause) {
		throw new UserError(
			{
				message: `The file of ${flag} cannot be read: ${path}`,
				hints: ['Check the path and who may read it. It is a PEM file on this machine.'],
				details: (cause as Error).message,
			},
			{ cause },
		);
	}
}

const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;

/** A list like the clients' `--tls-version`, as the lowest and the highest of it. */
function versions(text: string): Pick<SslOptions, 'minVersion' | 'maxVersion'> {
	const asked = text
		.split(',')
		.map((part) => part.trim().toLowerCase())
		.filter((part) => part !== '');
	const known = VERSIONS.filter((version) => asked.includes(version.toLowerCase()));
	const [first] = known;
	if (known.length !== asked.length || first === undefined) {
		throw new UserError({
			message: `An unknown TLS version: ${text}`,
			hints: [`Known are ${VERSIONS.join(' and ')}, one or both joined by a comma.`],
		});
	}
	return { minVersion: first, maxVersion: known.at(-1) ?? first };
}

/** How a session is encrypted, in OpenSSL's words; `verified` says that the certificate was checked against a CA. */
export interface SessionTls {
	readonly version: string;
	readonly cipher: string;
	readonly verified: boolean;
}

/** From our own end: on MariaDB SHOW STATUS hangs as long as another session's SET GLOBAL gtid_slave_pos waits for the global read lock. */
export function sessionTls(stream: unknown, verified: boolean): SessionTls | null {
	if (!(stream instanceof TLSSocket)) return null;
	return { cipher: stream.getCipher().name, version: stream.getProtocol() ?? '', verified };
}

/** Whether a connection that is encrypted in this way is one to the right server. */
export const verifies = ({ mode, fingerprint }: TlsChoice): boolean => mode.startsWith('VERIFY') || fingerprint !== undefined;

/** The server's certificate; null where the connection is not encrypted. */
export function certificateOf(stream: unknown): UnverifiedCertificate | null {
	const x509 = stream instanceof TLSSocket ? stream.getPeerX509Certificate() : undefined;
	if (x509 === undefined) return null;
	return {
		fingerprint: x509.fingerprint256,
		subject: x509.subject?.replaceAll('\n', ', ') ?? '',
		validFrom: x509.validFromDate.toISOString(),
		validTo: x509.validToDate.toISOString(),
	};
}

/** The certificate is not the right server's: nothing more is sent there. */
export class CertificateRefused extends Error {
	readonly description: Required<Omit<ErrorMessage, 'details'>>;
	constructor(description: CertificateRefused['description']) {
		super(description.reason);
		this.description = description;
	}
}

/** A server that the account's password proves to have another certificate than the one that came. */
export const PROXY: CertificateRefused['description'] = {
	message: 'the certificate is not the server’s own.',
	reason:
		'The server proves by the account’s password which certificate it has (MariaDB 11.4 and newer), and this connection has another one: what stands between can read everything.',
	hints: [
		'Find out what answers at this address. The server’s own certificate: SELECT @@ssl_cert;',
		'A proxy that you trust: name its certificate with --ssl-fp SHA256, or take any with --ssl-mode REQUIRED',
	],
};

/** Why an encrypted connection is not one to the server whose fingerprint is known. */
export function unlikePinned({ tls, origin }: ServerAddress, found: UnverifiedCertificate | null): CertificateRefused | null {
	if (tls.fingerprint === undefined || found?.fingerprint === tls.fingerprint) return null;
	const accepted = origin.sslFp?.startsWith('accepted') ? origin.sslFp : null;
	return new CertificateRefused({
		message: accepted === null ? 'its certificate is not the one of --ssl-fp.' : 'ITS CERTIFICATE HAS CHANGED.',
		reason: `Expected SHA256 ${tls.fingerprint}${accepted === null ? '' : ` (${accepted})`}, found ${found?.fingerprint ?? 'none'}. Another server may answer there and read the password.`,
		hints: [
			'Compare on the server itself: openssl x509 -noout -fingerprint -sha256 -in CERT, with the file of SELECT @@ssl_cert;',
			...(accepted === null
				? []
				: ['If it is the same: remove its line from the preferences in lockstep’s config.json, and accept it again.']),
			...(found === null ? [] : [`Only if it is the same: --ssl-fp ${found.fingerprint.replaceAll(':', '')}`]),
		],
	});
}
