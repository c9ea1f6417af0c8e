import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { examine } from '../../src/app/doctor.ts';
import { statusOf } from '../../src/app/status-report.ts';
import type { DoctorFinding, FindingStatus } from '../../src/core/doctor-report.ts';
import { lockstep, makeHome, urlOf } from '../support/cli.ts';
import { IN_ORDER } from '../support/in-order.ts';
import { provisionedPair } from '../support/provisioned.ts';
import { type Client, openClient } from '../support/runs.ts';
import { ask, rootSession, SANDBOX_KINDS, type Sandbox, type SandboxKind, type SandboxServer } from '../support/servers.ts';
import { isMysql, wordsOf } from '../support/words.ts';

let client: Client;
beforeAll(async () => {
	client = await openClient();
});
afterAll(() => client?.[Symbol.asyncDispose]());

describe.each(SANDBOX_KINDS)('the doctor on %s', IN_ORDER, (kind) => {
	const words = wordsOf(kind);
	let pair: Sandbox & AsyncDisposable;
	beforeAll(async () => {
		pair = await provisionedPair(kind);
	});
	afterAll(() => pair?.[Symbol.asyncDispose]());

	const findings = async (server: SandboxServer = pair.replica): Promise<readonly DoctorFinding[]> => {
		const primary = server === pair.replica ? { server: urlOf(pair.primary) } : undefined;
		const report = await examine(client.context(), { server: { server: urlOf(server) }, primary, language: 'en' });
		return report.findings;
	};
	const onlyOf = (found: readonly DoctorFinding[], id: string, status?: FindingStatus) =>
		found.find((each) => each.id === id && (status === undefined || each.status === status));

	test('finds nothing wrong with a replica as it was set up', async () => {
		const found = await findings();
		expect(found.filter(({ status }) => status === 'fail')).toEqual([]);
		expect(found.filter(({ status }) => status === 'warning').map(({ id }) => id)).toEqual(
			// What a sandbox saves: it need not survive its host.
			[
				// Only MariaDB 11.4 and newer prove the primary without an authority.
				...(kind === 'mariadb-11.8' ? [] : ['TLS-CHANNEL']),
				...(isMysql(kind) ? ['CRASH-RELAY'] : []),
				...['CRASH-BINLOG', 'CRASH-COMMIT'],
			],
		);
		expect(found.map(({ id }) => id)).toEqual(expect.arrayContaining(['REPL-ERRANT', 'ACCOUNT-LIMITS', 'ID-SERVER-ID', 'DISK', 'PACKETS']));
	});

	test('of a primary alone judges what concerns it', async () => {
		const ids = (await findings(pair.primary)).map(({ id }) => id);
		expect(ids).toEqual(expect.arrayContaining(['CRASH-COMMIT', 'LOG-EXPIRY', 'TOOLS']));
		expect(ids).not.toContain('REPL-IO');
		expect(ids).not.toContain('READ-ONLY');
	});

	test('names every fault of a replica at once, each with what fixes it, and none of them after it is fixed', async () => {
		const before = await findings();
		const faults = await faultsOf(kind, pair);
		for (const { on = pair.replica, set } of faults) for (const statement of set) await ask(on, statement);
		const found = await findings();
		for (const { on = pair.replica, unset } of faults.toReversed()) for (const statement of unset) await ask(on, statement);
		for (const { id, status, evidence, line } of faults) {
			const of = onlyOf(found, id, status);
			expect({ id, evidence: of?.evidence, lines: of?.lines.join(' ') }).toEqual({
				id,
				evidence: expect.stringMatching(evidence),
				lines: expect.stringMatching(line ?? /^/),
			});
			expect(onlyOf(before, id)?.evidence ?? '').not.toMatch(evidence);
		}
		const statusesOf = (all: readonly DoctorFinding[]) => all.map(({ id, status }) => `${id} ${status}`);
		// The threads need a moment.
		await vi.waitFor(async () => expect(statusesOf(await findings())).toEqual(statusesOf(before)));
	});

	test('a replication account that is locked, or limited', async () => {
		const { user } = words.channel((await ask(pair.replica, words.status))[0] ?? {});
		const account = `'${user}'@'127.0.0.1'`;
		await ask(pair.primary, `ALTER USER ${account} WITH MAX_USER_CONNECTIONS 3`);
		expect(onlyOf(await findings(), 'ACCOUNT-LIMITS')?.evidence).toContain('max_user_connections = 3');
		await ask(pair.primary, `ALTER USER ${account} WITH MAX_USER_CONNECTIONS 0`);
		await ask(pair.primary, `ALTER USER ${account} ACCOUNT LOCK`);
		const locked = onlyOf(await findings(), 'ACCOUNT-LIMITS', 'fail');
		for (const line of locked?.lines ?? []) await ask(pair.primary, line);
		expect(onlyOf(await findings(), 'ACCOUNT-LIMITS')?.status).toBe('ok');
	});

	test('a session that has locked a table, and a prepared XA transaction', async () => {
		{
			await using session = await rootSession(pair.primary);
			await session.query({ pieces: ['LOCK TABLES shop.orders READ'] });
			const found = await findings(pair.primary);
			// MariaDB does not say who has locked what.
			if (isMysql(kind))
				expect(found.find(({ id }) => id === 'LOCK-QUERIES')?.evidence).toContain(`Session ${session.connectionId} of root`);
		}
		const prepared = async () => (await findings(pair.primary)).find(({ id }) => id === 'LOCK-PREPARED')?.status;
		expect(await prepared()).toBe('ok');
		{
			await using session = await rootSession(pair.primary);
			for (const text of ["XA START 'x'", 'UPDATE shop.products SET price = price + 1 WHERE id = 1', "XA END 'x'", "XA PREPARE 'x'"])
				await session.query({ pieces: [text] });
			expect(await prepared()).toBe('warning');
			await session.query({ pieces: ["XA ROLLBACK 'x'"] });
		}
		expect(await prepared()).toBe('ok');
	});

	test('a lock that holds up the SQL thread, while both threads say Yes', async () => {
		await using session = await rootSession(pair.replica);
		await session.query({ pieces: ['FLUSH TABLES WITH READ LOCK'] });
		const wait = await vi.waitUntil(async () => {
			const found = await findings();
			return onlyOf(found, 'REPL-SQL')?.status === 'ok' ? onlyOf(found, 'REPL-WAITS', 'warning') : undefined;
		});
		expect(wait).toMatchObject({ evidence: expect.stringMatching(/Waiting for .*lock/), lesson: 'locked-backup' });
		expect(wait.evidence).toContain(`${session.connectionId} (root)`);
		await vi.waitFor(async () => {
			const { troubles } = await statusOf(client.context(), { server: urlOf(pair.replica) });
			expect(troubles).toContainEqual(expect.stringMatching(/runs and applies nothing: Waiting for .*lock/));
		});
		await session.query({ pieces: ['UNLOCK TABLES'] });
		await vi.waitUntil(async () => onlyOf(await findings(), 'REPL-WAITS', 'ok'));
	});

	test('the command: exit code 6, JSON, Portuguese, and only what is wrong with -q', async () => {
		await using home = await makeHome();
		const servers = ['--server', urlOf(pair.replica), '--primary', urlOf(pair.primary)];
		const right = await lockstep(['doctor', ...servers, '--json'], { env: home.env });
		expect(right.code).toBe(0);
		expect(right.last).toMatchObject({ type: 'doctor', primary: `127.0.0.1:${pair.primary.port}` });
		await ask(pair.replica, words.stopSql);
		const wrong = await lockstep(['doctor', ...servers, '-q', '--lang', 'pt'], { env: home.env });
		expect(wrong.code).toBe(6);
		expect(wrong.stdout).toContain('A thread SQL está parada');
		expect(wrong.stdout).not.toContain('✓');
		await ask(pair.replica, words.startSql);
	});

	test('a local write, then the duplicate key that it leads to', async () => {
		await ask(pair.replica, 'SET GLOBAL read_only = OFF');
		await ask(pair.replica, "INSERT INTO shop.products (id, sku, name, price, size) VALUES (900000, 'local', 'local', 1, 'S')");
		expect(onlyOf(await findings(), 'REPL-ERRANT', 'fail')?.evidence).toContain('never wrote');
		await ask(pair.primary, "INSERT INTO shop.products (id, sku, name, price, size) VALUES (900000, 'real', 'real', 1, 'S')");
		const found = await vi.waitUntil(async () => onlyOf(await findings(), 'REPL-SQL', 'fail'));
		// MariaDB's strict order sees it before the key does.
		expect(found.evidence).toMatch(isMysql(kind) ? /1062/ : /1950|1062/);
		expect(found.unsafe).toContain('Skipping the transaction');
		expect(found.lesson).toBe('duplicate-key');
		// No value of a row.
		expect(found.evidence).not.toContain('900000');
	});
});

