import { basename } from 'node:path';
import { Readable, Transform, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { readKnown } from '../archive/read.ts';
import { writeStream } from '../archive/write.ts';
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
import { refusalIn } from '../exec/last-words.ts';
import { type RunningTool, startTool, type ToolEnd, toolFailed } from '../exec/tool.ts';
import { serverToolFolders } from '../sandbox/unpack.ts';
import type { FullLogin } from '../server/auth.ts';
import { keptPassword } from '../server/connect-words.ts';
import { meaning } from '../server/error-words.ts';
import { BY_FINGERPRINT } from '../server/resolve.ts';
import type { Session } from '../server/session.ts';
import { fullLogin } from '../server/tls.ts';
import { type Query, type Statement, sent, shown } from '../sql/sql.ts';
import type { ConnectionTarget } from './connection-target.ts';
import { silentMs, watchLiveness } from './liveness.ts';

/** MySQL's tools give the password itself to a server with any certificate that asks for it. Throws ConnectError where nobody agreed to that. */
export function refuseToExpose({ address, password, dialect }: ConnectionTarget, full: FullLogin): void {
	// They can check a certificate by its authority only: REQUIRED, or accepting it in the wizard, says that this will do.
	const isUnchecked = address.tls.fingerprint !== undefined && address.origin.sslMode === BY_FINGERPRINT;
	if (dialect.id === 'mysql' && password !== null && (full.how === 'refused' || isUnchecked))
		throw keptPassword(address, 'MySQL’s tools', address.tls.mode !== 'DISABLED');
}

const FLOW_EVERY_MS = 200;
const DEFAULT_ROLE = /^(?:ALTER USER .* DEFAULT ROLE |SET DEFAULT ROLE )/s;
/** So long a tool that takes nothing more may take to say why. */
const REFUSAL_MS = 5_000;

/** A tool at work, and whose server it works with. */
type Live = RunningTool & { readonly program: string; readonly on: Role };
/** Of what is no process. */
const WELL: Promise<ToolEnd> = Promise.resolve({ code: 0, signal: null, lastWords: [], ms: 0 });

/** What a World's pipes need of it. */
export interface PipesAt {
	readonly reachOf: (role: Role) => ConnectionTarget;
	readonly session: (role: Role) => Promise<Session>;
	readonly look: <T>(role: Role, query: Query<T>) => Promise<T>;
	/** Why it was given up, as an error of ours. */
	readonly reasonOf: (signal: AbortSignal) => unknown;
	readonly env: NodeJS.ProcessEnv;
	readonly now: () => Date;
}

/** Finds the vendors' tools and lets what they write flow into files or other tools. */
export function openPipes({ reachOf, session, look, reasonOf, env, now }: PipesAt) {
	const found = new Map<string, Promise<ToolSearch>>();

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
				const why = !dialect.tools.isOurs(banner)
					? 'another vendor’s'
					: compareSeries(version, series) < 0
						? 'older than the server'
						: null;
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
		const full = await fullLogin(address, tls !== null);
		refuseToExpose(reachOf(role), full);
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
							verify: address.tls.mode === 'VERIFY_IDENTITY' ? 'identity' : address.tls.mode === 'VERIFY_CA' ? 'ca' : 'nothing',
						},
			serverKey: full.how === 'rsa' ? (full.key === null ? true : (address.serverKey?.path ?? null)) : null,
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

	async function start(part: ToolPart, stop: AbortSignal, words: string[], stdin: 'pipe' | 'ignore', live: Set<Live>): Promise<Live> {
		const program = await programOf(part);
		const running = startTool(
			{ program, argv: part.argv, secretFile: await optionFile(part.on) },
			{ signal: stop, stdin, onStderrLine: (line) => words.push(line) },
		);
		const known = Object.assign(running, { program, on: part.on });
		live.add(known);
		void running.ended.then(() => live.delete(known));
		return known;
	}

	/** Why a tool was ended that neither writes nor waits for anybody. */
	async function hangs({ program, on, pid = 0 }: Live, ms: number, table: string | null): Promise<ToolError> {
		const last = await look(on, { ...reachOf(on).dialect.tools.lastStatement(pid), mostMs: 2_000 }).catch(() => null);
		const where =
			last !== null
				? `The last that it asked ${reachOf(on).address.name} for: ${last}`
				: table === null
					? null
					: `The last table in its output: ${table}`;
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
	async function accounts({ on }: AccountsPart, halt: AbortSignal) {
		const { dialect } = reachOf(on);
		const { accounts: words } = dialect;
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
		const listed = await look(on, words.list);
		const statementsOf = async (who: AccountName) => {
			halt.throwIfAborted();
			const statements: Statement[] = [];
			for (const query of words.recreate(who)) statements.push(...(await look(on, query)));
			return statements;
		};
		for (const who of listed) {
			if (words.isOwn(who)) continue;
			const [first, ...others] = await statementsOf(who);
			if (first !== undefined) made.push(first);
			add(others);
		}
		const { everybody } = words;
		if (everybody !== null && listed.some((who) => who.role && who.user === everybody.user)) add((await statementsOf(everybody)).slice(1));
		// Of a role the server shows as well what the roles within it may.
		const lines = [...new Set([...made, ...granted, ...defaults].map(sent))].map((statement) => `${statement};\n`);
		const stdout = Readable.from(['-- Accounts\n\n', ...lines, '\n-- Dump completed\n'].map((line) => Buffer.from(line)));
		return { program: 'SHOW CREATE USER', stdout, ended: WELL };
	}

	/** One tool, or several whose output is one stream: the next begins when the one before it has ended well. */
	async function begin(from: PipeAction['from'], halt: AbortSignal, words: string[], live: Set<Live>) {
		if ('tells' in from) return accounts(from, halt);
		if ('folder' in from) return stored(from);
		if ('writes' in from) return written(from, reachOf(from.on).dialect);
		const [first, ...others] = [from].flat();
		if (first === undefined) throw new TypeError('a pipe begins nowhere');
		if (others.length === 0) return start(first, halt, words, 'ignore', live);
		const all = async function* () {
			for (const part of [first, ...others]) {
				const running = await start(part, halt, words, 'ignore', live);
				for await (const chunk of running.stdout) yield chunk as Buffer;
				const end = await running.ended;
				if (end.code !== 0) throw refusedTool(running.program, end);
			}
		};
		return { program: await programOf(first), stdout: Readable.from(all()), ended: WELL };
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
		const file = into !== null && 'file' in into ? await writeStream(into.file, into) : null;
		const landed = file?.done ?? null;
		landed?.catch(() => undefined);
		const tell = () => {
			const { rawBytes, rows, table } = scanner;
			options.onFlow?.({ rawBytes, bytes: file?.bytes ?? 0, rows, table, began: tables });
			tables = [];
		};
		const ticking = setInterval(tell, FLOW_EVERY_MS);
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
			// Within: where a server is gone just now, what was begun is ended and closed all the same.
			const from = await begin(action.from, halt, words, live);
			const loader = into === null || 'file' in into ? null : await start(into, halt, words, 'pipe', live);
			if (options.begin !== undefined) await Promise.race([options.begin, failing(from.ended), once(halt)]);
			const target = file?.input ?? loader?.stdin ?? nowhere();
			let listed = 0;
			// Of JSON there is nothing to be found.
			const seen = 'writes' in action.from && action.from.writes === 'list' ? counting((count) => (listed += count)) : scanning(scanner);
			const flowed = await pipeline([from.stdout, seen, target], { signal: halt }).then(
				() => null,
				(error: unknown) => error,
			);
			// The first cause counts: a loader that refuses makes the dump tool fail with a broken pipe.
			// It has closed its end, and is about to say why: ended by us, it would say nothing.
			if (loader !== null && isBrokenPipe(flowed)) await Promise.race([loader.ended, pause(REFUSAL_MS)]);
			if (flowed !== null) stop.abort();
			const [dumpEnd, loadEnd] = await Promise.all([from.ended, loader?.ended ?? null]);
			if (hung !== null) throw await hung;
			if (halt.aborted && !stop.signal.aborted) throw reasonOf(halt);
			if (options.signal.aborted || options.until?.aborted)
				throw reasonOf(options.signal.aborted ? options.signal : (options.until ?? halt));
			if (loader !== null && loadEnd !== null && loadEnd.code !== 0 && loadEnd.lastWords.length > 0)
				throw refusedTool(loader.program, loadEnd);
			if (landed !== null && flowed !== null) await landed;
			if (dumpEnd.code !== 0) throw refusedTool(from.program, dumpEnd);
			// What came stopped coming: the tool was ended for that, which is not the cause.
			if (flowed !== null && !isBrokenPipe(flowed)) throw flowed;
			if (loader !== null && loadEnd !== null && loadEnd.code !== 0) throw refusedTool(loader.program, loadEnd);
			if (flowed !== null) throw flowed;
			const done = await landed;
			const scan = listed === 0 ? scanner.end() : { ...scanner.end(), rawBytes: listed };
			tell();
			if (action.footer && !scan.footer) {
				throw new ToolError({
					message: `${from.program} ended well but its output is cut off: the footer is missing.`,
					hints: ['What was written is not a backup. Try again.'],
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
			unwatch();
			stop.abort();
			file?.input.destroy();
		}
	}

	return { tool, pipe };
}

/** The SQL of a file of a backup, as far as it is asked for. */
function stored({ folder, file, purpose, use, tables, withoutAccounts }: FilePart) {
	const raw = judged(readKnown(folder, file), file.path, purpose);
	const wanted = tables !== undefined || withoutAccounts !== undefined;
	const text = bytesOf(wanted ? filtered(raw, { tables, withoutAccounts }) : raw);
	const stdout = Readable.from(use === undefined ? text : after(selectDatabase(use), text), { objectMode: false });
	return { program: file.path, stdout, ended: WELL };
}

/** The error of a vendor's tool: what the server's refusal means, where it names one. */
function refusedTool(program: string, end: ToolEnd): ToolError {
	const failed = toolFailed(program, end);
	const refusal = refusalIn(end.lastWords);
	if (refusal === null) return failed;
	const { message: what, hints } = meaning(refusal.code, refusal.text, false);
	return new ToolError({ ...failed.description, reason: what, ...(hints === undefined ? {} : { hints }) });
}

async function* after(first: Buffer, rest: AsyncIterable<Buffer>) {
	yield first;
	yield* rest;
}

/** Definitions as text of that kind. */
function written({ writes, database, definitions = [] }: DefinitionsPart, dialect: Dialect) {
	const { definitions: words } = dialect;
	const list = () => definitions.map((each) => Buffer.from(`${JSON.stringify(each)}\n`));
	const text =
		writes === 'list'
			? list()
			: writes === 'schema'
				? schemaSql(words, database ?? '', definitions)
				: postSql(words, database ?? '', definitions);
	return { program: 'SHOW CREATE', stdout: Readable.from(text, { objectMode: false }), ended: WELL };
}

/** Resolves when a tool has ended badly. */
const failing = (ended: Promise<ToolEnd>): Promise<void> =>
	new Promise((resolve) => void ended.then(({ code }) => code === 0 || resolve()));

/** Resolves when it is aborted. */
const once = (signal: AbortSignal): Promise<void> =>
	new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true })));

const isBrokenPipe = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'EPIPE';

const nowhere = () => new Writable({ write: (_chunk, _encoding, done) => done() });

function counting(onBytes: (count: number) => void): Transform {
	return new Transform({
		transform(chunk: Buffer, _encoding, done) {
			onBytes(chunk.length);
			done(null, chunk);
		},
	});
}
