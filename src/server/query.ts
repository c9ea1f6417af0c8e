import type { Connection } from 'mysql2';
import { LockstepError, ServerError, Stopped } from '../core/errors.ts';
import { withoutLiterals, withoutValues } from '../core/values.ts';
import { MASK, Secret } from '../sql/secret.ts';
import { type Row, type Statement, sent, shown } from '../sql/sql.ts';
import { isConnectionLost, meaning } from './error-words.ts';

/** The driver's connection and what we know about its life. */
export interface Driver {
	readonly connection: Connection;
	/** Aborts when the connection is gone. */
	readonly lost: AbortSignal;
	/** Statements take turns: the time of one is counted from its own start. */
	queue: Promise<unknown>;
	/** How many run or wait. */
	running: number;
	destroy(why?: Error): void;
}

/** What a failure needs to be told well. */
export interface Place {
	/** The server, as people know it. */
	readonly server: string;
	/** `CURRENT_USER()`, where it is known. */
	readonly account?: string;
	/** Ends this very connection on the server, from another one. Null where that cannot be. */
	readonly kill: (() => Promise<void>) | null;
}

const QUERY_TIMEOUT_MS = 60_000;

/** Sends a statement and gives what came of it. Rejects with what the driver or the server said. */
export type Send<T> = (connection: Connection, text: string) => Promise<T>;

/** The driver's own way: decoded rows. */
export const decoded: Send<readonly Row[]> = (connection, text) =>
	new Promise((resolve, reject) => {
		connection.query({ sql: text }, (error, result) => (error === null ? resolve(rows(result, false)) : reject(error)));
	});

/** Rows whose every character is a byte, as it came. */
export const undecoded: Send<readonly Row[]> = (connection, text) =>
	new Promise((resolve, reject) => {
		const query = { sql: text, typeCast: (field: { string(encoding: string): string | null }) => field.string('latin1') };
		connection.query(query as never, (error, result) => (error === null ? resolve(rows(result, false)) : reject(error)));
	});

/** How one statement is run. */
interface Run<T> {
	readonly place: Place;
	readonly send: Send<T>;
	readonly timeoutMs?: number;
	readonly signal?: AbortSignal;
}

/** Runs one statement when those before it are done: see Session.query for what it promises. */
export async function runOn<T>(driver: Driver, statement: Statement, how: Run<T>): Promise<T> {
	driver.running += 1;
	const turn = driver.queue.then(() => one(driver, statement, how));
	driver.queue = turn.catch(() => {});
	try {
		return await turn;
	} finally {
		driver.running -= 1;
	}
}

const unsent = new WeakSet<Error>();

/** Whether a statement failed because its connection was gone before its turn came: it may be sent on another. */
export const wasNeverSent = (error: unknown): boolean => error instanceof Error && unsent.has(error);

async function one<T>(driver: Driver, statement: Statement, { place, send, timeoutMs = QUERY_TIMEOUT_MS, signal }: Run<T>): Promise<T> {
	if (signal?.aborted) throw givenUp(signal, place);
	if (driver.lost.aborted) {
		const error = gone(statement, place);
		unsent.add(error);
		throw error;
	}
	const end = Promise.withResolvers<T>();
	let cutting = false;
	const cut = (error: Error) => {
		if (cutting) return;
		cutting = true;
		driver.destroy(error);
		// When the caller hears of it, the statement and what it may have locked are gone.
		void Promise.resolve(place.kill?.())
			.catch(() => {})
			.then(() => end.reject(error));
	};
	const abort = () => cut(givenUp(signal, place));
	// The driver itself tells a running statement why the connection went; this is for when it does not.
	const lose = () => setImmediate(() => cutting || end.reject(gone(statement, place)));
	const late = timeoutMs > 0 ? setTimeout(() => cut(tooLong(statement, place, timeoutMs)), timeoutMs) : undefined;
	signal?.addEventListener('abort', abort, { once: true });
	driver.lost.addEventListener('abort', lose, { once: true });
	send(driver.connection, sent(statement)).then(
		(result) => cutting || end.resolve(result),
		(error) => {
			if (cutting) return;
			// Of ours, and the session is over.
			if (error instanceof LockstepError) return end.reject(error);
			const refusal = refused(error, statement, place);
			// A broken connection tells so by its error first and is closed a moment later: nobody may take it for a whole one until then.
			if (refusal.connectionLost) driver.destroy(error);
			end.reject(refusal);
		},
	);
	try {
		return await end.promise;
	} finally {
		clearTimeout(late);
		signal?.removeEventListener('abort', abort);
		driver.lost.removeEventListener('abort', lose);
	}
}

