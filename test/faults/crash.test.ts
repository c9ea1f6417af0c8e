// What the doctor says of a crash, proven: the server of a replica is killed under load, with safe and with unsafe settings.
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { examine } from '../../src/app/doctor.ts';
import { isRunning } from '../../src/exec/process.ts';
import { sandboxUp, stopWriter } from '../../src/sandbox/sandbox.ts';
import { urlOf } from '../support/cli.ts';
import { IN_ORDER } from '../support/in-order.ts';
import { provisionedPair } from '../support/provisioned.ts';
import { type Client, openClient } from '../support/runs.ts';
import { ask, type Sandbox, say, value } from '../support/servers.ts';
import { isMysql, wordsOf } from '../support/words.ts';

let client: Client;
beforeAll(async () => {
	client = await openClient();
});
afterAll(() => client?.[Symbol.asyncDispose]());

describe.each(['mariadb-11.8', 'mysql-9.7'] as const)('a replica of %s whose server is killed', IN_ORDER, (kind) => {
	const words = wordsOf(kind);
	let pair: Sandbox & AsyncDisposable;
	beforeAll(async () => {
		pair = await provisionedPair(kind);
		await ask(pair.primary, 'CREATE TABLE shop.crash (n INT)');
	});
	afterAll(() => pair?.[Symbol.asyncDispose]());

	const finding = async (id: string) => {
		const { findings } = await examine(client.context(), { server: { server: urlOf(pair.replica) }, language: 'en' });
		return findings.find((each) => each.id === id);
	};
	const byGtid = (isOn: boolean) =>
		isMysql(kind)
			? `CHANGE REPLICATION SOURCE TO SOURCE_AUTO_POSITION = ${isOn ? 1 : 0}`
			: `CHANGE MASTER TO MASTER_USE_GTID = ${isOn ? 'slave_pos' : 'no'}`;
	const rows = (of: 'primary' | 'replica') => value(pair[of], 'SELECT COUNT(*) FROM shop.crash');
	const applied = () =>
		vi.waitFor(async () =>
			expect({ rows: await rows('replica'), ...(await threads()) }).toMatchObject({ rows: await rows('primary'), sql: 'Yes' }),
		);
	const threads = async () => words.channel((await ask(pair.replica, words.status))[0] ?? {});

	/** Lets the replica apply four rows, kills its server with -9, starts it and its threads again. `flush`: 0 writes nothing before the kill. */
	async function crash({ gtid, flush }: { readonly gtid: boolean; readonly flush: 0 | 2 }): Promise<void> {
		for (const statement of [
			words.stop,
			byGtid(gtid),
			'SET GLOBAL innodb_flush_log_at_timeout = 600',
			`SET GLOBAL innodb_flush_log_at_trx_commit = ${flush}`,
			words.start,
		])
			await ask(pair.replica, statement);
		await applied();
		for (const n of [1, 2, 3, 4]) await ask(pair.primary, `INSERT INTO shop.crash VALUES (${n})`);
		await applied();
		const pid = Number(await readFile(`${pair.dir}/replica/server.pid`, 'utf8'));
		process.kill(pid, 'SIGKILL');
		await vi.waitUntil(async () => !(await isRunning(pid, '')));
		await sandboxUp({ kind, dir: pair.dir, env: process.env, say, writer: false });
		await ask(pair.replica, 'SET GLOBAL innodb_flush_log_at_trx_commit = 2');
		// What it knew of its relay logs may be of an earlier moment, too (1872); its GTIDs are not in them.
		if (isMysql(kind) && flush === 0) for (const statement of [words.stop, 'RESET REPLICA']) await ask(pair.replica, statement);
		await ask(pair.replica, words.start);
	}

	it('by GTID, with commits that reach the system: nothing is lost, as the doctor says', async () => {
		await ask(pair.replica, 'SET GLOBAL innodb_flush_log_at_trx_commit = 2');
		expect((await finding('CRASH-COMMIT'))?.evidence).toMatch(/^Server killed: nothing is lost/);
		expect((await finding('CRASH-POSITION'))?.status).toBe('ok');
		await crash({ gtid: true, flush: 2 });
		await applied();
		expect(await threads()).toMatchObject({ io: 'Yes', sql: 'Yes' });
		// Below, what it writes on rows that are lost would stop the SQL thread sooner or later.
		await stopWriter(pair);
	});

	if (isMysql(kind)) {
		it('with commits that wait: rows are lost, its own log says that it has them, both threads run, and the doctor warned', async () => {
			// Else a thread of its own may write them in time.
			await ask(pair.replica, 'SET GLOBAL innodb_log_writer_threads = OFF');
			await ask(pair.replica, 'SET GLOBAL innodb_flush_log_at_trx_commit = 0');
			expect(await finding('CRASH-COMMIT')).toMatchObject({ status: 'fail', evidence: expect.stringMatching(/^Server killed, host/) });
			await crash({ gtid: true, flush: 0 });
			await ask(pair.primary, 'INSERT INTO shop.crash VALUES (100)');
			const last = () => value(pair.replica, 'SELECT COUNT(*) FROM shop.crash WHERE n = 100');
			await vi.waitFor(async () => expect({ last: await last(), ...(await threads()) }).toMatchObject({ last: '1', error: '' }));
			expect(await threads()).toMatchObject({ io: 'Yes', sql: 'Yes', error: '' });
			expect(Number(await rows('replica'))).toBeLessThan(Number(await rows('primary')));
		});
		return;
	}

	it('by file and position, with commits that wait: rows are lost, both threads run, and the doctor warned', async () => {
		await ask(pair.replica, 'SET GLOBAL innodb_flush_log_at_trx_commit = 0');
		expect(await finding('CRASH-COMMIT')).toMatchObject({ status: 'fail', evidence: expect.stringMatching(/^Server killed, host/) });
		await crash({ gtid: false, flush: 0 });
		const marker = 100;
		await ask(pair.primary, `INSERT INTO shop.crash VALUES (${marker})`);
		await vi.waitUntil(async () => (await value(pair.replica, `SELECT COUNT(*) FROM shop.crash WHERE n = ${marker}`)) === '1');
		expect(await threads()).toMatchObject({ io: 'Yes', sql: 'Yes', error: '' });
		expect(Number(await rows('replica'))).toBeLessThan(Number(await rows('primary')));
		expect((await finding('CRASH-POSITION'))?.status).toBe('fail');
	});

	it('by GTID, with commits that wait: they are fetched again, and strict mode stops on them', async () => {
		// Equal again.
		const missing = await ask(pair.primary, 'SELECT n FROM shop.crash');
		for (const statement of ['SET GLOBAL read_only = OFF', 'DELETE FROM shop.crash'])
			await ask(pair.replica, statement.startsWith('DELETE') ? `SET STATEMENT sql_log_bin = 0 FOR ${statement}` : statement);
		await ask(pair.replica, `SET STATEMENT sql_log_bin = 0 FOR INSERT INTO shop.crash VALUES ${missing.map(({ n }) => `(${n})`).join()}`);
		await crash({ gtid: true, flush: 0 });
		const { error } = await vi.waitUntil(async () => {
			const now = await threads();
			return now.sql === 'No' ? now : null;
		});
		expect(error).toMatch(/out-of-order sequence number/);
		expect((await finding('REPL-SQL'))?.status).toBe('fail');
	});
});
