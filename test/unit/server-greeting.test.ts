import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttp } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { ConnectError, Stopped, UserError } from '../../src/core/errors.ts';
import type { ServerAddress } from '../../src/server/address.ts';
import { connect } from '../../src/server/session.ts';
import { Secret } from '../../src/sql/secret.ts';
import { expectWithin } from '../support/within.ts';

const open: { close(): unknown }[] = [];
const sockets = new Set<Socket>();
afterEach(() => {
	for (const socket of sockets) socket.destroy();
	for (const server of open.splice(0)) server.close();
});

const address = (rest: Partial<ServerAddress>): ServerAddress => ({
	name: 'under-test',
	host: '127.0.0.1',
	port: 3306,
	user: 'u',
	tls: { mode: 'PREFERRED' },
	connectTimeoutMs: 400,
	origin: {},
	...rest,
});

async function listener(serve: (socket: Socket) => void): Promise<number> {
	const server = createServer((socket) => {
		sockets.add(socket.on('error', () => {}));
		serve(socket);
	}).listen(0, '127.0.0.1');
	open.push(server);
	await new Promise((done) => server.once('listening', done));
	return (server.address() as AddressInfo).port;
}

async function refusal(
	rest: Partial<ServerAddress>,
	signal?: AbortSignal,
): Promise<Error & { description?: { message: string; reason?: string; details?: string; hints?: readonly string[] } }> {
	const started = performance.now();
	const error = await connect(address(rest), new Secret('canary-31'), signal ? { signal } : {}).then(
		() => new Error('it connected'),
		(error) => error,
	);
	expectWithin(performance.now() - started, 3000);
	return error;
}

/** A packet with its header; errors of a handshake have no SQL state in old servers, and one in newer. */
const packet = (payload: Buffer, number = 0) =>
	Buffer.concat([Buffer.from([payload.length & 255, payload.length >> 8, 0, number]), payload]);
const errorPacket = (number: number, text: string) =>
	packet(Buffer.concat([Buffer.from([0xff, number & 255, number >> 8]), Buffer.from(text)]));

/** Version 10, without TLS. */
const greeting = Buffer.concat([
	Buffer.from([10]),
	Buffer.from('8.0.1\0'),
	Buffer.from([1, 0, 0, 0]),
	Buffer.alloc(8, 65),
	Buffer.from([0, 0xff, 0xf7, 45, 2, 0, 0xff, 0x81, 21]),
	Buffer.alloc(10),
	Buffer.alloc(12, 66),
	Buffer.from('\0mysql_native_password\0'),
]);

