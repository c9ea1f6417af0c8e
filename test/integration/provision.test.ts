import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Stopped } from '../../src/core/errors.ts';
import type { Recorded } from '../../src/core/events.ts';
import { type RunEnd, run } from '../../src/core/runner.ts';
import { openExecutor } from '../../src/executor/executor.ts';
import { flagDirector } from '../../src/headless/director-flags.ts';
import { compare } from '../../src/runbooks/provision-replica/compare.ts';
import { provisionReplica } from '../../src/runbooks/provision-replica/index.ts';
import { stopWriter } from '../../src/sandbox/sandbox.ts';
import { INVARIANTS } from '../../src/sandbox/shop.ts';
import { contentsOf } from '../support/contents.ts';
import { IN_ORDER } from '../support/in-order.ts';
import { type Client, caughtUp, nameOf, openClient, provisionParts, provisionRequest, stateOf } from '../support/runs.ts';
import { ask, ownSandbox, SANDBOX_KINDS, type Sandbox, type SandboxKind, value } from '../support/servers.ts';
import { aside, channelsOf, isMysql, wordsOf } from '../support/words.ts';

type State = Awaited<ReturnType<typeof stateOf>>;

/** Every statement and command of a review, as it was shown. */
const shown = (events: readonly Recorded[]) =>
	events.flatMap((event) => (event.type === 'review' ? event.review.steps.flatMap((step) => step.actions) : []));
const done = (end: RunEnd) => expect([end.outcome, end.failure?.description, end.failure?.checks]).toEqual(['done', undefined, undefined]);

/** The statements of a plan, in order, and parts of them as they are printed; of each vendor. */
const PLAN = (kind: SandboxKind) =>
	isMysql(kind)
		? {
				order: [
					/^CREATE USER 'lockstep_102'@'127\.0\.0\.1' IDENTIFIED WITH caching_sha2_password BY '\*{8}' REQUIRE SSL PASSWORD EXPIRE NEVER$/,
					/^GRANT REPLICATION SLAVE ON \*\.\* TO/,
					/^SET GLOBAL read_only = ON$/,
					/^CREATE USER IF NOT EXISTS `app`@`localhost`/,
					/^mysqldump .*--single-transaction.* --databases -- crm shop \| mysql /,
					/^RESET BINARY LOGS AND GTIDS$/,
					/^SET GLOBAL gtid_purged = /,
					/^CHANGE REPLICATION SOURCE TO .*SOURCE_PASSWORD = '\*{8}', SOURCE_SSL = 1.*SOURCE_AUTO_POSITION = 1/,
					/^SET GLOBAL super_read_only = ON$/,
					/^START REPLICA$/,
					/^SELECT WAIT_FOR_EXECUTED_GTID_SET/,
					/^START REPLICA SQL_THREAD UNTIL SQL_AFTER_GTIDS/,
				],
				printed: ['CREATE USER', 'gtid_purged', 'CHANGE REPLICATION SOURCE TO'],
				plain: 'SOURCE_SSL = 0',
			}
		: {
				order: [
					/^CREATE USER 'lockstep_102'@'127\.0\.0\.1' IDENTIFIED BY '\*{8}' REQUIRE SSL PASSWORD EXPIRE NEVER$/,
					/^GRANT REPLICATION SLAVE ON \*\.\* TO/,
					/^SET GLOBAL read_only = ON$/,
					/^CREATE USER IF NOT EXISTS `app`@`localhost`/,
					/^mariadb-dump .*--single-transaction.* --databases -- crm shop \| mariadb /,
					/^SET GLOBAL gtid_slave_pos = /,
					/^CHANGE MASTER TO .*MASTER_PASSWORD = '\*{8}', MASTER_SSL = 1.*MASTER_USE_GTID = slave_pos/,
					/^START SLAVE$/,
					/^SELECT MASTER_GTID_WAIT/,
					/^START SLAVE UNTIL/,
				],
				printed: ['CREATE USER', 'gtid_slave_pos', 'CHANGE MASTER TO'],
				plain: 'MASTER_SSL = 0',
			};

