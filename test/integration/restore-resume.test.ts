import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ended, type Home, lockstep, makeHome, nameOf, urlOf } from '../support/cli.ts';
import { contentsOf } from '../support/contents.ts';
import { IN_ORDER } from '../support/in-order.ts';
import { ask, type SpareServer, spareServer, value } from '../support/servers.ts';

const KIND = 'mariadb-11.8';

// What a resumed restore may rest on does not differ between vendors: digests decide.
describe('a restore that was interrupted', IN_ORDER, () => {
	let home: Home;
	let source: SpareServer;
	let target: SpareServer;
	let first: string;
	let second: string;
	let before: Awaited<ReturnType<typeof contentsOf>>;

	beforeAll(async () => {
		home = await makeHome();
		[source, target] = await Promise.all([spareServer(KIND), spareServer(KIND)]);
		const backup = async (word: string): Promise<string> => {
			const { code, last, stdout } = await lockstep(
				['backup', '--server', urlOf(source), '--to', join(home.dir, word), '--yes', '--json', '--confirm', nameOf(source)],
				{ env: home.env },
			);
			expect(code, stdout.slice(-2000)).toBe(0);
			return last.backup;
		};
		await ask(source, 'CREATE DATABASE z');
		for (const [table, rows] of [
			['a', 4],
			['b', 3],
			['c', 2],
		] as const) {
			await ask(source, `CREATE TABLE z.${table} (id INT PRIMARY KEY, v VARCHAR(99), KEY by_v (v))`);
			await ask(source, `INSERT INTO z.${table} VALUES ${Array.from({ length: rows }, (_, id) => `(${id}, REPEAT('x', 50))`)}`);
		}
		second = await backup('second');
		for (const table of ['a', 'b', 'c']) await ask(source, `UPDATE z.${table} SET v = REPEAT('y', 50)`);
		before = await contentsOf(source);
		first = await backup('first');
		await interrupted();
	});
	afterAll(async () => {
		await source?.[Symbol.asyncDispose]();
		await target?.[Symbol.asyncDispose]();
		await home?.[Symbol.asyncDispose]();
	});

	const run = (backup: string, more: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<Ended> =>
		lockstep(['restore', backup, '--server', urlOf(target), '--yes', '--json', '--workers', '1', ...more], {
			env: { ...home.env, ...env },
		});
	const said = ({ stdout, stderr }: Ended) => stdout.slice(-3000) + stderr;
	const confirm = ['--confirm', nameOf({ port: 0 })];

	/** Tables a and b are loaded, c is not. */
	const interrupted = async (): Promise<string> => {
		confirm[1] = nameOf(target);
		await ask(target, 'DROP DATABASE IF EXISTS z');
		const halt = JSON.stringify({ at: 3, when: 'after', target: ['engine'] });
		const killed = await run(first, confirm, { LOCKSTEP_TEST_HALT: halt });
		expect(killed.code, said(killed)).not.toBe(0);
		expect(await value(target, 'SELECT CONCAT((SELECT COUNT(*) FROM z.a), (SELECT COUNT(*) FROM z.b), (SELECT COUNT(*) FROM z.c))')).toBe(
			'430',
		);
		return killed.lines[0].run;
	};

	it.each([
		['a row is changed', "UPDATE z.b SET v = 'mine' WHERE id = 1", 'table z.b holds 3 rows', "UPDATE z.b SET v = REPEAT('y', 50)"],
		['a row is added to a table that is not loaded', "INSERT INTO z.c VALUES (9, 'mine')", 'table z.c holds 1 row', 'DELETE FROM z.c'],
		['a row is deleted', 'DELETE FROM z.a WHERE id = 1', 'table z.a holds 3 rows', "INSERT INTO z.a VALUES (1, REPEAT('y', 50))"],
		['a table is renamed', 'RENAME TABLE z.a TO z.kept', 'table z.kept is not of this backup', 'RENAME TABLE z.kept TO z.a'],
		['a table is made', 'CREATE TABLE z.mine SELECT 1 AS one', 'table z.mine is not of this backup', 'DROP TABLE z.mine'],
		[
			'tables are swapped',
			'RENAME TABLE z.a TO z.t, z.b TO z.a, z.t TO z.b',
			'table z.a holds 3 rows that are not the 4',
			'RENAME TABLE z.a TO z.t, z.b TO z.a, z.t TO z.b',
		],
	])('would not be resumed when %s by hand, but ask again', async (_what, meddle, words, back) => {
		await ask(target, meddle);
		const preview = await run(first, ['--dry-run']);
		await ask(target, back);
		const { review } = preview.lines.find((line) => line.type === 'review');
		expect(review.consents, said(preview)).toMatchObject([{ name: nameOf(target) }]);
		expect(review.consents[0].affected.join('\n')).toContain('database z (');
		expect(review.consents[0].affected.join('\n')).toContain(words);
	});

	it('is resumed where everything is as it was left, and makes again what was dropped', async () => {
		await ask(target, 'DROP TABLE z.b');
		const ended = await run(first);
		expect(ended.code, said(ended)).toBe(0);
		expect(await contentsOf(target)).toEqual(before);
		expect(ended.last).toMatchObject({ tables: 3, rows: 9, digests: 3, unproven: [] });
		expect(ended.last.definitions).toBe(4);
		await interrupted();
		const resumed = await run(first);
		expect(resumed.lines.filter((line) => line.type === 'action-started').map((line) => line.action.id)).toEqual([
			...['load-z.c', 'post-z', 'read-back', 'read-definitions'],
		]);
		expect(await contentsOf(target)).toEqual(before);
	});

	it('asks again after another backup was restored, which an undo leaves alone', async () => {
		const left = await interrupted();
		const other = await run(second, confirm);
		expect(other.code, said(other)).toBe(0);
		const was = await contentsOf(target);
		const asked = await run(first);
		expect([asked.code, asked.last.checks[0].id], said(asked)).toEqual([6, 'CONSENT']);
		expect(asked.last.checks[0].found).toContain('database z (3 tables) is overwritten');
		expect(await contentsOf(target)).toEqual(was);
		const undone = await lockstep(['undo', left, '--yes', '--json'], { env: home.env });
		expect(await contentsOf(target), said(undone)).toEqual(was);
		const ended = await run(first, confirm);
		expect(ended.code, said(ended)).toBe(0);
		expect(await contentsOf(target)).toEqual(before);
	});
});
