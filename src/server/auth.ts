import { constants, createHash, pbkdf2, publicEncrypt, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { AuthPlugin } from 'mysql2';
import { signWithSecret, signWithSeed } from './ed25519.ts';

/** How the password itself may be sent where a server asks for it instead of the answer to a challenge. */
export type FullLogin =
	/** As it is: through a socket, or encrypted to a server that is verified or that the person takes as it is. */
	| { readonly how: 'clear' }
	/** Encrypted with the server's RSA key: the one given, or (null) the one that the server sends. */
	| { readonly how: 'rsa'; readonly key: string | null }
	/** Not at all: whoever listens there could be anybody. */
	| { readonly how: 'refused' };

/** The server asked for the password itself, and nothing proves who it is. */
export class PasswordKept extends Error {
	readonly plugin: string;
	constructor(plugin: string) {
		super(`The server asks for the password itself (${plugin}).`);
		this.plugin = plugin;
	}
}

const FAST_OK = 3;
const FULL = 4;
/** Of a challenge. */
const LENGTH = 20;

const sha1 = (...parts: readonly Buffer[]): Buffer => createHash('sha1').update(Buffer.concat(parts)).digest();
const sha256 = (...parts: readonly Buffer[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest();
const xor = (bytes: Buffer, mask: Buffer): Buffer => Buffer.from(bytes.map((byte, at) => byte ^ (mask[at % mask.length] as number)));

/** The answer to a challenge of caching_sha2_password: SHA256(password) XOR SHA256(SHA256(SHA256(password)), challenge). */
function answer(password: string, challenge: Buffer): Buffer {
	const once = sha256(Buffer.from(password));
	return xor(once, sha256(sha256(once), challenge));
}

const derive = promisify(pbkdf2);

const encrypted = (password: string, challenge: Buffer, key: string | Buffer): Buffer =>
	publicEncrypt({ key, oaepHash: 'sha1', padding: constants.RSA_PKCS1_OAEP_PADDING }, xor(Buffer.from(`${password}\0`), challenge));

/** Of `parsec`: the letter for PBKDF2, and the most rounds that a server may ask for, as a power of two from 1024 on. */
const PBKDF2 = 0x50;
const MOST_ROUNDS = 3;

/** What a login leaves to judge it by. */
export interface LoginRecord {
	/** The password itself was given. */
	sent: boolean;
	/** The server asked for another method than the one that its greeting was answered by, `mysql_native_password`. */
	switched: boolean;
	/** What the server keeps of the password, and a challenge (null: the greeting's): by these a MariaDB server proves its certificate. */
	proof: { readonly kept: Buffer; readonly challenge: Buffer | null } | null;
	/** The next packet is the salt of `parsec`, which has no head that tells what it is. */
	awaitsSalt: boolean;
}

/** What a MariaDB server must say after the login: SHA256(what it keeps of the password, challenge, SHA256 of its certificate). */
export const certificateProof = (kept: Buffer, challenge: Buffer, fingerprint: string): string =>
	sha256(kept, challenge, Buffer.from(fingerprint.replaceAll(':', ''), 'hex')).toString('hex');

/** Of `mysql_native_password`. The driver answers the greeting's challenge without asking a plugin. */
export const nativeProof = (password: string, challenge: Buffer | null = null): NonNullable<LoginRecord['proof']> => ({
	kept: sha1(sha1(Buffer.from(password))),
	challenge,
});

/**
 * The login methods, in place of the driver's own, which give the password itself to any server that has a key or a certificate; and those of
 * MariaDB that the driver does not know, `client_ed25519` and `parsec`. `login` is filled as they are used.
 */
export function authPlugins(password: string | undefined, full: FullLogin, login: LoginRecord): { readonly [name: string]: AuthPlugin } {
	/** Gives the password, in one answer or two. */
	const sending = (plugin: string, askForKey: number) => {
		let challenge: Buffer | null = null;
		return {
			first(data: Buffer): Buffer {
				challenge = data.subarray(0, LENGTH);
				if (full.how === 'refused') throw new PasswordKept(plugin);
				login.sent = true;
				if (full.how === 'clear') return Buffer.from(`${password}\0`);
				return full.key === null ? Buffer.from([askForKey]) : encrypted(password ?? '', challenge, full.key);
			},
			/** Only where it was asked for: a server may send one at any time. */
			withKey(key: Buffer): Buffer {
				if (challenge === null || full.how !== 'rsa' || full.key !== null)
					throw new Error(`Unexpected packet during the login by ${plugin}.`);
				const asked = challenge;
				challenge = null;
				return encrypted(password ?? '', asked, key);
			},
		};
	};
	const methods: { readonly [name: string]: () => (data: Buffer) => Buffer | null | Promise<Buffer> } = {
		mysql_native_password: () => (data: Buffer) => {
			const challenge = Buffer.from(data.subarray(0, LENGTH));
			if (password === undefined) return Buffer.alloc(0);
			login.proof = nativeProof(password, challenge);
			const once = sha1(Buffer.from(password));
			return xor(once, sha1(challenge, sha1(once)));
		},
		client_ed25519: () => (data: Buffer) => {
			if (password === undefined) return Buffer.alloc(0);
			const challenge = Buffer.from(data.subarray(0, 32));
			const { signature, publicKey } = signWithSecret(Buffer.from(password), challenge);
			login.proof = { kept: publicKey, challenge: null };
			return signature;
		},
		parsec: () => {
			let challenge: Buffer | null = null;
			return async (data: Buffer) => {
				if (challenge === null) {
					challenge = Buffer.from(data.subarray(0, 32));
					login.awaitsSalt = true;
					return Buffer.alloc(0);
				}
				login.awaitsSalt = false;
				const [kind, rounds = Number.NaN] = data;
				if (kind !== PBKDF2 || !(rounds <= MOST_ROUNDS)) throw new Error('Unexpected packet during the login by parsec.');
				const seed = await derive(password ?? '', data.subarray(2), 1024 << rounds, 32, 'sha512');
				const own = randomBytes(32);
				const { signature, publicKey } = signWithSeed(seed, Buffer.concat([challenge, own]));
				login.proof = { kept: Buffer.concat([data, publicKey]), challenge: null };
				return Buffer.concat([own, signature]);
			};
		},
		caching_sha2_password: () => {
			const send = sending('caching_sha2_password', 2);
			let challenge: Buffer | null = null;
			let sent = false;
			return (data: Buffer) => {
				if (challenge === null) {
					challenge = Buffer.from(data.subarray(0, LENGTH));
					return password === undefined ? Buffer.alloc(0) : answer(password, challenge);
				}
				if (sent) return send.withKey(data);
				if (data.length === 1 && data[0] === FAST_OK) return null;
				if (data.length !== 1 || data[0] !== FULL) throw new Error('Unexpected packet during the login by caching_sha2_password.');
				sent = true;
				return send.first(challenge);
			};
		},
		sha256_password: () => {
			const send = sending('sha256_password', 1);
			let sent = false;
			return (data: Buffer) => {
				if (sent) return send.withKey(data);
				sent = true;
				return password === undefined ? Buffer.from([0]) : send.first(data);
			};
		},
		mysql_clear_password: () => () => {
			throw new PasswordKept('mysql_clear_password');
		},
	};
	const noting = (make: () => unknown) => () => {
		Object.assign(login, { switched: true, proof: null });
		return make();
	};
	return Object.fromEntries(Object.entries(methods).map(([name, make]) => [name, noting(make)])) as { readonly [name: string]: AuthPlugin };
}
