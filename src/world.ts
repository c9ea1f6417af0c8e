import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { readKnown } from './archive/read.ts';
import { writeStream } from './archive/write.ts';
import { type Claim, claim } from './claim.ts';
import type { AccountsPart, Action, FilePart, Performed, PipeAction, PipeResult, Role, SqlAction, ToolPart } from './core/action.ts';
import { LockstepError, ServerError, Stopped, ToolError, UserError } from './core/errors.ts';
import type { Json } from './core/json.ts';
import type { Flow, HeldLease, PerformOptions, ToolSearch } from './core/step.ts';
import type { World } from './core/world.ts';
import type { Dialect } from './dialects/dialect.ts';
import { compareSeries } from './dialects/series.ts';
import { filtered } from './dump/load/filter.ts';
import { createDumpScanner, scanning } from './dump/scan.ts';
import { type FoundTool, findTool } from './exec/find-tool.ts';
import { type RunningTool, startTool, type ToolEnd, toolFailed } from './exec/tool.ts';
import { fileDeed, folderFacts } from './files.ts';
import { type Loader, openLoader } from './loader.ts';
import { endOf, untilRestarted } from './restart.ts';
import { serverToolFolders } from './sandbox/unpack.ts';
import type { ServerAddress } from './server/address.ts';
import { type Lease, openLease } from './server/lease.ts';
import { connect, type Session } from './server/session.ts';
import type { Secret } from './sql/secret.ts';
import { type Query, sent } from './sql/sql.ts';

/** How a role's server is reached; known to the World only. */
export interface Reach {
	readonly address: ServerAddress;
	readonly password: Secret | null;
	readonly dialect: Dialect;
}

export interface RealWorld extends World, AsyncDisposable {
	/** Claims the role's server for as long as this World lives, so that two runs never work there at once. Gives what aborts when it is lost. Throws Busy. */
	claim(role: Role): Promise<AbortSignal>;
}

const FLOW_EVERY_MS = 200;
/** Dropping a large database or stopping a busy replica takes its time. */
const STATEMENT_MS = 600_000;
/** After so many silent seconds the server lets go of a claim: behind a network that swallows everything nobody else does. */
const CLAIM_SECONDS = 120;
/** A server that is there again is claimed again within this. */
const RECLAIM_MS = 30_000;
/** A waiting session of ours must outlive any dump; the lock's own lease is short. */
const YEAR_SECONDS = 31_536_000;

/**
 * Keeps this session's doings out of a replica's own binary log. Even a look may write there: whoever first opens a MEMORY table after a
 * restart, be it through information_schema, logs a TRUNCATE of it, which stops strict replication (knowledge/faults.md, finding 10).
 * On a primary that TRUNCATE is right: its replicas must empty the table, too. Where the account may not, the session stays as it is.
 */
export async function quieten(session: Session, dialect: Dialect): Promise<void> {
	try {
		const { status } = dialect.channel;
		if (status.read(await session.query(status.statement)).length > 0) await session.query(dialect.locks.unlogged);
	} catch (error) {
		if (!(error instanceof LockstepError)) throw error;
	}
}

