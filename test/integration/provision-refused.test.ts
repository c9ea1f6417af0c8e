import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stopWriter } from '../../src/sandbox/sandbox.ts';
import { INVARIANTS } from '../../src/sandbox/shop.ts';
import { contentsOf } from '../support/contents.ts';
import { type Client, caughtUp, openClient, provisionRequest, stateOf } from '../support/runs.ts';
import {
	ask,
	ownSandbox,
	rootSession,
	SANDBOX_KINDS,
	type SandboxKind,
	type SandboxServer,
	spareServer,
	value,
} from '../support/servers.ts';
import { isMysql, wordsOf } from '../support/words.ts';

const NO_TLS = (kind: SandboxKind) => (isMysql(kind) ? '--tls-version=' : '--skip-ssl');
const NO_GTIDS = ['--gtid-mode=OFF', '--enforce-gtid-consistency=OFF'];

let client: Client;
beforeAll(async () => {
	client = await openClient();
});
afterAll(() => client?.[Symbol.asyncDispose]());

type Pair = { primary: SandboxServer; replica: SandboxServer };

/** The checks that forbade it; nothing was changed on either server and nothing is left to go on with. */
async function refusal(pair: Pair, by: Client = client) {
	const both = async () => [await stateOf(pair.primary), await stateOf(pair.replica)];
	const before = await both();
	const { end, events } = await by.run(provisionRequest(pair));
	expect(end).toMatchObject({ outcome: 'failed', open: false, failure: { class: 'CheckFailed' } });
	expect(events.filter((event) => event.type === 'action-started')).toEqual([]);
	for (const check of end.failure?.checks ?? [])
		expect(check, check.id).toMatchObject({ found: expect.any(String), hints: [expect.any(String), ...(check.hints ?? []).slice(1)] });
	expect(await both()).toEqual(before);
	return end.failure?.checks ?? [];
}

const refused = async (pair: Pair): Promise<string[]> => (await refusal(pair)).map((check) => check.id);

describe.each(SANDBOX_KINDS)('on %s it is refused, and nothing is changed,', (kind) => {
	test('where both have the same server id', async () => {
		await using primary = await spareServer(kind, { serverId: 7 });
		await using replica = await spareServer(kind, { serverId: 7 });
		expect(await refused({ primary, replica })).toEqual(['REPLICA-SERVER-ID']);
	});

	test('where both are the same server', async () => {
		await using primary = await spareServer(kind);
		expect(await refused({ primary, replica: primary })).toEqual(['REPLICA-OTHER']);
	});

	test('where the primary writes no binary log and has no TLS: both are named at once', async () => {
		await using primary = await spareServer(kind, { extra: ['--skip-log-bin', NO_TLS(kind)] });
		await using replica = await spareServer(kind);
		expect(await refused({ primary, replica })).toEqual(['PRIMARY-BINLOG', 'PRIMARY-TLS']);
	});

	test('where the account’s name belongs to another account', async () => {
		await using primary = await spareServer(kind);
		await using replica = await spareServer(kind, { serverId: 55 });
		await ask(primary, "CREATE USER lockstep_55@'127.0.0.1' IDENTIFIED BY 'theirs'");
		await ask(primary, "GRANT SELECT ON *.* TO lockstep_55@'127.0.0.1'");
		expect(await refused({ primary, replica })).toEqual(['ACCOUNT']);
	});
});

describe.each(SANDBOX_KINDS.filter((kind) => !isMysql(kind)))('on %s it is refused', (kind) => {
	test('where gtid_current_pos names what was never in the primary’s binary log', async () => {
		await using primary = await spareServer(kind);
		await using replica = await spareServer(kind);
		await ask(primary, 'CREATE DATABASE shop');
		await ask(primary, "SET GLOBAL gtid_slave_pos = '0-999-99999'");
		expect(await value(primary, 'SELECT @@gtid_current_pos')).toBe('0-999-99999');
		expect(await refused({ primary, replica })).toEqual(['POSITION']);
	});
});

describe.each(SANDBOX_KINDS.filter(isMysql))('on %s without GTIDs it is refused,', (kind) => {
	test.each([
		['the primary', { primary: NO_GTIDS, replica: [] }, 'PRIMARY-GTID'],
		['the replica', { primary: [], replica: NO_GTIDS }, 'REPLICA-GTID'],
		['the primary, which takes steps to have them', { primary: ['--gtid-mode=ON_PERMISSIVE'], replica: [] }, 'PRIMARY-GTID'],
	] as const)('where %s has none', async (_, extra, id) => {
		await using primary = await spareServer(kind, { extra: extra.primary });
		await using replica = await spareServer(kind, { extra: extra.replica });
		const checks = await refusal({ primary, replica });
		expect(checks).toMatchObject([{ id, expected: expect.stringContaining('gtid_mode'), found: expect.stringMatching(/^not both on/) }]);
		// Line by line without a restart, as it is printed.
		const server = id === 'PRIMARY-GTID' ? primary : replica;
		for (const line of checks[0]?.hints ?? []) if (line.startsWith('SET ')) await ask(server, line.replace(/;$/, ''));
		expect(await ask(server, 'SELECT @@gtid_mode AS mode, @@enforce_gtid_consistency AS held')).toEqual([{ mode: 'ON', held: 'ON' }]);
	});
});

