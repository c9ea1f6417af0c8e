// Replication itself is broken: `status` says what is wrong in the server's own number and words, and what it shows to mend it does mend it.
import { open, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { statusOf } from '../../src/commands/status-report.ts';
import { run } from '../../src/core/runner.ts';
import { flagDirector } from '../../src/headless/director-flags.ts';
import { compare } from '../../src/runbooks/provision-replica/compare.ts';
import { provisionReplica } from '../../src/runbooks/provision-replica/index.ts';
import { makeCertificates } from '../../src/sandbox/certificates.ts';
import { stopWriter } from '../../src/sandbox/sandbox.ts';
import { openWorld } from '../../src/world.ts';
import { words } from '../support/bench.ts';
import { lockstep, urlOf } from '../support/cli.ts';
import { contentsOf } from '../support/contents.ts';
import { record } from '../support/faults.ts';
import { replicates } from '../support/kills.ts';
import { type Client, caughtUp, nameOf, openClient, provisionParts, provisionRequest } from '../support/runs.ts';
import { ask, ownSandbox, rootSession, SANDBOX_KINDS, type Sandbox, spareServer, value } from '../support/servers.ts';

const PASSWORD = 'of the account';

describe.each(SANDBOX_KINDS)('replication of %s', (kind) => {
	let pair: Sandbox & AsyncDisposable;
	let client: Client;
	let account: string;
	let env: NodeJS.ProcessEnv;

	type Side = 'primary' | 'replica';
	/** One after the other in one session, none of it logged where `alone`. */
	const on = async (side: Side, statements: string, alone = false) => {
		await using session = await rootSession(pair[side]);
		for (const each of [...(alone ? ['SET sql_log_bin = 0'] : []), ...statements.split(/; */)])
			if (each !== '') await session.query({ pieces: [each] });
	};
	const alone = (statements: string) => on('replica', statements, true);
	const status = () => statusOf(client.context(), { server: urlOf(pair.replica), flags: {} });
	const channel = async () => (await ask(pair.replica, 'SHOW SLAVE STATUS'))[0] ?? {};
	const change = (to: string) => on('replica', `STOP SLAVE; CHANGE MASTER TO ${to}; START SLAVE`);

	const equal = async () => {
		await caughtUp(pair);
		await replicates(pair.replica, 'mended');
		expect((await contentsOf(pair.replica)).rows).toEqual((await contentsOf(pair.primary)).rows);
		await vi.waitFor(async () => expect(await status()).toMatchObject({ healthy: true, troubles: [], mends: [] }));
	};

	/** Until status says it; then it is unhealthy, and what it shows to mend it. */
	const said = async (which: 'io' | 'sql', what: RegExp) => {
		const thread = which === 'io' ? /^The IO thread does not run: / : /^The SQL thread does not run: /;
		const report = await vi.waitFor(async () => {
			const report = await status();
			expect(report.troubles).toContainEqual(expect.stringMatching(what));
			return report;
		});
		expect(report.healthy).toBe(false);
		const trouble = report.troubles.find((each) => what.test(each)) ?? '';
		expect(trouble).toMatch(thread);
		const row = await channel();
		const [number, text] = which === 'io' ? [row.Last_IO_Errno, row.Last_IO_Error] : [row.Last_SQL_Errno, row.Last_SQL_Error];
		expect(report.replication?.error).toBe(`${number}: ${text}`);
		expect(trouble).toContain(`${number}: ${text}`);
		return report.mends;
	};

	/** Runs the n-th statement that is shown to mend it, exactly but for the words that a person fills in. */
	const mend = async (mends: readonly string[], filling: Readonly<Record<string, string>> = {}, nth = 0) => {
		const shown = mends.filter((line) => /^On the (replica|primary): {2}/.test(line));
		const [, side, statements = ''] = /^On the (replica|primary): {2}(.*);$/.exec(shown[nth] ?? '') ?? [];
		expect(statements, mends.join('\n')).not.toBe('');
		const filled = Object.entries(filling).reduce((text, [word, by]) => text.replaceAll(word, by), statements);
		await on(side as Side, filled);
	};

	const seeding = () => {
		const name = nameOf(pair.replica);
		return `lockstep provision --primary mysql://USER@127.0.0.1:${pair.primary.port} --replica mysql://USER@${name} --confirm ${name}`;
	};

	const recordAs = (fault: string, outcome: string) =>
		record({ fault: `replication: ${fault}`, kind, freeMs: null, outcome: `status names it: ${outcome}` });

	beforeAll(async () => {
		[pair, client] = await Promise.all([ownSandbox(kind, { rows: 50 }), openClient()]);
		await stopWriter(pair);
		const { end } = await client.run(provisionRequest(pair));
		expect([end.outcome, end.failure]).toEqual(['done', null]);
		// The clients' own way to say who one is.
		await writeFile(join(client.home, '.my.cnf'), '[client]\nuser = root\n', { mode: 0o600 });
		env = client.context().env;
		account = `lockstep_${pair.replica.serverId}@'127.0.0.1'`;
		await on('primary', `ALTER USER ${account} IDENTIFIED BY '${PASSWORD}'`);
		await on(
			'primary',
			'CREATE DATABASE probe; CREATE TABLE probe.t (id INT PRIMARY KEY, v INT); INSERT INTO probe.t VALUES (1, 1), (2, 2)',
		);
		await caughtUp(pair);
		await change(`MASTER_PASSWORD = '${PASSWORD}', MASTER_CONNECT_RETRY = 1`);
		await equal();
	});
	afterAll(async () => {
		await pair?.[Symbol.asyncDispose]();
		await client?.[Symbol.asyncDispose]();
	});

	it('with a wrong password: 1045, in JSON and in text; the password mends it', async () => {
		await change("MASTER_PASSWORD = 'wrong'");
		const mends = await said('io', /: 1045: .*Access denied/);
		expect(mends.filter((line) => line.includes('MASTER_SSL'))).toEqual([]);
		const json = await lockstep(['status', '--server', urlOf(pair.replica), '--json'], { env });
		expect([json.code, json.last.healthy, json.last.mends], words(json)).toEqual([0, false, mends]);
		const text = await lockstep(['status', '--server', urlOf(pair.replica)], { env });
		for (const line of mends) expect(text.stdout).toContain(`mend      ${line}`);
		await mend(mends, { "'PASSWORD'": `'${PASSWORD}'` });
		await equal();
		recordAs('wrong password', '1045');
	});

	it('of an account that demands TLS by a plain channel: 1045; TLS mends it', async () => {
		await change('MASTER_SSL = 0, MASTER_SSL_VERIFY_SERVER_CERT = 0');
		const mends = await said('io', /: 1045: .*Access denied/);
		expect((await status()).troubles).toContain('Replication is not encrypted.');
		await mend(mends);
		await equal();
		recordAs('plain channel, TLS demanded', '1045');
	});

	it.each([
		['a closed port', 'MASTER_PORT = 1', /: 2003: /],
		['an unknown host', "MASTER_HOST = 'no-such-host.invalid'", /: 2005: /],
	])('to %s: said; the address mends it', async (name, to, what) => {
		await change(to);
		const mends = await said('io', what);
		await mend(mends, { "'HOST'": "'127.0.0.1'", '= PORT': `= ${pair.primary.port}` });
		await equal();
		recordAs(name, what.source.replaceAll(/\D/g, ''));
	});

	it('with a certificate that is not verified: 2026; the authority mends it', async () => {
		const foreign = await makeCertificates(join(client.home, 'foreign'), new Date());
		await change(`MASTER_SSL = 1, MASTER_SSL_VERIFY_SERVER_CERT = 1, MASTER_SSL_CA = '${foreign.ca}'`);
		const mends = await said('io', /: 2026: /);
		const ca = await value(pair.primary, 'SELECT @@ssl_ca');
		await mend(mends, { "'/PATH/CA.pem'": `'${ca}'` });
		await equal();
		recordAs('certificate not verified', '2026');
	});

	it('with the primary’s server id: 1593; another id mends it', async () => {
		await on('replica', `STOP SLAVE; SET GLOBAL server_id = ${pair.primary.serverId}; START SLAVE`);
		const mends = await said('io', /: 1593: .*equal MariaDB server ids/);
		await mend(mends);
		await equal();
		await on('replica', `SET GLOBAL server_id = ${pair.replica.serverId}`);
		recordAs('the same server id', '1593');
	});

	it('without REPLICATION SLAVE: 1597; the GRANT mends it', async () => {
		await on('primary', `REVOKE REPLICATION SLAVE ON *.* FROM ${account}`);
		await on('replica', 'STOP SLAVE; START SLAVE');
		const mends = await said('io', /: 1597: .*COM_REGISTER_SLAVE/);
		await mend(mends);
		await on('replica', 'START SLAVE');
		await equal();
		recordAs('REPLICATION SLAVE missing', '1597');
	});

	it('with a thread stopped by hand: START mends it', async () => {
		await on('replica', 'STOP SLAVE SQL_THREAD');
		const report = await status();
		expect([report.healthy, report.troubles]).toEqual([false, ['The SQL thread does not run.']]);
		await mend(report.mends);
		await equal();
	});

	/** Broken by a row or an object that differs: seeding again is shown, and the difference itself is taken back here. */
	const DIFFERENCES = [
		{
			name: 'a duplicate key',
			local: 'INSERT INTO probe.t VALUES (7, 0)',
			primary: 'INSERT INTO probe.t VALUES (7, 7)',
			what: /: 1062: .*Duplicate entry '7'/,
			back: 'DELETE FROM probe.t WHERE id = 7',
		},
		{
			name: 'a missing row',
			local: 'DELETE FROM probe.t WHERE id = 1',
			primary: "SET binlog_format = 'ROW'; UPDATE probe.t SET v = 11 WHERE id = 1",
			what: /: 1032: .*Can't find record in 't'/,
			back: 'INSERT INTO probe.t VALUES (1, 1)',
		},
		{
			name: 'a missing table',
			local: 'RENAME TABLE probe.t TO probe.away',
			primary: 'INSERT INTO probe.t VALUES (8, 8)',
			what: /: 1146: .*Table 'probe\.t' doesn't exist/,
			back: 'RENAME TABLE probe.away TO probe.t',
		},
		{
			name: 'a missing database',
			local: 'DROP DATABASE spare',
			primary: 'CREATE TABLE spare.t (id INT PRIMARY KEY)',
			what: /: 1049: .*Unknown database 'spare'/,
			back: 'CREATE DATABASE spare',
		},
		{
			name: 'a local write under strict order',
			local: 'SET sql_log_bin = 1; CREATE DATABASE local_one',
			primary: 'INSERT INTO probe.t VALUES (9, 9)',
			what: /: 1950: .*out-of-order sequence number/,
			back: 'STOP SLAVE; DROP DATABASE local_one; RESET MASTER',
		},
	] as const;

	it.each(DIFFERENCES)('with $name: said, and seeding again is shown', async ({ name, local, primary, what, back }) => {
		await on('primary', 'CREATE DATABASE IF NOT EXISTS spare');
		await caughtUp(pair);
		await alone(local);
		await on('primary', primary);
		const mends = await said('sql', what);
		expect(mends.at(-1)).toBe(seeding());
		if (name === 'a duplicate key') {
			const to = join(client.home, 'backups');
			const ended = await lockstep(['backup', '--server', urlOf(pair.replica), '--to', to, '--yes', '--json', '--databases', 'probe'], {
				env,
			});
			expect(ended.code, words(ended)).toBe(3);
			const { warnings } = ended.lines.find((line) => line.type === 'run-ended');
			expect(warnings.join('\n')).toMatch(/1062: .*Duplicate entry '7'/);
			expect(ended.stdout).toContain('The backup will be of the moment at which replication stands.');
			expect(ended.stdout).toContain(await value(pair.replica, 'SELECT @@gtid_slave_pos'));
			expect(await said('sql', what)).toEqual(mends);
		}
		await alone(`${back}; START SLAVE`);
		await equal();
		recordAs(name, `${/\d+/.exec(what.source)}`);
	});

	it('that diverges without a word: Yes/Yes, and the comparison finds it', async () => {
		await alone('UPDATE probe.t SET v = v + 1 WHERE id = 2');
		expect(await status()).toMatchObject({ healthy: true, troubles: [], mends: [] });
		const { context, env, names, reach } = await provisionParts(client, pair);
		await using world = openWorld({ reach, env: context.env, signal: context.signal });
		const end = await run({
			...{ run: 'compare', runbook: { ...provisionReplica, steps: [compare] }, env, world, now: () => new Date(), signal: context.signal },
			director: flagDirector({ yes: true, dryRun: false }),
			...{ sink: () => undefined, key: 'compare', servers: names, identities: {}, request: null },
		});
		expect(end).toMatchObject({ outcome: 'failed', failure: { class: 'VerifyFailed', checks: [{ id: 'COMPARE-CONTENTS' }] } });
		expect(end.failure?.checks[0]?.found).toMatch(/^probe\.t \(/);
		await alone('UPDATE probe.t SET v = v - 1 WHERE id = 2');
		await equal();
		record({ fault: 'replication: diverged without a word', kind, freeMs: null, outcome: 'Yes/Yes; the comparison names the table' });
	});

	it('with a damaged relay log: said, and fetching it again mends it', async () => {
		await on('replica', 'STOP SLAVE SQL_THREAD');
		await on('primary', 'FLUSH BINARY LOGS');
		for (let id = 100; id < 120; id++) await on('primary', `INSERT INTO probe.t VALUES (${id}, ${id})`);
		const target = await value(pair.primary, 'SELECT @@gtid_binlog_pos');
		await vi.waitFor(async () => expect((await channel()).Gtid_IO_Pos).toBe(target));
		const folder = (await value(pair.replica, 'SELECT @@datadir')) ?? '';
		const newest =
			(await readdir(folder))
				.filter((name) => /relay.*\.\d+$/.test(name))
				.toSorted()
				.at(-1) ?? '';
		const file = await open(join(folder, newest), 'r+');
		try {
			const { size } = await file.stat();
			await file.write(Buffer.alloc(size - 600, 0xff), 0, size - 600, 600);
		} finally {
			await file.close();
		}
		await on('replica', 'START SLAVE SQL_THREAD');
		const mends = await said('sql', /: 1594: /);
		await mend(mends);
		await equal();
		recordAs('damaged relay log', '1594');
	});

	it('ahead of its primary, which was reset: 1236, and seeding again is shown', async () => {
		await on('replica', 'STOP SLAVE');
		await on('primary', 'RESET MASTER; INSERT INTO probe.t VALUES (200, 200)');
		await on('replica', 'START SLAVE');
		const mends = await said('io', /: 1236: .*not in the master's binlog/);
		expect(mends).toEqual([expect.stringContaining('The replica has what the primary has not'), seeding()]);
		await on('replica', "STOP SLAVE; RESET MASTER; SET GLOBAL gtid_slave_pos = ''; START SLAVE");
		await equal();
		recordAs('the replica ahead', '1236');
	});

	it('from a binary log that was purged: 1236; seeded again just as it is shown, all is equal', async () => {
		await on('replica', 'STOP SLAVE');
		await on('primary', 'INSERT INTO probe.t VALUES (300, 300); FLUSH BINARY LOGS; INSERT INTO probe.t VALUES (301, 301)');
		const newest = (await ask(pair.primary, 'SHOW MASTER STATUS'))[0]?.File ?? '';
		await vi.waitFor(async () => {
			await on('primary', `PURGE BINARY LOGS TO '${newest}'`);
			expect((await ask(pair.primary, 'SHOW BINARY LOGS'))[0]?.Log_name).toBe(newest);
		});
		await on('replica', 'START SLAVE');
		const mends = await said('io', /: 1236: .*Could not find GTID state/);
		expect(mends.at(-1)).toBe(seeding());
		const [, ...args] = seeding().replaceAll('USER', 'root').split(' ');
		const ended = await lockstep([...args, '--yes', '--json'], { env });
		expect(ended.code, words(ended)).toBe(0);
		await equal();
		recordAs('purged binary log', '1236; seeding again mends it');
	});

	it('that is not configured any more: said, and seeding is shown', async () => {
		await on('replica', 'STOP SLAVE; RESET SLAVE ALL');
		const report = await status();
		expect(report).toMatchObject({ healthy: false, replication: null, troubles: [expect.stringContaining('has no source any more')] });
		expect(report.mends).toEqual([seeding().replaceAll(/mysql:\S+/g, 'SERVER')]);
		recordAs('not configured any more', 'no source');
	});
});

describe.each(SANDBOX_KINDS)('an empty replica of %s by the manual’s recipe', (kind) => {
	it('is not taken for done: status of it alone cannot know, provisioning asks for its name and seeds it', async () => {
		await using primary = await spareServer(kind);
		await using replica = await spareServer(kind);
		await using client = await openClient();
		for (const text of [
			'CREATE DATABASE shop',
			'CREATE TABLE shop.t (id INT PRIMARY KEY) SELECT 7 AS id',
			"CREATE USER by_hand@'127.0.0.1' IDENTIFIED BY 'by hand' REQUIRE SSL",
			"GRANT REPLICATION SLAVE ON *.* TO by_hand@'127.0.0.1'",
		])
			await ask(primary, text);
		const position = await value(primary, 'SELECT @@gtid_current_pos');
		for (const text of [
			'SET GLOBAL read_only = 1',
			`SET GLOBAL gtid_slave_pos = '${position}'`,
			`CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = ${primary.port}, MASTER_USER = 'by_hand', MASTER_PASSWORD = 'by hand', MASTER_SSL = 1, MASTER_USE_GTID = slave_pos`,
			'START SLAVE',
		])
			await ask(replica, text);
		await replicates(replica, 'by hand');
		const status = await statusOf(client.context(), { server: urlOf(replica), flags: {} });
		expect(status).toMatchObject({ healthy: true, troubles: [], replication: { io: 'yes', sql: 'yes', lagSeconds: 0 } });
		const pair = { primary, replica };
		const refused = await client.run(provisionRequest(pair));
		expect(refused.end).toMatchObject({ outcome: 'failed', open: false, failure: { class: 'CheckFailed', checks: [{ id: 'CONSENT' }] } });
		expect(refused.end.failure?.checks[0]?.found).toMatch(/replication from 127\.0\.0\.1:\d+/);
		const { end } = await client.run(provisionRequest(pair), { confirm: [nameOf(replica)] });
		expect([end.outcome, end.failure]).toEqual(['done', null]);
		await caughtUp(pair);
		expect((await contentsOf(replica)).rows).toEqual((await contentsOf(primary)).rows);
		record({ fault: 'replication: nothing was copied', kind, freeMs: null, outcome: 'provision asks for its name, then seeds it' });
	});
});
