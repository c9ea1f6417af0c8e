import { describe, expect, it } from 'vitest';
import { newPassword } from '../../src/app/new-password.ts';
import { UserError } from '../../src/core/errors.ts';
import { NO_POLICY, type PasswordPolicy } from '../../src/dialects/common/passwords.ts';

const count = (text: string, pattern: RegExp) => text.match(pattern)?.length ?? 0;

describe('a generated password', () => {
	it.each([
		['no policy', NO_POLICY],
		['MySQL’s default', { length: 8, lower: 1, upper: 1, digits: 1, special: 1 }],
		['many signs', { length: 15, lower: 1, upper: 1, digits: 1, special: 12 }],
		['as much as there is room for', { length: 32, lower: 2, upper: 2, digits: 2, special: 26 }],
		['many letters', { length: 0, lower: 14, upper: 14, digits: 2, special: 2 }],
	] satisfies readonly (readonly [string, PasswordPolicy])[])('meets %s in every draw', (_, policy) => {
		const drawn = new Set<string>();
		for (let draw = 0; draw < 200; draw++) {
			const text = newPassword(policy, 'db1').reveal();
			drawn.add(text);
			expect(text).toHaveLength(32);
			expect(count(text, /[a-z]/g)).toBeGreaterThanOrEqual(Math.max(policy.lower, 1));
			expect(count(text, /[A-Z]/g)).toBeGreaterThanOrEqual(Math.max(policy.upper, 1));
			expect(count(text, /\d/g)).toBeGreaterThanOrEqual(Math.max(policy.digits, 1));
			expect(count(text, /[^a-zA-Z\d]/g)).toBeGreaterThanOrEqual(Math.max(policy.special, 1));
			// A dictionary's words have four letters and more.
			if (policy.lower < 10) expect(text).not.toMatch(/[a-zA-Z]{4}/);
		}
		expect(drawn.size).toBe(200);
	});

	it.each([{ length: 33 }, { special: 30, digits: 3 }])('is refused where a channel could not have it: %o', (more) => {
		expect(() => newPassword({ ...NO_POLICY, ...more }, 'db1')).toThrow(UserError);
	});
});
