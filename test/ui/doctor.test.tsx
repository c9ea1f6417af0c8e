import { describe, expect, test } from 'vitest';
import { ENTER, openAt } from './open.tsx';
import { fakeDesk, SERVERS } from './story.ts';

const server = SERVERS[0] as (typeof SERVERS)[number];

describe('the doctor', () => {
	test.each([
		[60, 16],
		[80, 24],
		[200, 50],
	] as const)('shows first what is wrong, whole, at %i×%i', async (columns, rows) => {
		const wizard = openAt([{ at: 'home' }, { at: 'doctor', card: server }], fakeDesk(), { size: [columns, rows] });
		const top = await wizard.sees('REPL-SQL');
		await wizard.press('G');
		const text = `${top} ${await wizard.sees('REPL-IO')}`;
		for (const part of ['1062: Duplicate entry', 'START SLAVE;', 'Skipping the transaction', 'lockstep practice start duplicate-key'])
			expect(text.replaceAll(/\s+/g, ' ')).toContain(part);
	});

	test('is opened from the status of a server, and speaks its reader’s language', async () => {
		const wizard = openAt([{ at: 'home' }, { at: 'status', card: server }], fakeDesk({ language: 'pt' }));
		await wizard.sees('Writes  ');
		await wizard.press('d');
		await wizard.sees('comparado com db1');
		await wizard.press(`/io${ENTER}`);
		await wizard.sees('recei');
		expect(wizard.text()).not.toContain('REPL-SQL');
	});
});
