// A dump tool that neither writes nor waits for anybody, under a lock.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { descendants, type Ended, type Home, makeHome, nameOf, start, tapped, urlOf } from '../support/cli.ts';
import { ask, rootSession, type SpareServer, spareServer, value } from '../support/servers.ts';

const words = ({ stdout, stderr }: Ended) => stdout.slice(-3000) + stderr;

describe('a dump tool that hangs under the lock, mysql-9.7', () => {
	let home: Home;
	let server: SpareServer;

	beforeAll(async () => {
		home = await makeHome();
		server = await spareServer('mysql-9.7');
		await using root = await rootSession(server);
		for (const text of ['CREATE DATABASE d', 'CREATE TABLE d.t (id INT PRIMARY KEY, s VARCHAR(9))', 'INSERT INTO d.t VALUES (1, "a")'])
			await root.query({ pieces: [text] });
	});
	afterAll(async () => {
		await server?.[Symbol.asyncDispose]();
		await home?.[Symbol.asyncDispose]();
	});

	const backup = (env: NodeJS.ProcessEnv, to: string) =>
		start(
			[
				'backup',
				'--engine',
				'vendor',
				'--server',
				urlOf(server),
				'--to',
				join(home.dir, to),
				'--confirm',
				nameOf(server),
				'--yes',
				'--json',
			],
			{ env: { ...env, LOCKSTEP_TEST_SILENT_SECONDS: '3' } },
		);
	/** Nothing locked, nothing of ours there. */
	const free = async () => {
		await ask(server, "REPLACE INTO d.t VALUES (2, 'b')");
		expect(await value(server, "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = 'root' AND HOST LIKE '127.0.0.1%'")).toBe(
			'0',
		);
		expect(await value(server, 'SELECT @@read_only')).toBe('0');
	};

	it('is not started where it would hang, or write what does not load: each object is named with the way out, exit 6', async () => {
		await using root = await rootSession(server);
		for (const text of [
			// mysqldump looks for a delimiter that is not in the body, for ever.
			"CREATE EVENT d.ev ON SCHEDULE EVERY 1 DAY DO INSERT INTO d.t VALUES (9, ';;')",
			'CREATE TRIGGER d.tr BEFORE INSERT ON d.t FOR EACH ROW SET NEW.s = NEW.s -- it`s "a" note',
			"CREATE PROCEDURE d.pr() SELECT '/*' # note",
			"CREATE PROCEDURE d.fine() SELECT ';; -- no # comment' /* nor this -- one */",
			'CREATE DATABASE d2',
			'CREATE VIEW d2.one_way AS SELECT id FROM d.t',
		])
			await root.query({ pieces: [text] });
		const ended = await backup(home.env, 'refused').ended;
		await root.query({ pieces: ['CREATE VIEW d.both AS SELECT id FROM d2.one_way'] });
		const round = await backup(home.env, 'refused').ended;
		for (const text of ['DROP EVENT d.ev', 'DROP TRIGGER d.tr', 'DROP PROCEDURE d.pr', 'DROP DATABASE d2', 'DROP VIEW d.both'])
			await root.query({ pieces: [text] });
		expect([ended.code, round.code], words(ended)).toEqual([6, 6]);
		const found = (each: Ended) => JSON.stringify(each.last);
		for (const name of ['event d.ev', 'trigger d.tr', 'procedure d.pr', '--engine parallel']) expect(found(ended)).toContain(name);
		expect(found(ended)).not.toMatch(/d\.fine|d2\.one_way/);
		for (const name of ['view d.both', 'view d2.one_way']) expect(found(round)).toContain(name);
		await free();
	});

	it('is ended where a signal has stopped it, and left alone where its output is not read', async () => {
		const tap = await tapped(home, server.binDir ?? '');
		await tap.bar();
		const stopped = backup(tap.env, 'stopped');
		await stopped.line((line) => line.type === 'action-started' && line.action.id === 'dump-d');
		let tool: { pid: number } | undefined;
		while (tool === undefined)
			tool = (await descendants(stopped.pid)).find(({ command }) => /bash .*mysqldump .*--databases/.test(command));
		process.kill(tool.pid, 'SIGSTOP');
		const ended = await stopped.ended;
		expect(ended.code, words(ended)).toBe(1);
		expect(ended.last.message).toMatch(/^mysqldump hangs/);
		await free();
		await tap.open();
		await tap.shut();
		const unread = backup(tap.env, 'unread');
		await unread.line((line) => line.type === 'progress' && line.progress.heldMs > 6_000);
		await tap.open();
		const whole = await unread.ended;
		expect(whole.code, words(whole)).toBe(0);
	});
});
