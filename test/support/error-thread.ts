// A thread that takes an error, makes it one again, throws it and says what it caught.
import { parentPort } from 'node:worker_threads';
import { packError, unpackError, type WireError } from '../../src/core/error-wire.ts';

parentPort?.on('message', (wire: WireError) => {
	try {
		throw unpackError(wire);
	} catch (error) {
		parentPort?.postMessage(packError(error));
	}
});
