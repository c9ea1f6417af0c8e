import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunEnd, run } from '../../src/core/runner.ts';
import type { AnyStep } from '../../src/core/step.ts';
import { openExecutor } from '../../src/executor/executor.ts';
import { flagDirector } from '../../src/headless/director-flags.ts';
import { compare } from '../../src/runbooks/provision-replica/compare.ts';
import { compareDefinitionsOfBoth } from '../../src/runbooks/provision-replica/compare-definitions.ts';
import type { ProvisionEnv } from '../../src/runbooks/provision-replica/env.ts';
import { provisionReplica } from '../../src/runbooks/provision-replica/index.ts';
import { urlOf } from '../support/cli.ts';
import { IN_ORDER } from '../support/in-order.ts';
import { type Client, caughtUp, openClient, provisionParts, provisionRequest, stateOf } from '../support/runs.ts';
import { ask, rootSession, SANDBOX_KINDS, type SpareServer, spareServer, value } from '../support/servers.ts';
import { aside, channelsOf, isMysql } from '../support/words.ts';

let client: Client;
beforeAll(async () => {
	client = await openClient();
});
afterAll(() => client?.[Symbol.asyncDispose]());

describe.each(SANDBOX_KINDS)('the accounts of %s', IN_ORDER, (kind) => {
	const mysql = isMysql(kind);
	let pair: { primary: SpareServer; replica: SpareServer };
	let before: Awaited<ReturnType<typeof stateOf>>;
	const grants = async (server: SpareServer, who: string) =>
		(await ask(server, `SHOW GRANTS FOR ${who}`)).map((row) => Object.values(row)[0]).sort();

	/** One comparison alone, as a run of its own. */
	async function alone(step: AnyStep<ProvisionEnv>): Promise<RunEnd> {
		const { context, env, names, reach } = await provisionParts(client, pair);
		await using world = openExecutor({ reach, env: context.env, signal: context.signal });
		const runbook = { ...provisionReplica, steps: [step] };
		return await run({
			...{ run: 'alone', runbook, env, executor: world, now: () => new Date(), signal: context.signal },
			director: flagDirector({ yes: true, dryRun: false }),
			...{ sink: () => undefined, key: 'alone', servers: names, identities: {}, request: null },
		});
	}
	const definitions = () => alone(compareDefinitionsOfBoth);

	beforeAll(async () => {
		const [primary, replica] = await Promise.all([spareServer(kind), spareServer(kind)]);
		pair = { primary, replica };
		// A policy as strict as MySQL's strictest.
		if (mysql) {
			await ask(primary, "INSTALL COMPONENT 'file://component_validate_password'");
			for (const [name, to] of [
				['policy', 'STRONG'],
				['special_char_count', '7'],
				['number_count', '7'],
				['mixed_case_count', '7'],
			])
				await ask(primary, `SET GLOBAL validate_password.${name} = ${to}`);
		}
		const password = "IDENTIFIED BY 'Aa1-Bb2-Cc3-Dd4-Ee5-Ff6-Gg7-Hh8'";
		await using session = await rootSession(primary);
		for (const text of [
			'CREATE DATABASE d',
			'CREATE TABLE d.t (a INT PRIMARY KEY, b INT)',
			'CREATE TABLE d.gone (a INT)',
			'CREATE TABLE d.keyless (a INT)',
			'INSERT INTO d.keyless VALUES (1), (2)',
			'CREATE PROCEDURE d.p() SELECT 1',
			'CREATE ROLE readers',
			'GRANT SELECT ON d.t TO readers',
			`CREATE USER og@'%' ${password}`,
			"GRANT SELECT (a), INSERT ON d.t TO og@'%' WITH GRANT OPTION",
			"GRANT UPDATE ON d.* TO og@'%'",
			"GRANT EXECUTE ON PROCEDURE d.p TO og@'%'",
			"GRANT SELECT ON d.gone TO og@'%'",
			"GRANT readers TO og@'%'",
			'DROP TABLE d.gone',
			mysql ? `CREATE USER ''@'localhost' ${password}` : "CREATE USER ''@'localhost'",
			"GRANT SELECT ON d.t TO ''@'localhost'",
			...(mysql ? [] : ['GRANT SELECT ON d.* TO PUBLIC', 'GRANT INSERT ON d.t TO PUBLIC']),
			...(mysql
				? [
						'CREATE TABLE d.js (a INT PRIMARY KEY, j JSON, k JSON)',
						"INSERT INTO d.js VALUES (1, JSON_OBJECT('price', 1.10), '[1]'), (2, JSON_ARRAY(DATE '2020-01-01'), '{}'), (3, '{}', NULL)",
					]
				: []),
			// Within the largest packet, and not within it as a dump writes it.
			'CREATE TABLE d.big (a INT PRIMARY KEY, b LONGBLOB)',
			...(kind === 'mariadb-11.8' ? ["INSERT INTO d.big VALUES (1, REPEAT('x', 12 * 1024 * 1024))"] : []),
		])
			await session.query({ pieces: [text] });
		// Its own rules for tables are not those of the primary.
		if (mysql) await ask(replica, 'SET GLOBAL sql_require_primary_key = ON, GLOBAL sql_generate_invisible_primary_key = ON');
		// An account of the replica's own, by a name that the primary has with more rights.
		await ask(replica, "CREATE USER twin@'%' IDENTIFIED BY 'Own-1-äb'");
		await session.query({ pieces: [`CREATE USER twin@'%' ${password}`] });
		await session.query({ pieces: ["GRANT RELOAD ON *.* TO twin@'%'"] });
		before = await stateOf(replica);
	});
	afterAll(async () => {
		await pair?.primary[Symbol.asyncDispose]();
		await pair?.replica[Symbol.asyncDispose]();
	});

	test('are not copied before we may grant their roles, each named with what lets us', async () => {
		const { primary, replica } = pair;
		await using root = await rootSession(replica);
		for (const text of ["CREATE USER chief@'127.0.0.1'", 'CREATE ROLE readers']) await root.query({ pieces: [text] });
		await ask(replica, `GRANT ALL ON *.* TO chief@'127.0.0.1' WITH GRANT OPTION`);
		if (mysql) await ask(replica, "REVOKE ROLE_ADMIN, SUPER ON *.* FROM chief@'127.0.0.1'");
		const was = await stateOf(replica);
		const request = { ...provisionRequest({ primary, replica }), replica: urlOf(replica, 'chief') };
		const { end, events } = await client.run(request);
		expect(events.filter((event) => event.type === 'action-started')).toEqual([]);
		expect(end.failure?.checks.map(({ id, found }) => [id, found])).toEqual([
			['REPLICA-ROLES', mysql ? 'readers@% (for og@%)' : 'role readers (for og@%)'],
		]);
		expect(await stateOf(replica)).toEqual(was);
		for (const line of end.failure?.checks[0]?.hints ?? []) await ask(replica, /: {2}(GRANT .*);$/.exec(line)?.[1] ?? line);
		expect((await client.dryRun(request)).end.failure).toBeNull();
		for (const text of ["DROP USER chief@'127.0.0.1'", 'DROP ROLE readers']) await ask(replica, text);
	});

	test('come with every privilege on what exists, and what does not come is named', async () => {
		const { end, events } = await client.run(provisionRequest(pair));
		expect([end.outcome, end.failure?.description, end.failure?.checks]).toEqual(['done', undefined, undefined]);
		const checks = events.flatMap((event) => (event.type === 'review' ? event.review.checks : []));
		expect(checks.find(({ id }) => id === 'GRANTS-GONE')).toMatchObject({ status: 'warning', found: expect.stringContaining('gone') });
		expect(checks.find(({ id }) => id === 'ACCOUNTS-FEWER')).toMatchObject({
			status: 'warning',
			found: expect.stringContaining('twin@%'),
			hints: expect.arrayContaining([expect.stringMatching(/^GRANT RELOAD/)]),
		});
		// Text holds no DECIMAL and no date: the rows are named, and compared as text gives them.
		const json = ['d.js.j: 2 rows (DATE, DECIMAL)'];
		expect(checks.filter(({ id }) => id === 'SEED-JSON').map(({ status, hints }) => [status, hints])).toEqual(
			mysql ? [['note', ['To copy them exactly:  --seed clone']]] : [],
		);
		expect(end.summary.changedJson).toEqual(mysql ? json : undefined);
		expect(end.warnings.filter((text) => text.includes(json[0] ?? '') && text.includes('--seed clone'))).toHaveLength(mysql ? 1 : 0);
		for (const who of ["og@'%'", "''@'localhost'", 'readers', ...(mysql ? [] : ['PUBLIC'])]) {
			const there = (await grants(pair.primary, who)).filter((line) => !line?.includes('`gone`'));
			expect(await grants(pair.replica, who), who).toEqual(there);
		}
		expect(await value(pair.replica, 'SELECT @@global.max_allowed_packet')).toBe(before.variables.max_allowed_packet);
		expect(JSON.stringify(events)).not.toMatch(/\$A\$|\*[0-9A-F]{40}|244124/);
	});

	test('and the definitions are compared object by object, the difference in words', async () => {
		expect(await definitions()).toMatchObject({ outcome: 'done' });
		await aside(pair.replica, ['ALTER TABLE d.t ADD COLUMN c INT', 'DROP PROCEDURE d.p']);
		const checks = (await definitions()).failure?.checks ?? [];
		expect(checks.map(({ id }) => id)).toEqual(['COMPARE-DEFINITIONS']);
		expect(checks[0]?.found).toMatch(/procedure d\.p: missing/);
		expect(checks[0]?.found).toMatch(/table d\.t: column `c`.*additional/);
		await aside(pair.replica, [
			'ALTER TABLE d.t DROP COLUMN c',
			'CREATE PROCEDURE d.p() SELECT 1',
			"GRANT EXECUTE ON PROCEDURE d.p TO og@'%'",
		]);
	});

	test('and rows inside JSON that replication brought are as on the primary', async () => {
		if (mysql) await ask(pair.primary, "INSERT INTO d.js VALUES (4, JSON_OBJECT('price', 2.50), JSON_ARRAY(TIME '10:00:00'))");
		await caughtUp(pair);
		const { outcome, warnings } = await alone(compare);
		expect(outcome).toBe('done');
		expect(warnings).toEqual(mysql ? [expect.stringContaining('d.js.j: 2 rows (DATE, DECIMAL).')] : []);
	});

	test('that lockstep created do not expire', async () => {
		const created = await value(pair.primary, `SHOW CREATE USER lockstep_${pair.replica.serverId}@'127.0.0.1'`);
		expect(created).toContain('PASSWORD EXPIRE NEVER');
	});

	test('can lose what they have on the primary, and the replica keeps replicating', async () => {
		for (const text of [
			"DROP USER ''@'localhost'",
			"REVOKE INSERT ON d.t FROM og@'%'",
			"REVOKE EXECUTE ON PROCEDURE d.p FROM og@'%'",
			'REVOKE SELECT ON d.t FROM readers',
			...(mysql ? [] : ['REVOKE INSERT ON d.t FROM PUBLIC', 'REVOKE SELECT ON d.* FROM PUBLIC']),
		])
			await ask(pair.primary, text);
		await caughtUp(pair);
		expect(await channelsOf(kind, pair.replica)).toMatchObject([{ io: 'Yes', sql: 'Yes', error: '' }]);
	});

	test('are as they were after an undo', async () => {
		const { end } = await client.undo();
		expect(end).toMatchObject({ outcome: 'undone', failure: null });
		const names = (accounts: readonly string[]) => accounts.filter((line) => !line.includes('PUBLIC'));
		expect(names((await stateOf(pair.replica)).accounts)).toEqual(names(before.accounts));
	});
});
