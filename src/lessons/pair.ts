import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { ToolError } from '../core/errors.ts';
import type { Vendor } from '../core/vendors.ts';
import type { Dialect } from '../dialects/contract/dialect.ts';
import type { Channel } from '../dialects/contract/replication.ts';
import { detect } from '../dialects/index.ts';
import { withLock } from '../sandbox/lock.ts';
import { kindOf } from '../sandbox/programs.ts';
import {
	type ExtraOptions,
	type Sandbox,
	type SandboxKind,
	type SandboxRole,
	type SandboxServer,
	sandboxDown,
	sandboxStatus,
	sandboxUp,
	startClient,
	startSandboxWith,
} from '../sandbox/sandbox.ts';
import { copyData, killServer, stopServer } from '../sandbox/server.ts';
import type { ServerAddress } from '../server/address.ts';
import { connect, type Session } from '../server/session.ts';
import { Secret } from '../sql/secret.ts';
import { type Query, type Row, type Statement, sql } from '../sql/sql.ts';
import { ACCOUNT, TABLES } from './sample.ts';

/** One server of the pair. Each call logs in anew, as root over the socket: no option file and no password of the environment has a part in it. */
export interface Side {
	readonly name: 'practice-primary' | 'practice-replica';
	readonly role: SandboxRole;
	readonly server: SandboxServer;
	/** Runs the statements in one session; the rows of the last one. Throws ServerError, ConnectError. */
	run(...statements: readonly (string | Statement)[]): Promise<readonly Row[]>;
	query<T>(query: Query<T>): Promise<T>;
	/** The one value of a statement that gives one, empty for NULL. */
	value(statement: string): Promise<string>;
	/** A session of its own, to hold something open. */
	open(): Promise<Session>;
}

/** Both servers of a lesson, with a replica that is set up, and a writer: an event of the primary. */
export interface Pair {
	readonly vendor: Vendor;
	readonly kind: SandboxKind;
	readonly dir: string;
	readonly dialect: Dialect;
	readonly primary: Side;
	readonly replica: Side;
	/** Of the account that the channel logs in with. */
	readonly password: Secret;
	/** The channel of the replica as it is now; undefined where there is none. */
	channel(): Promise<Channel | undefined>;
	/** Leaves a client at work that outlives this process: it ends with its statements, or with its server. */
	hold(role: SandboxRole, statements: string): void;
	stop(role: SandboxRole): Promise<void>;
	/** As a crash ends it. */
	kill(role: SandboxRole): Promise<void>;
	/** Stops both, gives the replica the primary's data and an identity of its own, and starts both. Its channel and position are to be set. */
	copyPrimary(): Promise<Pair>;
	/** Starts what does not run; `extra` are options of the replica from now on. */
	start(extra?: readonly string[]): Promise<Pair>;
}

/** Where a practice pair lives and how its making is reported. */
export interface PairPlace {
	readonly kind: SandboxKind;
	readonly dir: string;
	readonly env: NodeJS.ProcessEnv;
	readonly signal?: AbortSignal;
	readonly say: (line: string) => void;
	/** See `SandboxUp`. */
	readonly empty?: string;
}

const ROLES = ['primary', 'replica'] as const;
const STATEMENT_MS = 15_000;
/** A trainee who is root writes on it in spite of read_only, as one in production does. */
const EXTRA: ExtraOptions = {
	primary: [],
	replica: ['--read-only=ON', '--event-scheduler=OFF', '--relay-log-recovery=ON'],
};

const keptFolder = (dir: string, role: SandboxRole) => join(dir, 'kept', role);
const isKept = (dir: string) => existsSync(join(dir, 'kept', 'whole'));
export const passwordFile = (dir: string): string => join(dir, 'replication.password');

/** Waits for a condition. Throws ToolError after `withinMs`, naming what was waited for. */
export async function until(what: string, condition: () => Promise<boolean>, withinMs = 30_000, everyMs = 100): Promise<void> {
	const end = performance.now() + withinMs;
	for (;;) {
		if (await condition()) return;
		if (performance.now() > end) throw new ToolError({ message: `The practice pair does not get there: ${what}.` });
		await after(everyMs);
	}
}

function sideOf(role: SandboxRole, server: SandboxServer): Side {
	const name = `practice-${role}` as const;
	const address: ServerAddress = {
		...{ name, host: 'localhost', port: server.port, socket: server.socket, user: 'root' },
		...{ tls: { mode: 'DISABLED' as const }, connectTimeoutMs: 5000, origin: {} },
	};
	const open = () => connect(address, null);
	const within = async <T>(work: (session: Session) => Promise<T>): Promise<T> => {
		const session = await open();
		try {
			return await work(session);
		} finally {
			await session.close();
		}
	};
	const run: Side['run'] = (...statements) =>
		within(async (session) => {
			let rows: readonly Row[] = [];
			for (const each of statements)
				rows = await session.query(typeof each === 'string' ? { pieces: [each] } : each, { timeoutMs: STATEMENT_MS });
			return rows;
		});
	return {
		...{ name, role, server, open, run },
		query: (query) => within(async (session) => query.read(await session.query(query.statement, { timeoutMs: STATEMENT_MS }))),
		value: async (statement) => Object.values((await run(statement))[0] ?? {})[0] ?? '',
	};
}

