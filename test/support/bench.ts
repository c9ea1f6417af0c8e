// Where runs are broken: a provisioned pair of a test file's own, backups of its replica that stop in the middle of their dump, and the one
// question that every fault is asked: is the server what it was, is it free, and since when?
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, vi } from 'vitest';
import { type Calling, descendants, type Ended, type Home, type Line, makeHome, start, tapped, urlOf } from './cli.ts';
import { record } from './faults.ts';
import { provisionedPair } from './provisioned.ts';
import { rootSession, type Sandbox, type SandboxKind, type SandboxServer, value } from './servers.ts';
import { aside, caughtUp, setReadOnly, superReadOnlyOf, wordsAt, writable } from './words.ts';

export const words = ({ code, stdout, stderr }: Ended): string => `exit ${code}\n${stdout.slice(-3000)}${stderr}`;

const PATIENCE_MS = 30_000;

/** Sessions of the program's over TCP: tests come by the socket, replication in its own name. */
const OURS = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = 'root' AND HOST LIKE '127.0.0.1%'";

/** What no run may leave different. */
async function stateOf(server: Pick<SandboxServer, 'socket'>) {
	const vendor = await wordsAt(server);
	await using session = await rootSession(server);
	const query = (text: string) => session.query({ pieces: [text] });
	const [found] = await query('SELECT @@global.read_only AS read_only, @@global.event_scheduler AS events, @@global.wait_timeout AS wait');
	const settings = { ...(found ?? {}), wait: found?.wait, super_read_only: await superReadOnlyOf(server) };
	const accounts = [];
	for (const text of vendor.accounts) accounts.push(...(await query(text)));
	const channels = (await query(vendor.status)).map((row) => {
		const { io, sql: applier } = vendor.channel(row);
		return { io, applier, trouble: row.Last_SQL_Errno };
	});
	return { settings, accounts, channels };
}

export interface Mid {
	readonly pid: number;
	readonly child: ReturnType<typeof start>['child'];
	readonly ended: Promise<Ended>;
	readonly line: (is: (line: Line) => boolean) => Promise<Line>;
	/** Where its backup goes. */
	readonly to: string;
	/** Ends the running program and its engine, where they still are. */
	readonly kill: () => Promise<void>;
}

export type Bench = Awaited<ReturnType<typeof makeBench>>;

