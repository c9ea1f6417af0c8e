import { expect, it } from 'vitest';
import { visible } from '../../src/core/visible.ts';
import { indented, line, paint } from '../../src/render/page.ts';
import { HOSTILE_NAMES } from '../support/hostile-names.ts';

const OBEYED = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

it.each([
	['plain ünï 日本 🦆', 'plain ünï 日本 🦆'],
	['a\u001b[31mb', 'a\\x1b[31mb'],
	['a\nb\rc\td', 'a\\nb\\rc\\td'],
	['a\u202eb\u2066c', 'a\\u{202e}b\\u{2066}c'],
	['a\u2028b\u0085c\u007fd', 'a\\u{2028}b\\x85c\\x7fd'],
	['\u{e0041}', '\\u{e0041}'],
])('%j is shown as %j', (text, shown) => expect(visible(text)).toBe(shown));

it('no name of a server makes a second line, or moves a terminal', () => {
	const text = paint(
		HOSTILE_NAMES.map((name) => line('table ', name)),
		false,
	);
	const lines = text.split('\n');
	expect(lines).toHaveLength(HOSTILE_NAMES.length);
	for (const each of lines) expect(each).not.toMatch(OBEYED);
	expect(new Set(lines).size).toBe(HOSTILE_NAMES.length);
});

it('text of several lines keeps them', () => {
	expect(paint(indented('  ', 'one\ntwo\u001b[2J', 40), false)).toBe('  one\n  two\\x1b[2J');
});
