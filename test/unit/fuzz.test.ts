// What comes from outside may be anything: none of it makes a reader crash, and nothing that was cut is taken for whole. Seeded: the same in
// every run.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { LockstepError, UserError } from '../../src/core/errors.ts';
import type { Recorded, RunEvent } from '../../src/core/events.ts';
import { readJournal } from '../../src/core/journal.ts';
import { findOpen, runRecordOf } from '../../src/core/run-record.ts';
import { fold, NOTHING_YET } from '../../src/core/state.ts';
import { mariadb } from '../../src/dialects/mariadb/index.ts';
import { createDumpScanner, type DumpScan } from '../../src/dump/sql/scan.ts';
import { openProfiles } from '../../src/profiles/profiles.ts';
import { readOptionFiles } from '../../src/server/option-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'lockstep-fuzz-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Numbers from 0 to 1, the same in every run. */
function chance(seed: number) {
	let state = seed;
	const next = () => {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
		return state / 2 ** 32;
	};
	const below = (end: number) => Math.floor(next() * end);
	const pick = <T>(from: readonly T[]): T => from[below(from.length)] as T;
	return {
		below,
		pick,
		bytes: (most: number) => Buffer.from(Array.from({ length: below(most) }, () => below(256))),
		/** Of the words of a language, one after the other: gets deeper than bytes do. */
		babble: (words: readonly string[], most: number) => Array.from({ length: below(most) }, () => pick(words)).join(''),
		/** Some bytes another, some gone, some twice, the end cut off or not. */
		damaged: (whole: Buffer): Buffer => {
			const pieces = [...whole];
			for (let times = 1 + below(8); times > 0; times--) {
				const at = below(pieces.length);
				const count = below(20);
				if (next() < 0.4) pieces[at] = below(256);
				else if (next() < 0.5) pieces.splice(at, count);
				else pieces.splice(at, 0, ...pieces.slice(at, at + count));
			}
			return Buffer.from(next() < 0.3 ? pieces.slice(0, below(pieces.length)) : pieces);
		},
	};
}

/** Gives what it gives; only errors of ours may come. */
function ours<T>(use: () => T, what: () => string): T | undefined {
	try {
		return use();
	} catch (error) {
		if (!(error instanceof LockstepError)) throw new Error(`crashed on ${what()}`, { cause: error });
		return undefined;
	}
}

describe('a channel', () => {
	const COLUMNS = [
		...['Connection_name', 'Master_Host', 'Master_Port', 'Slave_IO_Running', 'Slave_SQL_Running', 'Seconds_Behind_Master'],
		...['Last_IO_Errno', 'Last_IO_Error', 'Last_SQL_Errno', 'Last_SQL_Error', 'Using_Gtid', 'Until_Condition', 'Gtid_IO_Pos'],
		...['Relay_Master_Log_File', 'Exec_Master_Log_Pos', 'Master_SSL_Allowed', 'SQL_Delay'],
	];

	test('of any row is running only where the row says just that, and any error has hints', () => {
		const { below, pick, bytes } = chance(1);
		for (let round = 0; round < 3000; round++) {
			const row: Record<string, string | null> = {};
			for (const column of COLUMNS)
				if (below(5) > 0)
					row[column] = pick([
						null,
						'',
						'0',
						'Yes',
						'No',
						'yes',
						'Connecting',
						'1062',
						'1593',
						'1597',
						'-1',
						'1e400',
						bytes(30).toString(),
					]);
			const [channel] = mariadb.channel.status.read([row]);
			if (channel === undefined) throw new Error('no channel');
			expect(channel.io === 'yes', JSON.stringify(row)).toBe(row.Slave_IO_Running === 'Yes');
			expect(channel.sql === 'yes', JSON.stringify(row)).toBe(row.Slave_SQL_Running === 'Yes');
			for (const error of [channel.ioError, channel.sqlError, `${below(4000)}: ${bytes(60).toString()}`, bytes(20).toString()]) {
				for (const hints of mariadb.hints.channelError(error, { channel, name: bytes(10).toString() }))
					expect(hints).toEqual(expect.any(String));
			}
		}
	});
});

