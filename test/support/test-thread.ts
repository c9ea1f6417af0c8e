// A thread that does what the tests of the worker client ask of it.
import { setTimeout as pause } from 'node:timers/promises';
import { Stopped } from '../../src/core/errors.ts';
import { sql } from '../../src/sql/sql.ts';
import type { Method, ThreadContract } from '../../src/workers/contract.ts';
import { packStatement, unpackError, unpackStatement, type WireError, type WireStatement } from '../../src/workers/serialize.ts';
import { serveThread } from '../../src/workers/worker-thread.ts';

export interface TestThread extends ThreadContract {
	readonly data: { readonly refuse?: WireError };
	readonly opened: string;
	readonly event: string;
	readonly methods: {
		/** Answered when the call of that number is released; its order of arrival. */
		readonly hold: Method<number, number, string>;
		readonly release: Method<number>;
		readonly fail: Method<WireError>;
		readonly breakDown: Method<WireError>;
		readonly tell: Method<string>;
		readonly throwOutside: Method<string>;
		readonly exit: Method<null>;
		readonly spin: Method<null>;
		readonly statement: Method<WireStatement, { readonly revealed: readonly string[]; readonly again: WireStatement }>;
	};
}

await serveThread<TestThread>(async ({ refuse }, thread) => {
	if (refuse !== undefined) throw unpackError(refuse);
	const held = new Map<number, () => void>();
	let arrived = 0;
	return {
		opened: 'ready',
		methods: {
			hold(number, { signal, report: tell }) {
				arrived += 1;
				const order = arrived;
				tell(`${number} is held`);
				const { promise, resolve, reject } = Promise.withResolvers<number>();
				held.set(number, () => resolve(order));
				signal.addEventListener('abort', () => reject(new Stopped(`${number} was given up.`)));
				return promise;
			},
			release: async (number) => held.get(number)?.(),
			async fail(error) {
				throw unpackError(error);
			},
			async breakDown(error) {
				thread.fail(unpackError(error));
				await pause(60_000);
			},
			tell: async (event) => thread.report(event),
			async throwOutside(message) {
				setImmediate(() => {
					throw new TypeError(message);
				});
				await pause(60_000);
			},
			async exit() {
				process.exit(0);
			},
			async spin() {
				for (;;);
			},
			async statement(wire) {
				const { pieces } = unpackStatement(wire);
				const revealed = pieces.flatMap((piece) => (typeof piece === 'string' ? [] : [piece.reveal()]));
				return { revealed, again: packStatement(sql`SELECT ${revealed.length}`) };
			},
		},
		close: () => thread.abortAll(),
	};
});