export async function makeBench(kind: SandboxKind, { rows = 4000, home: given }: { rows?: number; home?: Home } = {}) {
	const home = given ?? (await makeHome());
	// More rows than fit into a pipe, so that the dump tool really waits in the middle.
	const pair: Sandbox & AsyncDisposable = await provisionedPair(kind, { rows });
	const tap = await tapped(home, pair.binDir);
	const { replica, primary } = pair;
	// Somewhere for a privileged client to write that replication does not know.
	await aside(replica, [
		'CREATE DATABASE privileged',
		'CREATE TABLE privileged.writes (id INT PRIMARY KEY AUTO_INCREMENT) ENGINE = InnoDB',
	]);
	let runs = 0;
	const nextFolder = () => join(home.dir, `backups-${++runs}`);
	const begun: Mid[] = [];

	const isFree = () => writable(replica, 'INSERT INTO privileged.writes VALUES ()');

	const bench = {
		kind,
		home,
		pair,
		replica,
		primary,
		tap,
		state: () => stateOf(replica),
		/** Whether a privileged client's write goes through: no lock is held. */
		writable: isFree,
		ours: () => value(replica, OURS),
		readOnly: async (to?: '0' | '1') => {
			if (to !== undefined) await setReadOnly(replica, to);
			return value(replica, 'SELECT @@global.read_only');
		},
		/** Starts a backup; `server`: how it is reached. */
		backup(
			more: readonly string[] = [],
			{ server = urlOf(replica), to = nextFolder(), ...calling }: Calling & { server?: string; to?: string } = {},
		): Mid {
			const running = start(['backup', '--engine', 'vendor', '--server', server, '--to', to, '--yes', '--json', ...more], {
				env: tap.env,
				...calling,
			});
			const mid: Mid = {
				...running,
				to,
				async kill() {
					for (const { pid } of await descendants(running.pid)) signal(pid, 'SIGKILL');
					signal(running.pid, 'SIGKILL');
					await running.ended;
				},
			};
			begun.push(mid);
			return mid;
		},
		/** The lock is held and the first dump, of this process or one that it started, is stopped in its middle. */
		async midDump({ pid, line }: Pick<Mid, 'pid'> & Partial<Pick<Mid, 'line'>>): Promise<void> {
			await line?.((each) => each.type === 'action-started' && each.action.id === 'dump-crm');
			await vi.waitUntil(async () => (await descendants(pid)).some(({ command }) => / --databases -- crm$/.test(command)), PATIENCE_MS);
		},
		/** Where the next backup goes. */
		nextFolder,
		/** The process that does the newest run. */
		async newestEngine(): Promise<number> {
			const [path = ''] = await bench.journals();
			return Number(/"type":"engine","pid":(\d+)/.exec(await readFile(path, 'utf8'))?.[1]);
		},
		/** The engine's process. */
		async engineOf(running: Pick<Mid, 'line'>): Promise<number> {
			return (await running.line((line) => line.type === 'engine')).pid;
		},
		/** Milliseconds from now until the server is free: a privileged client writes, and read_only is what it should be again. */
		async freed(readOnly: '0' | '1' | null, patienceMs = PATIENCE_MS): Promise<number> {
			const began = performance.now();
			while (performance.now() - began < patienceMs) {
				const free = await isFree();
				const at = performance.now();
				if (free && (readOnly === null || (await bench.readOnly().catch(() => null)) === readOnly)) return Math.round(at - began);
				await pause(10);
			}
			throw new Error(`not free after ${patienceMs} ms: read_only ${await bench.readOnly()}, written: ${await isFree()}`);
		},
		/** All as in `before`, the applier moves, nobody of ours is left. */
		async expectAsBefore(before: Awaited<ReturnType<typeof stateOf>>): Promise<void> {
			await vi.waitFor(async () => expect(await stateOf(replica)).toEqual(before), 10_000);
			expect(await isFree(), 'a privileged client’s write goes through').toBe(true);
			await caughtUp(kind, pair, 10);
			await vi.waitFor(async () => expect(await bench.ours(), 'sessions of ours').toBe('0'), 5_000);
		},
		/** Nothing that carries a backup's name; what was begun is kept. */
		async expectUnpublished(to: string): Promise<void> {
			expect(await readdir(to)).toEqual([expect.stringMatching(/\.partial$/)]);
		},
		async expectPublished(to: string): Promise<void> {
			expect(await readdir(to)).toEqual([expect.stringMatching(/^\d{8}T\d{6}Z$/), 'latest']);
		},
		record: (fault: string, freeMs: number | null, outcome: string) => record({ fault, kind, freeMs, outcome }),
		/** The runs' journals, newest first. */
		async journals(): Promise<string[]> {
			const folder = join(home.state, 'runs');
			return (await readdir(folder))
				.filter((name) => name.endsWith('.jsonl'))
				.sort()
				.reverse()
				.map((name) => join(folder, name));
		},
		/** For afterEach: nothing of the last test goes on. */
		async calm(): Promise<void> {
			for (const each of begun.splice(0)) await each.kill();
			// Engines that outlived who watched them.
			for (const path of await bench.journals().catch(() => [])) {
				for (const line of (await readFile(path, 'utf8')).split('\n')) {
					const pid = /"type":"engine","pid":(\d+)/.exec(line)?.[1];
					const command = pid && (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''));
					if (command?.includes('daemon/main')) signal(Number(pid), 'SIGKILL');
				}
			}
			await tap.open();
		},
		async [Symbol.asyncDispose]() {
			await bench.calm();
			await pair[Symbol.asyncDispose]();
			if (given === undefined) await home[Symbol.asyncDispose]();
		},
	};
	return bench;
}

export function signal(pid: number, name: NodeJS.Signals): void {
	try {
		process.kill(pid, name);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
	}
}

/** Whether a process is there and not merely waited for. */
export async function alive(pid: number): Promise<boolean> {
	const stat = existsSync(`/proc/${pid}/stat`) ? await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '') : '';
	return stat !== '' && !/^\d+ \(.*\) Z/s.test(stat);
}
