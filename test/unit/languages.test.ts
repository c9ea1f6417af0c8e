import { describe, expect, test } from 'vitest';
import { fill, languageFrom } from '../../src/core/languages.ts';
import { digestOf } from '../support/digest.ts';

describe('languageFrom', () => {
	test.each([
		[{}, undefined, 'en'],
		[{ LANG: 'pt_BR.UTF-8' }, undefined, 'pt'],
		[{ LANG: 'pt' }, undefined, 'pt'],
		[{ LANG: 'ptx_YY' }, undefined, 'en'],
		[{ LC_MESSAGES: 'pt_BR', LANG: 'en_US.UTF-8' }, undefined, 'pt'],
		[{ LC_ALL: 'C', LC_MESSAGES: 'pt_BR' }, undefined, 'en'],
		[{ LC_ALL: '', LC_MESSAGES: 'pt_BR' }, undefined, 'pt'],
		[{ LANG: 'pt_BR' }, 'en', 'en'],
		[{ LANG: 'C' }, 'pt', 'pt'],
	] as const)('%j with %s asked for: %s', (env, asked, language) => expect(languageFrom(env, asked)).toBe(language));
});

test('fill puts values in, and leaves a name without a value', () => {
	expect(fill('{lag} s behind {primary}, {lag}', { lag: 3 })).toBe('3 s behind {primary}, 3');
	expect(fill('{toString}', {})).toBe('{toString}');
});

test('digestOf changes with each text', () => {
	const digests = [{ a: 'x' }, { a: 'y' }, { b: 'x' }, { a: ['x'] }].map(digestOf);
	expect(new Set(digests).size).toBe(4);
});
