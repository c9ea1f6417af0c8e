import { lstat } from 'node:fs/promises';
import { connect as dial, type Socket } from 'node:net';
import { ConnectError } from '../core/errors.ts';
import { machineLimit } from '../core/machine-limits.ts';
import { displayName, NO_PROFILE, type ServerAddress } from './address.ts';

/** A socket on which a database has greeted: its first packet is read, judged, and put back for the driver. */
export interface Greeted {
	readonly socket: Socket;
	/** Whether the server offers TLS on this connection. */
	readonly offersTls: boolean;
	/** Whether it calls itself MariaDB. */
	readonly mariadb: boolean;
	/** As it greets: `11.8.6-MariaDB-…`, `9.7.0`. */
	readonly version: string;
}

/** Sockets whose next bytes are taken at once and not kept: they are lent the memory that the next ones will be read into. */
export const borrowers = new WeakSet<object>();

const CLIENT_SSL = 0x0800;
const HEADER = 4;

/**
 * Opens the connection and waits for the server's first packet, so that what is no database is told from one before the driver starts.
 * `signal` ends it at any moment. `readBytes`: read into so much memory again and again, where the connection is not encrypted: what comes in
 * new memory each time keeps the collector busy. Throws ConnectError.
 */
export async function greet(address: ServerAddress, signal: AbortSignal, readBytes: number | null): Promise<Greeted> {
	if (address.socket !== undefined) await verifySocketFile(address.socket);
	const buffer = Buffer.allocUnsafeSlow(readBytes ?? 0);
	const callback = (length: number): boolean => {
		const bytes = buffer.subarray(0, length);
		socket.emit('data', borrowers.has(socket) ? bytes : Buffer.from(bytes));
		return true;
	};
	const more = readBytes === null ? {} : { onread: { buffer, callback } };
	const socket: Socket =
		address.socket !== undefined
			? dial({ path: address.socket, ...more })
			: dial({ port: address.port, host: address.host, noDelay: true, keepAlive: true, keepAliveInitialDelay: 10_000, ...more });
	let connected = false;
	try {
		const packet = await new Promise<Buffer>((resolve, reject) => {
			let bytes = Buffer.alloc(0);
			const stop = () =>
				reject(connected ? silent(address, bytes) : unreachable(address, Object.assign(new Error('timed out'), { code: 'ETIMEDOUT' })));
			const take = (chunk: Buffer) => {
				bytes = Buffer.concat([bytes, chunk]);
				if (bytes.length > HEADER && !isHandshake(bytes)) reject(noDatabase(address, bytes));
				else if (bytes.length > HEADER && bytes.length >= HEADER + bytes.readUIntLE(0, 3)) resolve(bytes);
			};
			if (signal.aborted) stop();
			signal.addEventListener('abort', stop, { once: true });
			socket.once('connect', () => {
				connected = true;
			});
			socket.on('data', take);
			socket.once('error', (cause: Error) => reject(unreachable(address, cause)));
			socket.once('close', () => reject(bytes.length > 0 ? noDatabase(address, bytes) : hungUp(address)));
		});
		socket.pause();
		for (const event of ['data', 'connect', 'close', 'error']) socket.removeAllListeners(event);
		socket.on('error', () => {}); // the driver listens too; this one outlives the moment before it does
		socket.unshift(packet);
		// MariaDB before 11 puts a version that old replicas take before its own.
		const version = packet.toString('latin1', HEADER + 1, packet.indexOf(0, HEADER + 1)).replace(/^5\.5\.5-/, '');
		return { socket, offersTls: offersTls(packet), mariadb: version.includes('MariaDB'), version };
	} catch (error) {
		socket.on('error', () => {});
		socket.destroy();
		throw error;
	}
}

/** A packet number 0 of sane length that starts a version 10 handshake, or an error. */
function isHandshake(bytes: Buffer): boolean {
	const length = bytes.readUIntLE(0, 3);
	return length > 0 && length < 16_384 && bytes[3] === 0 && (bytes[4] === 10 || bytes[4] === 0xff);
}

/** Reads the lower capability bits of a version 10 handshake: after the version's text, connection id, 8 bytes and a filler. */
function offersTls(packet: Buffer): boolean {
	if (packet[HEADER] !== 10) return false;
	const end = packet.indexOf(0, HEADER + 1);
	const at = end + 1 + 4 + 8 + 1;
	return end > 0 && at + 2 <= packet.length && (packet.readUInt16LE(at) & CLIENT_SSL) !== 0;
}

