// One backup after the other under load, and a replica made while everything is written to. LOCKSTEP_SOAK=MINUTES goes on for so long.
import { readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it, vi } from 'vitest';
import { runsFolder } from '../../src/app/built-run.ts';
import { runsOf } from '../../src/app/runs.ts';
import type { BackupRequest } from '../../src/requests/backup.ts';
import { stopWriter } from '../../src/sandbox/sandbox.ts';
import { contentsOf } from '../support/contents.ts';
import { record } from '../support/faults.ts';
import { caughtUp, openClient, provisionRequest, stateOf } from '../support/runs.ts';
import { ownSandbox, rootSession, SANDBOX_KINDS, type Sandbox, value } from '../support/servers.ts';
import { isMysql, wordsOf } from '../support/words.ts';

const MINUTES = Number(process.env.LOCKSTEP_SOAK ?? 0);
const LEAST = 8;
/** After so many everything that is loaded once is there. */
const WARM = 4;
const MOST_GROWTH_BYTES = 16 * 1024 ** 2;
const SESSIONS = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = 'root' AND HOST LIKE '127.0.0.1%'";

setFlagsFromString('--expose-gc');
const gc: () => void = runInNewContext('gc');
const heap = async (): Promise<number> => {
	for (let turn = 0; turn < 3; turn++) {
		gc();
		await pause(10);
	}
	return process.memoryUsage().heapUsed + process.memoryUsage().external;
};
const openFiles = async () => (await readdir('/proc/self/fd')).length;
const threads = async () => (await readdir('/proc/self/task')).length;

/** Statements on a server, over and over, until it is disposed of. Those that fail are the load's own trouble. */
function load(server: Sandbox['primary'], statements: readonly string[], everyMs: number) {
	const stop = new AbortController();
	let runs = 0;
	const working = (async () => {
		await using session = await rootSession(server);
		while (!stop.signal.aborted) {
			for (const text of statements) await session.query({ pieces: [text] }).catch(() => undefined);
			runs += 1;
			await pause(everyMs, undefined, { signal: stop.signal }).catch(() => undefined);
		}
	})();
	return {
		get runs() {
			return runs;
		},
		async [Symbol.asyncDispose]() {
			stop.abort();
			await working;
		},
	};
}

const MYISAM = ["INSERT INTO soak.m (word) VALUES ('more')", 'UPDATE soak.m SET n = n + 1 WHERE id % 3 = 0'];
const DDL = {
	mariadb: [
		'CREATE OR REPLACE TABLE soak.made (id INT PRIMARY KEY) SELECT id FROM soak.m LIMIT 5',
		'ALTER TABLE crm.calls ADD COLUMN IF NOT EXISTS soaked INT',
		'ALTER TABLE crm.calls DROP COLUMN IF EXISTS soaked',
		'CREATE OR REPLACE VIEW soak.v AS SELECT COUNT(*) AS many FROM soak.m',
	],
	mysql: [
		'DROP TABLE IF EXISTS soak.made',
		'CREATE TABLE soak.made (id INT PRIMARY KEY) SELECT id FROM soak.m LIMIT 5',
		'ALTER TABLE crm.calls ADD COLUMN soaked INT',
		'ALTER TABLE crm.calls DROP COLUMN soaked',
		'CREATE OR REPLACE VIEW soak.v AS SELECT COUNT(*) AS many FROM soak.m',
	],
};

