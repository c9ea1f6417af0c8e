// A server that is none: it greets, and asks for the password itself in every way that there is.
import { createPublicKey, generateKeyPairSync, privateDecrypt, verify } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, describe, expect, test } from 'vitest';
import { ConnectError } from '../../src/core/errors.ts';
import { makeCertificates } from '../../src/sandbox/certificates.ts';
import type { ServerAddress } from '../../src/server/address.ts';
import { authPlugins, type LoginRecord } from '../../src/server/auth.ts';
import { signWithSecret, signWithSeed } from '../../src/server/ed25519.ts';
import { connect } from '../../src/server/session.ts';
import { Secret } from '../../src/sql/secret.ts';

const PASSWORD = 'correct horse 2';
const SCRAMBLE = Buffer.from('abcdefghijklmnopqrst');
const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
const publicKey = keys.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const folder = mkdtempSync(join(tmpdir(), 'lockstep-rogue-'));
afterAll(() => rmSync(folder, { recursive: true }));

const CAPABILITIES = 0x00000001 | 0x00000200 | 0x00008000 | 0x00080000 | 0x00002000;
const CLIENT_SSL = 0x0800;

function packet(seq: number, ...parts: readonly (Buffer | string | readonly number[])[]): Buffer {
	const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part as Buffer))));
	const head = Buffer.alloc(4);
	head.writeUIntLE(body.length, 0, 3);
	head[3] = seq;
	return Buffer.concat([head, body]);
}

function greeting(plugin: string, tls: boolean): Buffer {
	const flags = CAPABILITIES | (tls ? CLIENT_SSL : 0);
	const low = [flags & 0xff, (flags >> 8) & 0xff];
	const high = [(flags >> 16) & 0xff, (flags >> 24) & 0xff];
	return packet(
		0,
		[10],
		'9.7.4\0',
		[1, 0, 0, 0],
		SCRAMBLE.subarray(0, 8),
		[0],
		low,
		[45],
		[2, 0],
		high,
		[21],
		Buffer.alloc(10),
		SCRAMBLE.subarray(8),
		[0],
		`${plugin}\0`,
	);
}

/** What it was told after the handshake, decrypted where it could be. */
async function rogue(plugin: string, tls: { cert: string; key: string } | null, greets = 'mysql_native_password') {
	const got: Buffer[] = [];
	const speak = (socket: Socket) => {
		let step = 0;
		socket.on('error', () => undefined);
		socket.on('data', (data: Buffer) => {
			const seq = (data[3] ?? 0) + 1;
			got.push(data);
			step++;
			if (step === 1) socket.write(packet(seq, [0xfe], `${plugin}\0`, SCRAMBLE, [0]));
			else if (step === 2 && plugin === 'caching_sha2_password') socket.write(packet(seq, [1, 4]));
			else socket.write(packet(seq, [1], publicKey));
		});
	};
	const server = createServer((plain) => {
		plain.on('error', () => undefined);
		plain.write(greeting(greets, tls !== null));
		if (tls === null) return speak(plain);
		plain.once('data', (request: Buffer) => {
			plain.pause();
			// The request for TLS has 36 bytes; what comes after it is TLS.
			const inner = dial({ port: (secure.address() as AddressInfo).port, host: '127.0.0.1' });
			inner.on('error', () => plain.destroy());
			inner.write(request.subarray(36));
			plain.pipe(inner).pipe(plain);
		});
	});
	const secure = createTlsServer(tls ?? {}, speak);
	await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve));
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const told = () => {
		const decrypted = got.map((data) => {
			try {
				const clear = privateDecrypt({ key: keys.privateKey, oaepHash: 'sha1' }, data.subarray(4));
				return Buffer.from(clear.map((byte, at) => byte ^ (SCRAMBLE[at % 20] as number))).toString('latin1');
			} catch {
				return '';
			}
		});
		return [...got.map((data) => data.toString('latin1')), ...decrypted].join('\n');
	};
	const close = async () => {
		server.close();
		secure.close();
	};
	return { port: (server.address() as AddressInfo).port, told, [Symbol.asyncDispose]: close };
}

const certificate = async () => {
	const files = await makeCertificates(join(folder, 'tls'), new Date());
	return { ca: files.ca, cert: readFileSync(files.cert, 'utf8'), key: readFileSync(files.key, 'utf8') };
};

const login = (port: number, more: Partial<ServerAddress> = {}) =>
	connect(
		{
			...{ name: 'db', host: '127.0.0.1', port, user: 'dba', tls: { mode: 'PREFERRED' }, connectTimeoutMs: 3000, origin: {} },
			...more,
		},
		new Secret(PASSWORD),
	);

