// `npm run bench`: lockstep against the tools that people use, on one data set, in one run. Nothing else should run on the machine.
//   [--server KIND] [--size small|large|20M] [--rounds N] [--only ID,…] [--legacy] [--mydumper FOLDER] [--write]
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { cpus, tmpdir, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { runTool } from '../../src/exec/tool.ts';
import { kindOf } from '../../src/sandbox/programs.ts';
import { withTable } from '../support/fault-table.ts';
import { rootSession } from '../support/servers.ts';
import { type Contestant, dumpers, type Field, levelOf, loaders } from './contestants.ts';
import { DATABASE, MANY, manyTables, sizeOf, statementsFor } from './dataset.ts';
import { bytesIn, cost } from './measure.ts';
import { screenCost } from './screen.ts';
import { checksums, makePair, type Pair, perform } from './servers.ts';
import { probeStatements, startProbe } from './stall.ts';
import { orderOf, page, type Result, type Row, type Sample } from './table.ts';
import { findTools } from './tools.ts';

const PROJECT = fileURLToPath(new URL('../../', import.meta.url));
const say = (line: string): void => void process.stderr.write(`${line}\n`);
const { values: flags } = parseArgs({
	options: {
		server: { type: 'string', default: 'mariadb-11.8' },
		size: { type: 'string', default: 'small' },
		rounds: { type: 'string', default: '3' },
		only: { type: 'string' },
		mydumper: { type: 'string' },
		legacy: { type: 'boolean', default: false },
		write: { type: 'boolean', default: false },
	},
});

type Figures = { -readonly [field in keyof Row]: Row[field] extends readonly (infer T)[] ? T[] : Row[field] };

interface Run {
	readonly pair: Pair;
	readonly field: Field;
	readonly folder: string;
	readonly env: NodeJS.ProcessEnv;
	readonly signal: AbortSignal;
}

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** One run of a dump, in an empty folder that is left at its place. */
async function dump(run: Run, { id, script }: Contestant, databases: readonly string[]): Promise<{ sample: Sample; folder: string }> {
	const folder = join(run.folder, `${id}.new`);
	await rm(folder, { recursive: true, force: true });
	await mkdir(folder);
	await runTool({ program: 'sync', argv: [] });
	const spent = await cost(script(databases), { serverPid: run.pair.source.pid, folder, env: run.env, signal: run.signal });
	await rm(join(folder, 'run.times'));
	await rm(join(folder, 'run.log'));
	return { sample: { ...spent, bytes: await bytesIn(folder) }, folder };
}

/** How long lockstep says that it held the lock. */
async function heldMs(folder: string): Promise<number> {
	const manifest = JSON.parse(await readFile(join(folder, 'latest', 'manifest.json'), 'utf8')) as { consistency: { held_ms: number } };
	return manifest.consistency.held_ms;
}

const rowsOf = (contestants: readonly Contestant[]) =>
	new Map<string, Figures>(contestants.map(({ id, title }) => [id, { title, samples: [], stallsMs: [], heldMs: [] }]));

async function rounds(count: number, contestants: readonly Contestant[], each: (contestant: Contestant, round: number) => Promise<void>) {
	for (let round = 0; round < count; round++) {
		for (const place of orderOf(round, contestants.length)) await each(contestants[place] as Contestant, round);
	}
}

/** Dumps the data set; the last output of each stays in the folder, under its id. */
async function dumpAll(run: Run, contestants: readonly Contestant[], count: number) {
	const rows = rowsOf(contestants);
	await rounds(count, contestants, async (contestant, round) => {
		const row = rows.get(contestant.id) as Figures;
		try {
			const { sample, folder } = await dump(run, contestant, [DATABASE]);
			row.samples.push(sample);
			await rm(join(run.folder, contestant.id), { recursive: true, force: true });
			await rename(folder, join(run.folder, contestant.id));
			say(`${round + 1}/${count} ${contestant.title}: ${(sample.wallMs / 1000).toFixed(1)} s`);
		} catch (error) {
			run.signal.throwIfAborted();
			row.trouble = 'failed';
			say(`${contestant.title}: ${wordsOf(error)}`);
		}
	});
	return rows;
}

/** The same dumps of the data set and a thousand tables more, while a client writes. */
async function stallAll(run: Run, contestants: readonly Contestant[], rows: Map<string, Figures>, count: number) {
	await perform(run.pair.source, [...probeStatements(), ...manyTables()], run.signal);
	await rounds(count, contestants, async (contestant) => {
		const row = rows.get(contestant.id) as Figures;
		await using session = await rootSession(run.pair.source);
		const probe = await startProbe(session);
		try {
			const { folder } = await dump(run, contestant, [DATABASE, MANY]);
			const stalled = await probe.end();
			row.stallsMs.push(stalled);
			if (contestant.lockstep) row.heldMs.push(await heldMs(folder));
			say(`${contestant.title}: a client waited ${stalled.toFixed(0)} ms`);
			await rm(folder, { recursive: true });
		} catch (error) {
			run.signal.throwIfAborted();
			say(`${contestant.title}, while a client writes: ${wordsOf(error)}`);
		} finally {
			await probe.end();
		}
	});
}

async function restoreAll(run: Run, contestants: readonly Contestant[], count: number) {
	const rows = rowsOf(contestants);
	const wanted = await checksums(run.pair.source, run.signal);
	await rounds(count, contestants, async (contestant, round) => {
		const row = rows.get(contestant.id) as Figures;
		await perform(run.pair.target, [`DROP DATABASE IF EXISTS ${DATABASE}`], run.signal);
		// Some loaders take the database for granted.
		if (contestant.id === 'import') await perform(run.pair.target, [`CREATE DATABASE ${DATABASE}`], run.signal);
		await runTool({ program: 'sync', argv: [] });
		try {
			const folder = join(run.folder, contestant.from as string);
			const spent = await cost(contestant.script([DATABASE]), { serverPid: run.pair.target.pid, folder, env: run.env, signal: run.signal });
			row.samples.push({ ...spent, bytes: null });
			say(`${round + 1}/${count} ${contestant.title}: ${(spent.wallMs / 1000).toFixed(1)} s`);
			if (round > 0) return;
			const found = await checksums(run.pair.target, run.signal);
			const other = [...wanted].filter(([name, sum]) => found.get(name) !== sum).map(([name]) => name);
			if (other.length > 0) {
				row.trouble = `${other.length} of ${wanted.size} tables differ`;
				say(`${contestant.title}: differs in ${other.slice(0, 5).join(', ')}`);
			}
		} catch (error) {
			run.signal.throwIfAborted();
			row.trouble = 'failed';
			say(`${contestant.title}: ${wordsOf(error)}`);
		}
	});
	return rows;
}

/** What a program says of itself, whatever it ends with. */
async function saidBy(program: string, argv: readonly string[]): Promise<string> {
	const { stdout } = await promisify(execFile)(program, [...argv], { env: { ...process.env, COLUMNS: '200' } });
	return stdout;
}

async function main(): Promise<void> {
	const kind = kindOf(flags.server);
	const bytes = sizeOf(flags.size);
	const count = Number(flags.rounds);
	const only = flags.only?.split(',');
	const stop = new AbortController();
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort(new Error(signal)));
	const folder = await mkdtemp(join(tmpdir(), 'lockstep-bench-'));
	const env = { ...process.env, XDG_STATE_HOME: join(folder, 'state'), XDG_CONFIG_HOME: join(folder, 'config') };
	const options = { env: process.env, say, signal: stop.signal };
	try {
		const tools = await findTools({ folder: flags.mydumper, env: process.env, say });
		say(`Starting two servers of ${kind.title} …`);
		await using pair = await makePair(kind.kind, join(folder, 'servers'), { ...options, bytes });
		say(`Making ${(bytes / 1e6).toFixed(0)} MB of rows …`);
		await perform(pair.source, statementsFor(bytes, { legacy: flags.legacy }), stop.signal);
		const help = async (...argv: string[]) => await saidBy(process.execPath, [join(PROJECT, 'bin', 'lockstep.js'), ...argv, '--help']);
		const dirDump = pair.vendor === 'mariadb' && / --dir\b/.test(await saidBy(join(pair.binDir, 'mariadb-dump'), ['--help']));
		const field: Field = { ...pair, tools, dirDump, help: { all: await help(), backup: await help('backup') } };
		const run: Run = { pair, field, folder, env, signal: stop.signal };
		const dumping = dumpers(field).filter(({ id }) => only === undefined || only.includes(id));
		say('Warming up …');
		await rm((await dump(run, dumping[0] as Contestant, [DATABASE])).folder, { recursive: true });
		const dumps = await dumpAll(run, dumping, count);
		const loading = loaders(field).filter(({ from }) => (dumps.get(from as string)?.samples.length ?? 0) > 0);
		const loads = await restoreAll(run, loading, count);
		const screens: Result['screens'][number][] = [];
		const { compress } = levelOf(field.help);
		for (let round = 0; round < count; round++) {
			screens.push(await screenCost(pair.source, join(folder, `screen-${round}`), ['--compress', compress], { env, signal: stop.signal }));
		}
		await stallAll(run, dumping, dumps, count);
		const result: Result = {
			...{ server: kind.kind, title: kind.title, version: pair.version, mydumper: tools.mydumperVersion, bytes, rounds: count },
			...{ at: new Date().toISOString(), cpu: cpus()[0]?.model ?? '', cores: cpus().length, memoryBytes: totalmem() },
			...{ dumps: [...dumps.values()], restores: [...loads.values()], screens },
		};
		const file = join(PROJECT, 'node_modules', '.cache', `bench-${kind.kind}.json`);
		mkdirSync(dirname(file), { recursive: true });
		writeFileSync(file, `${JSON.stringify(result, null, '\t')}\n`);
		process.stdout.write(`\n${page(result)}\n`);
		say(`All figures: ${file}`);
		if (flags.write) {
			const file = join(PROJECT, 'src', 'manual', 'benchmarks.md');
			writeFileSync(file, withTable(readFileSync(file, 'utf8'), page(result), `bench ${kind.kind}`));
		}
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}

await main();
