// A network between a client and a server that a test can let fail: what stands behind `{ ...server, port: proxy.port }`.
import { once } from 'node:events';
import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net';
import { Transform } from 'node:stream';

export interface Proxy extends AsyncDisposable {
	readonly host: string;
	readonly port: number;
	/** From now on nothing passes any more and no side learns of it: half-open connections, and new ones that nobody greets. */
	freeze(): void;
	/** What is frozen stays so, new connections pass: a network that came back and has forgotten what went through it. */
	thaw(): void;
	/** Every connection is reset at once, both sides; new ones pass. */
	cut(): void;
	/** Cuts as soon as so many bytes more have passed, in whichever direction, not one byte later. `lasting`: new ones are refused until thaw. */
	cutAfter(bytes: number, what: { readonly target: 'all' | 'one'; readonly lasting: boolean }): void;
	/** Bytes that have passed. */
	readonly passed: number;
	/** Ends all and listens no more. */
	close(): Promise<void>;
}

/** Passes TCP on to a server's port on loopback. It runs in the test's own thread: whatever stalls that stalls the network. */
export async function openProxy(to: { readonly port: number }, host = '127.0.0.1'): Promise<Proxy> {
	const sockets = new Set<Socket>();
	/** No side of these learns of the other's end any more. */
	const dead = new WeakSet<Socket>();
	let frozen = false;
	let refusing = false;
	let passed = 0;
	let fuse: { readonly at: number; readonly target: 'all' | 'one'; readonly lasting: boolean } | null = null;
	const keep = (socket: Socket, other: () => Socket | undefined) => {
		sockets.add(socket);
		socket.on('error', () => dead.has(socket) || other()?.destroy());
		socket.on('close', () => sockets.delete(socket));
	};
	// With allowHalfOpen no side is answered in the other's name: a goodbye passes, or is swallowed.
	const listener = createServer({ allowHalfOpen: true }, (near) => {
		if (refusing) return void near.on('error', () => undefined).resetAndDestroy();
		if (frozen) {
			dead.add(near);
			return keep(near, () => undefined);
		}
		const far = dial({ port: to.port, host: '127.0.0.1', allowHalfOpen: true });
		keep(near, () => far);
		keep(far, () => near);
		for (const [from, into] of [
			[near, far],
			[far, near],
		] as const)
			from.pipe(counting([near, far])).pipe(into);
	}).listen(0, host);
	await once(listener, 'listening');
	function counting(both: readonly Socket[]): Transform {
		return new Transform({
			transform(chunk: Buffer, _, done) {
				const before = passed;
				passed += chunk.length;
				if (fuse === null || passed < fuse.at) return done(null, chunk);
				const { at, target, lasting } = fuse;
				fuse = null;
				refusing ||= lasting;
				// What passed is still to arrive.
				this.push(chunk.subarray(0, Math.max(0, at - before)));
				setImmediate(() => {
					for (const socket of target === 'all' ? sockets : both) socket.resetAndDestroy();
				});
			},
		});
	}
	const cut = () => {
		for (const socket of sockets) socket.resetAndDestroy();
	};
	const close = async () => {
		const closed = once(listener, 'close');
		listener.close();
		cut();
		await closed;
	};
	return {
		host,
		port: (listener.address() as AddressInfo).port,
		freeze: () => {
			frozen = true;
			for (const socket of sockets) {
				socket.unpipe().resume();
				dead.add(socket);
			}
		},
		thaw: () => {
			frozen = false;
			refusing = false;
		},
		cutAfter: (bytes, what) => {
			fuse = { at: passed + bytes, ...what };
		},
		get passed() {
			return passed;
		},
		cut,
		close,
		[Symbol.asyncDispose]: close,
	};
}
