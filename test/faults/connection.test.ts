// The network between lockstep and the server fails in the middle of a dump.
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Bench, makeBench, words } from '../support/bench.ts';
import { lockstep } from '../support/cli.ts';
import { type Proxy as Network, openProxy } from '../support/proxy.ts';
import { ask, rootSession, SANDBOX_KINDS } from '../support/servers.ts';
import { expectWithin } from '../support/within.ts';
import { wordsOf } from '../support/words.ts';

const LEASE_SECONDS = 6;

describe.each(SANDBOX_KINDS)('the connection to %s', (kind) => {
	const vendor = wordsOf(kind);
	let bench: Bench;
	let network: Network;
	let env: NodeJS.ProcessEnv;
	beforeAll(async () => {
		bench = await makeBench(kind);
		env = { ...bench.tap.env, LOCKSTEP_TEST_LEASE_SECONDS: String(LEASE_SECONDS) };
	});
	afterEach(async () => {
		await bench.calm();
		await network?.close();
		await bench.readOnly('1');
	});
	afterAll(() => bench?.[Symbol.asyncDispose]());

	/** A backup through a network that is to fail, stopped in the middle of its dump. */
	const throughNetwork = async () => {
		network = await openProxy(bench.replica);
		await bench.readOnly('0');
		const before = await bench.state();
		await bench.tap.shut();
		const server = `mysql://root@127.0.0.1:${network.port}?connect-timeout=2`;
		const running = bench.backup([], { env, server });
		await bench.midDump(running);
		expect(await bench.readOnly()).toBe('1');
		expect(await bench.writable()).toBe(false);
		return { running, before };
	};

	it('is cut: the lock was lost, exit 8, all as before', async () => {
		const { running, before } = await throughNetwork();
		const free = bench.freed('0');
		network.cut();
		const ended = await running.ended;
		expect(ended.code, words(ended)).toBe(8);
		expect(ended.last).toMatchObject({
			class: 'VerifyFailed',
			message: 'The lock was lost: the dump is worthless.',
			outcome: 'failed',
			open: false,
		});
		await bench.expectAsBefore(before);
		await bench.expectUnpublished(running.to);
		bench.record('the connection cut', await free, 'exit 8, the lock was lost');
	});

	it('is half-open and new ones pass: free within the lease, exit 8, all as before', async () => {
		const { running, before } = await throughNetwork();
		const free = bench.freed('0');
		network.freeze();
		network.thaw();
		const ended = await running.ended;
		expect(ended.code, words(ended)).toBe(8);
		expect(ended.last).toMatchObject({ class: 'VerifyFailed', message: 'The lock was lost: the dump is worthless.', open: false });
		const freeMs = await free;
		expectWithin(freeMs, LEASE_SECONDS * 1000 + 1500);
		await bench.expectUnpublished(running.to);
		// What is half-open stays so for the server, too.
		await network.close();
		await bench.expectAsBefore(before);
		bench.record('the connection half-open', freeMs, `exit 8, the lock was lost (a lease of ${LEASE_SECONDS} s)`);
	});

	it('is half-open and nothing passes any more: the lock goes with the lease, exit 9, lockstep recover rolls back', async () => {
		const { running, before } = await throughNetwork();
		const free = bench.freed(null);
		network.freeze();
		const freeMs = await free;
		expectWithin(freeMs, LEASE_SECONDS * 1000 + 1500);
		const ended = await running.ended;
		expect(ended.code, words(ended)).toBe(9);
		expect(ended.last).toMatchObject({ class: 'LeftChanged', open: true, reason: 'The lock was lost: the dump is worthless.' });
		expect(ended.last.hints.join('\n')).toMatch(/lockstep recover \S+ --yes/);
		expect(await bench.readOnly()).toBe('1');
		await bench.expectUnpublished(running.to);
		const blind = await lockstep(['recover', '--yes'], { env });
		expect(blind.code, words(blind)).toBe(9);
		expect(blind.stdout + blind.stderr).toContain('Not rolled back: ');
		network.thaw();
		const claim = "SELECT IS_USED_LOCK('lockstep.run') AS id";
		await vi.waitUntil(async () => (await ask(bench.replica, claim))[0]?.id === null, LEASE_SECONDS * 1000 + 3000);
		const mended = await lockstep(['recover', '--yes'], { env });
		expect(mended.code, words(mended)).toBe(0);
		expect(mended.stdout).toContain(vendor.restoreReadOnly);
		await network.close();
		await bench.expectAsBefore(before);
		const again = await lockstep(['recover', '--yes'], { env });
		expect([again.code, again.stdout]).toEqual([0, expect.stringContaining('Nothing to roll back')]);
		bench.record('the connection half-open, the server out of reach', freeMs, 'exit 9; lockstep recover put read_only back');
	});

	it('would end after a few idle seconds by the server’s wait_timeout: no harm, exit 0', async () => {
		const before = await bench.state();
		await ask(bench.replica, 'SET GLOBAL wait_timeout = 2, interactive_timeout = 2');
		try {
			await bench.tap.bar();
			const running = bench.backup();
			await running.line((line) => line.type === 'action-started' && line.action.id === 'dump-crm');
			// Two clients like ours, but for their wait_timeout, come and are ended for doing nothing.
			for (let client = 0; client < 2; client += 1) {
				await using idle = await rootSession(bench.replica);
				await idle.query({ pieces: ['SET SESSION wait_timeout = @@global.wait_timeout'] });
				await vi.waitUntil(() => idle.lost.aborted, 10_000);
			}
			expect(await bench.writable()).toBe(false);
			await bench.tap.open();
			const ended = await running.ended;
			expect(ended.code, words(ended)).toBe(0);
			await bench.expectPublished(running.to);
		} finally {
			await ask(bench.replica, `SET GLOBAL wait_timeout = ${before.settings?.wait}, interactive_timeout = DEFAULT`);
		}
		await bench.expectAsBefore(before);
		bench.record('wait_timeout of 2 s under a longer dump', null, 'exit 0, the lock held');
	});
});
