import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { DRILL_RECORD, VERIFY_RECORD } from '../../src/core/backups.ts';
import { isRunEvent } from '../../src/core/event-schema.ts';
import { type Journal, openJournal, readJournal } from '../../src/core/journal.ts';
import { matches, parseJson, problemsIn } from '../../src/core/schema.ts';
import { JOB } from '../../src/daemon/job.ts';
import { FROM_ENGINE, FROM_WATCHER } from '../../src/daemon/protocol.ts';
import { openProfiles } from '../../src/profiles/profiles.ts';
import { withLock } from '../../src/sandbox/lock.ts';
import { findServer } from '../../src/sandbox/server.ts';
import { readState, writeState } from '../../src/sandbox/state-file.ts';
import { isWireError, packError } from '../../src/workers/serialize.ts';
import { DRILL_RECORD as DRILLED, VERIFY_RECORD as VERIFIED } from '../ui/backups-story.ts';
import { REQUESTS, review } from '../ui/story.ts';

type Fields = { readonly [field: string]: unknown };

/** What somebody could put in the place of a value. */
const WRONG: readonly unknown[] = [undefined, null, 'text', -1, 1.5, Infinity, 2 ** 60, true, [], [null], {}, { length: 1 }];

/** Texts of every value in which one field is missing, or is something else. */
function* damaged(good: Fields): Generator<readonly [what: string, text: string]> {
	const text = JSON.stringify(good);
	for (let length = 0; length < text.length; length += Math.ceil(text.length / 40)) yield [`cut after ${length}`, text.slice(0, length)];
	for (const field of Object.keys(good)) {
		for (const value of WRONG) {
			// Infinity is no JSON; a number of 400 digits is, and reads as it.
			const json = JSON.stringify({ ...good, [field]: value === Infinity ? '∞' : value }).replace('"∞"', '1e999');
			yield [`${field} is ${String(value)}`, json];
		}
	}
	for (const whole of ['null', '[]', '1', '""', '1e999', '{"__proto__":{}}']) yield [whole, whole];
	// Fields that are only inherited are none.
	yield ['all of it in __proto__', `{"__proto__":${text}}`];
}

const job = {
	...{ run: 'r', work: 'perform', request: REQUESTS.backup, connections: { server: { host: 'h', password: 'p', port: 1 } }, typed: ['a'] },
	...{ config: null, env: { PATH: '/bin' }, socket: '/s', log: '/l', version: '1', watcher: 7 },
};
const recorded = { v: 2, run: 'r', seq: 1, at: '2026-01-01T00:00:00.000Z' };
const note = { ...recorded, type: 'note', step: null, level: 'note', text: 'x' };
const end = { type: 'run-ended', outcome: 'done', open: false, warnings: [], failure: null, summary: {} };
const failure = { class: 'UserError', step: null, description: { message: 'no' }, checks: [], left: [] };

const SCHEMAS: readonly (readonly [name: string, schema: z.ZodMiniType, good: Fields])[] = [
	['a job', JOB, job],
	['events told to a watcher', FROM_ENGINE, { say: 'event', at: 0, event: note }],
	['servers told to a watcher', FROM_ENGINE, { say: 'prepared', servers: { server: 'db1' }, warnings: [] }],
	['a question', FROM_ENGINE, { say: 'question', id: 1, question: { kind: 'review', review: review('backup') } }],
	['another question', FROM_ENGINE, { say: 'question', id: 1, question: { kind: 'recover', failure } }],
	['what was answered', FROM_ENGINE, { say: 'answered', answer: 'undo' }],
	['the end of a run', FROM_ENGINE, { say: 'over', end }],
	['a watcher’s first word', FROM_WATCHER, { say: 'watch', since: 0 }],
	['an answer', FROM_WATCHER, { say: 'answer', id: 1, answer: { go: true, typed: ['db1'] } }],
	['another answer', FROM_WATCHER, { say: 'answer', id: 1, answer: { go: false, previewOnly: true } }],
	['a refusal', FROM_WATCHER, { say: 'refuse', id: 1, error: packError(new Error('x', { cause: new TypeError('y') })) as Fields }],
	['a stop', FROM_WATCHER, { say: 'stop', why: 'enough', signal: 'SIGINT' }],
	['a record of verify', VERIFY_RECORD, VERIFIED],
	['a record of drill', DRILL_RECORD, DRILLED],
];

