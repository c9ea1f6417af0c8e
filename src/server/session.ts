import { createConnection } from 'mysql2';
import { ConnectError, LockstepError, ServerError, Stopped } from '../core/errors.ts';
import type { Secret } from '../sql/secret.ts';
import { currentSettings, type Settings, setSettings, unlikeSettings } from '../sql/settings.ts';
import { type Row, raw, type Statement, sql } from '../sql/sql.ts';
import { displayName, type ServerAddress } from './address.ts';
import { authPlugins, type LoginRecord } from './auth.ts';
import { refusedLogin } from './connect-words.ts';
import { greet } from './greeting.ts';
import { watchHandshake } from './handshake.ts';
import { loading } from './local-infile.ts';
import { type Driver, decoded, runOn, type Send, undecoded } from './query.ts';
import { type RowSink, rawRows } from './raw-rows.ts';
import {
	CertificateRefused,
	certificateOf,
	fullLogin,
	PROXY,
	type SessionTls,
	sessionTls,
	tlsOptions,
	unlikePinned,
	verifies,
} from './tls.ts';

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
	/** Whether the password itself, not the answer to a challenge, went to a server that nothing proves to be the right one. */
	readonly passwordExposed: boolean;
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
const WAIT_SECONDS = 28_800;

/** What every session of ours has, whatever the server, its option file and its `init_connect` say. A purpose may have its own on top. */
const SETTINGS: Settings = {
	character_set_client: 'utf8mb4',
	character_set_connection: 'utf8mb4',
	character_set_results: 'utf8mb4',
	// A mode of its own, not the server's with words taken out: ANSI, ORACLE and the like bring theirs back.
	sql_mode: 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION',
	autocommit: 1,
	completion_type: 'NO_CHAIN',
	// A consistent snapshot is none at any other level. MariaDB before 11.1 knows the first name, MySQL the second, later MariaDB both.
	tx_isolation: 'REPEATABLE-READ',
	transaction_isolation: 'REPEATABLE-READ',
	tx_read_only: 0,
	transaction_read_only: 0,
	foreign_key_checks: 1,
	unique_checks: 1,
	check_constraint_checks: 1,
	// Limits of the server on other people's statements.
	max_statement_time: 0,
	max_execution_time: 0,
	idle_transaction_timeout: 0,
	idle_readonly_transaction_timeout: 0,
	idle_write_transaction_timeout: 0,
	net_read_timeout: 60,
	net_write_timeout: 60,
	sql_select_limit: '18446744073709551615',
	sql_big_selects: 1,
	sql_safe_updates: 0,
	// What a value or a definition looks like.
	sql_quote_show_create: 1,
	sql_notes: 1,
	show_gipk_in_create_table_and_information_schema: 1,
	group_concat_max_len: 1_048_576,
	div_precision_increment: 4,
	default_week_format: 0,
	lc_time_names: 'en_US',
	lc_messages: 'en_US',
	system_versioning_asof: 'DEFAULT',
};
/** Without these even the question what else there is may be refused, cut short or killed. */
const FIRST = sql`SET NAMES utf8mb4, SESSION sql_select_limit = 18446744073709551615, SESSION sql_big_selects = 1${raw('/*M!100100 , SESSION max_statement_time = 0 *//*!80000 , SESSION max_execution_time = 0 */')}`;
/** Without it a GRANT of MariaDB's to an account that is missing makes one without password. */
const NO_AUTO_CREATE_USER = 'NO_AUTO_CREATE_USER';

