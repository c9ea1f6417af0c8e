// One that stands between a client and a server: it ends the client's TLS with a certificate of its own and opens another to the server.
import { once } from 'node:events';
import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net';
import { connect as dialTls, TLSSocket } from 'node:tls';

/** Of a request for TLS: its head and 32 bytes. */
const REQUEST = 36;

export async function intercept(
	to: { readonly port: number },
	own: { readonly cert: string; readonly key: string },
): Promise<{ readonly port: number } & AsyncDisposable> {
	const sockets = new Set<Socket>();
	const listener = createServer((near) => {
		const far = dial({ port: to.port, host: '127.0.0.1' });
		for (const socket of [near, far]) {
			sockets.add(socket);
			socket.on('error', () => undefined);
			socket.on('close', () => [near, far].forEach((each) => void each.destroy()));
		}
		far.once('data', (greeting: Buffer) => {
			far.pause();
			near.write(greeting);
			near.once('data', (request: Buffer) => {
				near.pause();
				far.write(request.subarray(0, REQUEST));
				near.unshift(request.subarray(REQUEST));
				const inner = new TLSSocket(near, { isServer: true, ...own });
				const outer = dialTls({ socket: far, rejectUnauthorized: false });
				for (const socket of [inner, outer]) socket.on('error', () => undefined);
				inner.pipe(outer).pipe(inner);
			});
		});
	}).listen(0, '127.0.0.1');
	await once(listener, 'listening');
	return {
		port: (listener.address() as AddressInfo).port,
		[Symbol.asyncDispose]: async () => {
			for (const socket of sockets) socket.destroy();
			listener.close();
		},
	};
}
