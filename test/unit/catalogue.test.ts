import { describe, expect, it } from 'vitest';
import { CHECKS, UNKNOWN } from '../../src/catalogue/index.ts';
import type { Phrases, Translated } from '../../src/core/languages.ts';
import { LESSONS } from '../../src/lessons/index.ts';
import { DOCTOR_WORDS } from '../../src/render/doctor.ts';
import { digestOf } from '../support/digest.ts';

const TEXTS: readonly (readonly [string, Translated<Phrases>])[] = [
	...CHECKS.map(({ id, texts }) => [id, texts] as const),
	['what is not known', UNKNOWN],
	['the words around', DOCTOR_WORDS],
];

const placeholders = (text: Phrases[string] | undefined): readonly string[] =>
	[...new Set([...String(text).matchAll(/\{(\w+)\}/g)].map(([, name]) => name as string))].sort();

describe('the texts of the doctor', () => {
	it.each(TEXTS)('%s: every text also exists in Portuguese, with the same values', (_, { en, pt }) => {
		expect(Object.keys(pt)).toEqual(Object.keys(en));
		for (const [name, text] of Object.entries(en)) expect({ [name]: placeholders(pt[name]) }).toEqual({ [name]: placeholders(text) });
		for (const [name, text] of Object.entries(pt)) {
			expect(text).not.toBe('');
			if (/^(?!lockstep ).{20,}/.test(String(en[name]))) expect(text).not.toBe(en[name]);
		}
	});

	// Compare the Portuguese texts with the English ones, then write the digest that the failure shows.
	it.each(TEXTS)('%s: Portuguese was compared with the English of today', (_, { en, compared }) => {
		expect(compared).toBe(digestOf(en));
	});

	it('a lesson that it names exists, and judges by checks that exist', () => {
		const lessons = LESSONS.map(({ id }) => id);
		for (const { lesson } of CHECKS) if (lesson !== undefined) expect(lessons).toContain(lesson);
		const checks = CHECKS.map(({ id }) => id);
		for (const { findings } of LESSONS) for (const id of findings) expect(checks).toContain(id);
	});

	it('ids are unique, in capitals, and fit their column', () => {
		const ids = CHECKS.map(({ id }) => id);
		expect(new Set(ids).size).toBe(ids.length);
		for (const id of ids) expect(id).toMatch(/^[A-Z][A-Z-]{2,16}$/);
	});
});
