import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunEnd } from '../../src/core/runner.ts';
import { stopWriter } from '../../src/sandbox/sandbox.ts';
import { urlOf } from '../support/cli.ts';
import { contentsOf } from '../support/contents.ts';
import { type Client, caughtUp, nameOf, openClient, provisionRequest, stateOf } from '../support/runs.ts';
import { ask, ownSandbox, type Sandbox, type SandboxServer, type SpareServer, spareServer, value } from '../support/servers.ts';

const BOSS = "CREATE USER boss@'127.0.0.1' IDENTIFIED WITH caching_sha2_password BY ''";

type Pair = { readonly primary: SandboxServer; readonly replica: SandboxServer };

let client: Client;
let sandbox: Sandbox & AsyncDisposable;
beforeAll(async () => {
	client = await openClient();
	sandbox = await ownSandbox('mysql-9.7');
});
afterAll(async () => {
	await sandbox?.[Symbol.asyncDispose]();
	await client?.[Symbol.asyncDispose]();
});

const request = (pair: Pair, restartWaitSeconds = 60) => provisionRequest(pair, { seed: 'clone', restartWaitSeconds });
const done = (end: RunEnd) => expect(end, JSON.stringify(end.failure)).toMatchObject({ outcome: 'done', open: false, failure: null });
const plugin = (server: SandboxServer) =>
	value(server, "SELECT COUNT(*) FROM information_schema.PLUGINS WHERE PLUGIN_NAME = 'clone' AND PLUGIN_STATUS = 'ACTIVE'");
const donorAccounts = (server: SandboxServer) => value(server, "SELECT COUNT(*) FROM mysql.user WHERE User LIKE 'lockstep_clone%'");

/** The checks that forbade it; nothing was done. */
async function refused(pair: Pair, wish = request(pair)) {
	const { end, events } = await client.run(wish);
	expect(end).toMatchObject({ outcome: 'failed', open: false, failure: { class: 'CheckFailed' } });
	expect(events.filter((event) => event.type === 'action-started')).toEqual([]);
	return end.failure?.checks ?? [];
}

/** It replicates what the primary has, and keeps clients and events out. */
async function isReplica(pair: Pair): Promise<void> {
	await caughtUp(pair);
	expect(await ask(pair.replica, 'SELECT @@read_only AS r, @@super_read_only AS s, @@event_scheduler AS e')).toEqual([
		{ r: '1', s: '1', e: 'OFF' },
	]);
	expect(await value(pair.replica, 'SELECT @@server_uuid')).not.toBe(await value(pair.primary, 'SELECT @@server_uuid'));
	for (const server of [pair.primary, pair.replica]) expect(await donorAccounts(server)).toBe('0');
}

/** The clone is at its data. */
async function copies(replica: SandboxServer): Promise<void> {
	for (;;) {
		const busy = await value(replica, "SELECT COUNT(*) FROM performance_schema.clone_status WHERE STATE = 'In Progress'").catch(() => '0');
		if (busy === '1') return;
		await pause(10);
	}
}

describe('it is refused, and nothing is changed,', () => {
	test('where a table with rows is not of InnoDB: its contents would not come', async () => {
		const before = [await stateOf(sandbox.replica), await stateOf(sandbox.primary, 'settings')];
		expect(await refused(sandbox)).toEqual([
			expect.objectContaining({
				id: 'CLONE-ENGINES',
				found: 'these would arrive EMPTY: shop.search_words',
				hints: ['ALTER TABLE shop.search_words ENGINE=InnoDB;', expect.stringContaining('--seed dump')],
			}),
		]);
		expect([await stateOf(sandbox.replica), await stateOf(sandbox.primary, 'settings')]).toEqual(before);
	});

	test('on MariaDB, which has no CLONE', async () => {
		await using primary = await spareServer('mariadb-10.11');
		await using replica = await spareServer('mariadb-10.11');
		expect(await refused({ primary, replica })).toEqual([
			expect.objectContaining({ id: 'CLONE-KIND', found: expect.stringContaining('MariaDB has no CLONE') }),
		]);
	});
});

