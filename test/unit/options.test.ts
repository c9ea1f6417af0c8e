import { describe, expect, it } from 'vitest';
import { clientFlags, oneOf, seconds, serverFlags } from '../../src/commands/options.ts';
import { UserError } from '../../src/core/errors.ts';

describe('durations', () => {
	it.each([
		['0', 0],
		['45', 45],
		['90s', 90],
		['5m', 300],
		['2h', 7200],
		[' 10 m ', 600],
	])('%j is %i seconds', (text, expected) => expect(seconds(text, '--lock-wait')).toBe(expected));

	it.each(['', 's', '-1', '1.5m', '1e3', '5d', '1h30m', 'soon', '9'.repeat(30), '0x10', '５m'])('%j is none', (text) => {
		expect(() => seconds(text, '--lock-wait')).toThrow(`--lock-wait ${text} is not a duration.`);
	});
});

describe('one of a few', () => {
	it('is taken as it is written', () => expect(oneOf('gzip', '--compress', ['zstd', 'gzip'])).toBe('gzip'));
	it.each(['GZIP', 'gz', '', 'toString'])('%j is not', (text) => {
		const refuse = () => oneOf(text, '--compress', ['zstd', 'gzip']);
		expect(refuse).toThrow(
			expect.objectContaining({ description: { message: `--compress ${text} is not known.`, hints: ['--compress takes: zstd, gzip'] } }),
		);
	});
});

describe('the letters of the clients', () => {
	it('are those that say how to reach a server, and no others', () => {
		const all = { host: 'h', port: '3306', to: '/x', yes: true, defaults: false, passwordFile: '/p', sslMode: undefined };
		expect(clientFlags(all)).toEqual({ host: 'h', port: '3306', defaults: false, passwordFile: '/p' });
	});

	it('are none where nobody gave any: commander’s own default for --no-defaults says nothing', () => {
		expect(clientFlags({ defaults: true, input: true, color: 'auto' })).toEqual({});
	});

	it('ask for a password where -p stands alone', () => {
		expect(serverFlags({ user: 'u', password: true })).toEqual({ user: 'u', password: '' });
		expect(serverFlags({ defaults: false })).toEqual({ noDefaults: true });
		expect(serverFlags({ passwordFile: '/p', passwordCommand: 'c' })).toEqual({});
	});

	it.each(['hunter2', ''])('take no password on the command line, and do not repeat it', (password) => {
		const refusal = (() => {
			try {
				return serverFlags({ password });
			} catch (error) {
				return error;
			}
		})();
		expect(refusal).toBeInstanceOf(UserError);
		expect(JSON.stringify((refusal as UserError).description)).not.toContain('hunter2');
	});
});
