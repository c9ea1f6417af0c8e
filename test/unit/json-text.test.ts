import { expect, test } from 'vitest';
import { JsonTextError, lineAndColumn, offsetOf, readJsonText } from '../../src/core/json-text.ts';
import { suggestions } from '../../src/core/suggest.ts';

test('takes exactly what JSON.parse takes', () => {
	const texts = [
		...['{}', '[]', ' [1, -0.5e+3, true, null, "a\\u00e9\\n\u007f\u0085"] ', '{"a": {"b": [{}, {"c": ""}]}}', '0', '""', '"\ud800"'],
		...[
			'',
			'{',
			'[1,]',
			'{"a":1,}',
			'{a: 1}',
			"{'a': 1}",
			'01',
			'1.',
			'.5',
			'+1',
			'tru',
			'"a\nb"',
			'"\\x"',
			'"\\u12"',
			'{} {}',
			'[1 2]',
			'{"a" 1}',
		],
	];
	for (const text of texts) {
		const takes = (read: () => unknown) => {
			try {
				read();
				return true;
			} catch (error) {
				if (!(error instanceof SyntaxError || error instanceof JsonTextError)) throw error;
				return false;
			}
		};
		expect(
			takes(() => readJsonText(text)),
			text,
		).toBe(takes(() => JSON.parse(text)));
	}
});

test('knows where a value is', () => {
	const text = '{\n  "a": [1, {"b": true}]\n}';
	expect(text.slice(offsetOf(readJsonText(text), ['a', 1, 'b']))).toMatch(/^true/);
	expect(lineAndColumn(text, offsetOf(readJsonText(text), ['a', 1, 'missing']))).toBe('2:12');
});

test('suggests what is a slip away, the closest first', () => {
	expect(suggestions('bakcup', ['backup', 'undo'])).toEqual(['backup']);
	expect(suggestions('Bagde', ['badge', 'name'])).toEqual(['badge']);
	expect(suggestions('lists', ['list', 'show', 'last'])).toEqual(['list']);
	expect(suggestions('x', ['y', 'xy'])).toEqual([]);
	expect(suggestions('colour', ['role', 'port'])).toEqual([]);
});