type Fault = {
	readonly id: string;
	readonly status: FindingStatus;
	readonly evidence: RegExp;
	/** What its lines to copy hold. */
	readonly line?: RegExp;
	readonly set: readonly string[];
	readonly unset: readonly string[];
	/** The replica, unless said. */
	readonly on?: SandboxServer;
};

/** Faults that can be there together; a server keeps answering with all of them. */
async function faultsOf(kind: SandboxKind, { primary, replica }: Sandbox): Promise<readonly Fault[]> {
	const words = wordsOf(kind);
	const { user } = words.channel((await ask(replica, words.status))[0] ?? {});
	const global = (name: string, bad: string | number, good: string | number) => ({
		set: [`SET GLOBAL ${name} = ${bad}`],
		unset: [`SET GLOBAL ${name} = ${good}`],
	});
	const readOnly = isMysql(kind) ? 'super_read_only' : 'read_only';
	const channel = (to: (isRight: boolean) => string) => ({ set: [words.stop, to(false)], unset: [to(true)] });
	const byGtid = (isRight: boolean) =>
		isMysql(kind)
			? `CHANGE REPLICATION SOURCE TO SOURCE_AUTO_POSITION = ${isRight ? 1 : 0}, SOURCE_RETRY_COUNT = ${isRight ? 86_400 : 10}`
			: `CHANGE MASTER TO MASTER_USE_GTID = ${isRight ? 'slave_pos' : 'no'}`;
	const filter = (isRight: boolean) =>
		isMysql(kind)
			? `CHANGE REPLICATION FILTER REPLICATE_IGNORE_DB = (${isRight ? '' : 'crm'})`
			: `SET GLOBAL replicate_ignore_db = '${isRight ? '' : 'crm'}'`;
	const alter = (change: string) => [`ALTER USER '${user}'@'127.0.0.1' PASSWORD EXPIRE ${change}`];
	return [
		{
			id: 'READ-ONLY',
			status: 'fail',
			evidence: /not read-only/,
			line: /read_only = ON;/,
			set: ['SET GLOBAL read_only = OFF'],
			unset: [`SET GLOBAL ${readOnly} = ON`],
		},
		{ id: 'EVENTS', status: 'warning', evidence: /is on/, line: /event_scheduler = OFF/, ...global('event_scheduler', 'ON', 'OFF') },
		{ id: 'LOG-EXPIRY', status: 'warning', evidence: /for 2 h/, line: /= 604800/, ...global('binlog_expire_logs_seconds', 7200, 86_400) },
		{
			id: 'CRASH-COMMIT',
			status: 'fail',
			evidence: /^Server killed, host/,
			line: /= 1/,
			...global('innodb_flush_log_at_trx_commit', 0, 2),
		},
		{
			id: 'ID-SERVER-ID',
			status: 'fail',
			evidence: /so is the primary/,
			line: /server_id/,
			...global('server_id', primary.serverId, replica.serverId),
		},
		{
			id: 'PACKETS',
			status: 'warning',
			evidence: /1\.0 MiB/,
			line: /1073741824/,
			...global(isMysql(kind) ? 'replica_max_allowed_packet' : 'slave_max_allowed_packet', 1_048_576, 1_073_741_824),
		},
		{
			id: 'ACCOUNT-LIMITS',
			status: 'warning',
			evidence: /days left: (9|10)\.$/,
			line: /ALTER USER/,
			set: alter('INTERVAL 10 DAY'),
			unset: alter('NEVER'),
			on: primary,
		},
		{
			id: 'REPL-GTID',
			status: 'fail',
			evidence: /file and position/,
			line: isMysql(kind) ? /SOURCE_AUTO_POSITION = 1/ : /MASTER_USE_GTID = slave_pos/,
			...channel(byGtid),
		},
		{ id: 'REPL-GAPS', status: 'fail', evidence: /^replicate_ignore_db = crm$/, ...channel(filter) },
		...(isMysql(kind)
			? [{ id: 'REPL-RETRY', status: 'warning' as const, evidence: /gives up/, line: /SOURCE_RETRY_COUNT/, set: [], unset: [] }]
			: [{ id: 'CRASH-POSITION', status: 'fail' as const, evidence: /kept apart/, line: /MASTER_USE_GTID/, set: [], unset: [] }]),
		// The last to come is the first to go: the channel runs again when all else is right.
		{ id: 'REPL-IO', status: 'fail', evidence: /is stopped/, line: /^START /, set: [words.stop], unset: [] },
		{ id: 'REPL-SQL', status: 'fail', evidence: /is stopped/, line: /^START /, set: [], unset: [] },
	].map((fault, index) => (index === 0 ? { ...fault, unset: [...fault.unset, words.start] } : fault)) as readonly Fault[];
}