/**
 * Connects, logs in and sets the session up: whatever a server's option file and `init_connect` made of it is reset, then {@link SETTINGS} and
 * `settings` are set and read back. The time zone stays the server's unless `settings` say otherwise.
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
		/** Further variables of this session, over those that every session of ours has. */
		readonly settings?: Settings;
		/** For {@link Session.raw}: the size of the one piece of memory that what comes is read into. */
		readonly readBytes?: number;
	} = {},
): Promise<Session> {
	const tls = await tlsOptions(address);
	const limit = AbortSignal.timeout(address.connectTimeoutMs);
	const signal = options.signal ? AbortSignal.any([options.signal, limit]) : limit;
	try {
		const loggedIn = await login(address, password, tls, { ...options, signal });
		try {
			return await setUp(loggedIn, address, password, { settings: settingsOf(options), signal });
		} catch (error) {
			loggedIn.driver.destroy();
			throw error;
		}
	} catch (error) {
		if (options.signal?.aborted) throw givenUp(address, options.signal);
		if (error instanceof Stopped)
			throw refusedLogin(address, Object.assign(new Error('the login took too long'), { code: 'ETIMEDOUT' }), {
				passwordGiven: password !== null,
				encrypted: false,
			});
		// Logged in, and then not even the first statements are taken: an expired password, a server that stops.
		if (error instanceof ServerError)
			throw refusedLogin(address, error.cause instanceof Error ? error.cause : error, {
				passwordGiven: password !== null,
				encrypted: true,
			});
		throw error;
	}
}

/** Why a connection is not waited for any longer: what the signal says, where it is an error of ours. */
export const givenUp = (address: ServerAddress, { reason }: AbortSignal): LockstepError =>
	reason instanceof LockstepError ? reason : new Stopped(`The connection to ${displayName(address)} was given up.`);

const settingsOf = (options: {
	readonly lockWaitSeconds?: number;
	readonly waitTimeoutSeconds?: number;
	readonly settings?: Settings;
}): Settings => ({
	...SETTINGS,
	lock_wait_timeout: options.lockWaitSeconds ?? LOCK_WAIT_SECONDS,
	wait_timeout: options.waitTimeoutSeconds ?? WAIT_SECONDS,
	...options.settings,
});

interface LoggedIn {
	readonly driver: Driver & { readonly mariadb: boolean };
	/** By its certificate, its fingerprint, or its knowledge of the password. */
	readonly isVerified: boolean;
	readonly passwordExposed: boolean;
}

