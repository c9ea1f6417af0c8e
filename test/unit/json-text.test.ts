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

test('says what is wrong, and where', () => {
	const wrong = (text: string) => {
		try {
			readJsonText(text);
			return null;
		} catch (error) {
			if (!(error instanceof JsonTextError)) throw error;
			return `${error.at}: ${error.message}`;
		}
	};
	expect(['', '{"a": [1 2]}', '{"a": 1 "b": 2}', '{"a": [1', '{a: 1}', '[1,]', '{"a" 1}', '{} {}', '[01]', '// x'].map(wrong)).toEqual([
		'0: The file ends too early',
		'9: A comma or ] is expected here',
		'8: A comma or } is expected here',
		'8: The file ends too early',
		'1: A key in double quotes is expected here',
		'3: A value is expected here',
		'5: A colon is expected here',
		'3: Something follows the end of the object',
		'2: A comma or ] is expected here',
		'0: A value is expected here',
	]);
	expect(wrong('['.repeat(50_000))).toMatch(/: It is nested too deeply$/);
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
