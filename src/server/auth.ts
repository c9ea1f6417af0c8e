import { constants, createHash, publicEncrypt } from 'node:crypto';
import type { AuthPlugin } from 'mysql2';

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

const sha256 = (...parts: readonly Buffer[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest();
const xor = (bytes: Buffer, mask: Buffer): Buffer => Buffer.from(bytes.map((byte, at) => byte ^ (mask[at % mask.length] as number)));

/** The answer to a challenge of caching_sha2_password: SHA256(password) XOR SHA256(SHA256(SHA256(password)), challenge). */
function answer(password: string, challenge: Buffer): Buffer {
	const once = sha256(Buffer.from(password));
	return xor(once, sha256(sha256(once), challenge));
}

const encrypted = (password: string, challenge: Buffer, key: string | Buffer): Buffer =>
	publicEncrypt({ key, oaepHash: 'sha1', padding: constants.RSA_PKCS1_OAEP_PADDING }, xor(Buffer.from(`${password}\0`), challenge));

/**
 * The login methods that can ask for the password itself, in place of the driver's own, which give it to any server that has a key or a
 * certificate. `onSent` is called when it is given.
 */
export function authPlugins(password: string | undefined, full: FullLogin, onSent: () => void): { readonly [name: string]: AuthPlugin } {
	/** Gives the password, in one answer or two. */
	const sending = (plugin: string, askForKey: number) => {
		let challenge: Buffer | null = null;
		return {
			first(data: Buffer): Buffer {
				challenge = data.subarray(0, LENGTH);
				if (full.how === 'refused') throw new PasswordKept(plugin);
				onSent();
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
	return {
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
	} as { readonly [name: string]: AuthPlugin };
}
