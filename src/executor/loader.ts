import { Worker } from 'node:worker_threads';
import type { LoadAction, LoadResult } from '../core/action.ts';
import { unpackError } from '../core/error-wire.ts';
import { LockstepError, ServerError, Stopped } from '../core/errors.ts';
import { ownProgram } from '../core/program-files.ts';
import type { PerformOptions } from '../core/step.ts';
import type { RowTable } from '../dialects/objects.ts';
import { selectRows } from '../dump/parallel/select.ts';
import { serializeStatement } from '../server/lease-wire.ts';
import type { ConnectionTarget } from './connection-target.ts';
import type { FromLoader, LoaderData, LoadOrder, ToLoader } from './loader-wire.ts';

/** Loads into one server, as many tables at a time as are asked for, each on a thread and a connection of its own. */
export interface Loader {
	/** Rejects with what the server, the files or the signal say; what was begun is then no part of the table. */
	load(action: LoadAction, options: PerformOptions & { readonly signal: AbortSignal }): Promise<LoadResult>;
	close(): Promise<void>;
}

/** One thread; `over` where it takes nothing more. */
type Hand = { readonly worker: Worker; over: boolean };

const THREAD = ownProgram('executor/loader-thread');
const CLOSE_MS = 2_000;

/** `columns`: how the server's tables are read, asked at most once. */
export function openLoader({ address, password }: ConnectionTarget, columns: () => Promise<readonly RowTable[]>): Loader {
	let tables: Promise<ReadonlyMap<string, RowTable>> | null = null;
	const idle: Hand[] = [];
	const all = new Set<Hand>();

	async function hand(action: LoadAction): Promise<Hand> {
		for (let free = idle.pop(); free !== undefined; free = idle.pop()) if (!free.over) return free;
		const { settings } = action;
		const workerData: LoaderData = {
			address,
			password: password?.reveal() ?? null,
			session: action.session.map(serializeStatement),
			settings,
		};
		const fresh: Hand = { worker: new Worker(THREAD, { name: 'loader', workerData, execArgv: [] }), over: false };
		all.add(fresh);
		fresh.worker.once('exit', () => {
			fresh.over = true;
			all.delete(fresh);
		});
		await answer(fresh, (message) => message.kind === 'open');
		return fresh;
	}

	/** Waits for one answer of a thread, whatever becomes of it. */
	function answer(from: Hand, is: (message: FromLoader) => boolean): Promise<FromLoader> {
		const { worker } = from;
		return new Promise((resolve, reject) => {
			const settle = (end: () => void) => {
				worker.off('message', take).off('error', fail).off('exit', gone);
				end();
			};
			const fail = (error: unknown) => {
				from.over = true;
				settle(() => reject(error));
			};
			const gone = () =>
				fail(new ServerError({ message: `A connection that loads into ${address.name} ended.` }, { connectionLost: true }));
			const take = (message: FromLoader) => {
				if (message.kind === 'failed') fail(unpackError(message.error));
				else if (message.kind === 'refused') {
					from.over ||= message.over;
					settle(() => reject(unpackError(message.error)));
				} else if (is(message)) settle(() => resolve(message));
			};
			worker.on('message', take).on('error', fail).on('exit', gone);
		});
	}

	/** A table's rows, as they are read where the backup was made. */
	async function readOf({ database, name }: LoadAction['table']): Promise<LoadOrder['read']> {
		tables ??= columns().then((all) => new Map(all.map((each) => [`${each.database}\0${each.table}`, each])));
		const found = (await tables).get(`${database}\0${name}`);
		if (found === undefined) return null;
		const select = selectRows({ database, name, columns: found.columns, key: found.key, rows: 0, bytes: 0 }, null);
		return { select: serializeStatement(select), columns: Math.max(1, found.columns.length) };
	}

	return {
		async load(action, { signal, onFlow }) {
			const began = performance.now();
			const own = await hand(action);
			const tell = (message: ToLoader) => own.worker.postMessage(message);
			const { table, harmless, folder, files, rows, digest } = action;
			const read = digest === null ? null : await readOf(table);
			const flow = (message: FromLoader) => {
				if (message.kind !== 'flow') return;
				onFlow?.({ rawBytes: message.rawBytes, bytes: 0, rows: 0, table: table.name, began: [] });
			};
			const stop = () => tell({ kind: 'stop' });
			own.worker.on('message', flow);
			signal.addEventListener('abort', stop, { once: true });
			try {
				const answered = answer(own, (message) => message.kind === 'done');
				tell({
					kind: 'load',
					order: {
						...{ table, harmless, folder, files, rows, digest, read },
						statement: serializeStatement(action.statement),
						find: serializeStatement(action.find),
						empty: action.empty.map(serializeStatement),
						withoutKeys: action.withoutKeys && serializeStatement(action.withoutKeys),
						withKeys: action.withKeys && serializeStatement(action.withKeys),
					},
				});
				if (signal.aborted) stop();
				const done = await answered;
				if (done.kind !== 'done') throw new TypeError('a loader thread answered an unknown request');
				return { ...done.result, ms: performance.now() - began };
			} catch (error) {
				if (signal.aborted) throw signal.reason instanceof LockstepError ? signal.reason : new Stopped('Stopped.');
				throw error;
			} finally {
				own.worker.off('message', flow);
				signal.removeEventListener('abort', stop);
				if (own.over) void own.worker.terminate();
				else idle.push(own);
			}
		},
		async close() {
			await Promise.all(
				[...all].map(async ({ worker }) => {
					const late = setTimeout(() => void worker.terminate(), CLOSE_MS);
					const gone = new Promise((resolve) => worker.once('exit', resolve));
					worker.postMessage({ kind: 'close' } satisfies ToLoader);
					await gone;
					clearTimeout(late);
				}),
			);
		},
	};
}