async function pairOf(sandbox: Sandbox, place: PairPlace): Promise<Pair> {
	const { dir, kind } = sandbox;
	const [primary, replica] = [sideOf('primary', sandbox.primary), sideOf('replica', sandbox.replica)];
	const either = sandbox.primary.running ? primary : replica;
	const dialect = await detect((query) => either.query(query), either.name);
	return {
		...{ vendor: dialect.id, kind, dir, dialect, primary, replica },
		password: new Secret((await readFile(passwordFile(dir), 'utf8')).trim()),
		async channel() {
			const channels = await replica.query(dialect.channel.status);
			const root = dialect.channel.rootErrors(channels);
			return (root === null ? channels : await replica.query(root))[0];
		},
		async copyPrimary() {
			await Promise.all(ROLES.map((role) => stopServer(join(dir, role))));
			await copyData(join(dir, 'primary'), join(dir, 'replica'));
			await rm(join(dir, 'replica', 'data', 'auto.cnf'), { force: true });
			return pairOf(await startSandboxWith(dir, EXTRA, place), place);
		},
		hold: (role, statements) => void startClient(sandbox, role, { statements, env: place.env }),
		stop: async (role) => void (await stopServer(join(dir, role))),
		kill: async (role) => void (await killServer(join(dir, role))),
		start: async (extra = []) => pairOf(await startSandboxWith(dir, { ...EXTRA, replica: [...EXTRA.replica, ...extra] }, place), place),
	};
}

/** The pair as it is; null where there is none, or a server of it does not run. */
export async function findPair(place: PairPlace): Promise<Pair | null> {
	const sandbox = isKept(place.dir) ? await sandboxStatus(place) : null;
	return sandbox === null || (!sandbox.primary.running && !sandbox.replica.running) ? null : pairOf(sandbox, place);
}

/** Makes the pair with its replica set up and keeps a copy of both, or starts what of it does not run. Throws what `sandboxUp` throws. */
export async function pairUp(place: PairPlace): Promise<Pair> {
	if (!isKept(place.dir)) {
		await sandboxDown(place);
		await make(place);
	}
	return pairOf(await sandboxUp({ ...place, writer: false }), place);
}

export const pairDown = (place: PairPlace): Promise<boolean> => sandboxDown(place);

/** Both servers as they were when the pair was made: kills them and starts copies. */
export async function pairReset(place: PairPlace): Promise<Pair> {
	if (!isKept(place.dir)) return pairUp(place);
	const { dir } = place;
	await withLock(`${dir}.reset.lock`, {}, async () => {
		await Promise.all(ROLES.map((role) => killServer(join(dir, role))));
		await Promise.all(ROLES.map((role) => copyData(keptFolder(dir, role), join(dir, role))));
	});
	const pair = await pairOf(await startSandboxWith(dir, EXTRA, place), place);
	await followPrimary(pair);
	return pair;
}

/** The port of before may be taken: the channel follows the primary to its new one. */
async function followPrimary(pair: Pair): Promise<void> {
	const { dialect, replica } = pair;
	const { stop, start } = dialect.channel;
	const channel = await pair.channel();
	if (channel?.port !== pair.primary.server.port) await replica.run(stop, configuration(pair), start);
	// It was up before the primary, and would wait for its next try.
	else if (channel.io !== 'yes') await replica.run(stop, start);
	await until('the replica follows', () => follows(pair));
}

/** The channel as the pair has it at first. */
export const configuration = ({ dialect, primary, password }: Pair): Statement =>
	dialect.channel.configure({
		...{ host: primary.server.host, port: primary.server.port, user: ACCOUNT.user, password },
		...{ tls: true, ca: primary.server.ca, delaySeconds: 0 },
	});

/** Whether both threads run and all that the primary has written until now is applied. */
async function follows(pair: Pair): Promise<boolean> {
	const { written } = await pair.primary.query(pair.dialect.positions.current);
	const channel = await pair.channel();
	const { gtid } = await pair.replica.query(pair.dialect.positions.current);
	return channel?.io === 'yes' && channel.sql === 'yes' && pair.dialect.positions.contains(gtid, written);
}

async function make(place: PairPlace): Promise<void> {
	const { dir, say } = place;
	const sandbox = await sandboxUp({ ...place, writer: false, rows: 40, extra: EXTRA });
	try {
		const password = new Secret(`${randomBytes(18).toString('base64url')}-aA1`);
		await writeFile(passwordFile(dir), `${password.reveal()}\n`, { mode: 0o600 });
		const pair = await pairOf(sandbox, place);
		say('Setting up the replica …');
		await pair.primary.run(
			sql`CREATE USER 'repl'@'127.0.0.1' IDENTIFIED BY ${password} REQUIRE SSL`,
			"GRANT REPLICATION SLAVE ON *.* TO 'repl'@'127.0.0.1'",
			...TABLES,
		);
		// Its binary log holds all that was ever written on it: no seed is needed.
		await pair.replica.run(configuration(pair), pair.dialect.channel.start);
		await until('the replica follows', () => follows(pair));
		say('Keeping a copy of both servers …');
		for (const role of ROLES) await stopServer(join(dir, role));
		await rm(join(dir, 'kept'), { recursive: true, force: true });
		await mkdir(join(dir, 'kept'), { mode: 0o700 });
		await Promise.all(ROLES.map((role) => copyData(join(dir, role), keptFolder(dir, role))));
		await writeFile(join(dir, 'kept', 'whole'), '');
	} catch (error) {
		await sandboxDown(place);
		throw error;
	}
}

/** The kinds of servers a lesson's pair can be made of are those of the sandbox. */
export const vendorOf = (kind: SandboxKind): Vendor => kindOf(kind).family.vendor;
