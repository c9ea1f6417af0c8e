import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
	type Ended,
	type Home,
	type Line,
	lockstep,
	makeHome,
	nameOf,
	type Running,
	start,
	type Tap,
	tapped,
	urlOf,
} from '../support/cli.ts';
import { record } from '../support/faults.ts';
import { provisionedPair } from '../support/provisioned.ts';
import { caughtUp as caughtUpWith } from '../support/runs.ts';
import { ask, rootSession, SANDBOX_KINDS, type Sandbox, type SandboxServer, spareServer, value } from '../support/servers.ts';
import { expectWithin } from '../support/within.ts';
import { aside, channelsOf, isMysql, superReadOnlyOf, wordsOf } from '../support/words.ts';

const words = ({ stdout, stderr }: Ended) => stdout.slice(-3000) + stderr;
/** Not held up at all. */
const AT_ONCE_MS = 2_000;
/** One attempt for the lock, and what a busy machine adds. */
const ATTEMPT_MS = 5_000 + 10_000;
type Client = Awaited<ReturnType<typeof rootSession>>;
const run = (client: Client, ...statements: string[]) =>
	statements.reduce<Promise<unknown>>(
		(before, text) => before.then(() => client.query({ pieces: [text] }, { timeoutMs: 50_000 })),
		Promise.resolve(),
	);