describe('from the sandbox’s primary, with clients at work,', () => {
	let replica: SpareServer;
	beforeAll(async () => {
		await ask(sandbox.primary, 'ALTER TABLE shop.search_words ENGINE=InnoDB');
		replica = await spareServer('mysql-9.7');
	});
	afterAll(() => replica?.[Symbol.asyncDispose]());

	test('it is refused where the replica’s login is not on the primary or has another password there, and where accounts would be lost', async () => {
		const { primary } = sandbox;
		const pair = { primary, replica };
		await ask(replica, BOSS);
		expect(await refused(pair)).toEqual([
			expect.objectContaining({
				id: 'CONSENT',
				found: 'account boss@127.0.0.1',
				hints: [expect.stringContaining(`--confirm ${nameOf(replica)}`)],
			}),
		]);
		await ask(replica, "GRANT ALL ON *.* TO boss@'127.0.0.1' WITH GRANT OPTION");
		const wish = { ...request(pair), replica: urlOf(replica, 'boss') };
		expect((await refused(pair, wish)).map(({ id, found }) => [id, found])).toEqual([
			['CLONE-LOGIN', 'no account boss@127.0.0.1 on the primary'],
		]);
		await ask(primary, BOSS.replace("BY ''", "BY 'other'"));
		expect((await refused(pair, wish))[0]).toMatchObject({ id: 'CLONE-LOGIN', found: expect.stringContaining('1045') });
		for (const server of [primary, replica]) await ask(server, "DROP USER boss@'127.0.0.1'");
	});

	test('a replica without a supervisor must be restarted by hand, and a plugin of its own stays', async () => {
		const pair = { primary: sandbox.primary, replica };
		for (const server of [pair.primary, replica]) await ask(server, "INSTALL PLUGIN clone SONAME 'mysql_clone.so'");
		await ask(replica, "SET GLOBAL clone_valid_donor_list = 'elsewhere:3306'");
		const asked: string[] = [];
		const seen: string[] = [];
		let started: Promise<unknown> = Promise.resolve();
		const { end, events } = await client.run(request(pair), {
			on(event) {
				if (event.type === 'action-started' && event.action.id === 'clone')
					void copies(replica)
						.then(() => ask(replica, 'SELECT INFO FROM performance_schema.processlist WHERE INFO LIKE "CLONE%"'))
						.then((rows) => seen.push(...rows.map((row) => row.INFO ?? '')));
				if (event.type !== 'note' || !event.text.includes('DOWN')) return;
				asked.push(event.text);
				started = replica.stop().then(() => replica.start());
			},
		});
		await started;
		done(end);
		expect(asked).toEqual([expect.stringMatching(/nothing starts it again by itself \(its error 3707\)\. Start the server again now/)]);
		expect(events.some((event) => event.type === 'progress' && event.step === 'clone' && event.progress.unit === 'bytes')).toBe(true);
		// The server itself hides what follows BY.
		for (const text of seen) expect(text).not.toMatch(/BY '[^<*]/);
		expect([await plugin(pair.primary), await plugin(replica)]).toEqual(['1', '1']);
		expect(await value(replica, 'SELECT @@clone_valid_donor_list')).toBe('elsewhere:3306');
		await ask(pair.primary, 'UNINSTALL PLUGIN clone');
	});

	test('a server that dies meanwhile, and is started later, is resumed by the same command', async () => {
		await using replica = await spareServer('mysql-9.7');
		const pair = { primary: sandbox.primary, replica };
		const first = await client.run(request(pair, 2), {
			on(event) {
				if (event.type === 'action-started' && event.action.id === 'clone')
					void copies(replica).then(() => process.kill(replica.pid, 'SIGKILL'));
			},
		});
		expect(first.end).toMatchObject({ outcome: 'failed', open: true, failure: { class: 'ConnectError', step: 'clone' } });
		expect(first.end.failure?.description.message).toMatch(/was not started again within/);
		await replica.start();
		let started: Promise<unknown> = Promise.resolve();
		const { end, events } = await client.run(request(pair), {
			on(event) {
				if (event.type === 'note' && event.text.includes('DOWN')) started = replica.stop().then(() => replica.start());
			},
		});
		await started;
		done(end);
		expect(events.some((event) => event.type === 'run-started' && event.resumes !== null)).toBe(true);
		await isReplica(pair);
	});

	test('one that died in it does not say for ever that it is at work, and an undo leaves nothing on the primary', async () => {
		await using replica = await spareServer('mysql-9.7');
		const pair = { primary: sandbox.primary, replica };
		const before = (await stateOf(sandbox.primary, 'settings')).accounts;
		const { end, events } = await client.run(request(pair, 2), {
			on(event) {
				if (event.type === 'action-started' && event.action.id === 'clone')
					void copies(replica).then(() => process.kill(replica.pid, 'SIGKILL'));
			},
		});
		expect(end).toMatchObject({ outcome: 'failed', open: true });
		expect(JSON.stringify(events)).not.toContain('All data are on');
		await replica.start();
		const { end: planned } = await client.dryRun(request(pair));
		expect(planned).toMatchObject({ outcome: 'previewed', failure: null });
		const { end: undone } = await client.undo();
		expect(undone, JSON.stringify(undone.failure)).toMatchObject({ outcome: 'undone', open: false, failure: null });
		expect([await plugin(sandbox.primary), await donorAccounts(sandbox.primary)]).toEqual(['0', '0']);
		expect((await stateOf(sandbox.primary, 'settings')).accounts).toEqual(before);
	});

	test('the sandbox’s own replica restarts by itself; both drop the plugin; after an undo both are as before', async () => {
		// Both made the same accounts, not in the same second.
		const timeless = (state: Awaited<ReturnType<typeof stateOf>>) => ({
			...state,
			accounts: state.accounts.map((line) => line.replace(/"password_last_changed":"[^"]*"/, '')),
		});
		const both = async () => [await stateOf(sandbox.replica), await stateOf(sandbox.primary, 'settings')].map(timeless);
		const before = await both();
		const { end, events } = await client.run(request(sandbox));
		done(end);
		expect(events.filter((event) => event.type === 'note' && event.text.includes('DOWN'))).toEqual([]);
		expect(end.summary).toMatchObject({ encrypted: true, databases: 2, rows: null, comparedTables: expect.any(Number) });
		await stopWriter(sandbox);
		await isReplica(sandbox);
		expect(await contentsOf(sandbox.replica)).toEqual(await contentsOf(sandbox.primary));
		expect([await plugin(sandbox.primary), await plugin(sandbox.replica)]).toEqual(['0', '0']);
		expect(await ask(sandbox.replica, 'SELECT * FROM performance_schema.persisted_variables')).toEqual([]);
		const { end: undone } = await client.undo();
		expect(undone).toMatchObject({ outcome: 'undone', open: false });
		expect(await both()).toEqual(before);
	});
});
