import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { descendants, type Ended, type Home, makeHome, type Running, start, type Tap, tapped, urlOf } from '../support/cli.ts';
import { record, shareOf } from '../support/faults.ts';
import { provisionedPair } from '../support/provisioned.ts';
import { ask, rootSession, SANDBOX_KINDS, type Sandbox, value } from '../support/servers.ts';
import { expectWithin } from '../support/within.ts';
import { aside, caughtUp, channelsOf, isMysql, setReadOnly, superReadOnlyOf, wordsOf, writable } from '../support/words.ts';

const words = ({ stdout, stderr }: Ended) => stdout.slice(-3000) + stderr;
/** Locks, threads and settings are back after so long. */
const SOON_MS = 10_000;

describe.each(SANDBOX_KINDS)('a backup of %s that fails', (kind) => {
	const vendor = wordsOf(kind);
	let home: Home;
	let pair: Sandbox & AsyncDisposable;
	let tap: Tap;
	let to: string;
	let idle: Awaited<ReturnType<typeof rootSession>>;

	beforeAll(async () => {
		home = await makeHome();
		// More rows than fit into a pipe, so that the dump tool really waits in the middle.
		pair = await provisionedPair(kind, { rows: 4000 });
		tap = await tapped(home, pair.binDir);
		// Somebody who forgot to commit; a while later it counts as long.
		idle = await rootSession(pair.replica);
		await idle.query({ pieces: ['START TRANSACTION'] });
		await idle.query({ pieces: ['SELECT COUNT(*) FROM crm.calls'] });
	});
	let tests = 0;
	let last: Running | undefined;
	afterEach(async () => {
		await tap.open();
		last?.child.kill('SIGKILL');
		await last?.ended;
	});
	afterAll(async () => {
		await idle?.close();
		await pair?.[Symbol.asyncDispose]();
		await home?.[Symbol.asyncDispose]();
	});

	const begin = (more: readonly string[] = [], through: readonly string[] = []): Running => {
		to = join(home.dir, `backups-${++tests}`);
		last = start(['backup', '--engine', 'vendor', '--server', urlOf(pair.replica), '--to', to, '--yes', '--json', ...more], {
			env: tap.env,
			through,
		});
		return last;
	};
	/** Runs the next backup on a file system of its own that nobody else sees and that goes with it. */
	const ownDisk = (megabytes: number): readonly string[] => [
		...['unshare', process.getuid?.() === 0 ? '-m' : '-rm'],
		...['sh', '-c', `mkdir -p "$0" && mount -t tmpfs -o size=${megabytes}m tmpfs "$0" && exec "$@"`],
		join(home.dir, `backups-${tests + 1}`),
	];
	const midDump = async (running: Running) => {
		await running.line((line) => line.type === 'lock' && line.lock.state === 'held');
		await running.line((line) => line.type === 'action-started' && line.action.id === 'dump-crm');
		return vi.waitUntil(async () => (await descendants(running.pid)).find(({ command }) => / --databases -- crm$/.test(command)), 10_000);
	};
	/** The connection that was made last, of those that are not ours. */
	const newest = () =>
		value(pair.replica, "SELECT MAX(ID) FROM information_schema.PROCESSLIST WHERE USER = 'root' AND HOST LIKE '127.0.0.1%'");
	/** Of every setting and thread; the applier moves again, so the lock is gone; nobody of ours is left. */
	const asBefore = async (readOnly: '0' | '1' = '1') => {
		expect(await value(pair.replica, 'SELECT @@read_only')).toBe(readOnly);
		if (isMysql(kind)) expect(await superReadOnlyOf(pair.replica)).toBe(readOnly === '1' ? 'ON' : 'OFF');
		expect(await channelsOf(kind, pair.replica)).toEqual([expect.objectContaining({ io: 'Yes', sql: 'Yes', error: '' })]);
		await caughtUp(kind, pair, 2);
		const ours = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = 'root' AND HOST LIKE '127.0.0.1%'";
		await vi.waitFor(async () => expect(await value(pair.replica, ours)).toBe('0'), SOON_MS);
	};
	/** Milliseconds from now until somebody privileged can write and read_only is what it was. */
	const freed = async (readOnly: '0' | '1' = '1'): Promise<number> => {
		const began = performance.now();
		const write = async () =>
			(await writable(pair.replica, 'UPDATE crm.accounts SET balance = balance WHERE id = 1')) &&
			(await value(pair.replica, 'SELECT @@read_only')) === readOnly;
		await vi.waitUntil(() => write().catch(() => false), { timeout: 10_000, interval: 10 });
		return Math.round(performance.now() - began);
	};
	const told = (fault: string, freeMs: number | null, outcome: string) => record({ fault, kind, freeMs, outcome });
	const unpublished = async () => expect(await readdir(to)).toEqual([expect.stringMatching(/\.partial$/)]);

	it.each([
		['SIGTERM', 143, '1'],
		['SIGINT', 130, '0'],
	] as const)('%s in the middle of the dump ends it safely: exit %i', async (signal, exit, readOnly) => {
		await setReadOnly(pair.replica, readOnly);
		await tap.shut();
		const running = begin();
		await midDump(running);
		expect(await value(pair.replica, 'SELECT @@read_only')).toBe('1');
		const asked = performance.now();
		running.child.kill(signal);
		const free = freed(readOnly);
		const ended = await running.ended;
		expect(ended.code, words(ended)).toBe(exit);
		expectWithin(performance.now() - asked, SOON_MS);
		expect(ended.last).toMatchObject({ type: 'error', class: 'Stopped', exit_code: exit, outcome: 'stopped', open: false, left: [] });
		await asBefore(readOnly);
		await unpublished();
		told(`${signal} to the command`, await free, `exit ${exit}, stopped safely`);
		await setReadOnly(pair.replica, '1');
	});

	it('the dump tool killed: exit 1, as before', async () => {
		await tap.shut();
		const running = begin();
		const tool = await midDump(running);
		process.kill(tool.pid, 'SIGKILL');
		const free = freed();
		await tap.open();
		const ended = await running.ended;
		expect(ended.code, words(ended)).toBe(1);
		expect(ended.last).toMatchObject({ class: 'ToolError', message: expect.stringContaining(`${vendor.dump} was ended by SIGKILL`) });
		await asBefore();
		await unpublished();
		told('kill -9 of the dump tool', await free, 'exit 1, no backup');
	});

	it('the dump’s own connection killed: exit 1, as before', async () => {
		await tap.shut();
		const running = begin(['--workers', '1']);
		await midDump(running);
		// Those that look, claim, hold the lock and read definitions are there before it; the tool's own comes fifth and last.
		const ours = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = 'root' AND HOST LIKE '127.0.0.1%'";
		await vi.waitUntil(async () => Number(await value(pair.replica, ours)) >= 5, 10_000);
		const id = await newest();
		await ask(pair.replica, `KILL ${id}`);
		const free = freed();
		await tap.open();
		const ended = await running.ended;
		expect(ended.code, words(ended)).toBe(1);
		expect(ended.last).toMatchObject({ class: 'ToolError', message: expect.stringContaining(vendor.dump) });
		await asBefore();
		await unpublished();
		told('KILL of the dump’s own connection', await free, 'exit 1, no backup');
	});

	it.each(['0', '1'] as const)('the lock’s connection killed, read_only %s before: exit 8, the dump is worthless', async (readOnly) => {
		await setReadOnly(pair.replica, readOnly);
		await tap.bar();
		const running = begin();
		const held = await running.line((line) => line.type === 'lock' && line.lock.state === 'held');
		await running.line((line) => line.type === 'action-started' && line.action.id === 'dump-crm');
		await ask(pair.replica, `KILL ${held.lock.connectionId}`);
		const free = freed(readOnly);
		await tap.open();
		const ended = await running.ended;
		expect(ended.code, words(ended)).toBe(8);
		expect(ended.last).toMatchObject({ class: 'VerifyFailed', message: 'The lock was lost: the dump is worthless.', left: [] });
		await asBefore(readOnly);
		await unpublished();
		told('KILL of the lock’s connection', await free, 'exit 8, the dump is worthless, no backup');
		await setReadOnly(pair.replica, '1');
	});

	it('the disk full in the middle: said clearly, as before', async () => {
		await tap.shut();
		const running = begin([], ownDisk(20));
		await midDump(running);
		const inside = `/proc/${running.pid}/root${to}`;
		await expect(writeFile(join(inside, 'filler'), Buffer.alloc(21 * 1024 ** 2))).rejects.toThrow(/ENOSPC/);
		const free = freed();
		await tap.open();
		const ended = await running.ended;
		expect(ended.code, words(ended)).toBe(1);
		expect(ended.last).toMatchObject({ reason: 'The disk is full.', message: expect.stringContaining('crm.sql.zst'), left: [] });
		await asBefore();
		told('the destination full in the middle', await free, 'exit 1, no backup');
	});

	it('another’s LOCK TABLES in front: exit 7 after --lock-wait, naming who, nothing locked', async () => {
		// Where administrators cannot write they cannot lock a table, either.
		if (isMysql(kind)) await ask(pair.replica, 'SET GLOBAL super_read_only = 0');
		await using other = await rootSession(pair.replica);
		await other.query({ pieces: ['LOCK TABLES shop.orders WRITE'] });
		const running = begin(['--lock-wait', '2s']);
		const ended = await running.ended;
		expect(ended.code, words(ended)).toBe(7);
		expectWithin(ended.ms, 12_000);
		expect(ended.last).toMatchObject({ class: 'LockTimeout', message: 'Could not acquire the global read lock within 2 s.' });
		expect(ended.last.hints.join('\n')).toContain(`${other.connectionId} root@localhost`);
		await other.query({ pieces: ['UNLOCK TABLES'] });
		if (isMysql(kind)) expect(await superReadOnlyOf(pair.replica)).toBe('OFF');
		await setReadOnly(pair.replica, '1');
		await asBefore();
		await unpublished();
		told('LOCK TABLES … WRITE of another before the lock', null, 'exit 7 after --lock-wait, nothing locked');
	});

	it('a long transaction and --long-queries abort: exit 6 before anything', { timeout: 30_000 }, async () => {
		await vi.waitUntil(
			async () =>
				Number(await value(pair.replica, `SELECT TIME FROM information_schema.PROCESSLIST WHERE ID = ${idle.connectionId}`)) >= 10,
			{ timeout: 15_000, interval: 200 },
		);
		const ended = await begin(['--long-queries', 'abort']).ended;
		expect(ended.code, words(ended)).toBe(6);
		expect(ended.last.checks).toMatchObject([
			{ id: 'LONG-QUERIES', found: expect.stringContaining(`${idle.connectionId} root@localhost`) },
		]);
		await expect(readdir(to)).rejects.toThrow(/ENOENT/);
		const patient = await begin(['--long-queries', 'wait']).ended;
		expect(patient.code, words(patient)).toBe(0);
		told('an open transaction before the lock', null, 'exit 6 with --long-queries abort; a backup with wait');
	});

	describe('while our own connections read rows', () => {
		const LOCKS = ['held', 'snapshot'] as const;
		const points = LOCKS.flatMap((lock) => [`kill ${lock}`, `full ${lock}`]);
		const mine = shareOf(kind, points);
		const withLock = (fault: string) => LOCKS.filter((lock) => mine.includes(`${fault} ${lock}`));

		beforeAll(async () => {
			// Nothing that compresses well: with a thorough level a reader has seconds to do.
			const double = 'INSERT INTO crm.big SELECT HEX(RANDOM_BYTES(1000)) FROM crm.big';
			await aside(pair.replica, [
				'CREATE TABLE crm.big (said TEXT)',
				"INSERT INTO crm.big VALUES ('')",
				...Array.from({ length: 14 }, () => double),
			]);
		});

		/** The lock is held, or let go again, and a reader is in the middle of the large table. Gives its connection. */
		const midRows = async (running: Running, lock: (typeof LOCKS)[number]): Promise<string> => {
			await running.line((line) => line.type === 'lock' && line.lock.state === (lock === 'held' ? 'held' : 'released'));
			await using watcher = await rootSession(pair.replica);
			const reading = "SELECT ID AS id FROM information_schema.PROCESSLIST WHERE INFO LIKE 'SELECT `said` FROM `crm`.`big`%'";
			return await vi.waitUntil(async () => (await watcher.query({ pieces: [reading] }))[0]?.id ?? null, { timeout: 10_000, interval: 5 });
		};
		const beginOwn = (lock: (typeof LOCKS)[number], through: readonly string[] = []) =>
			begin(['--engine', 'parallel', '--lock', lock, '--compress', 'zstd:19', '--databases', 'crm'], through);

		if (withLock('kill').length > 0)
			it.each(withLock('kill'))('one of them killed, lock %s: exit 1, as before', async (lock) => {
				const running = beginOwn(lock);
				await ask(pair.replica, `KILL ${await midRows(running, lock)}`);
				const free = freed();
				const ended = await running.ended;
				expect(ended.code, words(ended)).toBe(1);
				expect(ended.last).toMatchObject({
					class: 'ServerError',
					message: 'The connection that read crm.big is lost.',
					outcome: 'failed',
					open: false,
					left: [],
				});
				await asBefore();
				await unpublished();
				told(`KILL of a connection that reads rows, lock ${lock}`, await free, 'exit 1, no backup');
			});

		if (withLock('full').length > 0)
			it.each(withLock('full'))('the disk full, lock %s: said clearly, as before', async (lock) => {
				const running = beginOwn(lock, ownDisk(40));
				// So that rows, and in the end the list of definitions, are all that is still written.
				for (const id of ['schema-crm', 'post-crm', 'accounts'])
					await running.line((line) => line.type === 'action-done' && line.action === id);
				await midRows(running, lock);
				const inside = `/proc/${running.pid}/root${to}`;
				await expect(writeFile(join(inside, 'filler'), Buffer.alloc(41 * 1024 ** 2))).rejects.toThrow(/ENOSPC/);
				const free = freed();
				const ended = await running.ended;
				expect(ended.code, words(ended)).toBe(1);
				expect(ended.last).toMatchObject({
					class: 'UserError',
					reason: 'The disk is full.',
					// With a snapshot, definitions are written beside the rows.
					message: expect.stringMatching(/^(Rows cannot be written: .*crm\.|The file cannot be written: )/),
					outcome: 'failed',
					open: false,
					left: [],
				});
				await asBefore();
				told(`the destination full among rows, lock ${lock}`, await free, 'exit 1, no backup');
			});
	});
});
