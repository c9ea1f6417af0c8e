// Each call by which the engine makes, writes, syncs or renames a file below the backups' folder and the state folder fails once. The calls
// are those of a run that gets through, so that a new one is met by itself.
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { readFolderName } from '../../src/archive/layout.ts';
import { verifyBackup } from '../../src/archive/verify.ts';
import { type Bench, makeBench, words } from '../support/bench.ts';
import { shareOf } from '../support/faults.ts';
import { type FileErrors, PRELOAD } from '../support/file-errors.ts';
import { SANDBOX_KINDS } from '../support/servers.ts';
import { aside } from '../support/words.ts';

const CODES = { 'mariadb-11.8': 'EIO', 'mariadb-10.11': 'ENOSPC', 'mysql-9.7': 'EIO' } as const;
const WORDS = { EIO: /EIO|The disk reports an error/, ENOSPC: /ENOSPC|The disk is full/ } as const;
/** The journal is written a hundred times in one way: of those calls every twelfth. */
const OF_JOURNAL = 12;

/** Each call is met on one of the kinds. */
describe.each(SANDBOX_KINDS)('file errors under a backup of %s', (kind) => {
	const code = CODES[kind];
	let bench: Bench;
	let before: Awaited<ReturnType<Bench['state']>>;
	beforeAll(async () => {
		bench = await makeBench(kind, { rows: 400 });
		await aside(bench.replica, ['CREATE DATABASE small', 'CREATE TABLE small.t (id INT PRIMARY KEY) SELECT 1 AS id']);
		await bench.readOnly('0');
		before = await bench.state();
	});
	afterEach(() => bench.calm());
	afterAll(() => bench?.[Symbol.asyncDispose]());

	const to = () => join(bench.home.dir, 'backups');
	const log = () => join(bench.home.dir, 'calls');

	const backup = async (fail: FileErrors['fail']) => {
		for (const path of [to(), log(), bench.home.state]) await rm(path, { recursive: true, force: true });
		const errors: FileErrors = { under: [to(), bench.home.state], log: log(), fail };
		const env = { ...bench.home.env, NODE_OPTIONS: `--import ${PRELOAD}`, FILE_ERRORS: JSON.stringify(errors) };
		const ended = await bench.backup(['--databases', 'small'], { env, to: to() }).ended;
		return { ended, calls: (await readFile(log(), 'utf8')).trimEnd().split('\n') };
	};

	/** Whatever has a backup's name is one. */
	const published = async (where: string): Promise<number> => {
		const names = (await readdir(to()).catch(() => [])).filter((name) => readFolderName(name)?.partial === false);
		for (const name of names) {
			const { checks } = await verifyBackup(join(to(), name));
			expect(checks.length, where).toBeGreaterThan(3);
			expect(
				checks.filter((check) => check.status !== 'ok'),
				where,
			).toEqual([]);
		}
		return names.length;
	};

	it(`as ${code}: nothing is called a backup that is none, all as before`, { timeout: 600_000 }, async () => {
		const untouched = await backup(null);
		expect(untouched.ended.code, words(untouched.ended)).toBe(0);
		expect(await published('untouched')).toBe(1);
		const met = new Map<string, number>();
		const all = untouched.calls
			.map((call) => {
				met.set(call, (met.get(call) ?? 0) + 1);
				return { call, nth: met.get(call) ?? 1, code };
			})
			.filter(({ call, nth }) => !call.endsWith('/RUN.jsonl') || nth % OF_JOURNAL === 1);
		expect(all.length).toBeGreaterThan(50);
		const points = shareOf(kind, all);
		let refused = 0;
		let hit = 0;
		for (const fail of points) {
			const where = `${fail.call} (${fail.nth})`;
			const { ended, calls } = await backup(fail);
			const told = `${where}\n${words(ended)}`;
			const whole = await published(where);
			if (ended.code === 0 || ended.code === 3) expect(whole, told).toBe(1);
			// The dump comes in as many pieces as it likes.
			if (calls.filter((call) => call === fail.call).length >= fail.nth) {
				hit += 1;
				expect(ended.code, told).not.toBe(0);
				expect(ended.stdout + ended.stderr, told).toMatch(WORDS[code]);
				if (whole === 0) refused += 1;
			}
			await bench.expectAsBefore(before);
		}
		expect(hit).toBeGreaterThan(points.length - 3);
		bench.record(
			`a file call fails with ${code}`,
			null,
			`no backup ${refused}, a whole one and not 0 ${hit - refused}, of ${hit} of ${all.length} calls`,
		);
	});
});
