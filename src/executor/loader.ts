import type { LoadAction, LoadResult } from '../core/action.ts';
import { LockstepError, ServerError, Stopped } from '../core/errors.ts';
import { ownProgram } from '../core/program-files.ts';
import type { PerformOptions } from '../core/step.ts';
import type { RowTable } from '../dialects/contract/objects.ts';
import { selectRows } from '../dump/parallel/select.ts';
import { packStatement } from '../workers/serialize.ts';
import { startWorker, type WorkerClient } from '../workers/worker-client.ts';
import type { ConnectionTarget } from './connection-target.ts';
import type { LoaderThread, LoadOrder } from './loader-wire.ts';

/** Loads into one server, as many tables at a time as are asked for, each on a thread and a connection of its own. */
export interface Loader {
	/** Rejects with what the server, the files or the signal say; what was begun is then no part of the table. */
	load(action: LoadAction, options: PerformOptions & { readonly signal: AbortSignal }): Promise<LoadResult>;
	close(): Promise<void>;
}

const THREAD = ownProgram('executor/loader-thread');
const CLOSE_MS = 2_000;

/** `columns`: how the server's tables are read, asked at most once. */
export function openLoader({ address, password }: ConnectionTarget, columns: () => Promise<readonly RowTable[]>): Loader {
	let tables: Promise<ReadonlyMap<string, RowTable>> | null = null;
	const idle: WorkerClient<LoaderThread>[] = [];
	const all = new Set<WorkerClient<LoaderThread>>();
	const ended = (cause?: unknown): Error =>
		cause instanceof Error
			? cause
			: new ServerError({ message: `A connection that loads into ${address.name} ended.` }, { connectionLost: true });

	async function threadFor({ session, settings }: LoadAction, signal: AbortSignal): Promise<WorkerClient<LoaderThread>> {
		for (let free = idle.pop(); free !== undefined; free = idle.pop()) if (free.over === null) return free;
		const data = { address, password: password?.reveal() ?? null, session: session.map(packStatement), settings };
		const fresh = startWorker<LoaderThread>(THREAD, { data, ended });
		all.add(fresh);
		await fresh.ready(signal);
		return fresh;
	}

	/** A table's rows, as they are read where the backup was made. */
	async function readOf({ database, name }: LoadAction['table']): Promise<LoadOrder['read']> {
		tables ??= columns().then((all) => new Map(all.map((each) => [`${each.database}\0${each.table}`, each])));
		const found = (await tables).get(`${database}\0${name}`);
		if (found === undefined) return null;
		const select = selectRows({ database, name, columns: found.columns, key: found.key, rows: 0, bytes: 0 }, null);
		return { select: packStatement(select), columns: Math.max(1, found.columns.length) };
	}

	return {
		async load(action, { signal, onFlow }) {
			const began = performance.now();
			const { table, harmless, folder, files, rows, digest } = action;
			const onProgress = (rawBytes: number) => onFlow?.({ rawBytes, bytes: 0, rows: 0, table: table.name, began: [] });
			try {
				const thread = await threadFor(action, signal);
				try {
					const read = digest === null ? null : await readOf(table);
					const order: LoadOrder = {
						...{ table, harmless, folder, files, rows, digest, read },
						statement: packStatement(action.statement),
						find: packStatement(action.find),
						empty: action.empty.map(packStatement),
						withoutKeys: action.withoutKeys && packStatement(action.withoutKeys),
						withKeys: action.withKeys && packStatement(action.withKeys),
					};
					return { ...(await thread.call('load', order, { signal, onProgress })), ms: performance.now() - began };
				} finally {
					if (thread.over === null) idle.push(thread);
					else void thread.close();
				}
			} catch (error) {
				if (signal.aborted) throw signal.reason instanceof LockstepError ? signal.reason : new Stopped('Stopped.');
				throw error;
			}
		},
		close: async () => void (await Promise.all([...all].map((thread) => thread.close(CLOSE_MS)))),
	};
}