async function login(
	address: ServerAddress,
	password: Secret | null,
	tls: Awaited<ReturnType<typeof tlsOptions>>,
	{ signal, localInfile = false, readBytes }: { readonly signal: AbortSignal; readonly localInfile?: boolean; readonly readBytes?: number },
): Promise<LoggedIn> {
	const { socket, offersTls, mariadb } = await greet(address, signal, readBytes ?? null);
	const ssl = tls === null || (tls.optional && !offersTls) ? undefined : tls.ssl;
	const full = await fullLogin(address, ssl !== undefined).catch((error: unknown) => {
		socket.destroy();
		throw error;
	});
	const record: LoginRecord = { sent: false, switched: false, proof: null, awaitsSalt: false };
	const connection = createConnection({
		authPlugins: authPlugins(password?.reveal(), full, record),
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
	const handshake = watchHandshake(connection, record, (stream) => unlikePinned(address, certificateOf(stream)));
	const inside = connection as unknown as { readonly stream: unknown };
	const lost = new AbortController();
	socket.once('close', () => lost.abort());
	const driver = {
		connection,
		mariadb,
		lost: lost.signal,
		queue: Promise.resolve(),
		running: 0,
		destroy: (why?: Error) => {
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
		handshake.end();
		const peer = certificateOf(inside.stream);
		const proved = peer === null ? null : handshake.provesCertificate(password?.reveal(), peer.fingerprint);
		const isVerified = ssl !== undefined && verifies(address.tls);
		// REQUIRED takes any certificate, as in the vendors' clients.
		if (proved === false && !isVerified && address.tls.mode === 'PREFERRED') throw new CertificateRefused(PROXY);
		const isSafe = address.socket !== undefined || isVerified || (full.how === 'rsa' && full.key !== null);
		return { driver, isVerified: isVerified || proved === true, passwordExposed: record.sent && !isSafe };
	} catch (error) {
		const peer = certificateOf(inside.stream);
		driver.destroy();
		throw refusedLogin(address, error as Error, { passwordGiven: password !== null, encrypted: ssl !== undefined, certificate: peer });
	}
}

async function setUp(
	{ driver, isVerified, passwordExposed }: LoggedIn,
	address: ServerAddress,
	password: Secret | null,
	{ settings, signal }: { readonly settings: Settings; readonly signal: AbortSignal },
): Promise<Session> {
	const threadId = driver.connection.threadId;
	let connectionId = 0;
	let account: string | undefined;
	const run = <T>(statement: Statement, options: { readonly timeoutMs?: number; readonly signal?: AbortSignal }, send: Send<T>) =>
		runOn(driver, statement, {
			...options,
			place: {
				server: address.name,
				...(account !== undefined && { account }),
				// Behind a proxy the two differ: then the number may be somebody else's, and nothing is killed by it.
				kill: connectionId !== 0 && connectionId === threadId ? () => kill(address, password, connectionId) : null,
			},
			send,
		});
	const query: Session['query'] = (statement, options = {}) => run(statement, options, options.bytes ? undecoded : decoded);
	const early = { timeoutMs: address.connectTimeoutMs, signal };
	// MariaDB then counts one connection of the account too few, and lets more in than it may have (seen on 10.11 and 11.8).
	if (!driver.mariadb) await reset(driver, signal);
	await query(FIRST, early);
	if (driver.mariadb) for (const each of [sql`UNLOCK TABLES`, sql`ROLLBACK AND NO CHAIN NO RELEASE`]) await query(each, early);
	await setAndReadBack((statement) => query(statement, early), address, settings);
	const [who] = await query(sql`SELECT CONNECTION_ID() AS id, CURRENT_USER() AS account`, early);
	connectionId = Number(who?.id);
	account = who?.account ?? '';
	if (!who || !(connectionId > 0)) throw new ConnectError(`${displayName(address)} does not say which connection this is.`);
	return {
		address,
		connectionId,
		account,
		tls: sessionTls((driver.connection as unknown as { readonly stream: unknown }).stream, isVerified),
		passwordExposed,
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

/** Undoes what `init_connect` did with this connection: open transactions, locks, temporary tables, variables. A proxy may not know the command. */
const reset = ({ connection, destroy }: Driver, signal: AbortSignal): Promise<void> =>
	new Promise((resolve) => {
		const give = () => {
			signal.removeEventListener('abort', stop);
			resolve();
		};
		const stop = () => {
			destroy();
			give();
		};
		signal.addEventListener('abort', stop, { once: true });
		connection.reset(give);
	});

/** What is not as it must be is set, and then must be so: what a proof rests on is never only believed. */
async function setAndReadBack(
	query: (statement: Statement) => Promise<readonly Row[]>,
	address: ServerAddress,
	settings: Settings,
): Promise<void> {
	const current = currentSettings(settings);
	const before = current.read(await query(current.statement));
	const modes = [String(settings.sql_mode), `${settings.sql_mode},${NO_AUTO_CREATE_USER}`];
	const wanted = { ...settings, sql_mode: ('max_statement_time' in before ? modes[1] : modes[0]) ?? '' };
	const differ = unlikeSettings(wanted, before);
	if (Object.keys(differ).length === 0) return;
	const failed = (found: string, cause?: unknown) =>
		new ConnectError(
			{
				message: `A session on ${displayName(address)} cannot be set up as lockstep needs it.`,
				reason: found,
				hints: [
					'Connect to the server itself: a proxy in between may change or ignore settings.',
					"SHOW GLOBAL VARIABLES LIKE 'init_connect';",
				],
			},
			{ cause },
		);
	await query(setSettings(differ)).catch((error: unknown) => {
		if (!(error instanceof ServerError) || error.connectionLost || error.code === null) throw error;
		throw failed(error.description.details ?? error.message, error);
	});
	const left = unlikeSettings(wanted, current.read(await query(current.statement)));
	const wrong = Object.keys(left);
	if (wrong.length > 0) throw failed(`These variables of the session did not take the value that was set: ${wrong.join(', ')}.`);
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