describe('a dump', () => {
	const fixture = (name: string) => readFileSync(new URL(`../fixtures/dumps/${name}.sql`, import.meta.url));
	const WORDS = [
		...[
			'CREATE TABLE ',
			'INSERT INTO ',
			'`t`',
			' VALUES',
			'(',
			')',
			"'",
			'"',
			'`',
			'\\',
			';',
			'\n',
			'--',
			'-- ',
			'#',
			'/*',
			'*/',
			'/*!50001 ',
		],
		...[
			'DELIMITER ;;\n',
			'delimiter ',
			'USE `d`;\n',
			';;',
			'ä',
			'\0',
			' ',
			',',
			'1',
			'-- Dump completed on 2026-01-01\n',
			'SET SQL_MODE=',
			'/*M!999999\\- ',
		],
	];
	function scan(dump: Buffer, cuts: readonly number[] = []): DumpScan {
		const scanner = createDumpScanner();
		let from = 0;
		for (const cut of [...cuts, dump.length]) {
			scanner.write(dump.subarray(from, cut));
			from = cut;
		}
		return scanner.end();
	}
	const cuts = ({ below }: ReturnType<typeof chance>, length: number) =>
		Array.from({ length: below(40) }, () => below(length + 1)).toSorted((a, b) => a - b);

	test.each(['mariadb-10.11', 'mariadb-11.8', 'mysql-9.7'])('of %s counts the same however it comes in pieces', (name) => {
		const random = chance(2);
		const dump = fixture(name);
		const whole = scan(dump);
		expect(whole.footer).toBe(true);
		for (let round = 0; round < 60; round++) {
			const at = cuts(random, dump.length);
			expect(scan(dump, at), at.join()).toEqual(whole);
		}
	});

	test.each(['mariadb-10.11', 'mariadb-11.8', 'mysql-9.7'])('of %s that is cut is never whole', (name) => {
		const random = chance(3);
		const dump = fixture(name);
		const ends = [
			...Array.from({ length: 150 }, () => random.below(dump.length)),
			...Array.from({ length: 80 }, (_, back) => dump.length - 1 - back),
		];
		for (const end of ends) expect(scan(dump.subarray(0, end)).footer, `the first ${end} bytes`).toBe(false);
	});

	test('of anything at all counts the same however it comes in pieces, and never crashes', () => {
		const random = chance(4);
		const dump = fixture('mariadb-11.8');
		for (let round = 0; round < 1500; round++) {
			const text = random.pick([
				() => random.bytes(300),
				() => Buffer.from(random.babble(WORDS, 60)),
				() => random.damaged(dump.subarray(0, 3000)),
			])();
			const at = cuts(random, text.length);
			const whole = scan(text);
			expect(whole.rawBytes).toBe(text.length);
			expect(scan(text, at), `${JSON.stringify(text.toString('latin1'))} cut at ${at}`).toEqual(whole);
		}
	});
});

