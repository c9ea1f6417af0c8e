// A thread that loads rows: reading, unpacking, hashing, encrypting and sending are its own, as is its connection.

import { isKeyNeeded } from '../dialects/common/errors.ts';
import '../core/quiet.ts';

import { readKnown } from '../archive/read.ts';
import type { LoadResult } from '../core/action.ts';
import { VerifyFailed } from '../core/errors.ts';
import { warningText } from '../core/values.ts';
import { createRowEncoder, sinkOf } from '../dump/parallel/encode.ts';
import { connect, type Loaded, type Session } from '../server/session.ts';
import { Secret } from '../sql/secret.ts';
import { type Row, sql } from '../sql/sql.ts';
import { unpackStatement } from '../workers/serialize.ts';
import { type Call, serveThread } from '../workers/worker-thread.ts';
import type { LoaderData, LoaderThread, LoadOrder } from './loader-wire.ts';

const FLOW_EVERY_MS = 200;
/** Of the check that an empty table is loaded. */
const NOT_EMPTY = 'NOT-EMPTY';
/** A connection that waits for its next table while a larger one is loaded. */
const YEAR_SECONDS = 31_536_000;

async function open({ address, password, session: statements, settings }: LoaderData): Promise<Session> {
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

const tableName = ({ database, name }: LoadOrder['table']): string => `${database}.${name}`;

function refused({ table, rows }: LoadOrder, loaded: Loaded, warnings: readonly Row[]): VerifyFailed {
	const messages = warnings.slice(0, 5).map((row) => `${row.Level} ${warningText(row)}`);
	const counts = `${loaded.records} rows, ${loaded.deleted} replaced, ${loaded.skipped} passed over, ${loaded.warnings} warnings`;
	return new VerifyFailed(
		[
			{
				id: 'LOADED',
				title: `Not all rows of ${tableName(table)} were taken as they are`,
				status: 'fail',
				expected: `${rows} rows, 0 replaced, 0 passed over, no warnings`,
				found: [counts, ...messages].join('; '),
				hints: [
					'Nothing of this table was kept. Does the server differ from the one that was backed up (versions, character sets, limits)?',
				],
			},
		],
		`The rows of ${tableName(table)} were not taken as they are.`,
	);
}

/** The digest of the table's rows as this session sees them. */
async function digestOf(session: Session, read: NonNullable<LoadOrder['read']>, signal: AbortSignal): Promise<string> {
	await session.query(sql`SET SESSION character_set_results = binary`);
	const encoder = createRowEncoder({ columns: read.columns, hash: true, text: false, flush: () => undefined });
	await session.raw(unpackStatement(read.select), sinkOf(encoder), { signal });
	await session.query(sql`SET SESSION character_set_results = utf8mb4`);
	return encoder.digest.toString(16).padStart(16, '0');
}

/** Rows that are there are somebody's: they stay. */
function occupied({ table }: LoadOrder): VerifyFailed {
	return new VerifyFailed(
		[
			{
				id: NOT_EMPTY,
				title: `${tableName(table)} is not empty before it is loaded`,
				status: 'fail',
				found: 'it holds rows that this run did not load',
				hints: ['They were left as they are. The same command again asks whether they may be overwritten.'],
			},
		],
		`${tableName(table)} holds rows that this run did not load.`,
	);
}

async function load(session: Session, order: LoadOrder, { signal, report }: Call<number>): Promise<Omit<LoadResult, 'ms'>> {
	const how = { timeoutMs: 0, signal };
	const alter = async (statement: LoadOrder['withKeys']) => statement !== null && (await session.query(unpackStatement(statement), how));
	if ((await session.query(unpackStatement(order.find), how)).length > 0) throw occupied(order);
	if (order.rows === 0) return { rows: 0, rawBytes: 0 };
	const empty = async () => {
		for (const each of order.empty) await session.query(unpackStatement(each), how);
	};
	// A key that another table's constraint rests on stays.
	const kept = await alter(order.withoutKeys).then(
		() => false,
		(error: unknown) => {
			if (isKeyNeeded(error)) return true;
			throw error;
		},
	);
	let rawBytes = 0;
	let taken = false;
	async function* text() {
		for (const file of order.files) {
			for await (const chunk of readKnown(order.folder, file)) {
				rawBytes += chunk.length;
				yield chunk;
			}
		}
	}
	const ticking = setInterval(() => report(rawBytes), FLOW_EVERY_MS);
	try {
		// Judged before it counts: a crash in between leaves nothing where the engine has transactions.
		await session.query(sql`START TRANSACTION`);
		const loaded = await session.load(unpackStatement(order.statement), text, { signal });
		const warnings = loaded.warnings === 0 ? [] : await session.query(sql`SHOW WARNINGS`);
		const unknown = warnings.filter((row) => !order.harmless.includes(Number(row.Code)));
		// The server keeps only the first of many.
		const hidden = loaded.warnings > warnings.length;
		const complete = loaded.records === order.rows && loaded.deleted === 0 && loaded.skipped === 0;
		const doubtful = unknown.length > 0 || hidden;
		// What was stored with a warning once (the error value of an ENUM) cannot be stored without one: the rows themselves decide.
		const same = complete && doubtful && order.read !== null && (await digestOf(session, order.read, signal)) === order.digest;
		if (!complete || (doubtful && !same)) throw refused(order, loaded, unknown);
		await session.query(sql`COMMIT`, how);
		taken = true;
		if (!kept) await alter(order.withKeys);
		return { rows: loaded.records, rawBytes };
	} catch (error) {
		// Best effort: the failure is the answer, and the next run finds what is left behind.
		if (!taken && !session.lost.aborted && !signal.aborted) {
			await session
				.query(sql`ROLLBACK`)
				.then(empty)
				.catch(() => undefined);
		}
		throw error;
	} finally {
		clearInterval(ticking);
	}
}

await serveThread<LoaderThread>(async (data, thread) => {
	const session = await open(data);
	return {
		opened: null,
		methods: {
			load: (order, call) =>
				load(session, order, call).catch((error: unknown) => {
					if (session.lost.aborted) thread.fail(error);
					throw error;
				}),
		},
		close: () => session.close(),
	};
});
