import { createConnection } from 'mysql2';
import { ConnectError, LockstepError, ServerError, Stopped } from '../core/errors.ts';
import type { Secret } from '../sql/secret.ts';
import { type Row, raw, type Statement, sql } from '../sql/sql.ts';
import { called, type ServerAddress } from './address.ts';
import { refusedLogin } from './connect-words.ts';
import { loading } from './feed.ts';
import { greet } from './greeting.ts';
import { type Driver, decoded, runOn, type Send, undecoded } from './query.ts';
import { type RowSink, rawRows } from './raw-rows.ts';
import { tlsOptions } from './tls.ts';

/** How a session is encrypted, in the server's own words; `verified` says that the certificate was checked against a CA. */
export interface SessionTls {
	readonly version: string;
	readonly cipher: string;
	readonly verified: boolean;
}

/** What the server says of a LOAD DATA: rows read, rows replaced, rows passed over, warnings. */
export interface Loaded {
	readonly records: number;
	readonly deleted: number;
	readonly skipped: number;
	readonly warnings: number;
}

/** One connection to one server. It is never reconnected behind anybody's back. */
export interface Session {
	readonly address: ServerAddress;
	readonly connectionId: number;
	/** Null where the connection is not encrypted. */
	readonly tls: SessionTls | null;
	/** `CURRENT_USER()`: the account that the server took us for. */
	readonly account: string;
	/** Aborts when the connection is gone, whoever ended it. The reason is an error where one is known. */
	readonly lost: AbortSignal;
	/** True while a statement runs or waits for its turn. */
	readonly busy: boolean;
	/**
	 * Runs one statement. Rows are text by column name, decoded as UTF-8 (bytes that are none become U+FFFD: ask for HEX() of a binary column);
	 * NULL is null. A statement without rows gives one row `{ affected_rows, warnings }`; one with several results its first.
	 * With `bytes` each character of the rows is one byte, as it came.
	 * Throws ServerError. After `timeoutMs` (60 s unless said; 0: no bound) or an abort the statement is killed on the server and the session is
	 * over, because half an answer may still be on its way and because locks that it may have got must go.
	 */
	query(
		statement: Statement,
		options?: { readonly timeoutMs?: number; readonly signal?: AbortSignal; readonly bytes?: boolean },
	): Promise<readonly Row[]>;
	/**
	 * Runs one LOAD DATA LOCAL INFILE, whose file is what `source` gives. Only on a session that was opened for it (`localInfile`). Where the
	 * source throws, the session is over and the server throws away what came: half of it is never taken for the whole.
	 */
	load(statement: Statement, source: () => AsyncIterable<Buffer>, options: { readonly signal: AbortSignal }): Promise<Loaded>;
	/**
	 * Runs a SELECT and hands on its rows as the bytes that come from the server, undecoded: see {@link RowSink}. No bound in time unless said;
	 * otherwise errors and ends are those of {@link query}. A sink that throws ends the session too.
	 */
	raw(statement: Statement, sink: RowSink, options?: { readonly timeoutMs?: number; readonly signal?: AbortSignal }): Promise<void>;
	/** Says goodbye. Never throws, never waits longer than a second. */
	close(): Promise<void>;
	/** Cuts the connection at once. */
	destroy(): void;
}

/** How long a statement of ours may wait for a lock on a table, in seconds, unless said otherwise. */
const LOCK_WAIT_SECONDS = 60;

/**
 * Connects, logs in and sets the session up: UTF-8, backslash escapes and no ANSI_QUOTES (the quoting of `sql/` rests on it), no account made by a
 * GRANT, autocommit, bounded lock waits. Time zone and everything else stay the server's.
 * Throws ConnectError (UserError where a certificate's file cannot be read); always within `address.connectTimeoutMs`.
 */