async function verifySocketFile(path: string): Promise<void> {
	const found = await lstat(path).then(
		(file) => (file.isSymbolicLink() || file.isSocket() ? null : 'It exists, but it is no socket.'),
		(cause: NodeJS.ErrnoException) => (cause.code === 'ENOENT' ? 'There is no such file.' : `It cannot be read: ${cause.message}.`),
	);
	if (found === null) return;
	throw new ConnectError({
		message: `Cannot connect through the socket ${path}.`,
		reason: found,
		hints: [
			'Is the server running? Its own words on where its socket is: SELECT @@socket;',
			'Give the right path with --socket, or go through the network with --host and --port.',
		],
	});
}

/** The system's refusal to connect, as a sentence. */
export function unreachable(address: ServerAddress, cause: Error): ConnectError {
	const code = (cause as NodeJS.ErrnoException).code ?? '';
	const at = displayName(address);
	const seconds = Math.round(address.connectTimeoutMs / 100) / 10;
	const sentence: Record<string, readonly [string, string]> = {
		ECONNREFUSED: [
			'Nothing listens there.',
			'Is the server running, and is this its address and port? On its machine: SELECT @@port, @@bind_address, @@skip_networking;',
		],
		ENOTFOUND: [`Host name "${address.host}" cannot be resolved.`, 'Check the spelling of the host, or give its IP address.'],
		EAI_AGAIN: [
			`The name "${address.host}" could not be looked up: the name server does not answer.`,
			'Check this machine’s network, or give the IP address.',
		],
		ETIMEDOUT: [
			`No answer within ${seconds} s.`,
			'Is the machine up, and does a firewall let this port through? A slow line: --connect-timeout.',
		],
		EHOSTUNREACH: ['No way leads to that machine.', 'Check the address, the route and the firewall.'],
		ENETUNREACH: ['No way leads to that network.', 'Check the address and this machine’s own network.'],
		EACCES: ['This user may not use that socket.', 'Run as a user who may, or go through the network with --host and --port.'],
		EPERM: ['This machine does not let the connection out.', 'Check its firewall.'],
	};
	const limit = machineLimit(cause)?.description;
	const other = [
		limit?.message ?? (cause.message === '' ? code : cause.message),
		...(limit?.hints ?? ['Check the address and the network.']),
	];
	const [why, ...known] = sentence[code] ?? other;
	const isProfileMeant = address.origin.host === NO_PROFILE && /^(ENOTFOUND|EAI_AGAIN)$/.test(code);
	const hints = isProfileMeant ? [...known, 'No profile has this name either: lockstep profile list'] : known;
	return new ConnectError(
		{ message: `Cannot connect to ${at}.`, ...(why === undefined ? {} : { reason: why }), hints, details: cause.message || code },
		{ cause },
	);
}

function silent(address: ServerAddress, bytes: Buffer): ConnectError {
	if (bytes.length > 0) return noDatabase(address, bytes);
	const seconds = Math.round(address.connectTimeoutMs / 100) / 10;
	return new ConnectError({
		message: `What listens at ${displayName(address)} does not speak the MySQL protocol.`,
		reason: `It took the connection and said nothing for ${seconds} s. A database greets at once: this is something else (a web server, say), or a database that hangs.`,
		hints: [
			'Check the port. The server’s own words: SELECT @@port;',
			'If it is the right one, check the server: it takes connections and does not serve them.',
		],
	});
}

function noDatabase(address: ServerAddress, bytes: Buffer): ConnectError {
	const said =
		bytes
			.subarray(0, 60)
			.toString('latin1')
			.split(/[\r\n]/)[0]
			?.replace(/[^\x20-\x7e]/g, '.') ?? '';
	return new ConnectError({
		message: `What listens at ${displayName(address)} does not speak the MySQL protocol.`,
		reason: address.port === 33060 ? 'Port 33060 is usually MySQL’s X protocol, which is another one.' : 'It is some other service.',
		hints: ['Check the port: databases are usually at 3306. The server’s own words: SELECT @@port;'],
		details: `It said: ${said}`,
	});
}

function hungUp(address: ServerAddress): ConnectError {
	return new ConnectError({
		message: `${displayName(address)} took the connection and closed it without a word.`,
		reason: 'A server does this while it shuts down; so does a proxy, or a tunnel, with nothing behind it.',
		hints: ['Look whether the server runs, and what stands between: its error log says why.'],
	});
}
