// Replication itself is broken: `status` says what is wrong in the server's own number and words, and what it shows to fix it does fix it.
import { open, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { statusOf } from '../../src/app/status-report.ts';
import { run } from '../../src/core/runner.ts';
import { openExecutor } from '../../src/executor/executor.ts';
import { flagDirector } from '../../src/headless/director-flags.ts';
import { compare } from '../../src/runbooks/provision-replica/compare.ts';
import { provisionReplica } from '../../src/runbooks/provision-replica/index.ts';
import { makeCertificates } from '../../src/sandbox/certificates.ts';
import { stopWriter } from '../../src/sandbox/sandbox.ts';
import { words } from '../support/bench.ts';
import { lockstep, urlOf } from '../support/cli.ts';
import { contentsOf } from '../support/contents.ts';
import { record } from '../support/faults.ts';
import { IN_ORDER } from '../support/in-order.ts';
import { replicates } from '../support/kills.ts';
import { type Client, caughtUp, nameOf, openClient, provisionParts, provisionRequest } from '../support/runs.ts';
import { ask, ownSandbox, rootSession, SANDBOX_KINDS, type Sandbox, spareServer, value } from '../support/servers.ts';
import { aside, isMysql, wordsOf } from '../support/words.ts';

const PASSWORD = 'of the account';

/** What each vendor says. In MySQL a worker says what it was, and its coordinator only the number. */
const SAID = {
	mariadb: {
		sameId: /: 1593: .*equal MariaDB server ids/,
		mayNot: /: 1597: .*COM_REGISTER_SLAVE/,
		damaged: /: 1594: /,
		ahead: /: 1236: .*not in the master's binlog/,
		purged: /: 1236: .*Could not find GTID state/,
	},
	mysql: {
		sameId: /: 13117: .*equal MySQL server ids/,
		mayNot: /: 13120: .*COM_REGISTER_REPLICA/,
		damaged: /: 13121: Relay log read failure/,
		ahead: /: 13114: .*fatal error 1236 .*more GTIDs than the source has/,
		purged: /: 13114: .*fatal error 1236 .*purged required binary logs/,
	},
} as const;
const numberIn = (what: RegExp): string => /\d+/.exec(what.source)?.[0] ?? '';

describe.each(SANDBOX_KINDS)('replication of %s', IN_ORDER, (kind) => {
	let pair: Sandbox & AsyncDisposable;
	let client: Client;
	let account: string;
	let env: NodeJS.ProcessEnv;
	const mysql = isMysql(kind);
	const its = wordsOf(kind);
	const SAYS = mysql ? SAID.mysql : SAID.mariadb;
	/** What the vendor's options of a channel begin with. */
	const OF = mysql ? 'SOURCE' : 'MASTER';

	type Side = 'primary' | 'replica';
	/** One after the other in one session. */
	const on = async (side: Side, statements: string) => {
		await using session = await rootSession(pair[side]);
		for (const each of statements.split(/; */)) if (each !== '') await session.query({ pieces: [each] });
	};
	/** On the replica, none of it logged. */
	const alone = (statements: string) => aside(pair.replica, statements.split(/; */));
	const status = () => statusOf(client.context(), { server: urlOf(pair.replica), flags: {} });
	const channel = async () => (await ask(pair.replica, its.status))[0] ?? {};
	const change = (to: string) => on('replica', `${its.stop}; CHANGE ${mysql ? 'REPLICATION SOURCE' : 'MASTER'} TO ${to}; ${its.start}`);

	const equal = async () => {
		await caughtUp(pair);
		await replicates(pair.replica, 'mended');
		expect((await contentsOf(pair.replica)).rows).toEqual((await contentsOf(pair.primary)).rows);
		await vi.waitFor(async () => expect(await status()).toMatchObject({ healthy: true, troubles: [], hints: [] }));
	};

	/** What the server says without the rows in it, which hold numbers. */
	const withoutNumbers = (text = '') =>
		text.replace("Duplicate entry '7'", "Duplicate entry '…'").replace(/Query: '.*/s, (query) => query.replaceAll(/\b\d+\b/g, '?'));

	/** Until status says it; then it is unhealthy, and what it shows to fix it. */
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
		expect(report.replication?.error).toBe(`${number}: ${withoutNumbers(text ?? '')}`);
		expect(trouble).toContain(`${number}: ${withoutNumbers(text ?? '')}`);
		return report.hints;
	};

	/** Runs the n-th statement that is shown to fix it, exactly but for the words that a person fills in. */
	const follow = async (hints: readonly string[], filling: Readonly<Record<string, string>> = {}, nth = 0) => {
		const shown = hints.filter((line) => /^On the (replica|primary): {2}/.test(line));
		const [, side, statements = ''] = /^On the (replica|primary): {2}(.*);$/.exec(shown[nth] ?? '') ?? [];
		expect(statements, hints.join('\n')).not.toBe('');
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
		await change(`${OF}_PASSWORD = '${PASSWORD}', ${OF}_CONNECT_RETRY = 1`);
		await equal();
	});
	afterAll(async () => {
		await pair?.[Symbol.asyncDispose]();
		await client?.[Symbol.asyncDispose]();
	});

	it('with a wrong password: 1045, in JSON and in text; the password helps', async () => {
		await change(`${OF}_PASSWORD = 'wrong'`);
		const hints = await said('io', /: 1045: .*Access denied/);
		expect(hints.filter((line) => line.includes(`${OF}_SSL`))).toEqual([]);
		const json = await lockstep(['status', '--server', urlOf(pair.replica), '--json'], { env });
		expect([json.code, json.last.healthy, json.last.hints], words(json)).toEqual([0, false, hints]);
		const text = await lockstep(['status', '--server', urlOf(pair.replica)], { env });
		for (const line of hints) expect(text.stdout).toContain(`hint       ${line}`);
		await follow(hints, { "'PASSWORD'": `'${PASSWORD}'` });
		await equal();
		recordAs('wrong password', '1045');
	});

	it('of an account that demands TLS by a plain channel: 1045; TLS helps', async () => {
		await change(`${OF}_SSL = 0, ${OF}_SSL_VERIFY_SERVER_CERT = 0`);
		const hints = await said('io', /: 1045: .*Access denied/);
		expect((await status()).troubles).toContain('Replication is not encrypted.');
		await follow(hints);
		await equal();
		recordAs('plain channel, TLS demanded', '1045');
	});

	it.each([
		['a closed port', 'PORT = 1', /: 2003: /],
		['an unknown host', "HOST = 'no-such-host.invalid'", /: 2005: /],
	])('to %s: said; the address helps', async (name, to, what) => {
		await change(`${OF}_${to}`);
		const hints = await said('io', what);
		await follow(hints, { "'HOST'": "'127.0.0.1'", '= PORT': `= ${pair.primary.port}` });
		await equal();
		recordAs(name, numberIn(what));
	});

	const MYSQL_ONLY = [
		{
			name: 'a plain channel, without the primary’s key',
			primary: `ALTER USER ACCOUNT REQUIRE NONE; FLUSH PRIVILEGES`,
			what: /: 2061: .*caching_sha2_password/,
			nth: 0,
			back: 'ALTER USER ACCOUNT REQUIRE SSL',
		},
		{
			name: 'a plain channel, the key is to be fetched',
			primary: `ALTER USER ACCOUNT REQUIRE NONE; FLUSH PRIVILEGES`,
			what: /: 2061: .*caching_sha2_password/,
			nth: 1,
			back: 'ALTER USER ACCOUNT REQUIRE SSL',
		},
		{
			name: 'a plain channel, the primary takes no such',
			primary: 'ALTER USER ACCOUNT REQUIRE NONE; SET GLOBAL require_secure_transport = 1',
			what: /: 3159: .*insecure transport/,
			nth: 0,
			back: 'ALTER USER ACCOUNT REQUIRE SSL; SET GLOBAL require_secure_transport = 0',
		},
	];
	it.each(mysql ? MYSQL_ONLY : [])('with $name: said, and what is shown helps', async ({ name, primary, what, nth, back }) => {
		await on('primary', primary.replace('ACCOUNT', account));
		await change('SOURCE_SSL = 0, SOURCE_SSL_VERIFY_SERVER_CERT = 0, GET_SOURCE_PUBLIC_KEY = 0');
		const hints = await said('io', what);
		await follow(hints, {}, nth);
		await caughtUp(pair);
		await replicates(pair.replica, 'mended');
		// By a way that is not encrypted it is not well, whatever fixed it.
		await change('SOURCE_SSL = 1');
		await on('primary', back.replace('ACCOUNT', account));
		await equal();
		recordAs(name, numberIn(what));
	});

	it('with a certificate that is not verified: 2026; the authority helps', async () => {
		const foreign = await makeCertificates(join(client.home, 'foreign'), new Date());
		await change(`${OF}_SSL = 1, ${OF}_SSL_VERIFY_SERVER_CERT = 1, ${OF}_SSL_CA = '${foreign.ca}'`);
		const hints = await said('io', /: 2026: /);
		const ca = await value(pair.primary, 'SELECT @@ssl_ca');
		await follow(hints, { "'/PATH/CA.pem'": `'${ca}'` });
		await equal();
		recordAs('certificate not verified', '2026');
	});

	it('with the primary’s server id: said; another id helps', async () => {
		await on('replica', `${its.stop}; SET GLOBAL server_id = ${pair.primary.serverId}; ${its.start}`);
		const hints = await said('io', SAYS.sameId);
		await follow(hints);
		await equal();
		await on('replica', `SET GLOBAL server_id = ${pair.replica.serverId}`);
		recordAs('the same server id', numberIn(SAYS.sameId));
	});

	it('without REPLICATION SLAVE: said; the GRANT helps', async () => {
		await on('primary', `REVOKE REPLICATION SLAVE ON *.* FROM ${account}`);
		await on('replica', `${its.stop}; ${its.start}`);
		const hints = await said('io', SAYS.mayNot);
		await follow(hints);
		await on('replica', its.start);
		await equal();
		recordAs('REPLICATION SLAVE missing', numberIn(SAYS.mayNot));
	});

	it('with a thread stopped by hand: START helps', async () => {
		await on('replica', its.stopSql);
		const report = await status();
		expect([report.healthy, report.troubles]).toEqual([false, ['The SQL thread does not run.']]);
		await follow(report.hints);
		await equal();
	});

	/** Broken by a row or an object that differs: seeding again is shown, and the difference itself is taken back here. */
	type Difference = { name: string; number: string; local: string; primary: string; what: string; back: string };
	const DIFFERENCES: readonly Difference[] = [
		{
			name: 'a duplicate key',
			local: 'INSERT INTO probe.t VALUES (7, 0)',
			primary: 'INSERT INTO probe.t VALUES (7, 7)',
			number: '1062',
			what: 'Duplicate entry',
			back: 'DELETE FROM probe.t WHERE id = 7',
		},
		{
			name: 'a missing row',
			local: 'DELETE FROM probe.t WHERE id = 1',
			primary: "SET binlog_format = 'ROW'; UPDATE probe.t SET v = 11 WHERE id = 1",
			number: '1032',
			what: "Can't find record in 't'",
			back: 'INSERT INTO probe.t VALUES (1, 1)',
		},
		{
			name: 'a missing table',
			local: 'RENAME TABLE probe.t TO probe.away',
			primary: 'INSERT INTO probe.t VALUES (8, 8)',
			number: '1146',
			what: "Table 'probe.t' doesn't exist",
			back: 'RENAME TABLE probe.away TO probe.t',
		},
		{
			name: 'a missing database',
			local: 'DROP DATABASE spare',
			primary: 'CREATE TABLE spare.t (id INT PRIMARY KEY)',
			number: '1049',
			what: "Unknown database 'spare'",
			back: 'CREATE DATABASE spare',
		},
		// With the one a table of this name is made again, with the other a transaction of its own breaks nothing.
		mysql
			? {
					name: 'a table that exists already',
					local: 'CREATE TABLE probe.there (id INT PRIMARY KEY)',
					primary: 'CREATE TABLE probe.there (id INT PRIMARY KEY)',
					number: '1050',
					what: "Table 'there' already exists",
					back: 'DROP TABLE probe.there',
				}
			: {
					name: 'a local write under strict order',
					local: 'SET sql_log_bin = 1; CREATE DATABASE local_one',
					primary: 'INSERT INTO probe.t VALUES (9, 9)',
					number: '1950',
					what: 'out-of-order sequence number',
					back: 'STOP SLAVE; DROP DATABASE local_one; RESET MASTER',
				},
	];

	it.each(DIFFERENCES)('with $name: said, and seeding again is shown', async ({ name, local, primary, number, what, back }) => {
		await on('primary', 'CREATE DATABASE IF NOT EXISTS spare');
		await caughtUp(pair);
		await alone(local);
		await on('primary', primary);
		const seen = mysql ? new RegExp(`: ${number}: .*Worker \\d+ failed executing transaction`) : new RegExp(`: ${number}: .*${what}`);
		const hints = await said('sql', seen);
		expect(hints.at(-1)).toBe(seeding());
		if (mysql) {
			const shown = hints.find((line) => line.startsWith('On the replica:  SELECT ')) ?? '';
			const workers = await ask(pair.replica, shown.replace('On the replica:  ', ''));
			expect(workers).toEqual([expect.objectContaining({ LAST_ERROR_MESSAGE: expect.stringContaining(what) })]);
		}
		if (name === 'a duplicate key') {
			const to = join(client.home, 'backups');
			const ended = await lockstep(
				['backup', '--engine', 'vendor', '--server', urlOf(pair.replica), '--to', to, '--yes', '--json', '--databases', 'probe'],
				{
					env,
				},
			);
			expect(ended.code, words(ended)).toBe(3);
			const { warnings } = ended.lines.find((line) => line.type === 'run-ended');
			expect(warnings.join('\n')).toMatch(new RegExp(seen.source.replace(': ', '')));
			expect(ended.stdout).toContain('The backup will be of the moment at which replication stands.');
			expect(ended.stdout).toContain(await value(pair.replica, its.replicated));
			expect(await said('sql', seen)).toEqual(hints);
		}
		await alone(`${back}; ${its.start}`);
		await equal();
		recordAs(name, number);
	});

	it('that diverges without a word: Yes/Yes, and the comparison finds it', async () => {
		await alone('UPDATE probe.t SET v = v + 1 WHERE id = 2');
		expect(await status()).toMatchObject({ healthy: true, troubles: [], hints: [] });
		const { context, env, names, reach } = await provisionParts(client, pair);
		await using world = openExecutor({ reach, env: context.env, signal: context.signal });
		const end = await run({
			...{
				run: 'compare',
				runbook: { ...provisionReplica, steps: [compare] },
				env,
				executor: world,
				now: () => new Date(),
				signal: context.signal,
			},
			director: flagDirector({ yes: true, dryRun: false }),
			...{ sink: () => undefined, key: 'compare', servers: names, identities: {}, request: null },
		});
		expect(end).toMatchObject({ outcome: 'failed', failure: { class: 'VerifyFailed', checks: [{ id: 'COMPARE-CONTENTS' }] } });
		expect(end.failure?.checks[0]?.found).toMatch(/^probe\.t \(\d+ rows? on both, with other values in column v\)$/);
		await alone('UPDATE probe.t SET v = v - 1 WHERE id = 2');
		await equal();
		record({ fault: 'replication: diverged without a word', kind, freeMs: null, outcome: 'Yes/Yes; the comparison names the table' });
	});

	it('with a damaged relay log: said, and fetching it again helps', async () => {
		await on('replica', its.stopSql);
		await on('primary', 'FLUSH BINARY LOGS');
		for (let id = 100; id < 120; id++) await on('primary', `INSERT INTO probe.t VALUES (${id}, ${id})`);
		const target = await value(pair.primary, its.written);
		await vi.waitFor(async () => {
			const { Gtid_IO_Pos: received, Retrieved_Gtid_Set: set } = await channel();
			if (!mysql) expect(received).toBe(target);
			else expect(await value(pair.replica, `SELECT GTID_SUBTRACT('${target}', CONCAT(@@global.gtid_executed, ',', '${set}'))`)).toBe('');
		});
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
		await on('replica', its.startSql);
		const hints = await said('sql', SAYS.damaged);
		await follow(hints);
		await equal();
		recordAs('damaged relay log', numberIn(SAYS.damaged));
	});

	it('ahead of its primary, which was reset: said, and seeding again is shown', async () => {
		await on('replica', its.stop);
		await on('primary', `${its.forgetLog}; INSERT INTO probe.t VALUES (200, 200)`);
		await on('replica', its.start);
		const hints = await said('io', SAYS.ahead);
		expect(hints).toEqual([expect.stringContaining('The replica has what the primary has not'), seeding()]);
		// In MySQL what was fetched counts as well.
		const fetched = mysql ? ['RESET REPLICA'] : [];
		await aside(pair.replica, [its.stop, ...fetched, its.forgetLog, ...its.forgetPosition, its.start]);
		await equal();
		recordAs('the replica ahead', numberIn(SAYS.ahead));
	});

	it('from a binary log that was purged: said; seeded again just as it is shown, all is equal', async () => {
		await on('replica', its.stop);
		await on('primary', 'INSERT INTO probe.t VALUES (300, 300); FLUSH BINARY LOGS; INSERT INTO probe.t VALUES (301, 301)');
		const newest = (await ask(pair.primary, mysql ? 'SHOW BINARY LOG STATUS' : 'SHOW MASTER STATUS'))[0]?.File ?? '';
		await vi.waitFor(async () => {
			await on('primary', `PURGE BINARY LOGS TO '${newest}'`);
			expect((await ask(pair.primary, 'SHOW BINARY LOGS'))[0]?.Log_name).toBe(newest);
		});
		await on('replica', its.start);
		const hints = await said('io', SAYS.purged);
		expect(hints.at(-1)).toBe(seeding());
		const [, ...args] = seeding().replaceAll('USER', 'root').split(' ');
		const ended = await lockstep([...args, '--yes', '--json'], { env });
		expect(ended.code, words(ended)).toBe(0);
		await equal();
		recordAs('purged binary log', `${numberIn(SAYS.purged)}; seeding again repairs it`);
	});

	it('that is not configured any more: said, and seeding is shown', async () => {
		await on('replica', `${its.stop}; ${its.forget}`);
		const report = await status();
		expect(report).toMatchObject({ healthy: false, replication: null, troubles: [expect.stringContaining('has no source any more')] });
		expect(report.hints).toEqual([seeding().replaceAll(/mysql:\S+/g, 'SERVER')]);
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
		const its = wordsOf(kind);
		for (const text of [
			'SET GLOBAL read_only = 1',
			'SET GLOBAL event_scheduler = OFF',
			its.setReplicated((await value(primary, its.written)) ?? ''),
			its.configure({ port: primary.port, user: 'by_hand', password: 'by hand', tls: true }),
			its.start,
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