export async function connect(
	address: ServerAddress,
	password: Secret | null,
	options: {
		readonly signal?: AbortSignal;
		/** Whether it may send rows by {@link Session.load}: no other session of ours lets a server ask for a file. */
		readonly localInfile?: boolean;
		readonly lockWaitSeconds?: number;
		readonly waitTimeoutSeconds?: number;
		/** For {@link Session.raw}: the size of the one piece of memory that what comes is read into. */
		readonly readBytes?: number;
	} = {},
): Promise<Session> {
	const tls = await tlsOptions(address);
	const limit = AbortSignal.timeout(address.connectTimeoutMs);
	const signal = options.signal ? AbortSignal.any([options.signal, limit]) : limit;
	try {
		const driver = await login(address, password, signal, tls, options);
		try {
			return await setUp(driver, address, password, limitOf(options), signal);
		} catch (error) {
			driver.destroy();
			throw error;
		}
	} catch (error) {
		if (options.signal?.aborted) throw givenUp(address, options.signal);
		if (error instanceof Stopped)
			throw refusedLogin(address, Object.assign(new Error('the login took too long'), { code: 'ETIMEDOUT' }), password !== null, false);
		// Logged in, and then not even the first statements are taken: an expired password, a server that stops.
		if (error instanceof ServerError)
			throw refusedLogin(address, error.cause instanceof Error ? error.cause : error, password !== null, true);
		throw error;
	}
}

/** Why a connection is not waited for any longer: what the signal says, where it is an error of ours. */
export const givenUp = (address: ServerAddress, { reason }: AbortSignal): LockstepError =>
	reason instanceof LockstepError ? reason : new Stopped(`The connection to ${called(address)} was given up.`);

const limitOf = (options: { readonly lockWaitSeconds?: number; readonly waitTimeoutSeconds?: number }) => ({
	lockWait: options.lockWaitSeconds ?? LOCK_WAIT_SECONDS,
	wait: options.waitTimeoutSeconds ?? 28_800,
});

async function login(
	address: ServerAddress,
	password: Secret | null,
	signal: AbortSignal,
	tls: Awaited<ReturnType<typeof tlsOptions>>,
	{ localInfile = false, readBytes }: { readonly localInfile?: boolean; readonly readBytes?: number },
): Promise<Driver> {
	const { socket, offersTls } = await greet(address, signal, readBytes ?? null);
	const ssl = tls === null || (tls.optional && !offersTls) ? undefined : tls.ssl;
	const connection = createConnection({
		stream: socket,
		// A name ending in a dot is compared without it: so an IP address is compared with the certificate, not "localhost" in its place.
		host: address.socket === undefined && tls?.ssl.verifyIdentity && /^[\d.]+$|:/.test(address.host) ? `${address.host}.` : address.host,
		...(address.socket === undefined ? {} : { socketPath: address.socket }),
		user: address.user,
		...(password === null ? {} : { password: password.reveal() }),
		...(ssl === undefined ? {} : { ssl }),
		charset: 'UTF8MB4_GENERAL_CI',
		connectTimeout: 0,
		multipleStatements: false,
		flags: [localInfile ? '+LOCAL_FILES' : '-LOCAL_FILES', '-IGNORE_SPACE', '-ODBC'],
		connectAttributes: { program_name: 'lockstep' },
		typeCast: (field) => field.string('utf8'),
	});
	const lost = new AbortController();
	socket.once('close', () => lost.abort());
	const driver: Driver = {
		connection,
		lost: lost.signal,
		queue: Promise.resolve(),
		running: 0,
		destroy: (why) => {
			lost.abort(why);
			connection.destroy();
			socket.destroy();
		},
	};
	try {
		await new Promise<void>((resolve, reject) => {
			const stop = () => reject(Object.assign(new Error('the login took too long'), { code: 'ETIMEDOUT' }));
			signal.addEventListener('abort', stop, { once: true });
			connection.once('connect', () => resolve());
			connection.on('error', (error: Error) => {
				reject(error);
				lost.abort(error);
			});
			socket.resume();
			if (signal.aborted) stop();
		});
	} catch (error) {
		driver.destroy();
		throw refusedLogin(address, error as Error, password !== null, ssl !== undefined);
	}
	return driver;
}

