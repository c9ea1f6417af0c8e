import { readFile } from 'node:fs/promises';
import { TLSSocket } from 'node:tls';
import type { SslOptions } from 'mysql2';
import { UserError } from '../core/errors.ts';
import type { ServerAddress } from './address.ts';
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
	const { mode, ca, cert, key, version } = address.tls;
	if (mode === 'DISABLED' || (mode === 'PREFERRED' && address.socket !== undefined)) return null;
	const verified = mode === 'VERIFY_CA' || mode === 'VERIFY_IDENTITY';
	return {
		optional: mode === 'PREFERRED',
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
	if (encrypted) return { how: tls.mode !== 'PREFERRED' || serverKey?.request ? 'clear' : 'refused' };
	if (serverKey?.path !== undefined) return { how: 'rsa', key: await pem(serverKey.path, '--server-public-key-path') };
	return serverKey?.request ? { how: 'rsa', key: null } : { how: 'refused' };
}

async function pem(path: string, flag: string): Promise<string> {
	try {
		return await readFile(path, 'utf8');
	} catch (cause) {
		throw new UserError(
			{
				what: `The file of ${flag} cannot be read: ${path}`,
				mend: ['Check the path and who may read it. It is a PEM file on this machine.'],
				words: (cause as Error).message,
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
	if (known.length !== asked.length || known.length === 0) {
		throw new UserError({
			what: `An unknown TLS version: ${text}`,
			mend: [`Known are ${VERSIONS.join(' and ')}, one or both joined by a comma.`],
		});
	}
	return { minVersion: known[0], maxVersion: known.at(-1) };
}

/** How a session is encrypted, in OpenSSL's words; `verified` says that the certificate was checked against a CA. */
export interface SessionTls {
	readonly version: string;
	readonly cipher: string;
	readonly verified: boolean;
}

/** From our own end: on MariaDB SHOW STATUS hangs as long as another session's SET GLOBAL gtid_slave_pos waits for the global read lock. */
export function sessionTls(stream: unknown, address: ServerAddress): SessionTls | null {
	if (!(stream instanceof TLSSocket)) return null;
	return { cipher: stream.getCipher().name, version: stream.getProtocol() ?? '', verified: address.tls.mode.startsWith('VERIFY') };
}
