// A drill whose machine fails it, or that is killed: what it leaves, and what it must not say of the backup.
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { CrashPoint } from '../../src/daemon/crash-point.ts';
import { type Ended, type Home, lockstep, makeHome, nameOf, start, urlOf } from '../support/cli.ts';
import { record } from '../support/faults.ts';
import { kill } from '../support/kills.ts';
import { ask, type SpareServer, spareServer, value } from '../support/servers.ts';

const KIND = 'mariadb-11.8';
const root = process.getuid?.() === 0;
/** A view of the file systems of its own, in which a folder is a disk of that size. */
const onDisk = (folder: string, size: string): string[] => [
	...['unshare', root ? '-m' : '-rm', 'sh', '-c'],
	...[`mount -t tmpfs -o size=${size} tmpfs "$0" && exec "$@"`, folder],
];

// What ends a drill, and what it leaves, is the same on every kind of server.
describe('a drill', () => {
	let home: Home;
	let server: SpareServer;
	let backup: string;
	let small: string;
	const said = ({ stdout, stderr }: Ended) => stdout.slice(-3000) + stderr;
	const drillsFolder = () => join(home.state, 'drills');
	const left = () => readdir(drillsFolder()).catch(() => []);
	const recordOf = () => readFile(`${backup}.drill.json`, 'utf8');
	const serversLeft = async () => {
		const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
		const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
		return lines.filter((text) => text.includes(`--datadir=${home.dir}`));
	};

	const back = async (...more: string[]) => {
		const args = ['backup', '--server', urlOf(server), '--to', join(home.dir, 'backups'), '--confirm', nameOf(server), '--yes', '--json'];
		const made = await lockstep([...args, ...more], { env: home.env });
		expect(made.code, said(made)).toBe(0);
		return made.last.backup as string;
	};

	beforeAll(async () => {
		[home, server] = await Promise.all([makeHome(), spareServer(KIND)]);
		small = join(home.dir, 'small');
		await mkdir(small);
		for (const statement of ['CREATE DATABASE shop', 'CREATE TABLE shop.t (id INT PRIMARY KEY)', 'INSERT INTO shop.t VALUES (1), (2)'])
			await ask(server, statement);
		backup = await back();
		const passed = await lockstep(['drill', backup, '--json'], { env: home.env });
		expect(passed.code, said(passed)).toBe(0);
	});
	afterAll(async () => {
		await server?.[Symbol.asyncDispose]();
		await home?.[Symbol.asyncDispose]();
	});

	it('on a disk that has room for a server and not for the data records nothing', { timeout: 120_000 }, async () => {
		await ask(server, 'CREATE DATABASE big');
		await ask(server, 'CREATE TABLE big.t (id INT PRIMARY KEY, t LONGTEXT)');
		await ask(server, "INSERT INTO big.t SELECT seq, REPEAT('a', 1000000) FROM shop.seq_1_to_60");
		const big = await back('--databases', 'big');
		await ask(server, 'DROP DATABASE big');
		const ended = await lockstep(['drill', big, '--dir', small, '--json'], { env: home.env, through: onDisk(small, '210M') });
		expect(ended, said(ended)).toMatchObject({ code: 6, last: { class: 'CheckFailed', checks: [{ id: 'DRILL-MACHINE' }] } });
		expect(await stat(`${big}.drill.json`).catch(() => null)).toBeNull();
		expect([await left(), await serversLeft()]).toEqual([[], []]);
		record({ fault: 'drill: no room for the data', kind: KIND, freeMs: null, outcome: 'exit 6, nothing is recorded' });
	});

	it('on a disk that is full before the server has begun leaves an earlier result as it is', async () => {
		const before = await recordOf();
		const ended = await lockstep(['drill', backup, '--dir', small, '--json'], { env: home.env, through: onDisk(small, '24M') });
		expect(ended.code, said(ended)).toBe(1);
		expect(await recordOf()).toBe(before);
		// Nothing that it names to be read is gone.
		for (const [path] of JSON.stringify(ended.last).matchAll(/\/[^"\s]*error\.log/g)) expect((await stat(path)).isFile()).toBe(true);
		expect([await left(), await serversLeft()]).toEqual([[], []]);
		record({ fault: 'drill: the disk is full', kind: KIND, freeMs: null, outcome: 'exit 1, an earlier result stays' });
	});

	it('whose server is killed leaves an earlier result as it is', async () => {
		const before = await recordOf();
		const running = start(['drill', backup, '--json'], { env: home.env });
		const pid = await vi.waitUntil(
			async () => {
				const [name = ''] = await left();
				const { pid } = await readFile(join(drillsFolder(), name, 'server.json'), 'utf8').then(JSON.parse, () => ({ pid: 0 }));
				return pid;
			},
			{ timeout: 60_000, interval: 5 },
		);
		process.kill(pid, 'SIGKILL');
		const ended = await running.ended;
		expect([1, 6], said(ended)).toContain(ended.code);
		expect(await recordOf()).toBe(before);
		expect([await left(), await serversLeft()]).toEqual([[], []]);
		record({ fault: 'drill: kill -9 of its server', kind: KIND, freeMs: null, outcome: 'exit 6, an earlier result stays' });
	});

	it('that is killed with who watches it is cleared up by the next one', { timeout: 120_000 }, async () => {
		const before = await recordOf();
		const halt = { at: 'start-server start', when: 'after', target: ['engine', 'watcher'] } satisfies CrashPoint;
		const killed = await kill(['drill', backup, '--json'], home.env, halt);
		expect(killed.hit, said(killed.ended)).toBe(true);
		expect([await left(), await serversLeft()]).toEqual([[killed.run], [expect.any(String)]]);
		const next = await lockstep(['drill', backup, '--json'], { env: home.env });
		expect(next, said(next)).toMatchObject({ code: 0, stderr: expect.stringContaining('Cleared up after a drill') });
		expect([await left(), await serversLeft()]).toEqual([[], []]);
		expect(await recordOf()).not.toBe(before);
		record({ fault: 'drill: kill -9 of both', kind: KIND, freeMs: null, outcome: 'the next drill, or lockstep recover, clears it up' });
	});

	it('that is killed while its primary is away leaves its account only, and says so until it is dropped', {
		timeout: 120_000,
	}, async () => {
		const accounts = () => value(server, "SELECT COUNT(*) FROM mysql.user WHERE User LIKE 'lockstep%'");
		const halt = { at: 'connect configure', when: 'before', target: ['engine', 'watcher'] } satisfies CrashPoint;
		const killed = await kill(['drill', backup, '--replicate', '--primary', urlOf(server), '--yes', '--json'], home.env, halt);
		expect(killed.hit, said(killed.ended)).toBe(true);
		await server.stop();
		const away = await lockstep(['recover', '--yes', '--json'], { env: home.env });
		await server.start();
		expect(away, said(away)).toMatchObject({
			code: 9,
			last: { class: 'LeftChanged', hints: [expect.stringContaining('DROP USER'), expect.anything()] },
		});
		expect([await left(), await serversLeft(), await accounts()]).toEqual([[], [], '1']);
		const recovered = await lockstep(['recover', '--yes', '--json'], { env: home.env });
		expect(recovered, said(recovered)).toMatchObject({ code: 0, last: { recovered: [killed.run] } });
		expect(await accounts()).toBe('0');
		record({
			fault: 'drill: kill -9 of both, the primary away',
			kind: KIND,
			freeMs: null,
			outcome: 'exit 9, then lockstep recover drops the account',
		});
	});
});