describe.each(SANDBOX_KINDS)('the lock on %s', (kind) => {
	let home: Home;
	let pair: Sandbox & AsyncDisposable;
	let tap: Tap;
	let last: Running | undefined;
	let folders = 0;
	let to: string;
	const mysql = isMysql(kind);
	const its = wordsOf(kind);
	/** A statement of one channel, by its name. */
	const ofChannel = (statement: string, name: string) => {
		if (mysql) return `${statement} FOR CHANNEL '${name}'`;
		return statement.replace(/^(CHANGE MASTER|START SLAVE|STOP SLAVE|RESET SLAVE)/, `$1 '${name}'`);
	};

	beforeAll(async () => {
		home = await makeHome();
		pair = await provisionedPair(kind, { rows: 4000 });
		tap = await tapped(home, pair.binDir);
		// Tables that no source writes to.
		for (const server of [pair.primary, pair.replica]) await ownTables(server);
		// Where it is on nobody can write, and nothing shows whether the lock is held.
		if (mysql) await ask(pair.replica, 'SET GLOBAL super_read_only = OFF');
	});
	const ownTables = (server: SandboxServer) =>
		aside(server, [
			'CREATE DATABASE lk',
			'CREATE TABLE lk.t (id INT PRIMARY KEY, n INT)',
			'INSERT INTO lk.t VALUES (1, 0), (2, 0)',
			'CREATE TABLE lk.other (id INT PRIMARY KEY, n INT)',
			'INSERT INTO lk.other VALUES (1, 0)',
		]);
	afterEach(async () => {
		await tap.open();
		last?.child.kill('SIGKILL');
		await last?.ended;
	});
	afterAll(async () => {
		await pair?.[Symbol.asyncDispose]();
		await home?.[Symbol.asyncDispose]();
	});

	const begin = (...more: string[]): Running => {
		to = more.includes('--to') ? (more[more.indexOf('--to') + 1] ?? '') : join(home.dir, `to-${++folders}`);
		const where = more.includes('--to') ? [] : ['--to', to];
		last = start(['backup', '--engine', 'vendor', '--server', urlOf(pair.replica), ...where, '--yes', '--json', ...more], { env: tap.env });
		return last;
	};
	/** Its performance_schema is on, so that it names who holds LOCK TABLES; its clients wait, so its name is typed. */
	const named = () => ['--confirm', nameOf(pair.primary)];
	const onPrimary = (...more: string[]): Running => {
		to = join(home.dir, `to-${++folders}`);
		last = start(['backup', '--engine', 'vendor', '--server', urlOf(pair.primary), '--to', to, '--yes', '--json', ...more], {
			env: tap.env,
		});
		return last;
	};
	const confirmed = () => ['--confirm', nameOf(pair.replica)];
	const client = async (on = pair.replica): Promise<Client> => {
		const session = await rootSession(on);
		await run(session, 'SET sql_log_bin = 0');
		return session;
	};
	/** Milliseconds that a privileged client's write took. */
	const write = async (on = pair.replica) => {
		await using session = await client(on);
		const began = performance.now();
		await run(session, 'UPDATE lk.other SET n = n + 1 WHERE id = 1');
		return performance.now() - began;
	};
	const seconds = (each: Client, on = pair.replica) =>
		value(on, `SELECT TIME FROM information_schema.PROCESSLIST WHERE ID = ${each.connectionId}`);
	const long = (each: Client, on = pair.replica) =>
		vi.waitUntil(async () => Number(await seconds(each, on)) >= 10, { timeout: 20_000, interval: 200 });
	const alive = async (each: Client, on = pair.replica) => (await seconds(each, on)) !== null;
	const channels = async () => (await channelsOf(kind, pair.replica)).map(({ name, io, sql }) => `${name}:${io}:${sql}`);
	const caughtUp = () => caughtUpWith(pair);
	/** Nothing locked, nothing stopped, nobody of ours there. */
	const asBefore = async (readOnly: '0' | '1' = '1') => {
		expectWithin(await write(), AT_ONCE_MS);
		expect(await value(pair.replica, 'SELECT @@read_only')).toBe(readOnly);
		expect(await superReadOnlyOf(pair.replica)).toBe(mysql ? 'OFF' : null);
		expect(await channels()).toEqual([':Yes:Yes']);
		const ours = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = 'root' AND HOST LIKE '127.0.0.1%'";
		await vi.waitFor(async () => expect(await value(pair.replica, ours)).toBe('0'));
	};
	const came = (fault: string, outcome: string) => record({ fault, kind, freeMs: null, outcome });
	const checkOf = (ended: Ended, id: string): Line =>
		ended.lines.find((line) => line.type === 'review')?.review.checks.find((check: Line) => check.id === id);
	const acts = (ended: Ended): string[] =>
		ended.lines.flatMap((line) => (line.type === 'action-started' && line.action.kind === 'sql' ? [line.action.text] : []));
	const notes = (ended: Ended): string => ended.lines.flatMap((line) => (line.type === 'note' ? [line.text] : [])).join('\n');
	const unpublished = async () => expect(await readdir(to)).toEqual([expect.stringMatching(/\.partial$/)]);

	// MySQL's lock waits for whoever keeps a table open, MariaDB's for those who write only.
	it('says what a long SELECT and an idle transaction mean to it, and ends neither that it passes by', { timeout: 90_000 }, async () => {
		await using reader = await client();
		await using idle = await client();
		const reading = run(reader, 'SELECT SLEEP(600) FROM lk.t LIMIT 1').catch(() => undefined);
		await run(idle, 'START TRANSACTION', 'UPDATE lk.t SET n = 1 WHERE id = 2');
		await long(idle);
		await long(reader);
		const patient = await begin('--long-queries', 'wait', '--lock-wait', '2s').ended;
		expect(patient.code, words(patient)).toBe(mysql ? 7 : 0);
		const told = checkOf(patient, 'LONG-QUERIES');
		expect(told).toMatchObject({
			status: 'warning',
			found: expect.stringMatching(`COMMIT will wait until the unlock: ${idle.connectionId} root@localhost`),
		});
		expect(told.found).toMatch(`the lock ${mysql ? 'waits for' : 'does not wait for it'}: ${reader.connectionId} root@localhost`);
		if (mysql) {
			expect(patient.last.hints.join('\n')).toMatch(`${reader.connectionId} root@localhost`);
			// Nobody had to wait behind it.
			expect(acts(patient)).toEqual([]);
			await asBefore();
		}
		const strict = await begin('--long-queries', 'abort').ended;
		expect(strict.code, words(strict)).toBe(6);
		expect(strict.last.checks).toMatchObject([{ id: 'LONG-QUERIES' }]);
		const killing = await begin('--long-queries', 'kill', ...confirmed()).ended;
		expect(killing.code, words(killing)).toBe(0);
		expect(acts(killing).filter((text) => /^KILL/.test(text))).toEqual(mysql ? [`KILL ${reader.connectionId}`] : []);
		expect([await alive(reader), await alive(idle)]).toEqual([!mysql, true]);
		await run(idle, 'ROLLBACK');
		const alone = await begin('--long-queries', 'abort').ended;
		expect(alone.code, words(alone)).toBe(0);
		if (!mysql) await ask(pair.replica, `KILL ${reader.connectionId}`);
		await reading;
		came(
			'a long SELECT and an open transaction before the lock',
			mysql ? 'the SELECT is waited for without a queue: exit 7, or ended by consent' : 'exit 0, neither waited for nor ended',
		);
	});

	it.each(mysql ? ['LOCK TABLES lk.t READ', 'HANDLER lk.t OPEN'] : [])(
		'waits for %s without queueing, as it does in MySQL',
		async (text) => {
			await using holder = await client(pair.primary);
			await run(holder, text);
			const spent = await onPrimary('--lock-wait', '1s', ...named()).ended;
			expect(spent.code, words(spent)).toBe(7);
			expect(spent.last.hints.join('\n')).toMatch(`${holder.connectionId} root@localhost`);
			expect(acts(spent)).toEqual([]);
		},
	);

	if (mysql) {
		const FLUSHES = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE STATE = 'Waiting for table flush'";
		it('never closes the tables of a statement that has just begun: no client waits for it, before the refusal or after', async () => {
			await using reader = await client(pair.primary);
			const reading = run(reader, 'SELECT SLEEP(600) FROM lk.t LIMIT 1').catch(() => undefined);
			for (const more of [[], ['--engine', 'parallel'], ['--long-queries', 'abort']]) {
				const running = onPrimary('--lock-wait', '1s', ...more, ...named());
				let over = false;
				void running.ended.then(() => {
					over = true;
				});
				do {
					await ask(pair.primary, 'SELECT * FROM lk.t');
					expect(await value(pair.primary, FLUSHES)).toBe('0');
				} while (!over);
				const ended = await running.ended;
				expect(ended.code, words(ended)).toBe(more.includes('abort') && ended.last.class === 'CheckFailed' ? 6 : 7);
				expect(acts(ended).filter((text) => /FLUSH/.test(text))).toEqual([]);
				expect(JSON.stringify(ended.last)).toContain(`${reader.connectionId} root@localhost`);
			}
			await ask(pair.primary, `KILL ${reader.connectionId}`);
			await reading;
		});

		// The statement must begin between two looks of the run, which nothing outside of it can time for certain.
		it('says what a refused attempt leaves: a statement that began with it, and for whom its tables are closed', { retry: 3 }, async () => {
			await using holder = await client(pair.primary);
			await using reader = await client(pair.primary);
			await using late = await client(pair.primary);
			// Without it the server counts whole seconds, and one that has just begun is taken for none.
			const measured = (yes: 'YES' | 'NO') =>
				ask(pair.primary, `UPDATE performance_schema.setup_consumers SET ENABLED = '${yes}' WHERE NAME = 'events_statements_current'`);
			await measured('NO');
			await run(holder, 'LOCK TABLES lk.other READ');
			const running = onPrimary('--lock-wait', '40s', ...named());
			await running.line((line) => line.type === 'note' && /Not locked yet/.test(line.text));
			// At the beginning of a second: the server's whole seconds say 0 for the longest time.
			await run(reader, 'DO SLEEP(1 - MICROSECOND(NOW(6)) / 1000000)');
			const reading = run(reader, 'SELECT SLEEP(6) FROM lk.t LIMIT 1');
			await run(holder, 'UNLOCK TABLES');
			const refused = await running.line((line) => line.type === 'note' && /^Attempt 1/.test(line.text));
			expect(refused.text).toMatch(
				new RegExp(`closed the tables of ${reader.connectionId} root@localhost .*SLEEP.*statements that open these tables wait`),
			);
			expect(refused.text).not.toContain('continue');
			const waited = run(late, 'SELECT * FROM lk.t');
			await vi.waitFor(async () => expect(await value(pair.primary, FLUSHES)).toBe('1'));
			await Promise.all([reading, waited]);
			const ended = await running.ended;
			await measured('YES');
			expect(ended.code, words(ended)).toBe(0);
		});
	}

	it('waits for LOCK TABLES … WRITE without queueing, or refuses', { timeout: 60_000 }, async () => {
		await using holder = await client(pair.primary);
		await run(holder, 'LOCK TABLES lk.t WRITE');
		const strict = await onPrimary('--long-queries', 'abort', ...named()).ended;
		expect(strict.code, words(strict)).toBe(6);
		expect(checkOf(strict, 'LONG-QUERIES').found).toContain(`the lock waits for: ${holder.connectionId} root@localhost`);
		const spent = await onPrimary('--lock-wait', '1s', ...named()).ended;
		expect(spent.code, words(spent)).toBe(7);
		expect(spent.last.hints.join('\n')).toMatch(`${holder.connectionId} root@localhost`);
		expect(acts(spent)).toEqual([]);
		await unpublished();
		const running = onPrimary('--lock-wait', '30s', ...named());
		await running.line((line) => line.type === 'note' && line.text.includes(`waiting for: ${holder.connectionId} `));
		// A write behind a queued lock would come back only when the run has given up.
		await write(pair.primary);
		expect(await Promise.race([running.ended.then(() => 'ended'), 'waiting'])).toBe('waiting');
		await run(holder, 'UNLOCK TABLES');
		const ended = await running.ended;
		expect(ended.code, words(ended)).toBe(0);
		expectWithin(await write(pair.primary), AT_ONCE_MS);
		came('LOCK TABLES … WRITE before the lock', 'waited for without a queue; exit 7 when --lock-wait is spent');
	});

	it('kills what blocks it by consent only, and nothing else', { timeout: 90_000 }, async () => {
		await using holder = await client(pair.primary);
		await using reading = await client(pair.primary);
		await using idle = await client(pair.primary);
		await run(holder, 'LOCK TABLES lk.t WRITE');
		await run(reading, 'LOCK TABLES lk.other READ');
		await run(idle, 'START TRANSACTION', 'SELECT COUNT(*) FROM crm.calls');
		for (const each of [holder, reading, idle]) await long(each, pair.primary);
		for (const wrong of [[], ['--confirm', 'somebody']]) {
			const refused = await onPrimary('--long-queries', 'kill', ...wrong).ended;
			expect(refused.code, words(refused)).toBe(6);
			expect(JSON.stringify(refused.last.checks)).toContain(`--confirm ${nameOf(pair.primary)}`);
			expect(JSON.stringify(refused.last.checks)).toContain(`${holder.connectionId} root@localhost`);
			expect(acts(refused)).toEqual([]);
		}
		expect(await alive(holder, pair.primary)).toBe(true);
		const ended = await onPrimary('--long-queries', 'kill', ...named()).ended;
		expect(ended.code, words(ended)).toBe(0);
		// In MySQL LOCK TABLES … READ holds it up as well.
		const cause = mysql ? [holder, reading] : [holder];
		const killed = acts(ended).filter((text) => /^KILL/.test(text));
		expect(killed.toSorted()).toEqual(cause.map((each) => `KILL ${each.connectionId}`).toSorted());
		for (const each of cause) expect(notes(ended)).toContain(`Killed: ${each.connectionId} root@localhost`);
		expect([await alive(holder, pair.primary), await alive(reading, pair.primary), await alive(idle, pair.primary)]).toEqual([
			false,
			!mysql,
			true,
		]);
	});

	it('tries for a few seconds at a time behind rows that are locked; kills their holder, not its waiters', {
		timeout: 120_000,
	}, async () => {
		await using holder = await client();
		await using waiter = await client();
		await run(holder, 'START TRANSACTION', 'UPDATE lk.t SET n = 5 WHERE id = 1');
		const waited = run(waiter, 'UPDATE lk.t SET n = n + 1 WHERE id = 1');
		await vi.waitUntil(
			async () => (await value(pair.replica, "SELECT COUNT(*) FROM information_schema.INNODB_TRX WHERE trx_state = 'LOCK WAIT'")) === '1',
			10_000,
		);
		const running = begin('--lock-wait', mysql ? '4s' : '12s');
		await running.line((line) => (mysql ? /Not locked yet/.test(line.text) : line.type === 'action-started' && line.action.id === 'lock'));
		const slowest: number[] = [];
		let over = false;
		void running.ended.then(() => {
			over = true;
		});
		while (!over) slowest.push(await write());
		const ended = await running.ended;
		expect(ended.code, words(ended)).toBe(7);
		expect(ended.last.hints.join('\n')).toMatch(new RegExp(`${holder.connectionId} root@localhost .*others wait for its rows`));
		const said = acts(ended)
			.filter((text) => /FLUSH|UNLOCK/.test(text))
			.map((text) => text.replace(/.* FOR /, ''));
		if (mysql) expect(said).toEqual([]);
		else {
			expect(said.length).toBeGreaterThanOrEqual(4);
			expect(said).toEqual(said.map((_, index) => (index % 2 === 0 ? 'FLUSH TABLES WITH READ LOCK' : 'UNLOCK TABLES')));
			expect(notes(ended)).toContain('Attempt 1 for the lock: not acquired within 5 s, in the way:');
		}
		expectWithin(Math.max(...slowest), ATTEMPT_MS);
		// Between attempts and afterwards they flow.
		expectWithin(Math.min(...slowest), AT_ONCE_MS);
		await unpublished();
		await asBefore();
		await vi.waitUntil(
			async () =>
				Number(
					await value(
						pair.replica,
						`SELECT TIMESTAMPDIFF(SECOND, trx_started, NOW()) FROM information_schema.INNODB_TRX WHERE trx_mysql_thread_id = ${holder.connectionId}`,
					),
				) >= 10,
			20_000,
		);
		const killing = await begin('--long-queries', 'kill', ...confirmed()).ended;
		expect(killing.code, words(killing)).toBe(0);
		expect(acts(killing).filter((text) => /^KILL/.test(text))).toEqual([`KILL ${holder.connectionId}`]);
		await waited;
		expect([await alive(holder), await alive(waiter)]).toEqual([false, true]);
	});

	it.each(['0', '1'] as const)('is given up when --max-lock-time is spent: exit 7, read_only %s as before', async (readOnly) => {
		await ask(pair.replica, `SET GLOBAL read_only = ${readOnly}`);
		await tap.shut();
		const running = begin('--max-lock-time', '2s');
		const held = await running.line((line) => line.type === 'lock' && line.lock.state === 'held');
		expect(Date.parse(held.lock.until) - Date.parse(held.lock.since)).toBe(2000);
		const ended = await running.ended;
		expect(ended.code, words(ended)).toBe(7);
		expect(ended.last).toMatchObject({ class: 'LockTimeout', message: expect.stringContaining('--max-lock-time'), left: [], open: false });
		const released = ended.lines.find((line) => line.type === 'lock' && line.lock.state === 'released');
		expectWithin(Date.parse(released.lock.since) - Date.parse(held.lock.since), 4000);
		await asBefore(readOnly);
		await unpublished();
		await ask(pair.replica, 'SET GLOBAL read_only = 1');
	});

	it('is predicted by the last backup of this server, and refused where that is longer than allowed', async () => {
		const folder = join(home.dir, 'predicted');
		const first = await begin('--to', folder, '--max-lock-time', '1h').ended;
		expect(first.code, words(first)).toBe(0);
		expect(checkOf(first, 'LOCK-TIME')).toMatchObject({ status: 'ok', found: expect.stringContaining('assuming 40.0 MiB/s') });
		const path = join(first.last.backup, 'manifest.json');
		const manifest = JSON.parse(await readFile(path, 'utf8'));
		expect(manifest.totals.data_bytes).toBeGreaterThan(0);
		await writeFile(path, JSON.stringify({ ...manifest, consistency: { ...manifest.consistency, held_ms: 600_000 } }));
		const second = await begin('--to', folder, '--max-lock-time', '60s').ended;
		expect(second.code, words(second)).toBe(6);
		expect(second.last.checks).toMatchObject([{ id: 'LOCK-TIME', found: expect.stringContaining('(last time 10:00)') }]);
		const plan = await lockstep(['backup', '--engine', 'vendor', '--server', urlOf(pair.replica), '--to', folder, '--dry-run'], {
			env: home.env,
		});
		expect(plan.stdout).toContain('held for at most 30:00; stops all writes, about 10 min (last time 10:00)');
		await writeFile(
			path,
			JSON.stringify({
				...manifest,
				server: { ...manifest.server, server_id: 9 },
				consistency: { ...manifest.consistency, held_ms: 600_000 },
			}),
		);
		const other = await begin('--to', folder, '--max-lock-time', '60s').ended;
		expect(other.code, words(other)).toBe(0);
	});

	if (!mysql) {
		it('is released at once where a statement that waits for it blocks the server’s status', {
			timeout: 60_000,
		}, async () => {
			await caughtUp();
			await tap.shut();
			await using admin = await client();
			// Under the lock it would wait for an applier at work, and nobody for it.
			await ask(pair.replica, its.stop);
			const position = await value(pair.replica, 'SELECT @@global.gtid_slave_pos');
			const running = begin('--databases', 'crm');
			await running.line((line) => line.type === 'action-started' && line.action.id === 'dump-crm');
			const changed = run(admin, `SET GLOBAL gtid_slave_pos = '${position}'`);
			const ended = await running.ended;
			expect(ended.code, words(ended)).toBe(7);
			expect(ended.last).toMatchObject({ class: 'LockTimeout', left: [], open: false });
			expect(ended.last.reason).toMatch(new RegExp(`^${admin.connectionId} root@localhost .*SET GLOBAL gtid_slave_pos`));
			await changed;
			expectWithin(await write(), AT_ONCE_MS);
			expect(await channels()).toEqual([':No:No']);
			await unpublished();
			await ask(pair.replica, its.start);
			await caughtUp();
			await asBefore();
			came('SET GLOBAL gtid_slave_pos while locked', 'exit 7: the lock is given back, that statement continues');
		});
	}

	it('makes a privileged client’s write wait, and a position that moved makes the dump worthless: exit 8', async () => {
		await tap.shut();
		const running = begin();
		await running.line((line) => line.type === 'lock' && line.lock.state === 'held');
		await using privileged = await client();
		let written = false;
		const writing = run(privileged, 'UPDATE lk.other SET n = n + 1 WHERE id = 1').then(() => {
			written = true;
		});
		await vi.waitUntil(async () =>
			/^Waiting/.test(
				(await value(pair.replica, `SELECT STATE FROM information_schema.PROCESSLIST WHERE ID = ${privileged.connectionId}`)) ?? '',
			),
		);
		expect(written).toBe(false);
		await tap.open();
		const ended = await running.ended;
		expect(ended.code, words(ended)).toBe(0);
		await writing;

		await tap.shut();
		const again = begin();
		await again.line((line) => line.type === 'action-started' && line.action.id === 'dump-crm');
		await ask(pair.replica, 'FLUSH BINARY LOGS');
		await tap.open();
		const moved = await again.ended;
		expect(moved.code, words(moved)).toBe(8);
		expect(moved.last.checks).toMatchObject([{ id: 'POSITION-STILL' }]);
		await unpublished();
		await asBefore();
		came('a privileged client’s write while locked', 'it waits; exit 0');
		came('the position moved while locked', 'exit 8, the lock did not hold');
	});

	it('waits until the applier has closed its temporary tables', { timeout: 60_000 }, async () => {
		await using source = await rootSession(pair.primary);
		await run(source, "SET SESSION binlog_format = 'STATEMENT'", 'CREATE TEMPORARY TABLE crm.passing (id INT)');
		await caughtUp();
		const [open] = await ask(pair.replica, "SHOW GLOBAL STATUS LIKE 'Slave_open_temp_tables'");
		expect(open?.Value).toBe('1');
		for (const more of [[], ['--stop-applier']]) {
			const spent = await begin('--lock-wait', '1s', ...more).ended;
			expect(spent.code, words(spent)).toBe(7);
			expect(spent.last.reason).toContain('1 temporary tables open');
			expect(acts(spent)).toEqual([]);
			await asBefore();
		}
		const running = begin('--lock-wait', '30s');
		await running.line((line) => line.type === 'note' && /temporary tables open/.test(line.text));
		await run(source, 'DROP TEMPORARY TABLE crm.passing');
		const ended = await running.ended;
		expect(ended.code, words(ended)).toBe(0);
	});

	it('is acquired while parallel appliers are at work, and given up behind a worker that is stuck', { timeout: 90_000 }, async () => {
		await using root = await client();
		// They are as MySQL has them by itself.
		const mode = await value(pair.replica, `SELECT @@${mysql ? 'replica_parallel_workers' : 'slave_parallel_threads'}`);
		if (mysql) expect(mode).toBe('4');
		else await run(root, its.stop, 'SET GLOBAL slave_parallel_threads = 4', "SET GLOBAL slave_parallel_mode = 'optimistic'", its.start);
		for (let round = 0; round < 3; round++) {
			const ended = await begin('--databases', 'crm').ended;
			expect(ended.code, words(ended)).toBe(0);
			expect(ended.last.caughtUpMs).not.toBe(null);
		}
		await using holder = await client();
		// All rows that the writer may come to.
		await run(
			holder,
			'START TRANSACTION',
			'SELECT COUNT(*) FROM shop.orders FOR UPDATE',
			'SELECT COUNT(*) FROM shop.visits FOR UPDATE',
			'SELECT COUNT(*) FROM crm.accounts FOR UPDATE',
			'SELECT COUNT(*) FROM crm.savings FOR UPDATE',
			'SELECT COUNT(*) FROM lk.t FOR UPDATE',
		);
		await ask(pair.primary, 'UPDATE lk.t SET n = n + 1 WHERE id = 1');
		await vi.waitFor(async () => {
			await using looking = await rootSession(pair.replica);
			const trx = await looking.query({ pieces: ["SELECT * FROM information_schema.INNODB_TRX WHERE trx_state = 'LOCK WAIT'"] });
			const status = trx.length > 0 ? [] : await looking.query({ pieces: [its.status] });
			expect(trx.length, JSON.stringify(status)).toBeGreaterThan(0);
		});
		const stuck = await begin('--lock-wait', '2s').ended;
		expect(stuck.code, words(stuck)).toBe(7);
		expect(stuck.last.hints.join('\n')).toContain(`${holder.connectionId} root@localhost`);
		await run(holder, 'ROLLBACK');
		if (!mysql) await run(root, its.stop, `SET GLOBAL slave_parallel_threads = ${mode}`, its.start);
		await caughtUp();
		came('parallel appliers at work', 'exit 0; behind a stuck one exit 7, nothing locked');
	});

	it('says that a delayed replica is behind on purpose, and does not wait for it', async () => {
		await using root = await client();
		const delay = (seconds: number) =>
			mysql ? `CHANGE REPLICATION SOURCE TO SOURCE_DELAY = ${seconds}` : `CHANGE MASTER TO MASTER_DELAY = ${seconds}`;
		await run(root, its.stop, delay(3600), its.start);
		const ended = await begin('--databases', 'crm').ended;
		expect(ended.code, words(ended)).toBe(0);
		expect(checkOf(ended, 'DELAYED')).toMatchObject({ status: 'note', found: expect.stringContaining('1:00:00 ago') });
		expect(notes(ended)).toContain('delayed on purpose');
		expect(ended.last.caughtUpMs).toBe(null);
		await run(root, its.stop, delay(0), its.start);
		await caughtUp();
	});

	if (mysql) {
		it('keeps super_read_only on while it is held and afterwards', async () => {
			await ask(pair.replica, 'SET GLOBAL super_read_only = ON');
			await tap.shut();
			const running = begin('--databases', 'crm');
			await running.line((line) => line.type === 'lock' && line.lock.state === 'held');
			expect(await superReadOnlyOf(pair.replica)).toBe('ON');
			await tap.open();
			const ended = await running.ended;
			expect(ended.code, words(ended)).toBe(0);
			expect(acts(ended).filter((text) => /read_only/.test(text))).toEqual([]);
			expect(await superReadOnlyOf(pair.replica)).toBe('ON');
			await ask(pair.replica, 'SET GLOBAL super_read_only = OFF');
			await asBefore();
		});
	}

	it('stops, starts, waits for and notes every channel', { timeout: 90_000 }, async () => {
		await using second = await spareServer(kind, mysql ? {} : { extra: ['--log-bin', '--gtid-domain-id=7'] });
		await ask(second, 'CREATE DATABASE second');
		await ask(second, 'CREATE TABLE second.t (id INT PRIMARY KEY)');
		await using root = await client();
		// MySQL keeps it in small letters.
		const name = mysql ? 'zweite quelle' : 'zweite Quelle';
		const its2nd = (statement: string) => ofChannel(statement, name);
		await run(root, its2nd(its.configure({ port: second.port, user: 'root', password: '', tls: true })), its2nd(its.start));
		await vi.waitFor(async () => expect(await channels()).toEqual([':Yes:Yes', `${name}:Yes:Yes`]), 10_000);
		await vi.waitFor(async () => expect(await value(pair.replica, 'SHOW TABLES FROM second')).toBe('t'), 10_000);

		// Stopped in the middle: each is started again.
		await tap.shut();
		const running = begin('--stop-applier', '--databases', 'crm,second');
		await running.line((line) => line.type === 'action-started' && line.action.id === 'dump-crm');
		expect(await channels()).toEqual([':Yes:No', `${name}:Yes:No`]);
		running.child.kill('SIGTERM');
		const stopped = await running.ended;
		expect(stopped.code, words(stopped)).toBe(143);
		expect(stopped.last).toMatchObject({ partial: expect.stringMatching(/\d{8}T\d{6}Z\.partial$/), partialBytes: expect.any(Number) });
		expect(await channels()).toEqual([':Yes:Yes', `${name}:Yes:Yes`]);
		await tap.open();

		await ask(second, 'INSERT INTO second.t VALUES (1)');
		const ended = await begin('--stop-applier', '--databases', 'crm,second').ended;
		expect(ended.code, words(ended)).toBe(0);
		expect(await channels()).toEqual([':Yes:Yes', `${name}:Yes:Yes`]);
		expect(acts(ended)).toEqual(
			expect.arrayContaining([
				...[mysql ? ofChannel(its.stopSql, '') : its.stopSql, its2nd(its.stopSql)],
				...[mysql ? ofChannel(its.startSql, '') : its.startSql, its2nd(its.startSql)],
			]),
		);
		expect(ended.last.caughtUpMs).not.toBe(null);
		const titles = ended.lines
			.find((line) => line.type === 'review')
			?.review.checks.flatMap((check: Line) => (check.id === 'REPLICATION' ? [check.title] : []));
		expect(titles).toEqual([
			`Channel default replicates from 127.0.0.1:${pair.primary.port}`,
			`Channel ${name} replicates from 127.0.0.1:${second.port}`,
		]);
		const whose = mysql ? `${await value(second, 'SELECT @@server_uuid')}:1-` : /\b7-\d+-\d+/;
		const { position } = JSON.parse(await readFile(join(ended.last.backup, 'manifest.json'), 'utf8'));
		expect(position.source).toMatchObject({ port: pair.primary.port });
		expect(position.sources).toMatchObject([
			{ name: '', port: pair.primary.port, gtid: expect.stringMatching(whose) },
			{ name, port: second.port, file: expect.any(String), pos: expect.any(Number) },
		]);
		const sql = await readFile(join(ended.last.backup, 'change-source.sql'), 'utf8');
		expect(sql).toContain(mysql ? ` FOR CHANNEL '${name}';\n` : `\nCHANGE MASTER '${name}' TO\n`);
		expect(sql).toContain(`\n${its2nd(its.start)};`);
		await run(root, its2nd(its.stop), its2nd(its.forget));
		await asBefore();
	});
});
