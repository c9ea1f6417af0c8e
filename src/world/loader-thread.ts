// A thread that loads rows: reading, unpacking, hashing, encrypting and sending are its own, as is its connection.

import '../core/quiet.ts';

import { parentPort, workerData } from 'node:worker_threads';
import { readKnown } from '../archive/read.ts';
import { packError } from '../core/error-wire.ts';
import { ServerError, Stopped, VerifyFailed } from '../core/errors.ts';
import { unpackStatement } from '../server/lease-wire.ts';
import { connect, type Loaded, type Session } from '../server/session.ts';
import { Secret } from '../sql/secret.ts';
import { type Row, sql } from '../sql/sql.ts';
import type { FromLoader, LoaderData, LoadOrder, ToLoader } from './loader-wire.ts';

const FLOW_EVERY_MS = 200;
/** ER_DROP_INDEX_FK */
const NEEDED = 1553;
/** A connection that waits for its next table while a larger one is loaded. */
const YEAR_SECONDS = 31_536_000;

const { address, password, session: statements, settings } = workerData as LoaderData;
const port = parentPort;
if (port === null) throw new TypeError('loader-thread.ts is a thread of openLoader');
const say = (message: FromLoader) => port.postMessage(message);

async function open(): Promise<Session> {
	const session = await connect(address, password === null ? null : new Secret(password), {
		localInfile: true,
		waitTimeoutSeconds: YEAR_SECONDS,
		settings,
	});
	try {
		for (const each of statements) await session.query(unpackStatement(each));
		return session;
	} catch (error) {
		session.destroy();
		throw error;
	}
}

const told = ({ database, name }: LoadOrder['table']): string => `${database}.${name}`;

function refused({ table, rows }: LoadOrder, loaded: Loaded, warnings: readonly Row[]): VerifyFailed {
	const words = warnings.slice(0, 5).map((row) => `${row.Level} ${row.Code}: ${row.Message}`);
	const counts = `${loaded.records} rows, ${loaded.deleted} replaced, ${loaded.skipped} passed over, ${loaded.warnings} warnings`;
	return new VerifyFailed(
		[
			{
				id: 'LOADED',
				title: `All rows of ${told(table)} were taken as they are`,
				status: 'fail',
				expected: `${rows} rows, 0 replaced, 0 passed over, no warnings`,
				found: [counts, ...words].join('; '),
				mend: [
					'Nothing of this table was kept. Does the server differ from the one that was backed up (versions, character sets, limits)?',
				],
			},
		],
		`The rows of ${told(table)} were not taken as they are.`,
	);
}

/** Whether what is there is whole already; what is not is thrown away. */
async function there(session: Session, order: LoadOrder, signal: AbortSignal): Promise<boolean> {
	const how = { timeoutMs: 0, signal };
	if ((await session.query(unpackStatement(order.find), how)).length === 0) return order.rows === 0;
	const [row = {}] = await session.query(unpackStatement(order.count), how);
	if (Object.values(row)[0] === String(order.rows)) return true;
	for (const each of order.empty) await session.query(unpackStatement(each), how);
	return false;
}

async function load(
	session: Session,
	order: LoadOrder,
	signal: AbortSignal,
): Promise<Omit<Extract<FromLoader, { kind: 'done' }>['result'], 'ms'>> {
	const how = { timeoutMs: 0, signal };
	const alter = async (statement: LoadOrder['withKeys']) => statement !== null && (await session.query(unpackStatement(statement), how));
	if (await there(session, order, signal)) {
		await alter(order.lacking);
		return { loaded: false, rows: order.rows, rawBytes: 0 };
	}
	// A key that another table's constraint rests on stays.
	const kept = await alter(order.withoutKeys).then(
		() => false,
		(error: unknown) => {
			if (error instanceof ServerError && error.code === NEEDED) return true;
			throw error;
		},
	);
	let rawBytes = 0;
	async function* text() {
		for (const file of order.files) {
			for await (const chunk of readKnown(order.folder, file)) {
				rawBytes += chunk.length;
				yield chunk;
			}
		}
	}
	const ticking = setInterval(() => say({ kind: 'flow', rawBytes }), FLOW_EVERY_MS);
	try {
		// Judged before it counts: a crash in between leaves nothing where the engine has transactions.
		await session.query(sql`START TRANSACTION`);
		const loaded = await session.load(unpackStatement(order.statement), text, { signal });
		const warnings = loaded.warnings === 0 ? [] : await session.query(sql`SHOW WARNINGS`);
		const unknown = warnings.filter((row) => !order.harmless.includes(Number(row.Code)));
		// The server keeps only the first of many.
		const hidden = loaded.warnings > warnings.length;
		if (loaded.records !== order.rows || loaded.deleted > 0 || loaded.skipped > 0 || unknown.length > 0 || hidden) {
			await session.query(sql`ROLLBACK`);
			for (const each of order.empty) await session.query(unpackStatement(each), how);
			throw refused(order, loaded, unknown);
		}
		await session.query(sql`COMMIT`, how);
		if (!kept) await alter(order.withKeys);
		return { loaded: true, rows: loaded.records, rawBytes };
	} finally {
		clearInterval(ticking);
	}
}

function serve(session: Session): void {
	let stop = new AbortController();
	port?.on('message', (message: ToLoader) => {
		switch (message.kind) {
			case 'load':
				stop = new AbortController();
				load(session, message.order, stop.signal).then(
					(result) => say({ kind: 'done', result }),
					(error) => say({ kind: 'refused', error: packError(error), over: session.lost.aborted }),
				);
				return;
			case 'stop':
				return stop.abort(new Stopped('Stopped.'));
			case 'close':
				void session.close().then(() => port.close());
		}
	});
	say({ kind: 'open' });
}

await open().then(serve, (error) => say({ kind: 'failed', error: packError(error) }));
