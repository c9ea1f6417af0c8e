import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { examine } from '../../src/app/doctor.ts';
import { statusOf } from '../../src/app/status-report.ts';
import { urlOf } from '../support/cli.ts';
import { provisionedPair } from '../support/provisioned.ts';
import { type Client, openClient, provisionRequest } from '../support/runs.ts';
import { ask, rootSession, SANDBOX_KINDS, type SpareServer, spareServer, value } from '../support/servers.ts';
import { isMysql, wordsOf } from '../support/words.ts';

let client: Client;
beforeAll(async () => {
	client = await openClient();
});
afterAll(() => client?.[Symbol.asyncDispose]());

/** What is set by a statement on the replica, with its setting and how it is called off. */
const ON_REPLICA = (kind: (typeof SANDBOX_KINDS)[number]): readonly (readonly [setting: string, set: string, unset: string])[] =>
	isMysql(kind)
		? [
				[
					'replicate_ignore_db',
					'CHANGE REPLICATION FILTER REPLICATE_IGNORE_DB = (crm)',
					'CHANGE REPLICATION FILTER REPLICATE_IGNORE_DB = ()',
				],
				[
					'replicate_wild_do_table',
					"CHANGE REPLICATION FILTER REPLICATE_WILD_DO_TABLE = ('shop.%')",
					'CHANGE REPLICATION FILTER REPLICATE_WILD_DO_TABLE = ()',
				],
				[
					'replicate_rewrite_db',
					'CHANGE REPLICATION FILTER REPLICATE_REWRITE_DB = ((a, b))',
					'CHANGE REPLICATION FILTER REPLICATE_REWRITE_DB = ()',
				],
				['replica_exec_mode', "SET GLOBAL replica_exec_mode = 'IDEMPOTENT'", "SET GLOBAL replica_exec_mode = 'STRICT'"],
			]
		: [
				['replicate_ignore_db', "SET GLOBAL replicate_ignore_db = 'crm'", "SET GLOBAL replicate_ignore_db = ''"],
				['replicate_wild_do_table', "SET GLOBAL replicate_wild_do_table = 'shop.%'", "SET GLOBAL replicate_wild_do_table = ''"],
				['slave_exec_mode', "SET GLOBAL slave_exec_mode = 'IDEMPOTENT'", "SET GLOBAL slave_exec_mode = 'STRICT'"],
				[
					'replicate_events_marked_for_skip',
					"SET GLOBAL replicate_events_marked_for_skip = 'FILTER_ON_SLAVE'",
					"SET GLOBAL replicate_events_marked_for_skip = 'REPLICATE'",
				],
			];

describe.each(SANDBOX_KINDS)('what %s leaves out of replication', (kind) => {
	let primary: SpareServer;
	let replica: SpareServer;

	beforeAll(async () => {
		[primary, replica] = await Promise.all([
			spareServer(kind, { extra: ['--binlog-ignore-db=crm', '--binlog-format=STATEMENT'] }),
			spareServer(kind, { extra: ['--slave-skip-errors=1062'] }),
		]);
	});
	afterAll(async () => {
		await primary?.[Symbol.asyncDispose]();
		await replica?.[Symbol.asyncDispose]();
	});

	test('forbids a set-up, every setting by its name, with what ends it', async () => {
		for (const [, set] of ON_REPLICA(kind)) await ask(replica, set);
		const { end } = await client.dryRun(provisionRequest({ primary, replica }));
		const found = Object.fromEntries((end.failure?.checks ?? []).map((check) => [check.id, check]));
		expect(Object.keys(found).sort()).toEqual(['PRIMARY-FILTERS', 'REPLICA-FILTERS']);
		expect(found['PRIMARY-FILTERS']?.found).toContain('binlog_ignore_db = crm');
		for (const [setting] of ON_REPLICA(kind)) expect(found['REPLICA-FILTERS']?.found).toContain(`${setting} = `);
		expect(found['REPLICA-FILTERS']?.found).toContain('_skip_errors = 1062');
		expect(found['REPLICA-FILTERS']?.hints?.join('\n')).toContain('_skip_errors');
		for (const [, , unset] of ON_REPLICA(kind)) await ask(replica, unset);
	});
});

test.each(SANDBOX_KINDS)('a replica that was filtered since is named by status, in the plan and in the manifest of %s', async (kind) => {
	await using pair = await provisionedPair(kind);
	const words = wordsOf(kind);
	const [, set] = ON_REPLICA(kind)[0] as readonly [string, string, string];
	for (const statement of [words.stopSql, set, words.startSql]) await ask(pair.replica, statement);
	const wish = { server: urlOf(pair.replica) };
	const report = await statusOf(client.context(), wish);
	expect(report).toMatchObject({ healthy: false, troubles: [expect.stringContaining('replicate_ignore_db = crm: changes are left out')] });
	expect(report.hints.join('\n')).toMatch(isMysql(kind) ? /CHANGE REPLICATION FILTER/ : /SET GLOBAL replicate_ignore_db = ''/);
	const to = join(client.home, `backups-${kind}`);
	const { end, events } = await client.run({
		...{ kind: 'backup', server: wish.server, to, compress: 'none', stopApplier: false },
		...{ lockWaitSeconds: 60, longQueries: 'wait', maxLockSeconds: null },
	});
	expect(end).toMatchObject({ outcome: 'done' });
	const planned = events.flatMap((event) => (event.type === 'review' ? event.review.checks : [])).find(({ id }) => id === 'PARTIAL');
	expect(planned).toMatchObject({ status: 'warning', found: expect.stringContaining('replicate_ignore_db = crm') });
	const [label = ''] = (await readdir(to)).filter((name) => name !== 'latest');
	const manifest = JSON.parse(await readFile(join(to, label, 'manifest.json'), 'utf8'));
	expect(manifest.warnings).toEqual([expect.stringContaining('replicate_ignore_db = crm')]);
});

test('a replica that does not report its replication is named within seconds', async () => {
	const kind = 'mariadb-11.8';
	await using replica = await spareServer(kind);
	await ask(replica, wordsOf(kind).configure({ port: 1, user: 'nobody', password: 'x' }));
	await using lock = await rootSession(replica);
	await lock.query({ pieces: ['FLUSH TABLES WITH READ LOCK'] });
	// It waits for the lock, and holds what a channel's status needs.
	const waiting = ask(replica, "SET GLOBAL gtid_slave_pos = '0-9-9'");
	await vi.waitUntil(async () =>
		Number(await value(replica, "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE STATE = 'Waiting for backup lock'")),
	);
	const report = await statusOf(client.context(), { server: urlOf(replica) });
	expect(report).toMatchObject({ healthy: false, replication: { error: expect.stringContaining('does not say') } });
	expect(report.troubles[0]).toContain('does not say within');
	const { findings } = await examine(client.context(), { server: { server: urlOf(replica) }, language: 'en' });
	expect(findings.find(({ id }) => id === 'REPL-IO')).toMatchObject({
		status: 'fail',
		evidence: expect.stringContaining('did not answer within 5 s (SHOW ALL SLAVES STATUS)'),
	});
	expect(findings.find(({ id }) => id === 'DISK')?.status).toBe('ok');
	await lock.query({ pieces: ['UNLOCK TABLES'] });
	await waiting;
	expect((await statusOf(client.context(), { server: urlOf(replica) })).replication).toMatchObject({ source: '127.0.0.1:1' });
});