describe('what is no database', () => {
	test.each<[string, (socket: Socket) => void, RegExp]>([
		['a listener that says nothing', () => {}, /does not speak the MySQL protocol/],
		['SSH', (socket) => socket.write('SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n'), /does not speak the MySQL protocol/],
		[
			'one letter at a time',
			(socket) => [...'220 mail'].forEach((c, i) => void setTimeout(() => socket.write(c), i * 10)),
			/does not speak the MySQL protocol/,
		],
		['half a greeting', (socket) => socket.write(Buffer.from([80, 0, 0, 0, 10, 56])), /does not speak the MySQL protocol/],
		['another protocol version', (socket) => socket.write(packet(Buffer.from([9, 51, 0]))), /does not speak the MySQL protocol/],
		['one that hangs up', (socket) => socket.end(), /closed it without a word/],
		['a greeting that is all noise', (socket) => socket.write(packet(Buffer.concat([Buffer.from([10]), Buffer.alloc(40, 0x41)]))), /./],
	])('%s', async (_, serve, what) => {
		const port = await listener(serve);
		const error = await refusal({ port });
		expect(error).toBeInstanceOf(ConnectError);
		expect(error.description?.message).toMatch(what);
		expect(error.description?.message).toContain(`127.0.0.1:${port}`);
		expect(error.description?.hints?.length).toBeGreaterThan(0);
	});

	test('SSH is quoted', async () => {
		expect((await refusal({ port: await listener((socket) => socket.write('SSH-2.0-x\r\n')) })).description?.details).toContain(
			'SSH-2.0-x',
		);
	});

	test('a web server', async () => {
		const web = createHttp((_, answer) => answer.end('hello')).listen(0, '127.0.0.1');
		open.push(web);
		await new Promise((done) => web.once('listening', done));
		const error = await refusal({ port: (web.address() as AddressInfo).port });
		web.closeAllConnections();
		expect(error).toBeInstanceOf(ConnectError);
		expect(error.description?.message).toMatch(/does not speak the MySQL protocol/);
	});

	test('a server that wants a login of another kind is named by it', async () => {
		const wanted = Buffer.concat([Buffer.from([0xfe]), Buffer.from('auth_gssapi_client\0'), Buffer.alloc(32, 67)]);
		const port = await listener((socket) => {
			socket.write(packet(greeting));
			socket.once('data', () => socket.write(packet(wanted, 2)));
		});
		const error = await refusal({ port });
		expect(error).toBeInstanceOf(ConnectError);
		expect(error.description?.message).toMatch(/by "auth_gssapi_client", which lockstep does not know/);
	});

	test('a server that greets and then hangs ends within the timeout', async () => {
		const error = await refusal({ port: await listener((socket) => socket.write(packet(greeting))) });
		expect(error).toBeInstanceOf(ConnectError);
		expect(error.description?.message).toMatch(/did not finish the login within 0.4 s/);
	});
});

describe('a refusal before the login', () => {
	test.each([
		[1040, 'Too many connections', /no free connection/],
		[1129, "Host 'x' is blocked because of many connection errors", /locked this machine out/],
		[1130, "#HY000Host 'x' is not allowed to connect to this server", /does not talk to this machine/],
		[1053, '#08S01Server shutdown in progress', /shutting down/],
		[1226, "#42000User 'u' has exceeded the 'max_user_connections' resource", /no free connection for/],
	])('%i', async (number, text, what) => {
		const error = await refusal({ port: await listener((socket) => socket.end(errorPacket(number, text))) });
		expect(error).toBeInstanceOf(ConnectError);
		expect(error.description?.message).toMatch(what);
		expect(error.description?.details).toContain(String(number));
	});
});

describe('no way there', () => {
	test('a closed port, an unknown host, a socket that is none', async () => {
		const port = await listener(() => {});
		open.splice(0).forEach((server) => void server.close());
		const folder = await mkdtemp(join(tmpdir(), 'lockstep-socket-'));
		await writeFile(join(folder, 'file'), '');
		expect((await refusal({ port })).description?.reason).toMatch(/Nothing listens/);
		expect((await refusal({ host: 'nowhere.invalid' })).description?.reason).toMatch(
			/Host name "nowhere.invalid" cannot be resolved|could not be looked up/,
		);
		expect((await refusal({ socket: join(folder, 'missing') })).description?.reason).toMatch(/no such file/);
		expect((await refusal({ socket: join(folder, 'file') })).description?.reason).toMatch(/no socket/);
		await rm(folder, { recursive: true });
	});

	test('certificates that cannot be read', async () => {
		const error = await refusal({ port: 1, tls: { mode: 'VERIFY_CA', ca: '/nowhere/ca.pem' } });
		expect(error).toBeInstanceOf(UserError);
		expect(error.description?.message).toContain('/nowhere/ca.pem');
		expect(await refusal({ port: 1, tls: { mode: 'REQUIRED', version: 'SSLv3' } })).toBeInstanceOf(UserError);
	});

	test('given up by a person', async () => {
		const stop = new AbortController();
		const port = await listener(() => stop.abort());
		expect(await refusal({ port, connectTimeoutMs: 60_000 }, stop.signal)).toBeInstanceOf(Stopped);
	});
});