test.each(SANDBOX_KINDS)('while another run is at work on the replica (%s)', async (kind) => {
	await using primary = await spareServer(kind);
	await using replica = await spareServer(kind);
	await using other = await rootSession(replica);
	await other.query({ pieces: ["SELECT GET_LOCK('lockstep.run', 0)"] });
	const before = await stateOf(replica);
	const { end } = await client.run(provisionRequest({ primary, replica }));
	expect(end).toMatchObject({
		outcome: 'failed',
		open: false,
		failure: { class: 'Busy', description: { reason: expect.stringContaining(`${other.connectionId}`) } },
	});
	expect(await stateOf(replica)).toEqual(before);
});

describe('across versions', () => {
	test('a newer replica of an older primary', { timeout: 120_000 }, async () => {
		await using pair = await ownSandbox('mariadb-10.11', { rows: 100 });
		await using replica = await spareServer('mariadb-11.8');
		const across = { primary: pair.primary, replica };
		const { end } = await client.run(provisionRequest(across));
		expect([end.outcome, end.failure?.description, end.failure?.checks]).toEqual(['done', undefined, undefined]);
		expect(end.summary).toMatchObject({ encrypted: true, databases: 2 });
		await stopWriter(pair);
		await caughtUp(across);
		for (const invariant of INVARIANTS) expect(await value(replica, invariant)).toBe('0');
		expect((await contentsOf(replica)).rows).toEqual((await contentsOf(pair.primary)).rows);
	});

	test('an older replica of a newer primary is refused', async () => {
		await using primary = await spareServer('mariadb-11.8');
		await using replica = await spareServer('mariadb-10.11');
		expect(await refused({ primary, replica })).toEqual(['REPLICA-VERSION']);
	});
});

describe('across kinds', () => {
	test.each([
		['mysql-9.7', 'mariadb-11.8', 'MySQL', 'MariaDB'],
		['mariadb-11.8', 'mysql-9.7', 'MariaDB', 'MySQL'],
	] as const)('a replica of %s with a primary of %s is refused', async (below, above, replicaTitle, primaryTitle) => {
		await using primary = await spareServer(above);
		await using replica = await spareServer(below);
		await ask(primary, 'CREATE DATABASE shop');
		expect(await refusal({ primary, replica })).toMatchObject([{ id: 'REPLICA-KIND', expected: primaryTitle, found: replicaTitle }]);
	});
});

describe.each(SANDBOX_KINDS)('from a primary of %s with nothing in it', (kind) => {
	test('the replica follows from its very first transaction', async () => {
		await using primary = await spareServer(kind);
		await using replica = await spareServer(kind);
		const { end } = await client.run(provisionRequest({ primary, replica }));
		expect([end.outcome, end.failure?.description, end.failure?.checks]).toEqual(['done', undefined, undefined]);
		expect(await value(primary, "SELECT COUNT(*) FROM mysql.user WHERE User LIKE 'lockstep%'")).toBe('1');
		for (const statement of ['CREATE DATABASE shop', 'CREATE TABLE shop.t (id INT)', 'INSERT INTO shop.t VALUES (7)'])
			await ask(primary, statement);
		await caughtUp({ primary, replica });
		expect(await value(replica, 'SELECT id FROM shop.t')).toBe('7');
	});

	test('so does one that logged something of its own, and one without a binary log', async () => {
		await using primary = await spareServer(kind);
		await ask(primary, 'CREATE DATABASE shop');
		await ask(primary, 'CREATE TABLE shop.t (id INT) SELECT 7 AS id');
		for (const extra of [[], ['--skip-log-bin']]) {
			await using replica = await spareServer(kind, { extra });
			await ask(replica, "CREATE USER its_own@localhost IDENTIFIED BY 'admin'");
			const { end } = await client.run(provisionRequest({ primary, replica }));
			expect([end.outcome, end.failure?.description, end.failure?.checks]).toEqual(['done', undefined, undefined]);
			expect(await value(replica, 'SELECT id FROM shop.t')).toBe('7');
			expect(await value(replica, "SELECT COUNT(*) FROM mysql.user WHERE User = 'its_own'")).toBe('1');
			const own = isMysql(kind) ? ((await value(replica, 'SELECT @@server_uuid')) ?? '') : `-${replica.serverId}-`;
			expect((await value(replica, wordsOf(kind).written)) ?? '').not.toContain(own);
		}
	});
});