describe.each(SCHEMAS)('%s', (_, schema, good) => {
	test('is read as it was written, with fields of a newer version', () => {
		for (const value of [good, { ...good, later: { a: [1] } }]) expect(parseJson(schema, JSON.stringify(value))).toEqual(value);
	});

	test('is believed only where it is whole', () => {
		for (const [what, text] of damaged(good)) {
			const read = parseJson(schema, text) as Fields | null;
			// What is taken is as the schema says; most is not.
			if (read !== null) expect([what, problemsIn(schema, read)]).toEqual([what, []]);
			if (what.startsWith('cut') || what.startsWith('all of it')) expect([what, read]).toEqual([what, null]);
		}
		for (const field of Object.keys(good)) {
			const { [field]: gone, ...rest } = good;
			const read = parseJson(schema, JSON.stringify(rest));
			expect([field, gone === undefined || read === null]).toEqual([field, true]);
		}
	});
});

describe('a line of a journal', () => {
	const folder = mkdtempSync(join(tmpdir(), 'lockstep-schema-'));
	let journal: Journal;
	beforeEach(() => {
		journal = openJournal(join(folder, 'runs'), 'r');
	});
	afterEach(() => journal.close());
	afterAll(() => rmSync(folder, { recursive: true }));
	const read = (lines: readonly string[]) => {
		writeFileSync(journal.path, `${lines.join('\n')}\n`, { mode: 0o600 });
		return readJournal(journal.path).events;
	};

	test('that is no event, whatever it is, is passed over', () => {
		const started = { ...recorded, type: 'action-started', step: 'a', action: { id: 'x' }, undoing: false };
		const lines = [
			...[...damaged({ ...recorded, ...end })].filter(([what]) => /^(open|outcome|warnings|type|run) |^cut/.test(what)),
			...[...damaged(started)].filter(([what]) => /^(step|action|undoing) /.test(what)),
		].map(([, text]) => text);
		const kept = read([JSON.stringify(note), ...lines, JSON.stringify(note)]);
		expect([kept[0], kept.at(-1)]).toEqual([note, note]);
		for (const event of kept) {
			expect(isRunEvent(event)).toBe(true);
			if (event.type === 'run-ended') expect([typeof event.open, Array.isArray(event.warnings)]).toEqual(['boolean', true]);
			if (event.type === 'action-started') expect([typeof event.step, typeof event.action.id]).toEqual(['string', 'string']);
		}
		for (const type of ['__proto__', 'constructor', 'toString', 'hasOwnProperty'])
			expect(read([JSON.stringify({ ...note, type })])).toEqual([]);
	});

	test('of an older version may hold less, of a newer one more', () => {
		const older = { ...recorded, type: 'run-started', key: 'k', title: 't', servers: {}, steps: [], carried: { touched: [], outputs: {} } };
		const newer = { ...note, later: { a: 1 } };
		expect(read([JSON.stringify(older), JSON.stringify(newer)])).toEqual([older, newer]);
	});
});

describe('a file of state', () => {
	let folder: string;
	beforeEach(async () => {
		folder = await mkdtemp(join(tmpdir(), 'lockstep-state-'));
	});
	afterEach(() => rm(folder, { recursive: true }));

	test('is written whole and read by its schema', async () => {
		const path = join(folder, 'x.json');
		const schema = z.object({ a: z.number() });
		expect(await readState(path, schema)).toBeUndefined();
		await writeState(path, { a: 1, b: 2 });
		expect(await readState(path, schema)).toEqual({ a: 1, b: 2 });
		for (const text of ['', '{"a":', '{"a":"1"}', 'null', '{"a":1e999}']) {
			await writeFile(path, text);
			expect([text, await readState(path, schema)]).toEqual([text, undefined]);
		}
	});

	test('names no process that a signal to it would reach others by', async () => {
		const server = { pid: 4242, port: 3306, socket: '/s', serverId: 1, ca: '/ca' };
		await writeState(join(folder, 'server.json'), server);
		expect(await findServer(folder)).toMatchObject({ pid: 4242, running: false });
		for (const wrong of [{ pid: 0 }, { pid: -1 }, { pid: 1 }, { pid: '4242' }, { pid: 2 ** 60 }, { port: 70_000 }, { socket: null }]) {
			await writeState(join(folder, 'server.json'), { ...server, ...wrong });
			expect([wrong, await findServer(folder)]).toEqual([wrong, undefined]);
		}
	});

	test('of a lock that is not whole has no owner', async () => {
		const path = join(folder, 'a.lock');
		for (const text of ['', '{"pid":', '{"pid":-1,"birth":"","token":""}', '[]', `{"pid":${process.pid}}`]) {
			await writeFile(path, text);
			expect(await withLock(path, {}, async () => 'held')).toBe('held');
		}
	});
});

