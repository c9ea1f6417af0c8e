// A primary with statements that run for long: neither the copy nor the comparison may close their tables for anybody else.
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ended, type Home, makeHome, start, urlOf } from '../support/cli.ts';
import { openClient, provisionRequest } from '../support/runs.ts';
import { ask, ownSandbox, rootSession, type Sandbox, spareServer, value } from '../support/servers.ts';

const words = ({ stdout, stderr }: Ended) => stdout.slice(-3000) + stderr;
const FLUSHES = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE STATE = 'Waiting for table flush'";

describe('provisioning from a busy primary, mysql-9.7', () => {
	let home: Home;
	let pair: Sandbox & AsyncDisposable;

	beforeAll(async () => {
		home = await makeHome();
		pair = await ownSandbox('mysql-9.7', { rows: 50 });
	});
	afterAll(async () => {
		await pair?.[Symbol.asyncDispose]();
		await home?.[Symbol.asyncDispose]();
	});

	const title = 'copies and compares beside a long SELECT, a writer and what a killed run left, without a lock: nobody waits for a table';
	it(title, { timeout: 120_000 }, async () => {
		// The session of a dump tool that was killed: the server notices it some seconds later.
		await using left = await rootSession(pair.primary);
		expect(await left.query({ pieces: ["SELECT GET_LOCK('lockstep seed', 0) AS got"] })).toEqual([{ got: '1' }]);
		await using reader = await rootSession(pair.primary);
		const table = await value(
			pair.primary,
			"SELECT CONCAT(TABLE_SCHEMA, '.', TABLE_NAME) FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'crm' AND TABLE_TYPE = 'BASE TABLE' LIMIT 1",
		);
		const reading = reader.query({ pieces: [`SELECT SLEEP(600) FROM ${table} LIMIT 1`] }, { timeoutMs: 0 }).catch(() => undefined);
		const running = start(['provision', '--primary', urlOf(pair.primary), '--replica', urlOf(pair.replica), '--yes', '--json'], {
			env: home.env,
			boundMs: 110_000,
		});
		const noticed = running
			.line((line) => line.type === 'step-started' && line.step === 'seed')
			.then(() => pause(2_000))
			.then(() => ask(pair.primary, `KILL ${left.connectionId}`));
		let over = false;
		void running.ended.then(() => {
			over = true;
		});
		do {
			await ask(pair.primary, `SELECT * FROM ${table} LIMIT 1`);
			expect(await value(pair.primary, FLUSHES)).toBe('0');
		} while (!over);
		const ended = await running.ended;
		await noticed;
		expect(ended.code, words(ended)).toBe(0);
		const acts = ended.lines.flatMap((line) => (line.type === 'action-started' ? [line.action.text] : [])).join('\n');
		expect(acts).not.toMatch(/FLUSH/);
		expect(ended.last.comparedTables).toBeGreaterThan(0);
		await ask(pair.primary, `KILL ${reader.connectionId}`);
		await reading;
	});
});

it.each(['mariadb-11.8', 'mysql-9.7'] as const)(
	'an XA transaction that is prepared after the first look ends the copy, %s',
	async (kind) => {
		await using client = await openClient();
		await using primary = await spareServer(kind, { serverId: 101 });
		await using replica = await spareServer(kind, { serverId: 102 });
		for (const text of ['CREATE DATABASE d', 'CREATE TABLE d.t (a INT PRIMARY KEY)']) await ask(primary, text);
		await using session = await rootSession(primary);
		for (const text of ["XA START 'late'", 'INSERT INTO d.t VALUES (1)', "XA END 'late'"]) await session.query({ pieces: [text] });
		let prepared: Promise<unknown> = Promise.resolve();
		const { end, events } = await client.run(provisionRequest({ primary, replica }), {
			on(event) {
				if (event.type === 'step-started' && event.step === 'create-account') prepared = session.query({ pieces: ["XA PREPARE 'late'"] });
			},
		});
		await prepared;
		expect([end.failure?.step, end.failure?.checks]).toEqual(['seed', [expect.objectContaining({ id: 'PREPARED-XA' })]]);
		// Each snapshot that was of no use is given up by the run itself.
		if (kind === 'mysql-9.7') expect(events.find(({ type }) => type === 'action-failed')).toMatchObject({ discarded: true });
		await session.query({ pieces: ["XA COMMIT 'late'"] });
		const again = await client.run(provisionRequest({ primary, replica }));
		expect([again.end.outcome, again.end.failure]).toEqual(['done', null]);
		expect(await value(replica, 'SELECT COUNT(*) FROM d.t')).toBe('1');
	},
);
