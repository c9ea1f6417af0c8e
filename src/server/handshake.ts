import type { Connection } from 'mysql2';
import { certificateProof, type LoginRecord, nativeProof } from './auth.ts';

/** What the driver keeps to itself. */
interface Packet {
	buffer: Buffer;
	start: number;
	offset: number;
	end: number;
}
type Inside = Connection & {
	handlePacket?: (packet?: Packet) => void;
	startTLS?: (done: (error?: Error) => void) => void;
	readonly stream: unknown;
};

/** Of an OK packet: its head is 0; of what else a server may send during a login: ERR, AuthSwitchRequest, AuthMoreData. */
const OK = 0;
const HEADS: ReadonlySet<number> = new Set([OK, 0xff, 0xfe, 1, 2]);
/** Before the text of an OK packet: its status and the number of warnings. */
const STATUS = 4;
const SHA256 = 1;

/**
 * Stands between the driver and a server until {@link Handshake.end}. `onSecure` judges the encrypted stream before anything but the request for
 * it was sent: an error that it gives ends the login. The packets of a login: dev.mysql.com/doc/dev/mysql-server/latest, "Connection Phase".
 */
export function watchHandshake(connection: Connection, login: LoginRecord, onSecure: (stream: unknown) => Error | null): Handshake {
	const inside = connection as Inside;
	const { handlePacket, startTLS } = inside;
	let text: Buffer | null = null;
	let challenge: Buffer | null = null;
	let greeted = false;
	connection.once('connect', ((handshake: { authPluginData1?: Buffer; authPluginData2?: Buffer }) => {
		const { authPluginData1: one, authPluginData2: two } = handshake ?? {};
		if (one && two) challenge = Buffer.concat([one, two]).subarray(0, 20);
	}) as never);
	inside.startTLS = (done) => startTLS?.call(inside, (error) => done(error ?? onSecure(inside.stream) ?? undefined));
	inside.handlePacket = (packet) => {
		if (packet !== undefined && greeted) {
			const payload = packet.buffer.subarray(packet.offset, packet.end);
			if (payload[0] === OK) text = textOf(payload);
			// The salt comes without the head of an AuthMoreData, unless it begins like another packet.
			else if (login.awaitsSalt && !HEADS.has(payload[0] ?? OK)) {
				const head = Buffer.from(packet.buffer.subarray(packet.start, packet.offset));
				const buffer = Buffer.concat([head, Buffer.from([1]), payload]);
				Object.assign(packet, { buffer, start: 0, offset: head.length, end: buffer.length });
			}
		}
		greeted = true;
		handlePacket?.call(inside, packet);
	};
	return {
		provesCertificate(password, fingerprint) {
			const usual = login.switched || password === undefined ? null : nativeProof(password);
			const proof = login.proof ?? usual;
			const signed = proof?.challenge ?? challenge;
			if (proof === null || signed === null || text?.[0] !== SHA256) return null;
			return text.subarray(1).toString('latin1').toLowerCase() === certificateProof(proof.kept, signed, fingerprint);
		},
		end() {
			delete inside.handlePacket;
			delete inside.startTLS;
		},
	};
}

export interface Handshake {
	/**
	 * Whether the server proved, by what it keeps of the password, that this is its certificate, as MariaDB does since 11.4: SHA256 in hexadecimal,
	 * after a byte that says so, in the text of the OK packet. Null where it said nothing of it or the method leaves nothing to prove it by.
	 * @param fingerprint of the certificate, as `AB:CD:…`
	 */
	provesCertificate(password: string | undefined, fingerprint: string): boolean | null;
	end(): void;
}

/** The text of an OK packet: after its head, two numbers of one byte each (nothing was changed yet), status and warnings. */
function textOf(payload: Buffer): Buffer | null {
	const at = 1 + 2 + STATUS;
	const length = payload[at] ?? 0;
	if (payload[1] !== 0 || payload[2] !== 0 || length === 0 || length > 0xfa) return null;
	return Buffer.from(payload.subarray(at + 1, at + 1 + length));
}
