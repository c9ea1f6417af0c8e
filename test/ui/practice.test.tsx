import stringWidth from 'string-width';
import { describe, expect, test } from 'vitest';
import { ENTER, ESC, openAt, TAB, UP } from './open.tsx';
import { type FakePractice, fakePractice } from './practice-story.ts';
import { fakeDesk } from './story.ts';

const opened = (practice: FakePractice, size: readonly [number, number] = [80, 24]) =>
	openAt([{ at: 'home' }, { at: 'practice' }], fakeDesk({ practice }), { size });

/** In the lesson, with its first check done. */
async function inLesson(practice: FakePractice, size?: readonly [number, number]) {
	const wizard = opened(practice, size);
	await wizard.sees('missing-row');
	await wizard.press(ENTER);
	await wizard.sees('Both threads run');
	return wizard;
}

describe('the list of lessons', () => {
	test('says what was done and begins at the first that was not', async () => {
		const wizard = opened(fakePractice());
		const text = await wizard.sees('missing-row');
		expect(text.split('\n')[0]).toMatch(/^ PRACTICE · not a real server +mariadb-11\.8 {2}1\/3 *$/);
		expect(text).toContain('✓  4  wrong-password');
		expect(text).toContain('❯     9  duplicate-key');
		expect(text).toContain('The whole way');
	});

	test('leads to the four flows as well, and offers no server but throwaway ones there (finding 10)', async () => {
		const wizard = opened(fakePractice());
		await wizard.sees('missing-row');
		await wizard.press('G');
		await wizard.press(ENTER);
		await wizard.sees('sandbox-replica');
		await wizard.press(ENTER);
		const text = await wizard.sees('Which servers');
		expect(text).not.toContain('db3-backup');
		expect(text).not.toContain('PROD');
	});

	test('is in Portuguese where that is asked for', async () => {
		const text = await openAt([{ at: 'home' }, { at: 'practice' }], fakeDesk({ language: 'pt' })).sees('missing-row');
		expect(text.split('\n')[0]).toContain('PRÁTICA · não é um servidor real');
		expect(text).toContain('O caminho inteiro');
	});
});

describe('a lesson', () => {
	test.each([
		[80, 24],
		[60, 16],
		[120, 40],
	] as const)('at %d×%d shows its goal, both checks, and the word practice in the first line', async (columns, rows) => {
		const text = (await inLesson(fakePractice(), [columns, rows])).text();
		const lines = text.split('\n');
		expect(lines).toHaveLength(rows);
		for (const each of lines) expect(stringWidth(each)).toBeLessThanOrEqual(columns);
		expect(lines[0]).toContain('PRACTICE');
		for (const part of ['Goal  Start replication', '✗ Both threads run', '✗ shop.tickets is identical']) expect(text).toContain(part);
		if (rows >= 24) for (const part of ['practice-primary  127.0.0.1:33601', 'IO yes · SQL no']) expect(text).toContain(part);
	});

	test('gives one hint at a time, checks on demand, and starts anew', async () => {
		const practice = fakePractice();
		const wizard = await inLesson(practice);
		await wizard.press('h');
		await wizard.sees('Hint 1/3  Compare the rows.');
		await wizard.press('h');
		await wizard.sees('Hint 2/3  Remove the local one.');
		await wizard.press('h');
		const text = await wizard.sees('Hint 3/3');
		expect(text).toMatch(/once more\.\s*\n/);
		expect(text).toContain('practice-primary  127.0.0.1:33601');
		await wizard.press('c');
		await wizard.press('r');
		await wizard.sees('Both threads run');
		await wizard.press('b');
		await wizard.sees('Both threads run');
		expect(practice.asked).toEqual(['start duplicate-key', 'hint', 'hint', 'hint', 'check', 'reset', 'boot']);
	});

	test('names the price of the tempting remedy once the data show it', async () => {
		const practice = fakePractice();
		const wizard = await inLesson(practice);
		practice.state = { isDone: false, price: 'Both threads run, but the rows differ.' };
		const text = await wizard.sees('Price  Both threads run, but the rows differ.');
		expect(text).toContain('✓ Both threads run');
	});

	test('ends by itself as soon as every check is green, with what to remember', async () => {
		const practice = fakePractice();
		const wizard = await inLesson(practice);
		practice.state = { isDone: true, price: null };
		const text = await wizard.sees('Done: every check is green.');
		expect(text).toContain('What to remember  Skipping hides it.');
		await wizard.press(ENTER);
		await wizard.sees('missing-row');
	});

	test('takes SQL for either server, with what was typed before', async () => {
		const practice = fakePractice();
		const wizard = await inLesson(practice);
		await wizard.press('s');
		await wizard.sees('practice-replica>');
		await wizard.press('select 1');
		await wizard.press(ENTER);
		await wizard.sees('Test row');
		await wizard.press(TAB);
		await wizard.press(UP);
		await wizard.sees('practice-primary> select 1');
		await wizard.press(ENTER);
		practice.answer = { columns: [], rows: [], error: 'You have an error in your SQL syntax' };
		await wizard.press('q;');
		await wizard.press(ENTER);
		await wizard.sees('You have an error');
		expect(practice.asked.slice(1)).toEqual(['replica: select 1', 'primary: select 1', 'primary: q;']);
		await wizard.press(ESC);
		await wizard.sees('Goal');
	});

	test('explains the error, and says how other tools reach the servers', async () => {
		const wizard = await inLesson(fakePractice());
		await wizard.press('e');
		await wizard.sees('It exists on the replica already.');
		await wizard.press(ESC);
		await wizard.press('o');
		await wizard.sees('/bin/mariadb --defaults-file=/state/practice/replica.cnf');
		await wizard.press(ESC);
		await wizard.sees('Goal');
		await wizard.press(ESC);
		await wizard.sees('missing-row');
	});
});
