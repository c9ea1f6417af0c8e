import { describe, expect, it } from 'vitest';
import { CHECKS } from '../../src/catalogue/index.ts';
import type { Phrases } from '../../src/core/languages.ts';
import { VENDORS } from '../../src/core/vendors.ts';
import { CHECK_TITLES, COMMON } from '../../src/lessons/common-checks.ts';
import { findLesson, LESSONS, lessonsOf } from '../../src/lessons/index.ts';
import { PRACTICE_WORDS } from '../../src/render/practice.ts';
import { digestOf } from '../support/digest.ts';

const placeholders = (text: string | readonly string[] | undefined) =>
	[text ?? ''].flat().map((each) => (each.match(/\{\w+\}/g) ?? []).toSorted());

function expectTranslated(texts: { readonly en: Phrases; readonly pt: Phrases; readonly compared: string }): void {
	expect(Object.keys(texts.pt).toSorted()).toEqual(Object.keys(texts.en).toSorted());
	for (const [name, text] of Object.entries(texts.en)) {
		const other = texts.pt[name];
		expect(placeholders(other), name).toEqual(placeholders(text));
		for (const each of [text, other ?? ''].flat()) expect(each, name).toMatch(/\S/);
		expect([other].flat().length, name).toBe([text].flat().length);
	}
	expect(texts.compared, 'compare the Portuguese texts with the English ones, then write this').toBe(digestOf(texts.en));
}

describe('the list of lessons', () => {
	it('has each id and number once, in order', () => {
		expect(new Set(LESSONS.map(({ id }) => id)).size).toBe(LESSONS.length);
		const numbers = LESSONS.map(({ number }) => number);
		expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
	});
	it('finds one by its id and by its number', () => {
		for (const lesson of LESSONS) {
			expect(findLesson(lesson.id)).toBe(lesson);
			expect(findLesson(String(lesson.number))).toBe(lesson);
		}
		expect(findLesson('no-such-lesson')).toBeUndefined();
	});
	it('has some for each vendor', () => {
		for (const vendor of VENDORS) expect(lessonsOf(vendor)).not.toEqual([]);
	});
});

describe('the words of practice', () => {
	it('are in both languages', () => expectTranslated(PRACTICE_WORDS));
});

describe('the titles of common checks', () => {
	it('are in both languages', () => expectTranslated(CHECK_TITLES));
	it('name all of them', () => expect(Object.keys(CHECK_TITLES.en).toSorted()).toEqual(Object.keys(COMMON).toSorted()));
});

describe.each(LESSONS.map((lesson) => [lesson.id, lesson] as const))('the lesson %s', (_, { texts, checks, findings }) => {
	it('is in both languages', () => expectTranslated(texts));
	it('names findings of the doctor', () => {
		expect(findings).not.toEqual([]);
		for (const id of findings) expect(CHECKS.map((check) => check.id)).toContain(id);
	});
	it('has three hints', () => expect(texts.en.hints).toHaveLength(3));
	it('has a story of two sentences', () => {
		for (const { story } of [texts.en, texts.pt]) expect(story.match(/[.!?](\s|$)/g)).toHaveLength(2);
	});
	it('has a title for each check', () => {
		for (const { id } of checks) expect(texts.en[id] ?? (CHECK_TITLES.en as Phrases)[id], id).toBeTypeOf('string');
		expect(new Set(checks.map(({ id }) => id)).size).toBe(checks.length);
	});
});
