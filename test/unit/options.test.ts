import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/core/errors.ts';
import { givenConnection, readConnection } from '../../src/requests/connection.ts';
import { choice, duration } from '../../src/requests/option.ts';

describe('durations', () => {
	it.each([
		['0', 0],
		['45', 45],
		['90s', 90],
		['5m', 300],
		['2h', 7200],
		[' 10 m ', 600],
	])('%j is %i seconds', (text, expected) => expect(duration().parse(text, '--lock-wait')).toBe(expected));

	it.each(['', 's', '-1', '1.5m', '1e3', '5d', '1h30m', 'soon', '9'.repeat(30), '0x10', '５m'])('%j is none', (text) => {
		expect(() => duration().parse(text, '--lock-wait')).toThrow(`--lock-wait ${text} is not a duration.`);
	});
});

describe('one of a few', () => {
	it('is taken as it is written', () => expect(choice(['zstd', 'gzip']).parse('gzip', '--compress')).toBe('gzip'));
	it.each(['LZ4', '', 'toString'])('%j is not', (text) => {
		const refuse = () => choice(['zstd', 'gzip']).parse(text, '--compress');
		expect(refuse).toThrow(
			expect.objectContaining({ description: { message: `--compress ${text} is not known.`, hints: ['--compress takes: zstd, gzip'] } }),
		);
	});
	it('is proposed where it is nearly right', () =>
		expect(() => choice(['zstd', 'gzip']).parse('GZIP', '--compress')).toThrow(
			expect.objectContaining({ description: expect.objectContaining({ hints: ['Did you mean gzip?', '--compress takes: zstd, gzip'] }) }),
		));
});

describe('the options of the clients', () => {
	it('are those that say how to reach a server, and no others', () => {
		const all = { host: 'h', port: '3306', to: '/x', yes: true, defaults: false, passwordFile: '/p', sslMode: undefined };
		expect(givenConnection('server', all)).toEqual({ host: 'h', port: '3306', noDefaults: false, passwordFile: '/p' });
	});

	it('are those of one server of a pair, without its prefix', () => {
		const all = { host: 'h', primaryHost: 'p', replicaHost: 'r', primaryNoDefaults: true, primaryKey: 'x' };
		expect(givenConnection('primary', all)).toEqual({ host: 'p', noDefaults: true });
	});

	it('are none where none is given: commander’s own default for --no-defaults says nothing', () => {
		expect(givenConnection('server', { defaults: true, input: true, color: 'auto' })).toEqual({});
	});

	it('ask for a password where -p stands alone, and make paths absolute', () => {
		expect(readConnection({ user: 'u', password: true }, 'server')).toEqual({ flags: { user: 'u', password: '' } });
		expect(readConnection({ noDefaults: false }, 'server')).toEqual({ flags: { noDefaults: true } });
		expect(readConnection({ passwordFile: 'p', passwordCommand: 'c' }, 'primary')).toEqual({
			passwordFile: `${process.cwd()}/p`,
			passwordCommand: 'c',
		});
		expect(readConnection({}, 'server')).toBeUndefined();
	});

	it.each(['hunter2', ''])('take no password on the command line, and do not repeat it', (password) => {
		const refusal = (() => {
			try {
				return readConnection({ password }, 'replica');
			} catch (error) {
				return error;
			}
		})();
		expect(refusal).toBeInstanceOf(UserError);
		expect(JSON.stringify((refusal as UserError).description)).not.toContain('hunter2');
		expect(JSON.stringify((refusal as UserError).description)).toContain('--replica-password-file FILE');
	});
});