async function setUp(
	driver: Driver,
	address: ServerAddress,
	password: Secret | null,
	limits: { readonly lockWait: number; readonly wait: number },
	signal: AbortSignal,
): Promise<Session> {
	const threadId = driver.connection.threadId;
	let connectionId = 0;
	let account: string | undefined;
	const run = <T>(statement: Statement, options: { readonly timeoutMs?: number; readonly signal?: AbortSignal }, send: Send<T>) =>
		runOn(
			driver,
			statement,
			options,
			{
				server: address.name,
				account,
				// Behind a proxy the two differ: then the number may be somebody else's, and nothing is killed by it.
				kill: connectionId !== 0 && connectionId === threadId ? () => kill(address, password, connectionId) : null,
			},
			send,
		);
	const query: Session['query'] = (statement, options = {}) => run(statement, options, options.bytes ? undecoded : decoded);
	const early = { timeoutMs: address.connectTimeoutMs, signal };
	await query(sql`SET NAMES utf8mb4`, early);
	// A mode of its own, not the server's with words taken out: ANSI, ORACLE and the like bring theirs back.
	// Without NO_AUTO_CREATE_USER (MariaDB only) a GRANT to an account that is missing makes one without password.
	await query(
		sql`SET SESSION sql_mode = CONCAT('STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION' ${raw("/*M!100000 , ',NO_AUTO_CREATE_USER' */")}), autocommit = 1, lock_wait_timeout = ${limits.lockWait}, wait_timeout = ${limits.wait}, net_read_timeout = 60, net_write_timeout = 60`,
		early,
	);
	const [who] = await query(sql`SELECT CONNECTION_ID() AS id, CURRENT_USER() AS account`, early);
	const status = new Map(
		(await query(sql`SHOW SESSION STATUS WHERE Variable_name IN ('Ssl_cipher', 'Ssl_version')`, early)).map((row) => [
			row.Variable_name,
			row.Value,
		]),
	);
	connectionId = Number(who?.id);
	account = who?.account ?? '';
	if (!who || !(connectionId > 0)) throw new ConnectError(`${called(address)} does not say which connection this is.`);
	const cipher = status.get('Ssl_cipher') ?? '';
	return {
		address,
		connectionId,
		account,
		tls: cipher === '' ? null : { cipher, version: status.get('Ssl_version') ?? '', verified: address.tls.mode.startsWith('VERIFY') },
		lost: driver.lost,
		get busy() {
			return driver.running > 0;
		},
		query,
		async load(statement, source, { signal }) {
			const [row] = await run(statement, { timeoutMs: 0, signal }, loading(driver, source));
			// `Records: 3  Deleted: 0  Skipped: 0  Warnings: 0`, in the server's language.
			const [records = Number.NaN, deleted = 0, skipped = 0, warnings = 0] = (row?.info ?? '').match(/\d+/g)?.map(Number) ?? [];
			return { records, deleted, skipped, warnings: Math.max(warnings, Number(row?.warnings ?? 0)) };
		},
		raw: (statement, sink, options = {}) => run(statement, { timeoutMs: 0, ...options }, rawRows(sink)),
		destroy: () => driver.destroy(),
		close: () =>
			new Promise<void>((resolve) => {
				const done = () => {
					clearTimeout(late);
					driver.destroy();
					resolve();
				};
				const late = setTimeout(done, 1000);
				if (driver.lost.aborted) done();
				else driver.connection.end(done);
			}),
	};
}

/** Ends a connection of ours through a second one. Best effort: the server ends it sooner or later by itself. */
async function kill(address: ServerAddress, password: Secret | null, connectionId: number): Promise<void> {
	const helper = await connect({ ...address, connectTimeoutMs: Math.min(address.connectTimeoutMs, 5000) }, password);
	try {
		await helper.query(sql`KILL ${connectionId}`, { timeoutMs: 5000 });
	} finally {
		await helper.close();
	}
}
