// The server itself goes away in the middle of a dump, and comes back.
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { sandboxUp } from '../../src/sandbox/sandbox.ts';
import { alive, type Bench, makeBench, signal, words } from '../support/bench.ts';
import { lockstep } from '../support/cli.ts';
import { ask, SANDBOX_KINDS, value } from '../support/servers.ts';
import { channelsOf, isMysql, superReadOnlyOf } from '../support/words.ts';

describe.each(SANDBOX_KINDS)('a %s', (kind) => {
	let bench: Bench;
	/** As the server's own option file has it, or its vendor. */
	const CONFIGURED = '0';
	const settings = { read_only: CONFIGURED, ...(isMysql(kind) && { super_read_only: 'OFF', events: 'ON' }) };
	beforeAll(async () => {
		bench = await makeBench(kind);
	});
	afterEach(() => bench.calm());
	afterAll(() => bench?.[Symbol.asyncDispose]());

	/** Starts it again, with the very same folder and options. Gives the time in milliseconds until it is free. */
	const startAgain = async (): Promise<number> => {
		const { replica } = await sandboxUp({ kind, dir: bench.pair.dir, env: process.env, say: () => undefined });
		expect([replica.port, replica.socket]).toEqual([bench.replica.port, bench.replica.socket]);
		Object.assign(bench.replica, { pid: replica.pid });
		return bench.freed(CONFIGURED);
	};
	const threads = async () => {
		const [channel] = await channelsOf(kind, bench.replica);
		return [channel?.io, channel?.sql];
	};

	it.each([
		['killed', '1', 'SIGKILL'],
		['stopped', '0', 'SHUTDOWN'],
	] as const)(
		'that is %s in the middle of a dump, read_only %s before: rejected; recover leaves what the restart has set',
		async (how, readOnly, deed) => {
			// Its start is told in whole seconds: that it was started again shows only where some have passed.
			const uptime = async () => Number((await ask(bench.replica, "SHOW GLOBAL STATUS LIKE 'Uptime'"))[0]?.Value);
			await vi.waitUntil(async () => (await uptime()) > 6, { timeout: 10_000, interval: 100 });
			await bench.readOnly(readOnly);
			const before = await bench.state();
			await bench.tap.shut();
			const running = bench.backup();
			await bench.midDump(running);
			expect(await bench.writable()).toBe(false);
			const { pid } = bench.replica;
			if (deed === 'SIGKILL') signal(pid, 'SIGKILL');
			else await ask(bench.replica, 'SHUTDOWN');
			await vi.waitUntil(async () => !(await alive(pid)), 20_000);
			const ended = await running.ended;
			expect(ended.code, words(ended)).toBe(9);
			expect(ended.last).toMatchObject({ class: 'LeftChanged', reason: 'The lock was lost: the dump is worthless.', open: true });
			await bench.expectUnpublished(running.to);

			const freeMs = await startAgain();
			await vi.waitFor(async () => expect(await threads()).toEqual(['Yes', 'Yes']), 15_000);
			const after = { ...before, settings: { ...before.settings, ...settings } };
			await bench.expectAsBefore(after);
			const recovered = await lockstep(['recover', '--yes'], { env: bench.home.env });
			expect(recovered.code, words(recovered)).toBe(readOnly === CONFIGURED ? 0 : 3);
			const told = /was ON and is OFF: the server was restarted since, so its option\s+file decided that/;
			if (readOnly === CONFIGURED) expect(recovered.stdout).not.toMatch(/was ON and is OFF/);
			else expect(recovered.stdout).toMatch(told);
			expect(recovered.stdout).not.toContain('SET GLOBAL');
			expect(await value(bench.replica, 'SELECT @@read_only')).toBe(CONFIGURED);
			if (isMysql(kind)) expect(await superReadOnlyOf(bench.replica)).toBe('OFF');
			const again = await lockstep(['recover', '--yes'], { env: bench.home.env });
			expect([again.code, again.stdout], words(again)).toEqual([0, expect.stringContaining('Nothing to roll back')]);
			await bench.expectAsBefore(after);
			bench.record(`the server ${how}, and started again`, freeMs, 'exit 9, rejected; recover touches nothing');
		},
	);
});
