import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AppContext } from '../../src/app/context.ts';
import { attemptOf, changeProgress, type Exam, examView, isOver, type OpenLesson, readProgress } from '../../src/app/practice-progress.ts';

let context: AppContext;
let path: string;
beforeEach(async () => {
	const stateFolder = await mkdtemp(join(tmpdir(), 'lockstep-practice-'));
	path = join(stateFolder, 'practice', 'progress.json');
	context = { stateFolder } as AppContext;
});
afterEach(() => rm(context.stateFolder, { recursive: true }));

const AT = new Date('2026-11-27T02:10:00.000Z');
const later = (minutes: number) => new Date(AT.getTime() + minutes * 60_000);
const OPEN: OpenLesson = {
	...{ lesson: 'duplicate-key', kind: 'mariadb-11.8', started: AT.toISOString(), notes: { hash: 'a' } },
	...{ hints: 1, tries: 2, wrong: 1, isPaid: true, isDone: false },
};
const EXAM: Exam = { kind: 'mariadb-11.8', lessons: ['tls', 'one-id'], started: AT.toISOString(), minutes: 30, done: [], isOver: false };

describe('progress', () => {
	test('is empty at first, and keeps what is changed until the next start, for its owner alone', async () => {
		expect(await readProgress(context)).toEqual({ v: 1, open: null, attempts: [], exam: null });
		await changeProgress(context, (before) => ({ ...before, open: OPEN, exam: EXAM }));
		await changeProgress(context, (before) => ({ ...before, attempts: [attemptOf(OPEN, later(2), false)] }));
		const { open, exam, attempts } = await readProgress(context);
		expect([open, exam]).toEqual([OPEN, EXAM]);
		expect(attempts).toMatchObject([{ lesson: 'duplicate-key', seconds: 120, hints: 1, tries: 2, wrong: 1, isDone: false }]);
		expect((await stat(path)).mode & 0o777).toBe(0o600);
	});

	test('that cannot be read is refused by name, and left as it is', async () => {
		await mkdir(join(context.stateFolder, 'practice'));
		for (const text of ['{ half', '{"v":1,"open":{"lesson":3},"attempts":[],"exam":null}']) {
			await writeFile(path, text);
			await expect(changeProgress(context, (before) => before)).rejects.toThrow(path);
			expect(await readFile(path, 'utf8')).toBe(text);
		}
	});

	test('of two that change it at once keeps both changes', async () => {
		const add = () => changeProgress(context, (before) => ({ ...before, attempts: [...before.attempts, attemptOf(OPEN, AT, false)] }));
		await Promise.all([add(), add(), add()]);
		expect((await readProgress(context)).attempts).toHaveLength(3);
	});
});

describe('an exam', () => {
	test.each<readonly [string, Exam, Date, boolean]>([
		['its time is up', EXAM, later(30), true],
		['all its lessons are done', { ...EXAM, done: ['one-id', 'tls'] }, later(1), true],
		['it was ended', { ...EXAM, isOver: true }, later(1), true],
		['none of that', { ...EXAM, done: ['tls'] }, later(29), false],
	])('is over, or not: %s', (_, exam, now, over) => expect(isOver(exam, now)).toBe(over));

	test('is shown with its end', () => {
		expect(examView(EXAM, later(1))).toMatchObject({ until: '2026-11-27T02:40:00.000Z', isOver: false });
		expect(examView(null, AT)).toBeNull();
	});
});