describe.each(SANDBOX_KINDS)('%s under load', (kind) => {
	const its = wordsOf(kind);
	const ddl = isMysql(kind) ? DDL.mysql : DDL.mariadb;
	const pairUnderLoad = async () => {
		const [pair, client] = await Promise.all([ownSandbox(kind, { rows: 400, writesPerSecond: 60 }), openClient()]);
		await using root = await rootSession(pair.primary);
		for (const text of [
			'CREATE DATABASE soak',
			'CREATE TABLE soak.m (id INT PRIMARY KEY AUTO_INCREMENT, n INT NOT NULL DEFAULT 0, word VARCHAR(20)) ENGINE = MyISAM',
			'USE soak',
			`INSERT INTO soak.m (word) SELECT 'first' FROM ${its.numbers(300)}`,
		])
			await root.query({ pieces: [text] });
		return {
			pair,
			client,
			[Symbol.asyncDispose]: async () => void (await Promise.all([pair, client].map((each) => each[Symbol.asyncDispose]()))),
		};
	};
	const equal = async (pair: Sandbox) => {
		await stopWriter(pair);
		await caughtUp(pair);
		expect(await contentsOf(pair.replica)).toEqual(await contentsOf(pair.primary));
		// Nothing that the replica wrote by itself.
		const whose = isMysql(kind) ? `${await value(pair.primary, 'SELECT @@server_uuid')}:1` : '0-101';
		expect(await value(pair.replica, its.written)).toMatch(new RegExp(`^${whose}-\\d+$`));
	};

	it('is backed up again and again into one folder, and nothing wears off', { timeout: 240_000 + MINUTES * 65_000 }, async () => {
		await using bed = await pairUnderLoad();
		const { pair, client } = bed;
		expect((await client.run(provisionRequest(pair))).end.failure).toBeNull();
		const settings = await stateOf(pair.replica, 'settings');
		const until = performance.now() + MINUTES * 60_000;
		let warm = { heap: 0, files: 0, threads: 0 };
		const to = join(client.home, 'backups');
		let runs = 0;
		let newest: unknown;
		{
			await using _ = load(pair.primary, [...MYISAM, ...ddl], 20);
			while (runs < LEAST || performance.now() < until) {
				runs += 1;
				const request: BackupRequest = {
					...{ kind: 'backup', server: provisionRequest(pair).replica, to, compress: 'zstd' },
					...{ lockWaitSeconds: 30, longQueries: 'wait', maxLockSeconds: null, stopApplier: runs % 2 === 0 },
				};
				const { end } = await client.run(request);
				expect([end.outcome, end.failure, end.open], `backup ${runs}`).toEqual(['done', null, false]);
				newest = end.summary.backup;
				if (runs === WARM) warm = { heap: await heap(), files: await openFiles(), threads: await threads() };
			}
		}
		expect((await readdir(to)).filter((name) => name !== 'latest')).toHaveLength(runs);
		expect(join(to, await readlink(join(to, 'latest')))).toBe(newest);
		// A journal each, and the provisioning's.
		expect(await readdir(runsFolder(client.context()))).toHaveLength(runs + 1);
		await vi.waitFor(async () => expect(await threads()).toBeLessThanOrEqual(warm.threads + 2));
		expect((await heap()) - warm.heap).toBeLessThan(MOST_GROWTH_BYTES);
		expect(await openFiles()).toBeLessThanOrEqual(warm.files + 5);
		expect(await runsOf(client.context())).toEqual([]);
		for (const server of [pair.primary, pair.replica]) await vi.waitFor(async () => expect(await value(server, SESSIONS)).toBe('0'));
		expect(await stateOf(pair.replica, 'settings')).toEqual(settings);
		expect(settings.channels).toEqual([expect.stringMatching(/Yes Yes$/)]);
		await equal(pair);
		record({ fault: 'many backups in a row under load', kind, freeMs: null, outcome: `${LEAST} times exit 0, no drift, nothing left` });
	});

	it.each([
		['DDL', ddl],
		['writes to MyISAM tables', MYISAM],
	])('is made a replica of in the middle of %s: equal, or said', { timeout: 120_000 }, async (what, statements) => {
		await using bed = await pairUnderLoad();
		const { pair, client } = bed;
		let outcome: string;
		{
			await using writing = load(pair.primary, statements, 0);
			await vi.waitUntil(() => writing.runs > 0);
			const { end } = await client.run(provisionRequest(pair));
			expect(writing.runs).toBeGreaterThan(10);
			outcome =
				end.failure === null
					? 'done'
					: `${end.failure.class} ${end.failure.step}: ${end.failure.description.message} ${end.failure.description.details ?? ''}`;
		}
		if (outcome !== 'done') {
			const { end } = await client.run(provisionRequest(pair));
			expect([end.outcome, end.failure]).toEqual(['done', null]);
		}
		await equal(pair);
		record({ fault: `provisioning in the middle of ${what}`, kind, freeMs: null, outcome: 'equal, or refused with what differs' });
	});
});
