import { type Statement, shown } from '../sql/sql.ts';
import type { TableToRead } from './action.ts';
import type { Executor } from './executor.ts';
import { plural } from './format.ts';
import type { Flow, ReadContext } from './step.ts';

/** What a step waits for, where nothing else says so: a role, null where it is this machine; a few words; since when, RFC 3339. */
export type Wait = { readonly on: string | null; readonly text: string; readonly since: string };

/** A wait is reported after so long. */
const SLOW_MS = 1_000;
const LONGEST = 300;

/** Follows queries, and reports the one that takes long: the first that began; null when none does any longer. */
export interface Waits {
	follow<T>(on: string | null, text: () => string, work: Promise<T>): Promise<T>;
	/** Nothing is reported from now on. */
	stop(): void;
}

export function followWaits(now: () => Date, report: (wait: Wait | null) => void): Waits {
	const slow = new Set<Wait>();
	let waited: Wait | null = null;
	let isOver = false;
	const update = () => {
		const [first = null] = slow;
		if (first === waited || isOver) return;
		waited = first;
		report(first);
	};
	return {
		async follow(on, text, work) {
			const since = now().toISOString();
			let wait: Wait | null = null;
			const timer = setTimeout(() => {
				wait = { on, text: text(), since };
				slow.add(wait);
				update();
			}, SLOW_MS);
			timer.unref();
			try {
				return await work;
			} finally {
				clearTimeout(timer);
				if (wait !== null) slow.delete(wait);
				update();
			}
		},
		stop() {
			isOver = true;
		},
	};
}

/** A statement in one line, without the values in it. */
const question = (statement: Statement): string =>
	shown(statement)
		.replace(/'(?:[^'\\]|\\.|'')*'/gs, "'…'")
		.replaceAll(/\s+/g, ' ')
		.trim()
		.slice(0, LONGEST);

/** What may be asked of an executor, with word of what takes long. `onRows`: how far reading tables has come. */
export function readContextOf(
	executor: Executor,
	waits: Waits,
	onRows: (tables: readonly TableToRead[]) => (flow: Flow) => void,
): ReadContext {
	const { follow } = waits;
	return {
		runQuery: (on, query) => follow(on, () => question(query.statement), executor.runQuery(on, query)),
		runQueryAs: (as, on, query) => follow(on, () => question(query.statement), executor.runQueryAs(as, on, query)),
		digests: (on, tables, options) =>
			follow(
				on,
				() => `reads every row of ${plural(tables.length, 'table')}`,
				executor.digests(on, tables, { ...options, onFlow: onRows(tables) }),
			),
		rowDifferences: (on, table) =>
			follow(on, () => `compares the rows of ${table.database}.${table.name}`, executor.rowDifferences(on, table)),
		definitions: (on, databases, options) =>
			follow(on, () => `reads the definitions of ${plural(databases.length, 'database')}`, executor.definitions(on, databases, options)),
		folderFacts: (path) => follow(null, () => `reads the folder ${path}`, executor.folderFacts(path)),
		tool: (on, names) => follow(null, () => `asks ${names[0] ?? 'a tool'} for its version`, executor.tool(on, names)),
		serverProgram: (vendor, series) =>
			follow(null, () => `looks for a server program of ${series}`, executor.serverProgram(vendor, series)),
		serverLeft: (folder) => follow(null, () => `looks for a server in ${folder}`, executor.serverLeft(folder)),
		now: () => executor.now(),
		signal: executor.signal,
	};
}