describe('a file of profiles', () => {
	let folder: string;
	beforeEach(async () => {
		folder = await mkdtemp(join(tmpdir(), 'lockstep-profiles-'));
	});
	afterEach(() => rm(folder, { recursive: true }));

	test.each([
		['{"profiles": {}}', 'profiles must be an array.'],
		['{"profiles": [{"host": "x"}]}', 'profiles.*.name must be a string.'],
		['{"profiles": [{"name": "../x"}]}', 'profiles.*.name has characters that are not allowed.'],
		['{"profiles": [{"name": "x", "port": 1e999}]}', 'profiles.*.port must be a number.'],
		['{"profiles": [{"name": "x", "port": 65536}]}', 'profiles.*.port must be at most 65535.'],
		['{"profiles": [{"name": "x", "host": ""}]}', 'profiles.*.host must not be empty.'],
		['{"profiles": [{"name": "x", "badge": "c4n4ry"}]}', 'profiles.*.badge must be prod or test or sandbox.'],
		['{"profiles": [{"name": "x", "tls": {"mode": true}}]}', 'profiles.*.tls.mode must be DISABLED'],
		['{"profiles": [{"__proto__": {"name": "x"}}]}', 'profiles.*.name must be a string.'],
		['{"preferences": {"a": 1}}', 'preferences.a must be a string.'],
		['{"profiles": [', 'this is not valid JSON.'],
		['[]', 'the configuration must be a JSON object'],
	])('%s is refused, and what is wrong is said without a value', async (text, why) => {
		const file = join(folder, 'config.json');
		await writeFile(file, text);
		const read = () => openProfiles({ file, env: {}, home: folder });
		expect(read).toThrow(why);
		expect(read).not.toThrow('c4n4ry');
		expect(await readFile(file, 'utf8')).toBe(text);
	});

	test('is never given a profile that it could not be read with', () => {
		const { profiles } = openProfiles({ file: join(folder, 'config.json'), env: {}, home: folder });
		expect(() => profiles.put({ name: 'x', host: '' })).toThrow('The profile x cannot be kept.');
		expect(profiles.list()).toEqual([]);
	});
});

test('an error of another process is made one again only where it is one', () => {
	const good = packError(new Error('x', { cause: new TypeError('y') }));
	expect([isWireError(good), isWireError({ failure })]).toEqual([true, true]);
	for (const wrong of [
		null,
		1,
		[],
		{},
		{ failure: {} },
		{ ...good, fields: null },
		{ ...good, cause: 'x' },
		{ failure: { ...failure, left: [1] } },
	])
		expect([wrong, isWireError(wrong)]).toEqual([wrong, false]);
	let deep: unknown = good;
	for (let depth = 0; depth < 10_000; depth++) deep = { ...good, cause: deep };
	expect(isWireError(deep)).toBe(false);
});

test('what is wrong is named by its path, each once, and never by its value', () => {
	const schema = z.object({ list: z.array(z.object({ a: z.string() })), b: z.int().check(z.gte(0)) });
	expect(problemsIn(schema, { list: [{ a: 1 }, { a: 'c4n4ry' }, {}], b: -1 })).toEqual([
		{ path: 'list.*.a', rule: 'must be a string' },
		{ path: 'b', rule: 'must be at least 0' },
	]);
	expect(problemsIn(schema, null)).toEqual([{ path: '', rule: 'must be an object' }]);
	expect(matches(schema, { list: [], b: 0 })).toBe(true);
});
