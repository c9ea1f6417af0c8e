import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Busy, ConnectError, LockTimeout, ServerError, Stopped, UserError } from '../../src/core/errors.ts';
import type { Dialect } from '../../src/dialects/contract/dialect.ts';
import type { Locks } from '../../src/dialects/contract/locks.ts';
import { detect } from '../../src/dialects/index.ts';
import { openExecutor } from '../../src/executor/executor.ts';
import type { ServerAddress } from '../../src/server/address.ts';
import { type LeaseOptions, openLease } from '../../src/server/lease.ts';
import { connect, type Session } from '../../src/server/session.ts';
import { Secret } from '../../src/sql/secret.ts';
import { sql } from '../../src/sql/sql.ts';
import { openProxy } from '../support/proxy.ts';
import { rootSession, SANDBOX_KINDS, type SpareServer, spareServer } from '../support/servers.ts';
import { expectWithin } from '../support/within.ts';
import { wordsOf } from '../support/words.ts';

const password = new Secret('cänary"o\'r\\77#');
const lostOf = (signal: AbortSignal) => (signal.aborted ? Promise.resolve() : once(signal, 'abort'));
const failure = async (promise: Promise<unknown>) =>
	promise.then(
		() => Promise.reject(new Error('it went well')),
		(error) => error,
	);

async function until(condition: () => Promise<boolean>): Promise<void> {
	for (let tries = 0; !(await condition()); tries += 1) {
		if (tries > 1000) throw new Error('it never came true');
		await pause(20);
	}
}

/** As a screen that draws for ever: no timer, no socket, no message of this thread is served meanwhile. */
function stall(ms: number): void {
	for (const end = performance.now() + ms; performance.now() < end; );
}

const LOCK = sql`FLUSH TABLES WITH READ LOCK`;
const READ_ONLY = sql`SET GLOBAL read_only = ON`;
const BACK = [sql`SET GLOBAL read_only = OFF`, sql`UNLOCK TABLES`];

