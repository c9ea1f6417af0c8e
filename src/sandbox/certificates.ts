import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY = 86_400_000;

/** Paths of a CA's certificate and of a server's certificate and key. */
export interface TlsFiles {
	readonly ca: string;
	readonly cert: string;
	readonly key: string;
}

async function writeKey(path: string, key: CryptoKey): Promise<void> {
	const base64 = Buffer.from(await crypto.subtle.exportKey('pkcs8', key)).toString('base64');
	await writeFile(path, `-----BEGIN PRIVATE KEY-----\n${base64.replace(/(.{64})(?=.)/g, '$1\n')}\n-----END PRIVATE KEY-----\n`, {
		mode: 0o600,
	});
}

/**
 * Makes a CA and, signed by it, one certificate for 127.0.0.1 and localhost; writes `ca.pem`, `server-cert.pem`, `server-key.pem`.
 * The CA's key is thrown away. Valid from a day before `now` for ten years.
 */
export async function makeCertificates(folder: string, now: Date): Promise<TlsFiles> {
	// Two hundred modules, of which nobody but a sandbox has use. They need the first, before themselves.
	await import('reflect-metadata');
	const {
		BasicConstraintsExtension,
		ExtendedKeyUsage,
		ExtendedKeyUsageExtension,
		KeyUsageFlags,
		KeyUsagesExtension,
		SubjectAlternativeNameExtension,
		X509CertificateGenerator,
	} = await import('@peculiar/x509');
	const keys = () => crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
	const [authority, server] = await Promise.all([keys(), keys()]);
	const valid = { notBefore: new Date(now.getTime() - DAY), notAfter: new Date(now.getTime() + 3650 * DAY) };
	const issuer = 'CN=lockstep sandbox CA';
	const ca = await X509CertificateGenerator.createSelfSigned({
		...valid,
		serialNumber: '01',
		name: issuer,
		keys: authority,
		signingAlgorithm: ALGORITHM,
		extensions: [
			new BasicConstraintsExtension(true, undefined, true),
			new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
		],
	});
	const cert = await X509CertificateGenerator.create({
		...valid,
		serialNumber: '02',
		issuer,
		subject: 'CN=localhost',
		publicKey: server.publicKey,
		signingKey: authority.privateKey,
		signingAlgorithm: ALGORITHM,
		extensions: [
			new BasicConstraintsExtension(false, undefined, true),
			new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
			new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
			new SubjectAlternativeNameExtension([
				{ type: 'dns', value: 'localhost' },
				{ type: 'ip', value: '127.0.0.1' },
				{ type: 'ip', value: '::1' },
			]),
		],
	});
	await mkdir(folder, { recursive: true, mode: 0o700 });
	const files: TlsFiles = { ca: join(folder, 'ca.pem'), cert: join(folder, 'server-cert.pem'), key: join(folder, 'server-key.pem') };
	await writeFile(files.ca, `${ca.toString('pem')}\n`);
	await writeFile(files.cert, `${cert.toString('pem')}\n`);
	await writeKey(files.key, server.privateKey);
	return files;
}