describe('a journal', () => {
	const event = (event: RunEvent, seq: number): Recorded => ({ v: 2, run: 'r', seq, at: '2026-01-01T00:00:00.000Z', ...event });
	const action = { id: 'a', kind: 'sql', on: 'server', text: 'SET GLOBAL read_only = ON', why: 'so', changes: true } as const;
	const events: RunEvent[] = [
		{
			...{ type: 'run-started', runbook: 'backup', title: 'Backup', key: 'k', servers: { server: 's' }, identities: { server: {} } },
			...{ afterFailure: 'put-back', steps: [{ id: 'lock', title: 'Lock', why: 'so' }], resumes: null, request: { kind: 'backup' } },
			carried: { outputs: {}, touched: [] },
		} as unknown as RunEvent,
		{ type: 'engine', pid: 1, birth: 'b', host: 'h', socket: '/s', version: '1' } as unknown as RunEvent,
		{ type: 'step-started', step: 'lock' },
		{ type: 'facts', step: 'lock', facts: { readOnly: 'OFF' }, origin: { readOnly: 'OFF' } },
		{ type: 'action-started', step: 'lock', action, undoing: false } as unknown as RunEvent,
		{ type: 'action-done', step: 'lock', action: 'a', ms: 3 } as unknown as RunEvent,
		{ type: 'step-done', step: 'lock', output: null, ms: 4, again: false, acted: true },
	];
	const lines = events.map((each, index) => `${JSON.stringify(event(each, index + 1))}\n`);
	const whole = Buffer.from(lines.join(''));
	const path = join(folder, 'r.jsonl');

	/** All that is made of one. */
	const read = (text: Buffer | string) => {
		writeFileSync(path, text);
		return ours(
			() => {
				const journal = readJournal(path);
				journal.events.reduce(fold, NOTHING_YET);
				findOpen(folder, 'k');
				return { journal, past: runRecordOf(journal) };
			},
			() => JSON.stringify(text.toString()),
		);
	};

	test('that is whole shows what to roll back', () => {
		expect(read(whole)?.past).toMatchObject({ touched: ['lock'], open: true, end: null });
	});

	test('that is cut anywhere behind an action still holds it, and no end', () => {
		const told = lines.slice(0, 5).join('').length;
		for (let end = 0; end <= whole.length; end++) {
			const past = read(whole.subarray(0, end))?.past;
			expect(past?.end ?? null, `the first ${end} bytes`).toBeNull();
			if (end >= told) expect(past, `the first ${end} bytes`).toMatchObject({ touched: ['lock'], open: true });
		}
	});

	test('whose last word is damaged is not over', () => {
		const end = JSON.stringify(
			event({ type: 'run-ended', outcome: 'failed', open: false, warnings: [], failure: null, summary: {} }, events.length + 1),
		);
		expect(read(`${lines.join('')}${end}\n`)?.past).toMatchObject({ open: false, touched: [] });
		for (const name of ['type', 'outcome', 'open', 'warnings'])
			expect(read(`${lines.join('')}${end.replace(`"${name}"`, '"else"')}\n`)?.past, name).toMatchObject({
				open: true,
				touched: ['lock'],
				end: null,
			});
	});

	test('that is damaged in any way does not crash', () => {
		const random = chance(5);
		for (let round = 0; round < 4000; round++) read(random.damaged(whole));
		for (let round = 0; round < 500; round++) read(random.bytes(400));
		for (let round = 0; round < 500; round++)
			read(
				random.babble(
					[
						...lines,
						'{',
						'}',
						'[]',
						'null',
						'\n',
						'"',
						'{"v":2}\n',
						'{"v":3}\n',
						'{"v":1,"type":"run-started"}\n',
						'{"v":1,"told":{},"mend":1}\n',
						'1\n',
					],
					12,
				),
			);
	});
});

test('a configuration of any kind is read or refused in words, and stays as it is', () => {
	const random = chance(6);
	const file = join(folder, 'config.json');
	const good = Buffer.from(
		JSON.stringify({
			profiles: [{ name: 'db3', host: 'db3', port: 3306, tls: { mode: 'REQUIRED' }, defaults: { compress: 'zstd', databases: ['a'] } }],
			preferences: { profile: 'db3' },
		}),
	);
	const words = ['{', '}', '[', ']', '"profiles"', ':', ',', '"name"', '"x"', 'null', '1', '"preferences"', 'true', ' ', '"__proto__"'];
	for (let round = 0; round < 400; round++) {
		const text = random.pick([() => random.bytes(100), () => random.damaged(good), () => Buffer.from(random.babble(words, 20))])();
		writeFileSync(file, text);
		const opened = ours(
			() => openProfiles({ file, env: {}, home: folder }),
			() => JSON.stringify(text.toString()),
		);
		expect(readFileSync(file).equals(text)).toBe(true);
		for (const profile of opened?.profiles.list() ?? []) expect(profile.name, text.toString()).toMatch(/^[\w.-]+$/);
		expect(opened?.profiles.preference('profile') ?? '', text.toString()).toEqual(expect.any(String));
	}
});

test('option files of any kind, and login files, are read or refused in words', async () => {
	const random = chance(7);
	const file = join(folder, 'my.cnf');
	const login = join(folder, '.mylogin.cnf');
	const words = [
		'[client]\n',
		'[',
		']',
		'\n',
		'user',
		'=',
		'password',
		'"',
		"'",
		'\\',
		'#',
		';',
		'!include ',
		'!includedir ',
		file,
		folder,
		' ',
		'\0',
		'ä',
		'\r\n',
	];
	for (let round = 0; round < 600; round++) {
		const text = random.pick([() => random.bytes(200), () => Buffer.from(random.babble(words, 40))])();
		writeFileSync(file, text, { mode: 0o600 });
		writeFileSync(login, random.bytes(200), { mode: 0o600 });
		try {
			const { options } = await readOptionFiles({ defaultsFile: file }, { env: { MYSQL_TEST_LOGIN_FILE: login }, home: folder });
			for (const option of options) expect(option.name).toEqual(expect.any(String));
		} catch (error) {
			if (!(error instanceof UserError)) throw new Error(`crashed on ${JSON.stringify(text.toString())}`, { cause: error });
		}
	}
});