/** The driver's answer as rows: of several results (a CALL) the first that has rows. */
export function rows(result: unknown, loaded: boolean): readonly Row[] {
	if (!Array.isArray(result)) {
		const header = result as { affectedRows?: number; warningStatus?: number; info?: string };
		const row = { affected_rows: String(header.affectedRows ?? 0), warnings: String(header.warningStatus ?? 0) };
		return [loaded ? { ...row, info: header.info ?? '' } : row];
	}
	const sets = result as readonly unknown[];
	const first = sets.find((set) => Array.isArray(set));
	return (first ?? sets) as readonly Row[];
}

type DriverError = Error & { code?: string; errno?: number; sqlState?: string; fatal?: boolean };

function refused(error: DriverError, statement: Statement, place: Place): ServerError {
	const secrets = statement.pieces.filter((piece) => piece instanceof Secret);
	const number = error.sqlState !== undefined && error.errno !== undefined ? error.errno : null;
	const said = withoutValues(masked(error.message, secrets), number);
	// The driver's own error carries the statement as it was sent, secrets and all: what is kept is a copy without.
	const cause = Object.assign(new Error(said), { code: error.code, errno: error.errno, sqlState: error.sqlState });
	const lost = isConnectionLost(number, error.code, error.fatal === true);
	return new ServerError(
		{
			...meaning(number, said, lost, place.account),
			reason: where(statement, place),
			details: number === null ? said : `ERROR ${number} (${error.sqlState}): ${said}`,
		},
		{ cause, code: number, connectionLost: lost },
	);
}

/** A server quotes what it did not understand. */
function masked(text: string, secrets: readonly Secret[]): string {
	if (secrets.length === 0) return text;
	// A quotation may begin or end within a secret, where no search for the whole finds it.
	let out = text.replace(/ near '.*/s, ' (the place is not shown: the statement holds a password)');
	for (const secret of secrets) {
		const plain = secret.reveal();
		const escaped = sent({ pieces: [secret] }).slice(1, -1);
		if (plain !== '') out = out.replaceAll(escaped, MASK).replaceAll(plain, MASK);
	}
	return out;
}

/** Where rows are read, the bounds of a key are values of customers. */
const isRead = (text: string): boolean => /^\s*SELECT\b/i.test(text);

function where(statement: Statement, place: Place): string {
	const text = shown(statement);
	return `On ${place.server}: ${short(isRead(text) ? withoutLiterals(text) : text)}`;
}

const short = (text: string): string => (text.length > 400 ? `${text.slice(0, 400)} …` : text);

const gone = (statement: Statement, place: Place): ServerError =>
	new ServerError({ ...meaning(null, '', true), reason: where(statement, place) }, { connectionLost: true });

function tooLong(statement: Statement, place: Place, timeoutMs: number): ServerError {
	return new ServerError(
		{
			message: `No answer within ${timeoutMs / 1000} s: the statement was killed and its connection cut.`,
			reason: where(statement, place),
			hints: ['What the server is busy with: SHOW FULL PROCESSLIST;'],
		},
		{ connectionLost: true },
	);
}

function givenUp(signal: AbortSignal | undefined, place: Place): Error {
	return signal?.reason instanceof LockstepError ? signal.reason : new Stopped(`A statement on ${place.server} was given up.`);
}