describe.each([
	['caching_sha2_password', 'mysql_native_password'],
	['caching_sha2_password', 'caching_sha2_password'],
	['sha256_password', 'sha256_password'],
	['mysql_clear_password', 'mysql_clear_password'],
	['dialog', 'mysql_native_password'],
])('a server nothing is known of that asks by %s, after it greeted by %s,', (plugin, greets) => {
	test.each([false, true])('is never given the password (TLS: %s), and what to do is said', async (encrypted) => {
		await using server = await rogue(plugin, encrypted ? await certificate() : null, greets);
		const error = await login(server.port).then(
			() => null,
			(error: unknown) => error,
		);
		expect(error).toBeInstanceOf(ConnectError);
		expect(server.told()).not.toContain(PASSWORD);
		if (plugin.includes('sha2'))
			expect((error as ConnectError).description).toMatchObject({
				message: expect.stringContaining('The password was not sent to db'),
				hints: expect.arrayContaining([expect.stringContaining('--ssl-ca FILE')]),
			});
	});
});

describe('the password itself is given', () => {
	const given = async (more: Partial<ServerAddress>, encrypted: boolean) => {
		await using server = await rogue('caching_sha2_password', encrypted ? await certificate() : null);
		await login(server.port, more).catch(() => undefined);
		return server.told().includes(PASSWORD);
	};
	test('where the person asks for it, not where the certificate is another’s', async () => {
		const { ca } = await certificate();
		expect(await given({ serverKey: { request: true } }, false)).toBe(true);
		expect(await given({ tls: { mode: 'REQUIRED' } }, true)).toBe(true);
		// Made anew, so by another authority.
		const other = join(folder, 'other.pem');
		writeFileSync(other, readFileSync(ca));
		expect(await given({ tls: { mode: 'VERIFY_CA', ca: other } }, true)).toBe(false);
	});
	test('to a server without TLS only by the key of the person’s own file', async () => {
		const own = join(folder, 'own.pem');
		writeFileSync(own, generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'pem' }));
		expect(await given({ serverKey: { path: own } }, false)).toBe(false);
		const right = join(folder, 'right.pem');
		writeFileSync(right, publicKey);
		expect(await given({ serverKey: { path: right } }, false)).toBe(true);
	});
});

describe('accounts of MariaDB', () => {
	const login = (): LoginRecord => ({ sent: false, switched: false, proof: null, awaitsSalt: false });
	const plugin = (name: string, record: LoginRecord) =>
		(authPlugins('secret', { how: 'refused' }, record)[name] as () => (data: Buffer) => Promise<Buffer> | Buffer)();
	const challenge = Buffer.alloc(32, 7);
	/** As the server keeps it in mysql.global_priv, seen on 11.8. */
	const ED25519 = 'ZIgUREUg5PVgQ6LskhXmO+eZLS0nC8be6HPjYWR4YJY';
	const PARSEC = ['ztaIRrch6Bm9PIx6n6APnv4k', '1tYWvBL88MyW/C70qJi0Gtn9V2aHDqUiyS4ZFnbw51s'].map((text) => Buffer.from(text, 'base64'));

	test('ed25519: the challenge is signed by the key that the server keeps', async () => {
		const record = login();
		const signature = await plugin('client_ed25519', record)(challenge);
		expect(record.proof?.kept.toString('base64').replace('=', '')).toBe(ED25519);
		expect(isSigned(Buffer.from(ED25519, 'base64'), challenge, signature)).toBe(true);
	});

	test('parsec: both challenges are signed by the key that comes of the salt', async () => {
		const [salt, key] = PARSEC as [Buffer, Buffer];
		const record = login();
		const step = plugin('parsec', record);
		expect(await step(challenge)).toEqual(Buffer.alloc(0));
		expect(record.awaitsSalt).toBe(true);
		const answer = await step(Buffer.concat([Buffer.from('P\0'), salt]));
		expect(record.awaitsSalt).toBe(false);
		expect(record.proof?.kept).toEqual(Buffer.concat([Buffer.from('P\0'), salt, key]));
		expect(isSigned(key, Buffer.concat([challenge, answer.subarray(0, 32)]), answer.subarray(32))).toBe(true);
	});

	test.each([Buffer.from('Q\0salt'), Buffer.from('P\x09salt'), Buffer.alloc(0)])(
		'parsec: a salt that is none (%#) is refused',
		async (salt) => {
			const step = plugin('parsec', login());
			await step(challenge);
			await expect((async () => step(salt))()).rejects.toThrow('Unexpected packet');
		},
	);

	test('a password of 32 bytes is signed with as every signer of Ed25519 does', () => {
		for (let at = 0; at < 32; at++) {
			const [secret, message] = [Buffer.alloc(32, at), Buffer.alloc(at, 255 - at)];
			expect(signWithSecret(secret, message)).toEqual(signWithSeed(secret, message));
		}
	});
});

function isSigned(key: Buffer, message: Buffer, signature: Buffer): boolean {
	const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), key]);
	return verify(null, message, createPublicKey({ key: der, format: 'der', type: 'spki' }), signature);
}
