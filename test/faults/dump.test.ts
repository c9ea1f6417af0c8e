// What somebody else does to the server while it is dumped, and a dump tool that is not what it seems.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Bench, makeBench, words } from '../support/bench.ts';
import { ask, rootSession, SANDBOX_KINDS, value } from '../support/servers.ts';
import { expectWithin } from '../support/within.ts';
import { isMysql, wordsOf } from '../support/words.ts';

/** What a tool says with exit code 0 that is of itself only. */
const HARMLESS = {
	mariadb: "mysqldump: Deprecated program name. It will be removed in a future release, use '/usr/bin/mariadb-dump' instead",
	mysql: "mysqldump: [Warning] unknown option '--loose-init-command=SET SESSION lock_wait_timeout=5'.",
};

describe.each(SANDBOX_KINDS)('a dump of %s', (kind) => {
	const vendor = wordsOf(kind);
	let bench: Bench;
	beforeAll(async () => {
		bench = await makeBench(kind);
	});
	afterEach(async () => {
		await bench.calm();
		await bench.readOnly('1');
	});
	afterAll(() => bench?.[Symbol.asyncDispose]());

	/** A backup whose lock is held, before its dump tool is connected. */
	const locked = async (calling: Parameters<Bench['backup']>[1] = {}) => {
		await bench.tap.bar();
		const running = bench.backup([], calling);
		await running.line((line) => line.type === 'action-started' && line.action.id === 'dump-crm');
		return running;
	};
	const succeeds = async (running: ReturnType<Bench['backup']>) => {
		const ended = await running.ended;
		expect(ended.code, words(ended)).toBe(0);
		await bench.expectPublished(running.to);
	};
	const statements = (id: number) =>
		value(bench.replica, `SELECT INFO FROM information_schema.PROCESSLIST WHERE ID = ${id} AND COMMAND = 'Query'`);

	it('continues where a client kills the statement of the lock’s connection: it runs none', async () => {
		await bench.readOnly('0');
		const before = await bench.state();
		const running = await locked();
		const held = await running.line((line) => line.type === 'lock' && line.lock.state === 'held');
		await ask(bench.replica, `KILL QUERY ${held.lock.connectionId}`);
		expect(await bench.writable()).toBe(false);
		await bench.tap.open();
		await succeeds(running);
		await bench.expectAsBefore(before);
		bench.record('KILL QUERY of the lock’s connection', null, 'exit 0, the lock held');
	});

	it.each([1, 2, 3, 4, 5])('whose tool writes all with its footer and ends with %i is none: exit 1', async (code) => {
		await bench.readOnly('0');
		const before = await bench.state();
		await bench.tap.spoil({ code });
		const running = bench.backup();
		await running.line((line) => line.type === 'error' || (line.type === 'action-started' && line.action.id === 'read-only-back'));
		const free = bench.freed('0');
		const ended = await running.ended;
		expect(ended.code, words(ended)).toBe(1);
		expect(ended.last).toMatchObject({
			class: 'ToolError',
			message: `${vendor.dump} ended with exit code ${code}.`,
			open: false,
			left: [],
		});
		await bench.expectAsBefore(before);
		await bench.expectUnpublished(running.to);
		bench.record('the dump tool ends with 1 to 5 after all was written', await free, 'exit 1, no backup');
	});

	it('whose tool ends well and complains is none: exit 8 with its message', async () => {
		const before = await bench.state();
		const complaint = 'Error: Couldn’t read status information for table calls ()';
		await bench.tap.spoil({ says: complaint });
		const running = bench.backup();
		const ended = await running.ended;
		expect(ended.code, words(ended)).toBe(8);
		expect(ended.last).toMatchObject({
			...{ class: 'VerifyFailed', message: 'The dump tool ended well but complained: what it wrote is no backup.', open: false, left: [] },
			checks: [{ id: 'TOOL-WORDS', found: complaint }],
		});
		await bench.expectAsBefore(before);
		await bench.expectUnpublished(running.to);
		bench.record('the dump tool ends well and complains', null, 'exit 8 with its words, no backup');
	});

	it('whose tool warns of what is not about the data is complete: exit 3 with the warning', async () => {
		const said = HARMLESS[isMysql(kind) ? 'mysql' : 'mariadb'];
		await bench.tap.spoil({ says: said });
		const running = bench.backup();
		const ended = await running.ended;
		expect(ended.code, words(ended)).toBe(3);
		expect(ended.last.warnings.join()).toContain(said);
		await bench.expectPublished(running.to);
	});

	describe(`beside the lock of a ${vendor.dump} --lock-all-tables`, () => {
		/** Holds its lock until its output is read. */
		const cron = async () => {
			const child = spawn(
				join(bench.pair.binDir, vendor.dump),
				['--no-defaults', '--user=root', `--socket=${bench.replica.socket}`, '--lock-all-tables', '--databases', 'crm', 'shop'],
				{ stdio: ['ignore', 'pipe', 'ignore'] },
			);
			const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
			child.stdout.pause();
			await vi.waitUntil(async () => !(await bench.writable()), 10_000);
			return { letGo: () => void child.stdout.resume(), ended };
		};

		it('that is let go in the middle of ours, ours still holds', async () => {
			const before = await bench.state();
			const other = await cron();
			await bench.tap.bar();
			const running = bench.backup(['--lock-wait', '30s']);
			// Where the applier is busy the server grants no second one, and MySQL is not asked beside a statement that reads.
			const had = running.line((line) => line.type === 'action-started' && line.action.id === 'dump-crm');
			const waits = running
				.line((line) => line.type === 'note' && /^(Attempt 1 for the lock|Not locked yet)/.test(line.text))
				.catch(() => null);
			await Promise.race([had, waits]);
			other.letGo();
			expect(await other.ended).toBe(0);
			await had;
			expect(await bench.writable()).toBe(false);
			await bench.tap.open();
			await succeeds(running);
			await bench.expectAsBefore(before);
			bench.record('another’s FLUSH TABLES WITH READ LOCK, let go in the middle', null, 'exit 0, the lock held');
		});

		it('that outlives ours: no hang, nothing of ours stays', async () => {
			await bench.readOnly('0');
			const before = await bench.state();
			const other = await cron();
			const running = bench.backup(['--lock-wait', '3s']);
			const ended = await Promise.race([
				running.ended,
				running.line((line) => line.type === 'step-started' && line.step === 'catch-up').then(() => null),
			]);
			// Not had behind it, or had beside it, and then replication catches up as soon as the other is gone.
			if (ended !== null) {
				expect(ended.code, words(ended)).toBe(7);
				expectWithin(ended.ms, 20_000);
				await bench.expectUnpublished(running.to);
			}
			expect(await bench.readOnly()).toBe('0');
			other.letGo();
			expect(await other.ended).toBe(0);
			if (ended === null) await succeeds(running);
			await bench.expectAsBefore(before);
			bench.record('another’s FLUSH TABLES WITH READ LOCK, kept for longer', null, ended === null ? 'exit 0' : 'exit 7, nothing locked');
		});
	});

	// A MariaDB server has no such switch.
	it.each(isMysql(kind) ? (['read_only = ON', 'read_only = OFF'] as const) : [])(
		'leaves super_read_only ON where it is set meanwhile, after %s: exit 8',
		async (setting) => {
			await bench.readOnly('0');
			await ask(bench.replica, `SET GLOBAL ${setting}`);
			const running = await locked();
			await ask(bench.replica, 'SET GLOBAL super_read_only = ON');
			await bench.tap.open();
			const ended = await running.ended;
			expect(ended.code, words(ended)).toBe(8);
			expect(await ask(bench.replica, 'SELECT @@GLOBAL.read_only AS r, @@GLOBAL.super_read_only AS s')).toEqual([{ r: '1', s: '1' }]);
			const state = JSON.stringify(ended.last);
			expect(state).toMatch(/super_read_only on \S+ was OFF and is ON, which this run never set/);
			expect(state.includes('read_only, which was OFF, stays ON')).toBe(setting === 'read_only = OFF');
			expect(state).not.toMatch(/\bread_only on \S+ was|as it was|Untouched|As before/);
			await bench.expectUnpublished(running.to);
		},
	);

	it.each([
		['1', 8],
		['0', 0],
	] as const)('meets an administrator’s read_only = OFF, DDL and CREATE USER, read_only %s before: exit %i', async (readOnly, code) => {
		await bench.readOnly(readOnly);
		const before = await bench.state();
		const position = () => Promise.all([vendor.replicated, vendor.written].map((text) => value(bench.replica, text)));
		const running = await locked();
		const held = await position();
		await bench.readOnly('0');
		const names = [1, 2, 3].map((each) => `during_${readOnly}_${each}`);
		const texts = [`CREATE TABLE privileged.${names[0]} (id INT)`, `CREATE USER ${names[1]}@localhost`, `CREATE DATABASE ${names[2]}`];
		const done: string[] = [];
		const admins = await Promise.all(
			texts.map(async (text) => {
				const session = await rootSession(bench.replica);
				await session.query({ pieces: ['SET sql_log_bin = 0'] });
				const ended = session.query({ pieces: [text] }, { timeoutMs: 50_000 }).then(() => done.push(text));
				ended.catch(() => undefined);
				await vi.waitUntil(async () => (await statements(session.connectionId)) === text || done.includes(text), 10_000);
				return { session, ended };
			}),
		);
		expect(done).toEqual([]);
		expect(await position()).toEqual(held);
		await bench.tap.open();
		const ended = await running.ended;
		await Promise.all(admins.map((each) => each.ended));
		expect(done.toSorted()).toEqual(texts.toSorted());
		expect(ended.code, words(ended)).toBe(code);
		// What somebody else has set is told and left.
		expect(await bench.readOnly()).toBe('0');
		if (code === 8) {
			const both = ['READ-ONLY-BACK', ...(isMysql(kind) ? ['SUPER-READ-ONLY-BACK'] : [])];
			const checks = both.map((id) => ({ id, expected: 'ON', found: 'OFF' }));
			expect(ended.last).toMatchObject({ class: 'VerifyFailed', checks });
			expect(JSON.stringify(ended.last)).toMatch(/\bread_only on \S+ was ON and is OFF, which this run never set/);
			if (isMysql(kind)) expect(JSON.stringify(ended.last)).toMatch(/\bsuper_read_only on \S+ was ON and is OFF, which this run never set/);
			await bench.expectUnpublished(running.to);
		} else await bench.expectPublished(running.to);
		for (const { session } of admins) await session.close();
		await using root = await rootSession(bench.replica);
		for (const text of ['SET sql_log_bin = 0', `DROP USER ${names[1]}@localhost`, `DROP DATABASE ${names[2]}`])
			await root.query({ pieces: [text] });
		await bench.readOnly(readOnly);
		await bench.expectAsBefore(before);
		bench.record(
			`read_only = OFF, DDL and CREATE USER of another, read_only ${readOnly === '1' ? 'ON' : 'OFF'} before`,
			null,
			code === 0 ? 'they waited; exit 0' : 'they waited; exit 8, read_only is named and left',
		);
	});
});
