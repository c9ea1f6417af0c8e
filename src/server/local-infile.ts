import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { Row } from '../sql/sql.ts';
import { type Driver, rows, type Send } from './query.ts';

/** So many bytes may wait in the socket: the driver itself never holds a source back. */
const MOST_WAITING = 4 * 1024 * 1024;
const CHECK_AGAIN_MS = 2;

/**
 * What the driver takes for the stream of a local file. It ends only where the source came to its end: where that throws, `cut` ends the
 * connection instead, because the driver would tell the server that all has been sent.
 */
export function localInfile(driver: Driver, source: AsyncIterable<Buffer>, cut: (error: Error) => void): Readable {
	const stream = Object.assign(new EventEmitter(), { pause() {}, resume() {} });
	const send = async () => {
		// The TLS one, where there is one.
		const socket = (driver.connection as unknown as { readonly stream: Socket }).stream;
		for await (const chunk of source) {
			if (driver.lost.aborted) return;
			stream.emit('data', chunk);
			while (socket.writableLength > MOST_WAITING && !driver.lost.aborted) await pause(CHECK_AGAIN_MS);
		}
		if (!driver.lost.aborted) stream.emit('end');
	};
	// The driver listens only after it has been handed the stream.
	setImmediate(() => send().catch(cut));
	return stream as unknown as Readable;
}

/** Sends a LOAD DATA LOCAL INFILE, whose file is what `source` gives. Where that throws, the session is over. */
export const loading =
	(driver: Driver, source: () => AsyncIterable<Buffer>): Send<readonly Row[]> =>
	(connection, text) =>
		new Promise((resolve, reject) => {
			const cut = (error: Error) => {
				reject(error);
				driver.destroy(error);
			};
			connection.query({ sql: text, infileStreamFactory: () => localInfile(driver, source(), cut) }, (error, result) =>
				error === null ? resolve(rows(result, true)) : reject(error),
			);
		});
