// A network that is cut wherever it happens to be: at a byte of a list that is the same each time.
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readManifest } from '../../src/archive/manifest.ts';
import { verifyBackup } from '../../src/archive/verify.ts';
import type { BackupRequest } from '../../src/requests/backup.ts';
import { words } from '../support/bench.ts';
import { lockstep } from '../support/cli.ts';
import { meetsAll, record } from '../support/faults.ts';
import { free } from '../support/kills.ts';
import { type Proxy as Network, openProxy } from '../support/proxy.ts';
import { type Client, caughtUp, openClient, provisionRequest, stateOf } from '../support/runs.ts';
import { ask, ownSandbox, SANDBOX_KINDS, type Sandbox, type SandboxKind, value } from '../support/servers.ts';

const SEEDS = Array.from({ length: 36 }, (_, seed) => seed);
/** Neighbours, in which every way of cutting occurs. */
const seedsOf = (kind: SandboxKind) => {
	const third = SEEDS.length / 3;
	const from = SANDBOX_KINDS.indexOf(kind) * third;
	return meetsAll() ? SEEDS : SEEDS.slice(from, from + third);
};
/** In [0, 1), spread evenly over the seeds. */
const share = (seed: number) => (0.5 + seed * 0.618033988749895) % 1;
const OURS = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = 'root' AND HOST LIKE '127.0.0.1%'";
const WRITE = 'UPDATE crm.accounts SET balance = balance WHERE id = 1';

describe.each(SANDBOX_KINDS)('a backup of %s through a network that is cut', (kind) => {
	let pair: Sandbox & AsyncDisposable;
	let client: Client;
	let network: Network;
	let before: Awaited<ReturnType<typeof stateOf>>;
	let runs = 0;
	beforeAll(async () => {
		[pair, client] = await Promise.all([ownSandbox(kind, { rows: 1, writesPerSecond: 8 }), openClient()]);
		expect((await client.run(provisionRequest(pair))).end.failure).toBeNull();
		network = await openProxy(pair.replica);
		await ask(pair.replica, 'SET GLOBAL read_only = OFF');
		before = await stateOf(pair.replica, 'settings');
	});
	afterAll(async () => {
		await network?.close();
		await pair?.[Symbol.asyncDispose]();
		await client?.[Symbol.asyncDispose]();
	});

	const backup = async (stopApplier: boolean) => {
		const request: BackupRequest = {
			...{
				kind: 'backup',
				engine: 'vendor',
				server: `mysql://root@127.0.0.1:${network.port}?connect-timeout=2`,
				to: join(client.home, `to-${++runs}`),
			},
			...{ compress: 'none', lockWaitSeconds: 10, longQueries: 'wait', maxLockSeconds: null, stopApplier },
		};
		const confirm = [`127.0.0.1:${network.port}`];
		return { to: request.to, ...(await client.run(request, { confirm })) };
	};
	/** Those that have a backup's name, each of them whole. */
	const published = async (to: string, where: string): Promise<string[]> => {
		const names = (await readdir(to).catch(() => [])).filter((name) => name !== 'latest' && !name.endsWith('.partial'));
		for (const name of names) {
			const { checks } = await verifyBackup(join(to, name));
			expect(
				checks.filter((check) => check.status !== 'ok'),
				where,
			).toEqual([]);
			const manifest = await readManifest(join(to, name));
			expect(manifest, where).toMatchObject({ state: 'complete', dump: { databases: ['crm', 'shop'] } });
			for (const file of manifest.files)
				expect(await readFile(join(to, name, file.path), 'utf8'), where).toMatch(
					file.kind === 'definitions' ? /\}\n$/ : /\n-- Dump completed[^\n]*\n$/,
				);
		}
		return names;
	};
	const asBefore = async (where: string) => {
		await vi.waitFor(async () => expect(await stateOf(pair.replica, 'settings'), where).toEqual(before));
		await free(pair.replica, WRITE, where);
		await vi.waitFor(async () => expect(await value(pair.replica, OURS), where).toBe('0'));
	};

	it('at any byte is a whole backup or none, and the server is as it was', { timeout: 120_000 }, async () => {
		const whole = { false: 0, true: 0 };
		for (const stopApplier of [false, true]) {
			const from = network.passed;
			const { end, to } = await backup(stopApplier);
			expect(end.failure).toBeNull();
			expect(await published(to, 'uncut')).toHaveLength(1);
			whole[`${stopApplier}`] = network.passed - from;
		}
		const ends: Record<string, number> = {};
		for (const seed of seedsOf(kind)) {
			const stopApplier = seed % 3 === 2;
			const bytes = Math.floor(share(seed) * whole[`${stopApplier}`]);
			const what = { target: seed % 2 === 0 ? 'all' : 'one', lasting: seed % 5 === 4 } as const;
			const where = `seed ${seed}: ${what.target} after ${bytes} bytes${what.lasting ? ', for good' : ''}${stopApplier ? ', --stop-applier' : ''}`;
			network.cutAfter(bytes, what);
			const { end, events, to } = await backup(stopApplier);
			network.thaw();
			const told = `${where}: ${JSON.stringify(end.failure)}`;
			const names = await published(to, told);
			const lost = events.some((event) => event.type === 'lock' && event.lock.state === 'lost');
			if (end.outcome === 'done') expect([names.length, lost, existsSync(join(to, 'latest'))], told).toEqual([1, false, true]);
			else {
				expect(names, told).toEqual([]);
				// Nobody stopped it, and it is told what broke.
				expect(['ConnectError', 'ServerError', 'ToolError', 'VerifyFailed', 'LeftChanged'], told).toContain(end.failure?.class);
			}
			// A moment's cut is put back by the run itself.
			expect(end.open && !what.lasting, told).toBe(false);
			if (end.open) {
				const recovered = await lockstep(['recover', '--yes'], { env: client.context().env });
				expect(recovered.code, told + words(recovered)).toBe(0);
			}
			await asBefore(told);
			const kindOfEnd = end.outcome === 'done' ? 'a whole backup' : `${end.failure?.class}${end.open ? ', recovered' : ''}`;
			ends[kindOfEnd] = (ends[kindOfEnd] ?? 0) + 1;
		}
		await caughtUp(pair);
		expect(Object.keys(ends).length).toBeGreaterThan(2);
		record({
			...{ fault: 'the connection cut at a random byte', kind, freeMs: null },
			outcome: `${seedsOf(kind).length} seeds: a whole backup, or none and all as before`,
		});
	});
});
