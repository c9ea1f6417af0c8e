import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { must, should } from '../../src/core/check.ts';

const TITLES = { pass: 'The replica survives a crash', fail: 'The replica may not survive a crash' } as const;

describe('26: the title of a check', () => {
	it('states what is so: the requirement where it passes, the problem where it does not', () => {
		const rest = { expected: '1', found: '1', wrong: '0', hints: ['Set it.'] };
		expect(must('A', TITLES, true, rest)).toEqual({ id: 'A', title: TITLES.pass, status: 'ok', expected: '1', found: '1' });
		expect(must('A', TITLES, false, rest)).toEqual({
			...{ id: 'A', title: TITLES.fail, status: 'fail', expected: '1', found: '0' },
			hints: ['Set it.'],
		});
		expect(should('A', TITLES, true)).toEqual({ id: 'A', title: TITLES.pass, status: 'ok' });
		expect(should('A', TITLES, false)).toEqual({ id: 'A', title: TITLES.fail, status: 'warning' });
	});

	it('is another for each result, in every check of the program', () => {
		const root = new URL('../../src', import.meta.url).pathname;
		const sources = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
		const pairs = sources.flatMap((file) => [
			...readFileSync(join(root, file), 'utf8').matchAll(/\{\s*pass: (['`])(.*?)\1,\s*fail: (['`])(.*?)\3,?\s*\}/g),
		]);
		expect(pairs.length).toBeGreaterThan(90);
		expect(pairs.filter(([, , pass, , fail]) => pass === fail)).toEqual([]);
	});
});
