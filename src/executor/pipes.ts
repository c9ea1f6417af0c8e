import { basename } from 'node:path';
import { Readable, Transform, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { readKnown } from '../archive/read.ts';
import { type FileStream, writeStream } from '../archive/write.ts';
import type { AccountsPart, DefinitionsPart, FilePart, PipeAction, PipeResult, ToolPart } from '../core/action.ts';
import { ToolError, UserError } from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import type { Role } from '../core/model.ts';
import type { Flow, PerformOptions, ToolSearch } from '../core/step.ts';
import type { AccountName } from '../dialects/contract/accounts.ts';
import type { Dialect } from '../dialects/contract/dialect.ts';
import { compareSeries } from '../dialects/series.ts';
import { postSql, schemaSql, selectDatabase } from '../dump/definitions/write.ts';
import { filtered } from '../dump/sql/filter.ts';
import { judged } from '../dump/sql/judged.ts';
import { createDumpScanner, scanning } from '../dump/sql/scan.ts';
import { bytesOf } from '../dump/sql/split.ts';
import { type FoundTool, findTool } from '../exec/find-tool.ts';
import { type RunningTool, startTool, type ToolEnd } from '../exec/tool.ts';
import { toolFoldersFor } from '../sandbox/places.ts';
import type { FullLogin } from '../server/auth.ts';
import { keptPassword } from '../server/connect-words.ts';
import { BY_FINGERPRINT } from '../server/resolve.ts';
import type { Session } from '../server/session.ts';
import { fullLogin } from '../server/tls.ts';
import { type Query, type Statement, sent, shown } from '../sql/sql.ts';
import type { ConnectionTarget } from './connection-target.ts';
import { silentMs, watchLiveness } from './liveness.ts';
import { cutOff, isBrokenPipe, type PipeEnd, refusedTool, throwFirstCause } from './pipe-end.ts';

/** MySQL's tools give the password itself to a server with any certificate that asks for it. Throws ConnectError where nobody agreed to that. */
export function refuseToExpose({ address, password, dialect }: ConnectionTarget, full: FullLogin): void {
	// They can check a certificate by its authority only: REQUIRED, or accepting it in the wizard, says that this will do.
	const isUnchecked = address.tls.fingerprint !== undefined && address.origin.sslMode === BY_FINGERPRINT;
	if (dialect.tools.exposesPassword && password !== null && (full.how === 'refused' || isUnchecked))
		throw keptPassword(address, `${dialect.title}’s tools`, address.tls.mode !== 'DISABLED');
}

const FLOW_EVERY_MS = 200;
const DEFAULT_ROLE = /^(?:ALTER USER .* DEFAULT ROLE |SET DEFAULT ROLE )/s;
/** So long a tool that takes nothing more may take to say why. */
const REFUSAL_MS = 5_000;

/** A tool at work, and whose server it works with. */
type Live = RunningTool & { readonly program: string; readonly on: Role };
/** Of what is no process. */
const WELL: Promise<ToolEnd> = Promise.resolve({ code: 0, signal: null, lastWords: [], ms: 0 });

/** What the tools of one pipe share: what ends them, what they say, and which are at work. */
type Together = { readonly stopSignal: AbortSignal; readonly toolLines: string[]; readonly live: Set<Live> };
/** What a pipe is made of besides its two ends: `stop` ends its tools, `see` makes what looks at all that flows. */
type Fittings = {
	readonly together: Together;
	readonly stop: AbortController;
	readonly see: () => Transform;
	readonly file: FileStream | null;
};
/** Where a pipe begins. */
type Source = { readonly program: string; readonly stdout: Readable; readonly ended: Promise<ToolEnd> };

/** What a World's pipes need of it. */
export interface PipesAt {
	readonly reachOf: (role: Role) => ConnectionTarget;
	readonly session: (role: Role) => Promise<Session>;
	readonly runQuery: <T>(role: Role, query: Query<T>) => Promise<T>;
	/** Why it was given up, as an error of ours. */
	readonly reasonOf: (signal: AbortSignal) => unknown;
	readonly env: NodeJS.ProcessEnv;
	readonly now: () => Date;
}

/** Finds the vendors' tools and lets what they write flow into files or other tools. */
export function openPipes({ reachOf, session, runQuery, reasonOf, env, now }: PipesAt) {
	const found = new Map<string, Promise<ToolSearch>>();

	function tool(on: Role, names: readonly string[]): Promise<ToolSearch> {
		const key = `${on} ${names.join()}`;
		const known = found.get(key);
		if (known !== undefined) return known;
		const search = (async () => {
			const { dialect } = reachOf(on);
			const { series } = await runQuery(on, dialect.identity);
			const unfit: string[] = [];
			const accepts = (found: FoundTool): boolean => {
				const why = whyUnfit(found, dialect, series);
				if (why !== null) unfit.push(`${found.path} (${found.version}) is ${why}`);
				return why === null;
			};
			const tool = await findTool(names, { folders: toolFoldersFor(env, series), env, accepts });
			return { tool: tool === undefined ? null : { path: tool.path, version: tool.version }, unfit };
		})();
		found.set(key, search);
		return search;
	}

	async function optionFile(role: Role): Promise<string> {
		const { address, password, dialect } = reachOf(role);
		const { tls } = await session(role);
		const full = await fullLogin(address, tls !== null);
		refuseToExpose(reachOf(role), full);
		const lines = dialect.tools.options({
			host: address.host,
			port: address.port,
			socket: address.socket ?? null,
			user: address.user,
			tls: tls === null ? null : tlsOptions(address.tls),
			serverKey: serverKeyOption(full, address),
		});
		const escaped = password?.reveal().replaceAll('\\', '\\\\').replaceAll('"', '\\"');
		return `${[...lines, ...(escaped === undefined ? [] : [`password="${escaped}"`])].join('\n')}\n`;
	}

	async function programOf({ on, names }: ToolPart): Promise<string> {
		const { tool: fit, unfit } = await tool(on, names);
		if (fit !== null) return fit.path;
		throw new UserError({
			message: `${names.join(' or ')} is not on this machine.`,
			...(unfit.length === 0 ? {} : { reason: unfit.join('; ') }),
			hints: reachOf(on).dialect.hints.tools,
		});
	}

	async function start(part: ToolPart, stdin: 'pipe' | 'ignore', { stopSignal, toolLines, live }: Together): Promise<Live> {
		const program = await programOf(part);
		const running = startTool(
			{ program, argv: part.argv, secretFile: await optionFile(part.on) },
			{ signal: stopSignal, stdin, onStderrLine: (line) => toolLines.push(line) },
		);
		const known = Object.assign(running, { program, on: part.on });
		live.add(known);
		void running.ended.then(() => live.delete(known));
		return known;
	}

	/** Why a tool was ended that neither writes nor waits for anybody. */
	async function hangs({ program, on, pid = 0 }: Live, ms: number, table: string | null): Promise<ToolError> {
		const last = await runQuery(on, { ...reachOf(on).dialect.tools.lastStatement(pid), mostMs: 2_000 }).catch(() => null);
		const inOutput = table === null ? null : `The last table in its output: ${table}`;
		const where = last === null ? inOutput : `The last that it asked ${reachOf(on).address.name} for: ${last}`;
		return new ToolError({
			message: `${basename(program)} hangs: for ${ms / 1000} s it has written nothing and has asked the server for nothing. It was ended.`,
			...(where === null ? {} : { reason: where }),
			hints: [
				'Under a lock, the lock was given back. What was written is not a backup.',
				'Change that object, leave its database out, or dump without that tool:  --engine parallel',
			],
		});
	}

	/**
	 * Every account as the statements that make it: first all accounts, then all grants, for one may name a role that comes later, and last the
	 * default roles, which must be granted.
	 */
	async function accounts({ on }: AccountsPart, stopSignal: AbortSignal) {
		const { dialect } = reachOf(on);
		const { accounts: toolLines } = dialect;
		const made: Statement[] = [];
		const granted: Statement[] = [];
		const defaults: Statement[] = [];
		const add = (statements: readonly Statement[]) => {
			for (const each of statements) {
				const text = shown(each);
				if (DEFAULT_ROLE.test(text)) defaults.push(each);
				else (text.startsWith('ALTER USER ') ? made : granted).push(each);
			}
		};
		const listed = await runQuery(on, toolLines.list);
		const statementsOf = async (who: AccountName) => {
			stopSignal.throwIfAborted();
			const statements: Statement[] = [];
			for (const query of toolLines.recreate(who)) statements.push(...(await runQuery(on, query)));
			return statements;
		};
		for (const who of listed) {
			if (toolLines.isOwn(who)) continue;
			const [first, ...others] = await statementsOf(who);
			if (first !== undefined) made.push(first);
			add(others);
		}
		const { everybody } = toolLines;
		if (everybody !== null && listed.some((who) => who.role && who.user === everybody.user)) add((await statementsOf(everybody)).slice(1));
		// Of a role the server shows as well what the roles within it may.
		const lines = [...new Set([...made, ...granted, ...defaults].map(sent))].map((statement) => `${statement};\n`);
		const stdout = Readable.from(['-- Accounts\n\n', ...lines, '\n-- Dump completed\n'].map((line) => Buffer.from(line)));
		return { program: 'SHOW CREATE USER', stdout, ended: WELL };
	}

	/** One tool, or several whose output is one stream: the next begins when the one before it has ended well. */
	async function begin(from: PipeAction['from'], together: Together): Promise<Source> {
		if ('lists' in from) return accounts(from, together.stopSignal);
		if ('folder' in from) return stored(from);
		if ('writes' in from) return written(from, reachOf(from.on).dialect);
		const [first, ...others] = [from].flat();
		if (first === undefined) throw new TypeError('a pipe begins nowhere');
		if (others.length === 0) return start(first, 'ignore', together);
		const all = async function* () {
			for (const part of [first, ...others]) {
				const running = await start(part, 'ignore', together);
				for await (const chunk of running.stdout) yield chunk as Buffer;
				const end = await running.ended;
				if (end.code !== 0) throw refusedTool(running.program, end);
			}
		};
		return { program: await programOf(first), stdout: Readable.from(all()), ended: WELL };
	}

	/** Lets all flow from where a pipe begins to where it ends, through what `see` makes, and waits until its tools have ended. */
	async function flowThrough(
		{ from: beginning, into }: PipeAction,
		{ begin: begun }: PerformOptions,
		{ together, stop, see, file }: Fittings,
	): Promise<PipeEnd> {
		const { stopSignal } = together;
		const from = await begin(beginning, together);
		const loader = into === null || 'file' in into ? null : await start(into, 'pipe', together);
		if (begun !== undefined) await Promise.race([begun, failing(from.ended), once(stopSignal)]);
		const target = file?.input ?? loader?.stdin ?? nowhere();
		const flowed = await pipeline([from.stdout, see(), target], { signal: stopSignal }).then(
			() => null,
			(error: unknown) => error,
		);
		// The first cause counts: a loader that refuses makes the dump tool fail with a broken pipe.
		// It has closed its end, and is about to say why: ended by us, it would say nothing.
		if (loader !== null && isBrokenPipe(flowed)) await Promise.race([loader.ended, pause(REFUSAL_MS)]);
		if (flowed !== null) stop.abort();
		const [dumpEnd, loadEnd] = await Promise.all([from.ended, loader?.ended ?? null]);
		return {
			flowed,
			from: { program: from.program, end: dumpEnd },
			loader: loader === null || loadEnd === null ? null : { program: loader.program, end: loadEnd },
		};
	}

	/** Throws why a pipe was given up by who asked for it. */
	function throwIfGivenUp({ signal, until }: PerformOptions & { signal: AbortSignal }, stopSignal: AbortSignal): void {
		if (signal.aborted || until?.aborted) throw reasonOf(signal.aborted ? signal : (until ?? stopSignal));
	}

	async function pipe(action: PipeAction, options: PerformOptions & { signal: AbortSignal }): Promise<PipeResult> {
		const began = now().getTime();
		const stop = new AbortController();
		const stopSignal = AbortSignal.any([options.signal, stop.signal, ...(options.until === undefined ? [] : [options.until])]);
		stopSignal.throwIfAborted();
		let tables: Flow['began'][number][] = [];
		const scanner = createDumpScanner({
			onTable: (table, database) => tables.push({ database, table, rawBytes: scanner.rawBytes, rows: scanner.rows }),
		});
		const toolLines: string[] = [];
		const file = await openFile(action.into);
		const landed = file?.done ?? null;
		landed?.catch(() => undefined);
		const report = () => {
			const { rawBytes, rows, table } = scanner;
			options.onFlow?.({ rawBytes, bytes: file?.bytes ?? 0, rows, table, began: tables });
			tables = [];
		};
		const ticking = setInterval(report, FLOW_EVERY_MS);
		const live = new Set<Live>();
		let hung: Promise<ToolError> | null = null;
		const mostSilentMs = silentMs(env);
		const unwatch = watchLiveness({
			silentMs: mostSilentMs,
			bytes: () => scanner.rawBytes,
			tools: () => [...live],
			onHung(tool) {
				// Asked before its connection goes with it.
				hung = hangs(tool, mostSilentMs, scanner.table).finally(() => stop.abort());
			},
		});
		try {
			let listed = 0;
			// Of JSON there is nothing to be found.
			const isList = 'writes' in action.from && action.from.writes === 'list';
			const see = () => (isList ? counting((count) => (listed += count)) : scanning(scanner));
			// Within: where a server is gone just now, what was begun is ended and closed all the same.
			const end = await flowThrough(action, options, { together: { stopSignal, toolLines, live }, stop, see, file });
			if (hung !== null) throw await hung;
			if (stopSignal.aborted && !stop.signal.aborted) throw reasonOf(stopSignal);
			throwIfGivenUp(options, stopSignal);
			await throwFirstCause(end, landed);
			const done = await landed;
			const scan = listed === 0 ? scanner.end() : { ...scanner.end(), rawBytes: listed };
			report();
			if (action.footer && !scan.footer) throw cutOff(end.from.program);
			return {
				rawBytes: scan.rawBytes,
				bytes: done?.bytes ?? 0,
				sha256: done?.sha256 ?? null,
				found: scan as unknown as Json,
				lines: toolLines,
				ms: now().getTime() - began,
			};
		} finally {
			clearInterval(ticking);
			unwatch();
			stop.abort();
			file?.input.destroy();
		}
	}

	return { tool, pipe };
}

/** Why a tool that goes by the right name cannot be taken; null where it can. */
function whyUnfit({ version, banner }: FoundTool, dialect: Dialect, series: string): string | null {
	if (!dialect.tools.isOurs(banner)) return 'another vendor’s';
	return compareSeries(version, series) < 0 ? 'older than the server' : null;
}

const VERIFY: { readonly [mode: string]: 'identity' | 'ca' } = { VERIFY_IDENTITY: 'identity', VERIFY_CA: 'ca' };

type Tls = NonNullable<Parameters<Dialect['tools']['options']>[0]['tls']>;

const tlsOptions = ({ ca, cert, key, mode }: ConnectionTarget['address']['tls']): Tls => ({
	ca: ca ?? null,
	cert: cert ?? null,
	key: key ?? null,
	verify: VERIFY[mode] ?? 'nothing',
});

/** The file with the server's RSA key; true where the server is asked for it, null where none is needed. */
function serverKeyOption(full: FullLogin, address: ConnectionTarget['address']): string | true | null {
	if (full.how !== 'rsa') return null;
	return full.key === null ? true : (address.serverKey?.path ?? null);
}

const openFile = async (into: PipeAction['into']) => (into !== null && 'file' in into ? await writeStream(into.file, into) : null);

/** The SQL of a file of a backup, as far as it is asked for. */
function stored({ folder, file, purpose, use, tables, withoutAccounts }: FilePart) {
	const raw = judged(readKnown(folder, file), file.path, purpose);
	const wanted = tables !== undefined || withoutAccounts !== undefined;
	const text = bytesOf(wanted ? filtered(raw, { tables, withoutAccounts }) : raw);
	const stdout = Readable.from(use === undefined ? text : after(selectDatabase(use), text), { objectMode: false });
	return { program: file.path, stdout, ended: WELL };
}

async function* after(first: Buffer, rest: AsyncIterable<Buffer>) {
	yield first;
	yield* rest;
}

/** Definitions as text of that kind. */
function written(part: DefinitionsPart, dialect: Dialect) {
	return { program: 'SHOW CREATE', stdout: Readable.from(textOf(part, dialect), { objectMode: false }), ended: WELL };
}

function textOf({ writes, database, definitions = [] }: DefinitionsPart, { definitions: toolLines }: Dialect): Iterable<Buffer> {
	switch (writes) {
		case 'list':
			return definitions.map((each) => Buffer.from(`${JSON.stringify(each)}\n`));
		case 'schema':
			return schemaSql(toolLines, database ?? '', definitions);
		case 'post':
			return postSql(toolLines, database ?? '', definitions);
	}
}

/** Resolves when a tool has ended badly. */
const failing = (ended: Promise<ToolEnd>): Promise<void> =>
	new Promise((resolve) => void ended.then(({ code }) => code === 0 || resolve()));

/** Resolves when it is aborted. */
const once = (signal: AbortSignal): Promise<void> =>
	new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true })));

const nowhere = () => new Writable({ write: (_chunk, _encoding, done) => done() });

function counting(onBytes: (count: number) => void): Transform {
	return new Transform({
		transform(chunk: Buffer, _encoding, done) {
			onBytes(chunk.length);
			done(null, chunk);
		},
	});
}