describe.each(SANDBOX_KINDS)('a lease on %s', (kind) => {
	let server: SpareServer;
	let address: ServerAddress;
	let admin: Session;
	let dialect: Dialect;

	beforeAll(async () => {
		server = await spareServer(kind);
		admin = await rootSession(server);
		dialect = await detect(async (query) => query.read(await admin.query(query.statement)), 'sut');
		await admin.query(sql`CREATE USER app@'127.0.0.1' IDENTIFIED BY ${password}`);
		await admin.query(sql`GRANT ALL ON *.* TO app@'127.0.0.1'`);
		await admin.query(sql`CREATE USER poor@'127.0.0.1' IDENTIFIED BY ${password}`);
		await admin.query(sql`CREATE USER bare@'127.0.0.1'`);
		await admin.query(sql`CREATE DATABASE sut`);
		await admin.query(sql`CREATE TABLE sut.rows (id INT)`);
		const { host, port } = server;
		// A server of the test's own is given the password without a proof of who it is.
		const serverKey = { request: true } as const;
		address = { name: 'sut', host, port, user: 'app', tls: { mode: 'PREFERRED' }, serverKey, connectTimeoutMs: 5000, origin: {} };
	});
	afterAll(async () => {
		await admin?.close();
		await server?.[Symbol.asyncDispose]();
	});

	const open = (rest: Partial<LeaseOptions> = {}, to: Partial<ServerAddress> = {}) =>
		openLease({ ...address, ...to }, password, { lockWaitSeconds: 5, leaseSeconds: 2, heartbeatMs: 400, ...rest });
	const listed = async (id: number) =>
		(await admin.query(sql`SELECT ID AS id FROM information_schema.PROCESSLIST WHERE ID = ${id}`)).length > 0;
	const gone = (id: number) => until(async () => !(await listed(id)));
	const works = (id: number, state: string) =>
		until(
			async () =>
				(await admin.query(sql`SELECT 1 AS one FROM information_schema.PROCESSLIST WHERE ID = ${id} AND INFO LIKE ${`%${state}%`}`))
					.length > 0,
		);
	const readOnly = async () => (await admin.query(sql`SELECT @@global.read_only AS it`))[0]?.it;
	const locked = async () => {
		await admin.query(sql`SET SESSION lock_wait_timeout = 1`);
		const error = await admin.query(sql`INSERT INTO sut.rows VALUES (1)`).catch((each) => each);
		await admin.query(sql`SET SESSION lock_wait_timeout = 60`);
		return error instanceof ServerError && error.code === 1205;
	};

	test('keeps the lock while the main thread stands still for longer than the lease', async () => {
		await using lease = await open();
		await lease.query(LOCK);
		expect(await lease.query(sql`SELECT @@wait_timeout AS wait, @@lock_wait_timeout AS lock_wait, CONNECTION_ID() AS id`)).toEqual([
			{ wait: '2', lock_wait: '5', id: String(lease.connectionId) },
		]);
		stall(4000);
		await lease.verify();
		expect(await locked()).toBe(true);
		await lease.verify();
		expect([lease.lost.aborted, lease.expired.aborted]).toEqual([false, false]);
	});

	test('that is killed by another client says so at once, and gives back nothing more', async () => {
		await using lease = await open({ leaseSeconds: 600, heartbeatMs: null });
		await lease.query(LOCK);
		await admin.query(sql`KILL ${lease.connectionId}`);
		await lostOf(lease.lost);
		expect(lease.lost.reason).toBeInstanceOf(ServerError);
		for (const ask of [() => lease.verify(), () => lease.query(sql`SELECT 1`)]) {
			const error = await failure(ask());
			expect([error.connectionLost, error.description.message]).toEqual([
				true,
				'The connection that held the lock is gone, and the lock with it.',
			]);
		}
		expect(lease.expired.aborted).toBe(false);
	});

	test('without its heartbeat ends by itself on the server', async () => {
		await using lease = await open({ heartbeatMs: null });
		await lease.query(LOCK);
		await lostOf(lease.lost);
		expect(await locked()).toBe(false);
	});

	test('behind a network that swallows everything is lost here before the server lets go, and the server lets go', async () => {
		await using network = await openProxy(server);
		const leaseSeconds = 6;
		await using lease = await open({ leaseSeconds }, { port: network.port });
		await lease.query(LOCK);
		network.freeze();
		const began = performance.now();
		await lostOf(lease.lost);
		// Half the lease and a heartbeat; the server may let go after the whole.
		expectWithin(performance.now() - began, leaseSeconds * 1000);
		expect(lease.lost.reason.description.reason).toContain('No answer within 3 s');
		await gone(lease.connectionId);
		expect(await locked()).toBe(false);
	});

	test('whose connection is cut is lost at once, and the server is free', async () => {
		await using network = await openProxy(server);
		await using lease = await open({ leaseSeconds: 600 }, { port: network.port });
		await lease.query(LOCK);
		network.cut();
		await lostOf(lease.lost);
		await gone(lease.connectionId);
		expect(await locked()).toBe(false);
	});

	test('whose thread dies is lost, and the server is free', async () => {
		const threads: Worker[] = [];
		const see = (thread: Worker) => threads.push(thread);
		process.on('worker', see);
		await using ended = await open();
		await using failed = await open();
		process.off('worker', see);
		await ended.query(LOCK);
		const asleep = failure(ended.query(sql`SELECT SLEEP(2)`));
		await works(ended.connectionId, 'SLEEP');
		await threads[0]?.terminate();
		threads[1]?.postMessage({ kind: 'nonsense' });
		await Promise.all([lostOf(ended.lost), lostOf(failed.lost)]);
		expect(await asleep).toBe(ended.lost.reason);
		expect(failed.lost.reason.description.reason).toContain('a thread was asked what it does not know');
		expect(await failure(failed.verify())).toBe(failed.lost.reason);
		await gone(failed.connectionId);
		await gone(ended.connectionId);
	});

	test('lets go of the lock when it is disposed of, with an error thrown as well', async () => {
		await expect(
			(async () => {
				await using lease = await open();
				await lease.query(LOCK);
				throw new Error('in between');
			})(),
		).rejects.toThrow('in between');
		expect(await locked()).toBe(false);
	});

	test('is given back in spite of a statement that runs, and of a network that swallows everything', async () => {
		await using network = await openProxy(server);
		const busy = await open();
		const frozen = await open({ leaseSeconds: 4 }, { port: network.port });
		const endless = failure(busy.query(sql`SELECT BENCHMARK(1000000000000, SHA2('x', 256))`, { timeoutMs: 0 }));
		await works(busy.connectionId, 'BENCHMARK');
		network.freeze();
		await Promise.all([busy.release(), busy.release(), frozen.release()]);
		expect(await endless).toBeInstanceOf(Error);
		await gone(busy.connectionId);
		expect((await failure(frozen.query(sql`SELECT 1`))).description.message).toBe('The lock was given back already.');
		expect([busy.lost.aborted, frozen.lost.aborted]).toEqual([false, false]);
		await gone(frozen.connectionId);
	});

	test('that is forgotten does not keep a process alive', async () => {
		const code = `
			const { openLease } = await import(${JSON.stringify(new URL('../../src/server/lease.ts', import.meta.url).href)});
			const lease = await openLease(${JSON.stringify({ ...address, user: 'bare' })}, null, { lockWaitSeconds: 5 });
			const [row] = await lease.query({ pieces: ['SELECT SLEEP(0.5) AS slept'] });
			console.log(lease.connectionId, row.slept);`;
		const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
		let said = '';
		child.stdout.setEncoding('utf8').on('data', (text) => {
			said += text;
		});
		const [status] = await once(child, 'close');
		const [id, slept] = said.split(' ').map(Number);
		expect([status, slept]).toEqual([0, 0]);
		await gone(id ?? 0);
	});

	describe('passes errors on as they were', () => {
		test('where it cannot be acquired', async () => {
			const refused = await failure(openLease({ ...address, user: 'nobody' }, password, { lockWaitSeconds: 5 }));
			expect(refused).toBeInstanceOf(ConnectError);
			expect([refused.description.message, refused.cause.message]).toEqual([
				expect.stringContaining("Access denied for 'nobody'@'127.0.0.1'"),
				expect.stringContaining('Access denied'),
			]);
			const file = await failure(open({}, { tls: { mode: 'VERIFY_CA', ca: '/nowhere/ca.pem' } }));
			expect([file instanceof UserError, file.description.message]).toEqual([true, expect.stringContaining('/nowhere/ca.pem')]);
			await using network = await openProxy(server);
			network.freeze();
			const stop = new AbortController();
			const opening = failure(open({ signal: stop.signal }, { port: network.port, connectTimeoutMs: 600_000 }));
			stop.abort();
			expect(await opening).toBeInstanceOf(Stopped);
			expect(await failure(open({ signal: stop.signal }))).toBeInstanceOf(Stopped);
		});

		test('where a statement is refused, and never a secret', async () => {
			await using lease = await open({}, { user: 'poor' });
			const refused = await failure(lease.query(LOCK));
			expect(refused).toBeInstanceOf(ServerError);
			expect([refused.code, refused.connectionLost, refused.description.hints]).toEqual([
				1227,
				false,
				["GRANT RELOAD ON *.* TO 'poor'@'127.0.0.1';"],
			]);
			const misunderstood = await failure(lease.query(sql`CREATE USR x@y IDENTIFIED BY ${password}`));
			expect([misunderstood.code, misunderstood.description.reason]).toEqual([1064, "On sut: CREATE USR x@y IDENTIFIED BY '********'"]);
			expect(JSON.stringify([misunderstood, misunderstood.stack, misunderstood.cause.message])).not.toContain('änary');
			expect(await lease.query(sql`SELECT ${password} = ${password.reveal()} AS same`)).toEqual([{ same: '1' }]);
			expect(lease.lost.aborted).toBe(false);
		});

		test('where a statement is given up or takes too long', async () => {
			await using lease = await open();
			const stop = new AbortController();
			const why = new Stopped('Stopped by SIGINT.', 'SIGINT');
			const asleep = failure(lease.query(sql`SELECT SLEEP(30)`, { signal: stop.signal }));
			await works(lease.connectionId, 'SLEEP');
			stop.abort(why);
			expect(await asleep).toBe(why);
			expect(lease.lost.aborted).toBe(true);
			await gone(lease.connectionId);
			expect(await failure(lease.query(LOCK, { signal: stop.signal }))).toBe(why);
			await using other = await open();
			expect((await failure(other.query(sql`SELECT SLEEP(30)`))).description.message).toContain('No answer within 1 s');
			await gone(other.connectionId);
		});
	});

	describe('held for as long as is allowed', () => {
		test('frees the server although the main thread stands still', async () => {
			await using lease = await open();
			await lease.query(LOCK);
			await lease.query(READ_ONLY);
			lease.startDeadline({ mostMs: 1500, back: [sql`SELECT nonsense`, ...BACK] });
			await lease.verify();
			// This thread does nothing at all until another client's write went through.
			const program = join(server.binDir ?? '', wordsOf(kind).client);
			const write = 'SET SESSION lock_wait_timeout = 30; INSERT INTO sut.rows VALUES (2); SELECT @@global.read_only';
			const client = spawnSync(program, ['--no-defaults', '-uroot', `--socket=${server.socket}`, '-Ne', write], { encoding: 'utf8' });
			expect([client.status, client.stdout, client.stderr]).toEqual([0, '0\n', '']);
			await lostOf(lease.expired);
			expect(lease.expired.reason).toBeInstanceOf(LockTimeout);
			expect(lease.expired.reason.description).toMatchObject({
				message: 'The lock was held for as long as was allowed (1.5 s).',
				hints: expect.arrayContaining([expect.stringContaining('--max-lock-time')]),
			});
			for (const ask of [() => lease.verify(), () => lease.query(LOCK)]) expect(await failure(ask())).toBe(lease.expired.reason);
			expect(lease.lost.aborted).toBe(false);
			expect(await listed(lease.connectionId)).toBe(false);
		});

		test('ends a statement that runs, and rolls back on another connection', async () => {
			await using lease = await open({ leaseSeconds: 60 });
			await lease.query(LOCK);
			await lease.query(READ_ONLY);
			const endless = failure(lease.query(sql`SELECT BENCHMARK(1000000000000, SHA2('x', 256))`, { timeoutMs: 0 }));
			await works(lease.connectionId, 'BENCHMARK');
			lease.startDeadline({ mostMs: 100, back: BACK });
			await lostOf(lease.expired);
			expect(await endless).toBeInstanceOf(LockTimeout);
			await gone(lease.connectionId);
			expect([await locked(), await readOnly(), lease.lost.aborted]).toEqual([false, '0', false]);
		});

		test('says nothing of it where it was given back in time', async () => {
			const lease = await open();
			await lease.query(LOCK);
			lease.startDeadline({ mostMs: 50, back: BACK });
			lease.startDeadline({ mostMs: 600_000, back: BACK });
			await lease.query(sql`SELECT SLEEP(0.2)`);
			await lease.verify();
			await lease.release();
			expect([lease.lost.aborted, lease.expired.aborted]).toEqual([false, false]);
		});
	});

	describe('and the lock of a run', () => {
		const world = (to: Partial<ServerAddress> = {}, { claimSeconds = 120, speaks = dialect } = {}) =>
			openExecutor({
				reach: { server: { address: { ...address, ...to }, password, dialect: speaks } },
				env: process.env,
				signal: new AbortController().signal,
				runLockSeconds: claimSeconds,
			});
		const holder = async () => (await admin.query(sql`SELECT IS_USED_LOCK('lockstep.run') AS id`))[0]?.id ?? null;

		test('refuses a second one and names the run at work there', async () => {
			await using first = world();
			await first.lockRun('server');
			await using second = world();
			const error = await failure(second.lockRun('server'));
			expect(error).toBeInstanceOf(Busy);
			expect(error.description.reason).toMatch(
				new RegExp(`^Its connection there is number ${await holder()}, of app@127\\.0\\.0\\.1(:\\d+)?, last heard of \\d+ s ago\\.$`),
			);
			await using poor = world({ user: 'poor' });
			const blind = await failure(poor.lockRun('server'));
			expect([blind instanceof Busy, blind.description.reason]).toEqual([true, `Its connection there is number ${await holder()}.`]);
		});

		test('is acquired as soon as the former holder is dead', async () => {
			const dead = await connect(address, password);
			await dead.query(sql`SELECT GET_LOCK('lockstep.run', 0)`);
			let refused = 0;
			const claim: Locks['acquireRunLock'] = (name) => {
				const asked = dialect.locks.acquireRunLock(name);
				const read: typeof asked.read = (rows) => {
					const got = asked.read(rows);
					if (!got) {
						refused += 1;
						dead.destroy();
					}
					return got;
				};
				return { ...asked, read };
			};
			await using next = world({}, { speaks: { ...dialect, locks: { ...dialect.locks, acquireRunLock: claim } } });
			await next.lockRun('server');
			expect(refused).toBeGreaterThan(0);
		});

		test('whose connection was killed is acquired again; where another run was quicker, it is lost', async () => {
			await using first = world();
			const lost = await first.lockRun('server');
			const id = await holder();
			await admin.query(sql`KILL ${Number(id)}`);
			await until(async () => ![null, id].includes(await holder()));
			expect(lost.aborted).toBe(false);
			const other = await connect(address, password);
			const waiting = other.query(sql`SELECT GET_LOCK('lockstep.run', 20) AS got`);
			const queued = sql`SELECT COUNT(*) AS n FROM information_schema.PROCESSLIST WHERE ID = ${other.connectionId} AND INFO LIKE 'SELECT GET_LOCK%'`;
			await until(async () => (await admin.query(queued))[0]?.n === '1');
			await admin.query(sql`KILL ${Number(await holder())}`);
			expect((await waiting)[0]?.got).toBe('1');
			await until(async () => lost.aborted);
			expect(lost.reason).toMatchObject({ description: { message: expect.stringContaining('was lost') } });
			await other.close();
		});

		test('outlives its own lease, and behind a network that swallows everything does not', async () => {
			await using network = await openProxy(server);
			await using first = world({ port: network.port }, { claimSeconds: 2 });
			await first.lockRun('server');
			const id = await holder();
			await pause(3500); // time itself is what is tested here
			expect(await holder()).toBe(id);
			network.freeze();
			await until(async () => (await holder()) === null);
			await using second = world();
			await second.lockRun('server');
		});
	});
});
