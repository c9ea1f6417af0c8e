import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { stopWriter } from '../../src/sandbox/sandbox.ts';
import { type Ended, type Home, type Line, lockstep, makeHome, nameOf, urlOf } from '../support/cli.ts';
import { contentsOf } from '../support/contents.ts';
import { forged } from '../support/forged.ts';
import { IN_ORDER } from '../support/in-order.ts';
import { provisionedPair } from '../support/provisioned.ts';
import { ask, rootSession, SANDBOX_KINDS, type Sandbox, type SpareServer, spareServer, value } from '../support/servers.ts';
import { caughtUp, isMysql, superReadOnlyOf } from '../support/words.ts';

const OTHER_DATA = ['CREATE DATABASE elsewhere', 'CREATE TABLE elsewhere.t (id INT PRIMARY KEY)', 'INSERT INTO elsewhere.t VALUES (1)'];

describe.each(SANDBOX_KINDS)('lockstep provision --seed BACKUP on %s', IN_ORDER, (kind) => {
	let home: Home;
	let pair: Sandbox & AsyncDisposable;
	let target: SpareServer;
	let ofReplica: string;
	let ofPrimary: string;

	const said = ({ stdout, stderr }: Ended) => stdout.slice(-3000) + stderr;
	const done = (ended: Ended) => expect(ended.code, said(ended)).toBe(0);
	const backup = async (server: { port: number }, to: string, ...more: string[]) => {
		const ended = await lockstep(['backup', '--server', urlOf(server), '--to', `${home.dir}/${to}`, '--yes', '--json', ...more], home);
		done(ended);
		return ended.last.backup as string;
	};
	const argv = (primary: { port: number }, seed: string, ...more: string[]) => [
		...['provision', '--primary', urlOf(primary), '--replica', urlOf(target), '--seed', seed, '--yes', '--json'],
		...more,
	];
	const actions = (ended: Ended): string[] =>
		ended.lines.filter((line) => line.type === 'action-started').map((line) => `${line.step} ${line.action.id}`);
	const failing = (ended: Ended): Line[] => ended.last.checks.map((check: Line) => check.id);

	beforeAll(async () => {
		[home, pair, target] = await Promise.all([makeHome(), provisionedPair(kind), spareServer(kind)]);
		ofReplica = await backup(pair.replica, 'replica', '--engine', 'parallel');
		ofPrimary = await backup(pair.primary, 'primary', '--engine', 'vendor', '--confirm', nameOf(pair.primary));
		// What comes through replication only: accounts above all, which must not be there before.
		await ask(pair.primary, "CREATE USER late@'127.0.0.1' IDENTIFIED BY 'a-Secret-1'");
		for (const statement of OTHER_DATA) await ask(pair.primary, statement.replaceAll('elsewhere', 'later'));
		await ask(target, 'SET GLOBAL event_scheduler = ON');
	});
	afterAll(async () => {
		await Promise.all([pair?.[Symbol.asyncDispose](), target?.[Symbol.asyncDispose]()]);
		await home?.[Symbol.asyncDispose]();
	});

	/** It has what the primary has, follows it, and lets nobody else write. */
	async function follows(): Promise<void> {
		await caughtUp(kind, { primary: pair.primary, replica: target });
		expect(await ask(target, 'SELECT @@read_only AS r, @@event_scheduler AS e')).toEqual([{ r: '1', e: 'OFF' }]);
		expect(await superReadOnlyOf(target)).toBe(isMysql(kind) ? 'ON' : null);
		expect(await value(target, "SELECT COUNT(*) FROM mysql.user WHERE User = 'late'")).toBe('1');
		expect(await value(target, 'SELECT COUNT(*) FROM later.t')).toBe('1');
	}

	it('is refused for another primary, however far that one is, and nothing is changed', async () => {
		await using other = await spareServer(kind, { serverId: Number(await value(pair.primary, 'SELECT @@server_id')) });
		{
			await using session = await rootSession(other);
			if (!isMysql(kind)) await session.query({ pieces: ['SET gtid_seq_no = 1000000'] });
			for (const statement of OTHER_DATA) await session.query({ pieces: [statement] });
		}
		for (const seed of [ofReplica, ofPrimary]) {
			const ended = await lockstep(argv(other, seed), home);
			expect(ended.code, said(ended)).toBe(6);
			expect(failing(ended)).toEqual(['SEED-PRIMARY']);
			expect(ended.last.checks[0].hints.join(' ')).toContain('--seed dump');
			expect(actions(ended)).toEqual([]);
		}
	});

	it('is known by the primary’s log where it knows the primary by another name', async () => {
		const manifest = JSON.parse(await readFile(join(ofReplica, 'manifest.json'), 'utf8'));
		manifest.position.source.host = 'db1.example.net';
		const unforge = await forged(ofReplica, manifest);
		const known = await lockstep(argv(pair.primary, ofReplica, '--dry-run'), home);
		manifest.position.source.pos -= 1000;
		await forged(ofReplica, manifest);
		const elsewhere = await lockstep(argv(pair.primary, ofReplica, '--dry-run'), home);
		await unforge();
		done(known);
		// MySQL's own transactions are proof enough.
		expect(elsewhere.code, said(elsewhere)).toBe(isMysql(kind) ? 0 : 6);
	});

	it('a parallel backup of the replica becomes another one, although it was killed in the midst of the load', {
		timeout: 120_000,
	}, async () => {
		const preview = await lockstep(argv(pair.primary, ofReplica, '--dry-run'), home);
		done(preview);
		const { steps } = preview.lines.find((line) => line.type === 'review').review;
		const index = steps.findIndex((step: Line) => step.id === 'load-rows');
		const before = steps.slice(0, index).reduce((sum: number, step: Line) => sum + step.actions.length, 0);
		const halt = JSON.stringify({ at: before + 4, when: 'after', target: ['engine'] });
		const killed = await lockstep(argv(pair.primary, ofReplica), { env: { ...home.env, LOCKSTEP_TEST_HALT: halt } });
		expect(killed.code, said(killed)).toBe(9);
		expect(actions(killed).filter((id) => /^load-rows load-/.test(id))).not.toEqual([]);

		const other = await lockstep(argv(pair.primary, 'dump'), home);
		expect(other.code).toBe(2);
		expect(other.last.hints[0]).toContain(`--seed ${ofReplica}`);

		const ended = await lockstep(argv(pair.primary, ofReplica), home);
		done(ended);
		// Nothing that was loaded is thrown away.
		expect(actions(ended).filter((id) => /^(clear-replica|create) /.test(id))).toEqual([]);
		expect(ended.last).toMatchObject({ encrypted: true, position: expect.stringMatching(/\d/), rows: expect.any(Number) });
		await follows();
	});

	it('a vendor’s backup of the primary does as well, with an operator; then it is undone', { timeout: 120_000 }, async () => {
		const refused = await lockstep(argv(pair.primary, ofPrimary), home);
		expect(refused.code, said(refused)).toBe(6);
		expect(refused.last.checks).toMatchObject([
			{ id: 'CONSENT', found: expect.stringContaining('database shop') },
			{ id: 'CONSENT', found: 'account late@127.0.0.1' },
		]);
		const ended = await lockstep(argv(pair.primary, ofPrimary, '--confirm', nameOf(target), '--operator', 'ops@127.0.0.1'), home);
		done(ended);
		await stopWriter(pair);
		await follows();
		expect(await contentsOf(target)).toEqual(await contentsOf(pair.primary));
		const undone = await lockstep(['undo', '--yes', '--json'], home);
		expect(undone.code, said(undone)).toBe(3);
		expect(undone.last.warnings).toContain(`databases crm, later, shop on ${nameOf(target)}: dropped, cannot be restored`);
		expect(undone.last.warnings).toContain(`account late@127.0.0.1 on ${nameOf(target)}: dropped, cannot be restored`);
		expect((await contentsOf(target)).rows).toEqual({});
		expect(await ask(target, "SELECT User FROM mysql.user WHERE User IN ('late', 'ops')")).toEqual([]);
	});

	it('is refused when what came after it is in no log any more', async () => {
		await ask(pair.primary, 'FLUSH BINARY LOGS');
		const last = (await ask(pair.primary, 'SHOW BINARY LOGS')).at(-1)?.Log_name;
		// Not as long as anybody reads it.
		await vi.waitUntil(async () => {
			await ask(pair.primary, `PURGE BINARY LOGS TO '${last}'`);
			return (await ask(pair.primary, 'SHOW BINARY LOGS'))[0]?.Log_name === last;
		}, 20_000);
		const ended = await lockstep(argv(pair.primary, ofReplica), home);
		expect(ended.code, said(ended)).toBe(6);
		expect(failing(ended)).toEqual(['SEED-LOGS']);
		expect(actions(ended)).toEqual([]);
	});
});
