import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';

/** Of the curve's field, and of its base point. */
const P = 2n ** 255n - 19n;
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const BYTES = 32;

/** What stands in DER before the 32 bytes of a key: RFC 8410. */
const SEED = Buffer.from('302e020100300506032b657004220420', 'hex');
const SCALAR = Buffer.from('302e020100300506032b656e04220420', 'hex');
const POINT = Buffer.from('302a300506032b6570032100', 'hex');

const sha512 = (...parts: readonly Uint8Array[]): Buffer => createHash('sha512').update(Buffer.concat(parts)).digest();
const privateKey = (head: Buffer, bytes: Uint8Array): KeyObject =>
	createPrivateKey({ key: Buffer.concat([head, bytes]), format: 'der', type: 'pkcs8' });
const publicBytes = (key: KeyObject): Buffer => createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-BYTES);

const number = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
const bytes = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(2 * BYTES, '0'), 'hex').reverse();

/** Of a prime: value^(prime - 2), which is 1 / value. */
function inverse(value: bigint, prime: bigint): bigint {
	let result = 1n;
	let square = value % prime;
	for (let rest = prime - 2n; rest > 0n; rest >>= 1n) {
		if (rest & 1n) result = (result * square) % prime;
		square = (square * square) % prime;
	}
	return result;
}

/**
 * The base point times a clamped scalar: of the two points with its y, which differ in a sign. X25519 multiplies on the same curve in other
 * coordinates, and gives no sign: y = (u - 1) / (u + 1), RFC 7748.
 */
function twins(scalar: Uint8Array): readonly [Buffer, Buffer] {
	const u = number(publicBytes(privateKey(SCALAR, scalar)));
	const y = bytes(((u - 1n + P) * inverse(u + 1n, P)) % P);
	const other = Buffer.from(y);
	other[BYTES - 1] = (other[BYTES - 1] as number) | 0x80;
	return [y, other];
}

/** As a clamped scalar that gives the same y: X25519 takes multiples of 8 with the highest bit set, and -k is as good as k. */
function clamped(value: bigint): Buffer {
	const eighth = (value * inverse(8n, ORDER)) % ORDER;
	return bytes(8n * (eighth >= 2n ** 251n ? eighth : ORDER - eighth));
}
/**
 * Signs with a secret of any length, as MariaDB's `ed25519` accounts do with the password: RFC 8032 with the password in place of the seed of
 * 32 bytes, which Node's own signer demands. Gives the public key too: it is what such a server keeps. The curve's arithmetic is OpenSSL's, and
 * of the four signatures that the unknown signs allow its verifier picks the one that is right.
 */
export function signWithSecret(secret: Uint8Array, message: Uint8Array): { readonly signature: Buffer; readonly publicKey: Buffer } {
	const digest = sha512(secret);
	const scalar = digest.subarray(0, BYTES);
	scalar[0] = (scalar[0] as number) & 0xf8;
	scalar[BYTES - 1] = ((scalar[BYTES - 1] as number) & 0x7f) | 0x40;
	const nonce = number(sha512(digest.subarray(BYTES), message)) % ORDER;
	for (const publicKey of twins(scalar)) {
		const key = createPublicKey({ key: Buffer.concat([POINT, publicKey]), format: 'der', type: 'spki' });
		for (const point of twins(clamped(nonce))) {
			const hash = number(sha512(point, publicKey, message)) % ORDER;
			const signature = Buffer.concat([point, bytes((nonce + hash * number(scalar)) % ORDER)]);
			if (verify(null, message, key, signature)) return { signature, publicKey };
		}
	}
	throw new Error('Ed25519: no signature can be verified.');
}

/** Signs with a seed of 32 bytes: RFC 8032 as it is. */
export function signWithSeed(seed: Uint8Array, message: Uint8Array): { readonly signature: Buffer; readonly publicKey: Buffer } {
	const key = privateKey(SEED, seed);
	return { signature: sign(null, message, key), publicKey: publicBytes(key) };
}