/** The real World: sessions, tools and files. The only place where plans become deeds. */
export function openWorld(options: {
	readonly reach: Readonly<Record<Role, Reach>>;
	readonly env: NodeJS.ProcessEnv;
	readonly signal: AbortSignal;
	readonly now?: () => Date;
	/** Seconds of silence after which the server frees a claim: 120. */
	readonly claimSeconds?: number;
}): RealWorld {
	const { reach, env, signal, now = () => new Date() } = options;
	const leaseSeconds = testLease(env);
	const claimSeconds = options.claimSeconds ?? leaseSeconds ?? CLAIM_SECONDS;
	const sessions = new Map<Role, Promise<Session>>();
	const claims = new Map<Role, Claim>();
	const leases = new Map<Role, Lease>();
	const loaders = new Map<Role, Loader>();
	const found = new Map<string, Promise<ToolSearch>>();

	function reachOf(role: Role): Reach {
		const known = reach[role];
		if (known === undefined) throw new TypeError(`this run has no ${role}`);
		return known;
	}

	async function session(role: Role): Promise<Session> {
		const open = await sessions.get(role)?.catch(() => undefined);
		if (open !== undefined && !open.lost.aborted) return open;
		const { address, password, dialect } = reachOf(role);
		const fresh = connect(address, password, { waitTimeoutSeconds: YEAR_SECONDS }).then(async (session) => {
			// The roles of a provisioning say themselves what is to be logged.
			if (role === 'server') await quieten(session, dialect);
			return session;
		});
		sessions.set(role, fresh);
		return fresh;
	}

	async function forget(role: Role): Promise<void> {
		const open = await sessions.get(role)?.catch(() => undefined);
		open?.destroy();
	}

	async function look<T>(role: Role, { statement, mostMs, read }: Query<T>): Promise<T> {
		const bound = mostMs === undefined ? {} : { timeoutMs: mostMs };
		// What is put back looks, too, while the run is being stopped.
		return read(await (await session(role)).query(statement, mostMs === 0 ? { ...bound, signal } : bound));
	}

	function tool(on: Role, names: readonly string[]): Promise<ToolSearch> {
		const key = `${on} ${names.join()}`;
		const known = found.get(key);
		if (known !== undefined) return known;
		const search = (async () => {
			const { dialect } = reachOf(on);
			const { series } = await look(on, dialect.identity);
			// Unpacked tools of the server's own series first among those of the sandboxes.
			const folders = serverToolFolders(env).toSorted((a, b) => Number(b.includes(series)) - Number(a.includes(series)));
			const unfit: string[] = [];
			const accepts = ({ path, version, banner }: FoundTool): boolean => {
				const why = !dialect.tools.ours(banner) ? 'another vendor’s' : compareSeries(version, series) < 0 ? 'older than the server' : null;
				if (why !== null) unfit.push(`${path} (${version}) is ${why}`);
				return why === null;
			};
			const tool = await findTool(names, { folders, env, accepts });
			return { tool: tool === undefined ? null : { path: tool.path, version: tool.version }, unfit };
		})();
		found.set(key, search);
		return search;
	}

	async function optionFile(role: Role): Promise<string> {
		const { address, password, dialect } = reachOf(role);
		const { tls } = await session(role);
		const lines = dialect.tools.options({
			host: address.host,
			port: address.port,
			socket: address.socket ?? null,
			user: address.user,
			tls:
				tls === null
					? null
					: {
							ca: address.tls.ca ?? null,
							cert: address.tls.cert ?? null,
							key: address.tls.key ?? null,
							verify: address.tls.mode === 'VERIFY_CA' || address.tls.mode === 'VERIFY_IDENTITY',
						},
		});
		const escaped = password?.reveal().replaceAll('\\', '\\\\').replaceAll('"', '\\"');
		return `${[...lines, ...(escaped === undefined ? [] : [`password="${escaped}"`])].join('\n')}\n`;
	}

	async function start(
		part: ToolPart,
		stop: AbortSignal,
		words: string[],
		stdin: 'pipe' | 'ignore',
	): Promise<RunningTool & { program: string }> {
		const { dialect } = reachOf(part.on);
		const { tool: fit, unfit } = await tool(part.on, part.names);
		const program = fit?.path;
		if (program === undefined) {
			throw new UserError({
				what: `${part.names.join(' or ')} is not on this machine.`,
				...(unfit.length === 0 ? {} : { why: unfit.join('; ') }),
				mend: dialect.mends.tools,
			});
		}
		const running = startTool(
			{ program, argv: part.argv, secretFile: await optionFile(part.on) },
			{ signal: stop, stdin, onStderrLine: (line) => words.push(line) },
		);
		return Object.assign(running, { program });
	}

	/** Every account as the statements that make it, first all accounts and then all rights: a grant may name a role that comes later. */
	async function accounts({ on }: AccountsPart, halt: AbortSignal) {
		const { dialect, address } = reachOf(on);
		const made: string[] = [];
		const granted: string[] = [];
		for (const who of await look(on, dialect.accounts.list)) {
			if (dialect.accounts.own(who)) continue;
			halt.throwIfAborted();
			const statements = [];
			for (const query of dialect.accounts.recreate(who)) statements.push(...(await look(on, query)));
			made.push(...statements.slice(0, 1).map(sent));
			granted.push(...statements.slice(1).map(sent));
		}
		const lines = [...made, ...granted].map((statement) => `${statement};\n`);
		const stdout = Readable.from(
			[`-- Accounts of ${address.name}\n\n`, ...lines, '\n-- Dump completed\n'].map((line) => Buffer.from(line)),
		);
		const ended: Promise<ToolEnd> = Promise.resolve({ code: 0, signal: null, lastWords: [], ms: 0 });
		return { program: 'SHOW CREATE USER', stdout, ended };
	}

	/** The SQL of a file of a backup, as far as it is asked for. */
	function stored({ folder, file, tables, withoutAccounts }: FilePart) {
		const raw = readKnown(folder, file);
		const wanted = tables !== undefined || withoutAccounts !== undefined;
		const stdout = Readable.from(wanted ? filtered(raw, { tables, withoutAccounts }) : raw, { objectMode: false });
		const ended: Promise<ToolEnd> = Promise.resolve({ code: 0, signal: null, lastWords: [], ms: 0 });
		return { program: file.path, stdout, ended };
	}

	async function pipe(action: PipeAction, options: PerformOptions & { signal: AbortSignal }): Promise<PipeResult> {
		const began = now().getTime();
		const stop = new AbortController();
		const halt = AbortSignal.any([options.signal, stop.signal, ...(options.until === undefined ? [] : [options.until])]);
		halt.throwIfAborted();
		let tables: Flow['began'][number][] = [];
		const scanner = createDumpScanner({ onTable: (table, database) => tables.push({ database, table, rawBytes: scanner.rawBytes }) });
		const words: string[] = [];
		const { into } = action;
		const file = 'file' in into ? await writeStream(into.file, { compress: into.compress }) : null;
		const written = file?.done ?? null;
		written?.catch(() => undefined);
		const tell = () => {
			const { rawBytes, rows, table } = scanner;
			options.onFlow?.({ rawBytes, bytes: file?.bytes ?? 0, rows, table, began: tables });
			tables = [];
		};
		const ticking = setInterval(tell, FLOW_EVERY_MS);
		try {
			// Within: where a server is gone just now, what was begun is ended and closed all the same.
			const { from: part } = action;
			const from =
				'tells' in part ? await accounts(part, halt) : 'folder' in part ? stored(part) : await start(part, halt, words, 'ignore');
			const loader = 'file' in into ? null : await start(into, halt, words, 'pipe');
			const target = file?.input ?? loader?.stdin;
			if (target === undefined) throw new TypeError('a pipe leads nowhere');
			const flowed = await pipeline(from.stdout, scanning(scanner), target, { signal: halt }).then(
				() => null,
				(error: unknown) => error,
			);
			// The first cause counts: a loader that refuses makes the dump tool fail with a broken pipe.
			if (flowed !== null) stop.abort();
			const [dumpEnd, loadEnd] = await Promise.all([from.ended, loader?.ended ?? null]);
			if (halt.aborted && !stop.signal.aborted) throw reasonOf(halt);
			if (options.signal.aborted || options.until?.aborted)
				throw reasonOf(options.signal.aborted ? options.signal : (options.until ?? halt));
			if (loader !== null && loadEnd !== null && loadEnd.code !== 0 && loadEnd.lastWords.length > 0)
				throw toolFailed(loader.program, loadEnd);
			if (written !== null && flowed !== null) await written;
			if (dumpEnd.code !== 0) throw toolFailed(from.program, dumpEnd);
			if (loader !== null && loadEnd !== null && loadEnd.code !== 0) throw toolFailed(loader.program, loadEnd);
			if (flowed !== null) throw flowed;
			const done = await written;
			const scan = scanner.end();
			tell();
			if (action.footer && !scan.footer) {
				throw new ToolError({
					what: `${from.program} ended well but its output is cut off: the footer is missing.`,
					mend: ['What was written is not a backup. Try again.'],
				});
			}
			return {
				rawBytes: scan.rawBytes,
				bytes: done?.bytes ?? 0,
				sha256: done?.sha256 ?? null,
				found: scan as unknown as Json,
				words,
				ms: now().getTime() - began,
			};
		} finally {
			clearInterval(ticking);
			stop.abort();
			file?.input.destroy();
		}
	}

	async function statement(action: SqlAction, options: PerformOptions & { signal: AbortSignal }) {
		const lease = action.session === 'lock' ? leases.get(action.on) : undefined;
		if (action.session === 'lock' && lease === undefined) throw new TypeError(`no lease is open on ${action.on}`);
		const bound = action.timeoutMs === undefined ? {} : { timeoutMs: action.timeoutMs };
		if (lease !== undefined) return lease.query(action.statement, { signal: options.signal, ...bound });
		const how = { signal: options.signal, timeoutMs: STATEMENT_MS, ...bound };
		if (action.session !== 'own') return (await session(action.on)).query(action.statement, how);
		const { address, password } = reachOf(action.on);
		const own = await connect(address, password, { waitTimeoutSeconds: YEAR_SECONDS });
		try {
			if (action.ends !== undefined) claims.get(action.on)?.patient(YEAR_SECONDS * 1000);
			return await own.query(action.statement, how);
		} catch (error) {
			const ended = action.ends !== undefined && error instanceof ServerError ? endOf(error, action.ends) : null;
			if (ended === null || options.signal.aborted) {
				claims.get(action.on)?.patient(0);
				throw error;
			}
			return [{ ended }];
		} finally {
			await own.close();
		}
	}

	const world: RealWorld = {
		signal,
		now,
		look,
		async lookAs(as, on, query) {
			const { user } = reachOf(as).address;
			const session = await connect({ ...reachOf(on).address, user }, reachOf(as).password);
			try {
				return query.read(await session.query(query.statement));
			} finally {
				await session.close();
			}
		},
		tool,
		folderFacts,
		async perform<A extends Action>(action: A, options: PerformOptions & { signal: AbortSignal }): Promise<Performed<A>> {
			options.signal.throwIfAborted();
			switch (action.kind) {
				case 'sql':
					return (await statement(action, options)) as Performed<A>;
				case 'pipe':
					return (await pipe(action, options)) as Performed<A>;
				case 'load': {
					const loader = loaders.get(action.on) ?? openLoader(reachOf(action.on));
					loaders.set(action.on, loader);
					const signal = options.until === undefined ? options.signal : AbortSignal.any([options.signal, options.until]);
					return (await loader.load(action, { ...options, signal })) as Performed<A>;
				}
				case 'file':
					return (await fileDeed(action)) as Performed<A>;
				case 'restart':
					await untilRestarted(action, options, {
						before: await sessions.get(action.on)?.catch(() => undefined),
						connect: () => session(action.on),
						name: reachOf(action.on).address.name,
						env,
					}).finally(() => claims.get(action.on)?.patient(RECLAIM_MS));
					return undefined as Performed<A>;
				case 'hand':
					return undefined as Performed<A>;
			}
		},
		async lease(role, { lockWaitSeconds }): Promise<HeldLease> {
			const { address, password } = reachOf(role);
			const lease = await openLease(address, password, { lockWaitSeconds, signal, now, ...(leaseSeconds && { leaseSeconds }) });
			leases.set(role, lease);
			// What ended it, a network above all, may have swallowed the other session too: nothing waits for that one's answers.
			lease.lost.addEventListener('abort', () => void forget(role), { once: true });
			return {
				...lease,
				async [Symbol.asyncDispose]() {
					leases.delete(role);
					await lease.release();
				},
			};
		},
		async claim(role) {
			const own = await claim(reachOf(role), claimSeconds);
			claims.set(role, own);
			return own.lost;
		},
		async [Symbol.asyncDispose]() {
			for (const lease of leases.values()) await lease.release();
			await Promise.all([...loaders.values()].map((each) => each.close()));
			const open = await Promise.allSettled(sessions.values());
			await Promise.all(open.map((each) => (each.status === 'fulfilled' ? each.value.close() : null)));
			await Promise.all([...claims.values()].map((each) => each[Symbol.asyncDispose]()));
		},
	};
	return world;
}

/** For tests only: `LOCKSTEP_TEST_LEASE_SECONDS` is after how much silence the server lets go of a lock or a claim of ours. */
function testLease(env: NodeJS.ProcessEnv): number | undefined {
	const text = env.LOCKSTEP_TEST_LEASE_SECONDS;
	return text === undefined ? undefined : Number(text);
}

/** Why it was aborted: a stop, or the lock's loss; both are errors of ours. */
function reasonOf(signal: AbortSignal): unknown {
	const { reason } = signal;
	return reason instanceof ServerError || reason instanceof Stopped ? reason : new Stopped('Stopped.');
}
