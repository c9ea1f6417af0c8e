import type { Connection } from 'mysql2';
import { borrowers } from './greeting.ts';
import type { Send } from './query.ts';

/** Takes the rows of one result set as the bytes of the socket. */
export interface RowSink {
	/**
	 * The bytes from the first row's packet on, valid during the call only. Gives null where more is needed, else how many bytes of this chunk
	 * belong to the result set, its last packet (EOF or ERR) included.
	 */
	push(chunk: Uint8Array): number | null;
	/** After the end: the payload of the ERR packet, or null where the rows are whole. */
	readonly end: { readonly error: Uint8Array | null } | null;
}

/** What the driver keeps to itself: who takes the bytes that come, and where ours go. */
type Inside = Connection & {
	packetParser: { execute(chunk: Buffer): void };
	readonly stream: NodeJS.WritableStream;
	readonly config: { readonly clientFlags: number };
	readonly serverCapabilityFlags: number;
};

const COM_QUERY = 3;
/** CLIENT_QUERY_ATTRIBUTES: then the numbers of attributes and of their sets stand before a statement. */
const ATTRIBUTES = 0x08_00_00_00;
const HEADER = 4;
const ERR = 0xff;
const EOF = 0xfe;
const LONGEST = 0xff_ff_ff;

/**
 * Sends a SELECT past the driver and hands its rows on as they come. The driver has logged in, does TLS, and gets the connection back with the
 * last packet: only for the time of one result set its parser stands aside. The driver must be idle (Session sees to that), and must not have
 * asked for CLIENT_DEPRECATE_EOF, which it never does. The protocol: dev.mysql.com/doc/dev/mysql-server/latest, "Text Resultset".
 */
export function rawRows(sink: RowSink): Send<void> {
	return (connection, text) =>
		new Promise<void>((resolve, reject) => {
			const inside = connection as Inside;
			const before = inside.packetParser;
			const over = (error?: Error) => {
				inside.packetParser = before;
				borrowers.delete(inside.stream);
				connection.removeListener('error', over);
				if (error) reject(error);
				else resolve();
			};
			const take = takerFor(sink);
			inside.packetParser = {
				execute: (chunk) => {
					try {
						if (take(chunk)) over();
					} catch (error) {
						over(error as Error);
					}
				},
			};
			borrowers.add(inside.stream);
			connection.on('error', over);
			const attributes = (inside.config.clientFlags & inside.serverCapabilityFlags & ATTRIBUTES) !== 0;
			const body = Buffer.concat([Buffer.from(attributes ? [COM_QUERY, 0, 1] : [COM_QUERY]), Buffer.from(text)]);
			if (body.length >= LONGEST) return over(broken('the statement is too long'));
			const header = Buffer.alloc(HEADER);
			header.writeUIntLE(body.length, 0, 3);
			inside.stream.write(Buffer.concat([header, body]));
		});
}

/** Gives what takes the bytes of one answer: it hands the rows to the sink and says whether that was all. It throws what is wrong with them. */
function takerFor(sink: RowSink): (chunk: Buffer) => boolean {
	let head: Buffer | null = Buffer.alloc(0);
	return (chunk) => {
		let rows = chunk;
		if (head !== null) {
			head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
			const at = rowsAt(head);
			if (at === null) {
				// Its memory may be the socket's.
				if (head === chunk) head = Buffer.from(chunk);
				return false;
			}
			rows = head.subarray(at);
			head = null;
		}
		const used = rows.length === 0 ? null : push(sink, rows);
		if (used === null) return false;
		if (used !== rows.length) throw broken('there is more after the last row');
		if (sink.end?.error) throw refusal(Buffer.from(sink.end.error));
		return true;
	};
}

function push(sink: RowSink, rows: Buffer): number | null {
	try {
		return sink.push(rows);
	} catch (cause) {
		throw Object.assign(broken('its rows were not taken'), { cause });
	}
}

/** Gives how many bytes of an answer's beginning come before the rows, or null where they have not all come. Throws the server's refusal. */
function rowsAt(bytes: Buffer): number | null {
	let at = 0;
	let packets = 0;
	let columns: number | null = null;
	while (at + HEADER <= bytes.length) {
		const length = bytes.readUIntLE(at, 3);
		const from = at + HEADER;
		if (from + length > bytes.length) return null;
		at = from + length;
		packets++;
		if (bytes[from] === ERR) throw refusal(bytes.subarray(from, at));
		if (packets === 1) columns = countOf(bytes.subarray(from, at));
		else if (columns !== null && packets === columns + 2) return at;
	}
	return null;
}

/** The first packet of an answer with rows: a length-encoded number of columns. Throws where it is no such answer. */
function countOf(payload: Buffer): number {
	const first = payload[0] ?? 0;
	if (first > 0 && first < 0xfb && payload.length === 1) return first;
	if (first === 0xfc && payload.length === 3) return payload.readUInt16LE(1);
	throw broken(first === EOF || first === 0 ? 'the statement gives no rows' : 'the answer is of no known kind');
}

/** An ERR packet as the driver tells it: 0xff, the number, '#' and five characters of state, the words. */
function refusal(payload: Buffer): Error {
	const marked = payload[3] === 0x23;
	return Object.assign(new Error(payload.toString('utf8', marked ? 9 : 3)), {
		errno: payload.readUInt16LE(1),
		sqlState: marked ? payload.toString('latin1', 4, 9) : 'HY000',
	});
}

/** Nobody knows what comes next on this connection. */
const broken = (why: string): Error => Object.assign(new Error(`Unexpected answer: ${why}.`), { code: 'PROTOCOL_UNEXPECTED_PACKET' });
