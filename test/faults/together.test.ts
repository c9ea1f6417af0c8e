// Two of them at once on one server.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Bench, makeBench, signal, words } from '../support/bench.ts';
import { lockstep, makeHome, start, tapped, urlOf } from '../support/cli.ts';
import { ownSandbox, SANDBOX_KINDS } from '../support/servers.ts';
import { caughtUp } from '../support/words.ts';

const busy = (server: { port: number }) => ({
	class: 'Busy',
	exit_code: 10,
	message: `Another run of lockstep is at work on 127.0.0.1:${server.port}.`,
	reason: expect.stringMatching(/^Its connection there is number \d+, of root@127\.0\.0\.1(:\d+)?, last heard of \d+ s ago\.$/),
});

describe.each(SANDBOX_KINDS)('on one %s', (kind) => {
	let bench: Bench;
	beforeAll(async () => {
		bench = await makeBench(kind);
		await bench.readOnly('0');
	});
	afterEach(() => bench.calm());
	afterAll(() => bench?.[Symbol.asyncDispose]());

	it('two backups started at the same moment: one gets through, the other names the run at work', async () => {
		const before = await bench.state();
		// Whoever is first waits in the middle for the other to have ended.
		await bench.tap.bar();
		const both = [bench.backup(), bench.backup()];
		const second = await Promise.race(both.map(async (each) => ({ each, ended: await each.ended })));
		const first = both.find((each) => each !== second.each);
		expect(second.ended.code, words(second.ended)).toBe(10);
		expect(second.ended.last).toMatchObject(busy(bench.replica));
		// Refused at the door, it may be over before the other holds the lock.
		await expect.poll(() => bench.writable(), { timeout: 20_000 }).toBe(false);
		await bench.tap.open();
		const ended = await first?.ended;
		expect(ended?.code, ended && words(ended)).toBe(0);
		await bench.expectPublished(first?.to ?? '');
		await bench.expectAsBefore(before);
		bench.record('two backups at the same moment', null, 'one exit 0, the other exit 10');
	});

	it('a backup and a provisioning: the second names the run at work', { timeout: 120_000 }, async () => {
		const provision = (pair: { primary: { port: number }; replica: { port: number } }, env: NodeJS.ProcessEnv) =>
			start(['provision', '--primary', urlOf(pair.primary), '--replica', urlOf(pair.replica), '--yes', '--json'], { env });
		const before = await bench.state();
		await bench.tap.bar();
		const backup = bench.backup();
		await backup.line((line) => line.type === 'action-started' && line.action.id === 'dump-crm');
		const refused = await provision(bench.pair, bench.home.env).ended;
		expect(refused.code, words(refused)).toBe(10);
		expect(refused.last).toMatchObject(busy(bench.replica));
		await bench.tap.open();
		const done = await backup.ended;
		expect(done.code, words(done)).toBe(0);
		await bench.expectAsBefore(before);

		await using home = await makeHome();
		await using fresh = await ownSandbox(kind);
		const tap = await tapped(home, fresh.binDir);
		await tap.bar();
		const provisioning = provision(fresh, tap.env);
		await provisioning.line((line) => line.type === 'action-started' && line.action.kind === 'pipe');
		const to = `${home.dir}/backups`;
		const late = await lockstep(['backup', '--engine', 'vendor', '--server', urlOf(fresh.replica), '--to', to, '--yes', '--json'], {
			env: home.env,
		});
		expect(late.code, words(late)).toBe(10);
		expect(late.last).toMatchObject(busy(fresh.replica));
		await tap.open();
		const provisioned = await provisioning.ended;
		expect(provisioned.code, words(provisioned)).toBe(0);
		await caughtUp(kind, fresh, 10);
		bench.record('a backup and a provisioning at once', null, 'the first exit 0, the second exit 10');
	});

	it('two recovers at once: what was left is rolled back once, and neither fails', async () => {
		const before = await bench.state();
		await bench.tap.shut();
		const running = bench.backup();
		await bench.midDump(running);
		const engine = await bench.engineOf(running);
		const free = bench.freed('0');
		signal(running.pid, 'SIGKILL');
		signal(engine, 'SIGKILL');
		await running.ended;
		await bench.tap.open();
		const both = await Promise.all([1, 2].map(() => lockstep(['recover', '--yes'], { env: bench.home.env })));
		const told = both.map(words).join('\n');
		// Together at it, or one after the other.
		expect(both.map(({ code }) => code).sort(), told).toEqual([0, expect.toBeOneOf([0, 10])]);
		const freeMs = await free;
		await bench.expectAsBefore(before);
		await bench.expectUnpublished(running.to);
		const again = await lockstep(['recover', '--yes'], { env: bench.home.env });
		expect([again.code, again.stdout], told).toEqual([0, expect.stringContaining('Nothing to roll back')]);
		bench.record('engine and watcher killed, two recovers at once', freeMs, 'rolled back by one of them');
	});
});
