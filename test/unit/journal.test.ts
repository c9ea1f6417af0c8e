import { appendFileSync, chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { UserError } from '../../src/core/errors.ts';
import type { Recorded, RunEvent } from '../../src/core/events.ts';
import { journals, openJournal, readJournal } from '../../src/core/journal.ts';

const folder = mkdtempSync(join(tmpdir(), 'lockstep-journal-'));
afterAll(() => rmSync(folder, { recursive: true }));

const recorded = (event: RunEvent, seq = 1): Recorded => ({ v: 2, run: 'r', seq, at: '2026-01-01T00:00:00.000Z', ...event });
const say = (text: string) => recorded({ type: 'note', step: null, level: 'note', text });

describe('a journal', () => {
	test('gives back what was written, but for what only draws', () => {
		const at = join(folder, 'deep', 'runs');
		const journal = openJournal(at, 'one');
		journal.write(say('first\nline'));
		journal.write(recorded({ type: 'looking', step: 'a' }));
		journal.write(say('second'));
		journal.close();
		expect(readJournal(journal.path)).toEqual({ events: [say('first\nline'), say('second')], newer: false });
		expect(statSync(journal.path).mode & 0o777).toBe(0o600);
		expect(statSync(at).mode & 0o777).toBe(0o700);
	});

	test('can be read although its last line is torn', () => {
		const journal = openJournal(folder, 'torn');
		journal.write(say('whole'));
		journal.close();
		const whole = readFileSync(journal.path, 'utf8');
		for (const length of [1, 20, whole.length - 2]) {
			writeFileSync(journal.path, whole + whole.slice(0, length));
			expect(readJournal(journal.path)).toEqual({ events: [say('whole')], newer: false });
		}
		appendFileSync(journal.path, '\0\0\0\0');
		expect(readJournal(journal.path)).toEqual({ events: [say('whole')], newer: false });
	});

	test('whose last line is torn continues on a new line', () => {
		const first = openJournal(folder, 'go-on');
		first.write(say('whole'));
		first.close();
		appendFileSync(first.path, '{"v":2,"run":"r","se');
		const second = openJournal(folder, 'go-on');
		second.write(say('later'));
		second.write(say('last'));
		second.close();
		expect(readJournal(first.path).events).toEqual([say('whole'), say('later'), say('last')]);
	});

	test('of a newer version is read as far as it is understood', () => {
		const path = join(folder, 'newer.jsonl');
		writeFileSync(path, `${JSON.stringify(say('ours'))}\n${JSON.stringify({ ...say('theirs'), v: 3 })}\n`);
		expect(readJournal(path)).toEqual({ events: [say('ours')], newer: true });
	});

	test('of version 1 is read in the words of today', () => {
		const path = join(folder, 'older.jsonl');
		const check = { id: 'C', title: 'c', status: 'fail', mend: ['do'] };
		const told = { what: 'It failed.', why: 'Because.', mend: ['fix'], words: 'ERROR 1' };
		const failure = { class: 'CheckFailed', step: 'a', told, checks: [check], left: [] };
		const event = { run: 'r', seq: 1, at: '2026-01-01T00:00:00.000Z', type: 'step-failed', step: 'a' };
		writeFileSync(path, `${JSON.stringify({ v: 1, ...event, failure })}\n`, { mode: 0o600 });
		const description = { message: 'It failed.', reason: 'Because.', hints: ['fix'], details: 'ERROR 1' };
		const checks = [{ id: 'C', title: 'c', status: 'fail', hints: ['do'] }];
		expect(readJournal(path).events).toEqual([
			{ v: 2, ...event, failure: { class: 'CheckFailed', step: 'a', description, checks, left: [] } },
		]);
		// A database may have any name: today's lines are left alone.
		const facts = { type: 'facts', step: 'a', facts: { bytes: { mend: 1, told: 2 } }, origin: {} };
		writeFileSync(path, `${JSON.stringify({ ...event, ...facts, v: 2 })}\n`);
		expect(readJournal(path).events).toEqual([{ ...event, ...facts, v: 2 }]);
	});

	test.each([
		['look', 'inspect-server'],
		['look-at-backup', 'inspect-backup'],
		['look-at-primary', 'inspect-primary'],
		['look-at-replica', 'inspect-replica'],
		['look-at-server', 'inspect-server'],
		['seal', 'finalize'],
		['dump', 'dump'],
	])('names the step %s of an older lockstep %s', (before, now) => {
		const path = join(folder, 'renamed.jsonl');
		const events = (step: string): Recorded[] => {
			const failure = { class: 'Bug', step, description: { message: 'm' }, checks: [], left: [] };
			const all: RunEvent[] = [
				{
					...{ type: 'run-started', runbook: 'r', title: 't', key: 'k', servers: {}, identities: {}, afterFailure: 'keep', resumes: null },
					...{ steps: [{ id: step, title: 't', why: 'w' }], carried: { touched: [step], outputs: { [step]: 1 } }, request: null },
				},
				{ type: 'facts', step, facts: 1, origin: 1 },
				{ type: 'step-failed', step, failure },
				{ type: 'undo-started', steps: [step] },
				{ type: 'run-ended', outcome: 'failed', open: true, warnings: [], failure, summary: {} },
			];
			return all.map((event, at) => ({ v: 2, run: 'r', seq: at + 1, at: '2026-01-01T00:00:00.000Z', ...event }));
		};
		writeFileSync(
			path,
			events(before)
				.map((event) => `${JSON.stringify(event)}\n`)
				.join(''),
			{ mode: 0o600 },
		);
		expect(readJournal(path).events).toEqual(events(now));
	});

	test('that cannot be written is the person’s to fix, before anything is done', () => {
		const file = join(folder, 'file');
		writeFileSync(file, '');
		expect(() => openJournal(file, 'run')).toThrow(UserError);
	});
});

test('journals are listed newest first, and none where there is no folder', () => {
	const at = join(folder, 'list');
	for (const run of ['20260101T000000Z-backup-aaaa', '20260301T000000Z-backup-aaaa', '20260201T000000Z-provision-ffff'])
		openJournal(at, run).close();
	writeFileSync(join(at, 'notes.txt'), '');
	expect(journals(at).map((path) => basename(path).slice(0, 6))).toEqual(['202603', '202602', '202601']);
	expect(journals(join(folder, 'nowhere'))).toEqual([]);
});

test('a journal that another user could have put there is refused, and what is no plain file', () => {
	const state = join(folder, 'state');
	const runs = join(state, 'runs');
	const journal = openJournal(runs, 'one');
	journal.close();
	for (const [path, good] of [
		[state, 0o700],
		[runs, 0o700],
		[journal.path, 0o600],
	] as const) {
		chmodSync(path, 0o777);
		expect(() => readJournal(journal.path)).toThrow(`${path} cannot be trusted.`);
		if (path !== journal.path) expect(() => journals(runs)).toThrow(`${path} cannot be trusted.`);
		if (path !== journal.path) expect(() => openJournal(runs, 'two')).toThrow(`${path} cannot be trusted.`);
		chmodSync(path, good);
	}
	symlinkSync(journal.path, join(runs, 'link.jsonl'));
	expect(() => readJournal(join(runs, 'link.jsonl'))).toThrow('cannot be trusted');
	mkdirSync(join(runs, 'folder.jsonl'));
	expect(() => readJournal(join(runs, 'folder.jsonl'))).toThrow('cannot be trusted');
});
