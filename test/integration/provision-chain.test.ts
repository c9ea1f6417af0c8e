import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stopWriter } from '../../src/sandbox/sandbox.ts';
import { IN_ORDER } from '../support/in-order.ts';
import { provisionedPair } from '../support/provisioned.ts';
import { type Client, caughtUp, nameOf, openClient, provisionRequest, stateOf } from '../support/runs.ts';
import { ask, SANDBOX_KINDS, type SandboxServer, type SpareServer, spareServer, value } from '../support/servers.ts';
import { channelsOf, superReadOnlyOf } from '../support/words.ts';

let client: Client;
beforeAll(async () => {
	client = await openClient();
});
afterAll(() => client?.[Symbol.asyncDispose]());

/** A replicates to B already; C becomes a replica of B. */
describe.each(SANDBOX_KINDS)('a primary that is itself a replica, on %s,', IN_ORDER, (kind) => {
	let pair: Awaited<ReturnType<typeof provisionedPair>>;
	let third: SpareServer;
	let chain: { primary: SandboxServer; replica: SandboxServer };
	let before: Awaited<ReturnType<typeof stateOf>>;

	beforeAll(async () => {
		[pair, third] = await Promise.all([provisionedPair(kind), spareServer(kind, { serverId: 103 })]);
		// Nothing has been written since: the first copy is all that B has.
		await stopWriter(pair);
		await caughtUp(pair);
		chain = { primary: pair.replica, replica: third };
		before = await stateOf(pair.replica);
	});
	afterAll(async () => {
		await pair?.[Symbol.asyncDispose]();
		await third?.[Symbol.asyncDispose]();
	});

	test('is written to only by consent, and the ways out are named', async () => {
		const { end } = await client.run(provisionRequest(chain));
		expect(end).toMatchObject({
			outcome: 'failed',
			failure: {
				class: 'CheckFailed',
				checks: [
					{
						id: 'CONSENT',
						title: expect.stringContaining('is itself a replica of'),
						found: 'account lockstep_103@127.0.0.1',
						hints: [
							expect.stringContaining(`--confirm ${nameOf(pair.replica)}`),
							expect.stringContaining(`--primary mysql://USER@127.0.0.1:${pair.primary.port}`),
						],
					},
				],
			},
		});
		expect(await stateOf(pair.replica)).toEqual(before);
	});

	test('with it gives a chain in which both replicate, and takes no number of its source', async () => {
		const request = provisionRequest(chain, {
			operator: 'ops@127.0.0.1',
			operatorPasswordFile: `${client.home}/ops-${third.port}`,
		});
		const { end } = await client.run(request, { confirm: [nameOf(pair.replica)] });
		expect([end.outcome, end.failure?.description, end.failure?.checks]).toEqual(['done', undefined, undefined]);
		const after = await stateOf(pair.replica);
		expect(after.variables).toEqual(before.variables);
		expect(after.channels).toEqual(before.channels);
		await ask(pair.primary, 'CREATE TABLE shop.chain (id INT PRIMARY KEY)');
		await ask(pair.primary, 'INSERT INTO shop.chain VALUES (1), (2)');
		await caughtUp(pair);
		await caughtUp(chain);
		for (const server of [pair.replica, third]) {
			expect(await value(server, 'SELECT COUNT(*) FROM shop.chain')).toBe('2');
			expect(await channelsOf(kind, server)).toMatchObject([{ io: 'Yes', sql: 'Yes', error: '' }]);
		}
	});

	test('is not made a replica anew without its own replica being named', async () => {
		const { events } = await client.dryRun(provisionRequest(pair));
		const consents = events.flatMap((event) => (event.type === 'review' ? event.review.consents : []));
		expect(consents).toContainEqual(
			expect.objectContaining({ reason: expect.stringContaining('has replicas of its own'), affected: ['replica lockstep_103@127.0.0.1'] }),
		);
	});

	test('is as it was after an undo, and still replicates', async () => {
		const { end } = await client.undo();
		expect(end).toMatchObject({ outcome: 'undone', failure: null });
		expect((await stateOf(pair.replica, 'settings')).accounts).toEqual(before.accounts);
		expect(await superReadOnlyOf(pair.replica)).toBe(kind.startsWith('mysql') ? 'ON' : null);
		await ask(pair.primary, 'INSERT INTO shop.chain VALUES (3)');
		await caughtUp(pair);
		expect(await channelsOf(kind, pair.replica)).toMatchObject([{ io: 'Yes', sql: 'Yes', error: '' }]);
	});
});