/** Whether an interrupted, a plain and a repeated provisioning give what they promise: one pair, in this order. */
describe.each(SANDBOX_KINDS)('provisioning a replica of %s', IN_ORDER, (kind) => {
	let pair: Sandbox & AsyncDisposable;
	let client: Client;
	let before: { primary: State; replica: State };

	const words = wordsOf(kind);
	/** What the account must bring besides its password: `NONE` where it says so or nothing. */
	const requirement = async () => {
		const made = await value(pair.primary, "SHOW CREATE USER lockstep_102@'127.0.0.1'");
		return / REQUIRE (\w+)/.exec(made ?? '')?.[1] ?? 'NONE';
	};
	const both = async () => ({ primary: await stateOf(pair.primary, 'settings'), replica: await stateOf(pair.replica) });

	/** The comparison alone, as a run of its own. */
	async function comparison(): Promise<RunEnd> {
		const { context, env, names, reach } = await provisionParts(client, pair);
		await using world = openExecutor({ reach, env: context.env, signal: context.signal });
		return await run({
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
	}

	beforeAll(async () => {
		[pair, client] = await Promise.all([ownSandbox(kind, { rows: 4000 }), openClient()]);
		before = await both();
	});
	afterAll(async () => {
		await pair?.[Symbol.asyncDispose]();
		await client?.[Symbol.asyncDispose]();
	});

	test('a dry run says every statement in order, and changes nothing', async () => {
		const { end, events, printed } = await client.dryRun(provisionRequest(pair));
		expect(end).toMatchObject({ outcome: 'previewed', open: false, failure: null });
		const texts = shown(events).map((action) => action.text);
		const { order, printed: parts } = PLAN(kind);
		const places = order.map((wanted) => texts.findIndex((text) => wanted.test(text)));
		expect(places, texts.join('\n')).not.toContain(-1);
		expect(places).toEqual(places.toSorted((a, b) => a - b));
		for (const part of parts) expect(printed).toContain(part);
		expect(await both()).toEqual(before);
		expect(await client.journals()).toEqual([]);
	});

	test('stopped in the middle of the copy it stays open', async () => {
		const stop = new AbortController();
		const { end, events } = await client.run(provisionRequest(pair), {
			signal: stop.signal,
			on(event) {
				if (event.type === 'action-started' && event.action.id === 'copy') setTimeout(() => stop.abort(new Stopped('By hand.')), 120);
			},
		});
		expect(end).toMatchObject({ outcome: 'stopped', open: true, failure: { class: 'Stopped', step: 'seed' } });
		expect(events.some((event) => event.type === 'step-done' && event.step === 'seed')).toBe(false);
		expect(await channelsOf(kind, pair.replica)).toEqual([]);
	});

	test('data that appeared meanwhile must be confirmed', async () => {
		await aside(pair.replica, ['CREATE DATABASE precious']);
		const { end } = await client.run(provisionRequest(pair));
		expect(end).toMatchObject({
			outcome: 'failed',
			open: true,
			failure: { class: 'CheckFailed', checks: [{ found: 'database precious' }] },
		});
		expect(await value(pair.replica, "SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = 'precious'")).toBe('1');
		await aside(pair.replica, ['DROP DATABASE precious']);
	});

	test('the same command resumes it and proves the replica', async () => {
		const { end, events } = await client.run(provisionRequest(pair));
		done(end);
		expect(events.find((event) => event.type === 'run-started')?.resumes).not.toBeNull();
		expect(events).toContainEqual(expect.objectContaining({ type: 'step-done', step: 'protect', again: true }));
		expect(end.summary).toMatchObject({ encrypted: true, account: 'lockstep_102@127.0.0.1', databases: 2, notCompared: [] });
		for (const invariant of INVARIANTS) expect(await value(pair.replica, invariant)).toBe('0');
	});

	test('the account can replicate and nothing else, encrypted only, and is used so', async () => {
		const grants = await ask(pair.primary, "SHOW GRANTS FOR lockstep_102@'127.0.0.1'");
		expect(grants.map((row) => Object.values(row)[0])).toEqual([
			expect.stringMatching(
				isMysql(kind) ? /^GRANT REPLICATION SLAVE ON \*\.\* TO \S+$/ : /^GRANT REPLICATION SLAVE ON \*\.\* TO .* REQUIRE SSL$/,
			),
		]);
		expect(await requirement()).toBe('SSL');
		const ciphers = await ask(
			pair.primary,
			`SELECT p.user, s.variable_value AS cipher FROM information_schema.processlist p JOIN performance_schema.threads t ON t.processlist_id = p.id
			JOIN performance_schema.status_by_thread s ON s.thread_id = t.thread_id AND s.variable_name = 'Ssl_cipher' WHERE p.command LIKE 'Binlog Dump%'`,
		);
		expect(ciphers).toEqual([{ user: 'lockstep_102', cipher: expect.stringMatching(/\w{5,}/) }]);
	});

	test('the replica is protected, wrote nothing of its own, and keeps replicating', async () => {
		const settings = isMysql(kind)
			? 'SELECT @@read_only AS ro, @@super_read_only AS admins, @@event_scheduler AS events, @@gtid_mode AS gtid'
			: 'SELECT @@read_only AS ro, @@event_scheduler AS events, @@gtid_strict_mode AS gtid';
		expect(await ask(pair.replica, settings)).toEqual([
			isMysql(kind) ? { ro: '1', admins: '1', events: 'OFF', gtid: 'ON' } : { ro: '1', events: 'OFF', gtid: '1' },
		]);
		await ask(pair.primary, 'CREATE TABLE shop.arrives (id INT PRIMARY KEY) SELECT 42 AS id');
		await vi.waitFor(async () => expect(await value(pair.replica, 'SELECT id FROM shop.arrives')).toBe('42'), {
			timeout: 20_000,
			interval: 200,
		});
		// Whose transactions it has: the primary's.
		if (isMysql(kind)) {
			const executed = (await value(pair.replica, words.written)) ?? '';
			expect(executed.split(/,\s*/).map((set) => set.split(':')[0])).toEqual([await value(pair.primary, 'SELECT @@server_uuid')]);
		} else {
			const state = (await value(pair.replica, 'SELECT @@gtid_binlog_state')) ?? '';
			expect(state.split(',').map((gtid) => gtid.split('-')[1])).toEqual(['101']);
		}
	});

	test('accounts and contents are those of the primary', async () => {
		for (const shows of ["SHOW CREATE USER 'app'@'localhost'", "SHOW GRANTS FOR 'app'@'localhost'"])
			expect(await ask(pair.replica, shows)).toEqual(await ask(pair.primary, shows));
		await stopWriter(pair);
		await caughtUp(pair);
		expect(await contentsOf(pair.replica)).toEqual(await contentsOf(pair.primary));
	});

	test('after an undo both servers are exactly as before', async () => {
		await ask(pair.primary, 'DROP TABLE shop.arrives');
		await caughtUp(pair);
		const { end } = await client.undo();
		expect(end).toMatchObject({ outcome: 'undone', open: false, failure: null });
		expect(await both()).toEqual(before);
	});

	test('Yes/Yes on an empty replica, by the manual’s recipe, is found out', async () => {
		await ask(pair.primary, "CREATE USER by_hand@'127.0.0.1' IDENTIFIED BY 'by hand'");
		await ask(pair.primary, "GRANT REPLICATION SLAVE ON *.* TO by_hand@'127.0.0.1'");
		const position = await value(pair.primary, words.written);
		await ask(pair.replica, words.setReplicated(position ?? ''));
		await ask(pair.replica, words.configure({ port: pair.primary.port, user: 'by_hand', password: 'by hand' }));
		await ask(pair.replica, words.start);
		const threads = async () => {
			const [channel] = await channelsOf(kind, pair.replica);
			return `${channel?.io} ${channel?.sql} ${channel?.error}`;
		};
		const running = () => vi.waitFor(async () => expect(await threads()).toBe('Yes Yes '), { timeout: 20_000, interval: 200 });
		await running();
		const end = await comparison();
		expect(end).toMatchObject({ outcome: 'failed', failure: { class: 'VerifyFailed' } });
		const found = (end.failure?.checks ?? []).map((check) => `${check.id} ${check.found}`).join('\n');
		expect(found).toMatch(/COMPARE-OBJECTS.*database crm/);
		expect(found).toMatch(/COMPARE-CONTENTS.*crm\.accounts/);
		await running();
		for (const statement of [words.stop, words.forget, words.forgetLog, ...words.forgetPosition]) await ask(pair.replica, statement);
		await ask(pair.primary, "DROP USER by_hand@'127.0.0.1'");
	});

	test('without TLS only by the words --no-tls, and it says so in plan and result', async () => {
		const { end, events } = await client.run(provisionRequest(pair, { tls: false }));
		done(end);
		const review = events.find((event) => event.type === 'review')?.review;
		expect(review?.checks).toContainEqual(
			expect.objectContaining({ id: 'PRIMARY-TLS', status: 'warning', title: expect.stringContaining('NOT') }),
		);
		expect(end.summary).toMatchObject({ encrypted: false });
		expect(end.warnings.join()).toMatch(/Not encrypted, as was asked/);
		expect(shown(events).find((action) => action.id === 'configure')?.text).toContain(PLAN(kind).plain);
		expect(await requirement()).toBe('NONE');
	});

	test.each([[[]], [['primary']]])('what is on a replica is not destroyed by %j', async (confirm) => {
		const was = { ...(await both()), contents: await contentsOf(pair.replica) };
		const { end } = await client.run(provisionRequest(pair), { confirm });
		expect(end).toMatchObject({ outcome: 'failed', open: false, failure: { class: 'CheckFailed', checks: [{ id: 'CONSENT' }] } });
		expect(end.failure?.checks[0]?.hints).toEqual([expect.stringContaining(`--confirm ${nameOf(pair.replica)}`)]);
		expect(end.failure?.checks[0]?.found).toMatch(/database crm, database shop, replication from 127\.0\.0\.1:\d+/);
		expect({ ...(await both()), contents: await contentsOf(pair.replica) }).toEqual(was);
	});

	test('with its name typed it is made anew, encrypted again', async () => {
		await aside(pair.replica, ['CREATE DATABASE stray', 'CREATE TABLE stray.t (id INT)', 'DROP TABLE shop.photos']);
		const { end } = await client.run(provisionRequest(pair), { confirm: [nameOf(pair.replica)] });
		done(end);
		expect(end.summary).toMatchObject({ encrypted: true });
		await caughtUp(pair);
		expect(await contentsOf(pair.replica)).toEqual(await contentsOf(pair.primary));
		expect(await requirement()).toBe('SSL');
	});

	test('one row that is missing on the replica is found', async () => {
		done(await comparison());
		await aside(pair.replica, ['DELETE FROM crm.calls ORDER BY id LIMIT 1']);
		const end = await comparison();
		expect(end).toMatchObject({ outcome: 'failed', failure: { class: 'VerifyFailed', checks: [{ id: 'COMPARE-CONTENTS' }] } });
		expect(end.failure?.checks[0]?.found).toMatch(/^crm\.calls \((\d[\d,]*) rows on the primary, \d[\d,]* rows? on the replica\)$/);
	});

	test('one whose contents differ is copied again by the same command', async () => {
		const lets = (on: string) => (isMysql(kind) ? `SET GLOBAL super_read_only = ${on};` : '');
		const change = `SET sql_log_bin = 0; ${lets('OFF')} UPDATE crm.calls SET minutes = minutes + 1 LIMIT 1; ${lets('ON')}`;
		const argv = ['--no-defaults', '--user=root', `--socket=${pair.replica.socket}`, `--execute=${change}`];
		const confirm = [nameOf(pair.replica)];
		const { end } = await client.run(provisionRequest(pair), {
			confirm,
			on: (event) =>
				void (event.type === 'step-started' && event.step === 'compare' && execFileSync(join(pair.binDir, words.client), argv)),
		});
		expect(end).toMatchObject({ outcome: 'failed', open: true, failure: { class: 'VerifyFailed', step: 'compare' } });
		const again = await client.run(provisionRequest(pair), { confirm });
		done(again.end);
		const steps = again.events.flatMap((event) => (event.type === 'step-done' && event.acted ? [event.step] : []));
		expect(steps).toEqual(expect.arrayContaining(['clear-replica', 'seed', 'set-position', 'connect', 'start', 'compare']));
		expect(await contentsOf(pair.replica)).toEqual(await contentsOf(pair.primary));
	});
});
