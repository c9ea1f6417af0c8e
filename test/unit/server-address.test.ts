import { describe, expect, test } from 'vitest';
import { UserError } from '../../src/core/errors.ts';
import { parseServerUrl, plainName } from '../../src/server/address.ts';
import { parseServerText, serverUrl } from '../../src/server/server-text.ts';

const refusal = (text: string): UserError => {
	try {
		parseServerUrl(text);
	} catch (error) {
		if (error instanceof UserError) return error;
		throw error;
	}
	throw new Error(`was taken: ${text}`);
};

describe('a server address', () => {
	test.each([
		['mysql://backup@db1', { user: 'backup', host: 'db1' }],
		['mysql://backup@db1:3307', { user: 'backup', host: 'db1', port: 3307 }],
		['mysql://backup@db1:80', { user: 'backup', host: 'db1', port: 80 }],
		['mariadb://db1', { host: 'db1' }],
		['MYSQL://backup@[::1]:3306', { user: 'backup', host: '::1', port: 3306 }],
		['mysql://me%40corp@db1', { user: 'me@corp', host: 'db1' }],
		['mysql://root@localhost?socket=/run/mysqld/mysqld.sock', { user: 'root', host: 'localhost', socket: '/run/mysqld/mysqld.sock' }],
		['mysql://root@localhost/?socket=%2Ftmp%2Fa%20b.sock', { user: 'root', host: 'localhost', socket: '/tmp/a b.sock' }],
		[
			'mysql://u@db1?ssl-mode=verify_ca&ssl-ca=/etc/ca.pem&connect-timeout=5s',
			{ user: 'u', host: 'db1', sslMode: 'VERIFY_CA', sslCa: '/etc/ca.pem', connectTimeout: 5 },
		],
		[
			'mysql://u@db1?ssl-mode=VERIFY-IDENTITY&tls-version=TLSv1.3',
			{ user: 'u', host: 'db1', sslMode: 'VERIFY_IDENTITY', tlsVersion: 'TLSv1.3' },
		],
		['mysql://?login-path=prod', { loginPath: 'prod' }],
		['mysql://root@?group-suffix=_db3', { user: 'root', groupSuffix: '_db3' }],
	])('%s', (text, parts) => {
		expect(parseServerUrl(text)).toEqual(parts);
	});

	test.each([
		'mysql://u:canary-77@db1',
		'mysql://u:canary-77@db1:3306?ssl-mode=REQUIRED',
		'mysql://u:canary-77/x@db1',
		'mysql://u:canary-77?x@db1',
		'mysql://u:canary-77#x@db1:3306',
		'mysql://u:canary-77@x@db1',
		'mysql://:canary-77@db1',
		'mysql://u:canary-77@',
		'mysql://u:canary-77@db 1:99999999',
		'mysql://u@db1?password=canary-77',
		'postgres://u:canary-77@db1',
	])('is refused with a password inside, and never repeats it: %s', (text) => {
		const error = refusal(text);
		expect(error.description.message).toMatch(/password/i);
		expect(error.description.hints?.join('\n')).toContain('LOCKSTEP_PASSWORD');
		expect(JSON.stringify(error.description) + error.message + error.stack).not.toContain('canary');
	});

	test.each([
		['mysql://u@db1:0', /port/],
		['mysql://u@db1:70000', /read|port/],
		['mysql://u@db1/shop', /database/],
		['mysql://u@db1?ssl-mode=MAYBE', /ssl-mode/],
		['mysql://u@db1?charset=latin1', /charset/],
		['mysql://u@db1?connect-timeout=soon', /timeout/],
		['http://db1', /mysql:\/\//],
		['mysql://', /cannot be read/],
	])('%s is refused', (text, why) => {
		expect(refusal(text).description.message).toMatch(why);
	});

	test.each(['me:canary-77@db1', 'me:canary@77@db1', 'me:canary-77', 'db1:0', 'db1:70000', '@db1', 'me@', 'db 1', '-db1', 'a:b:c'])(
		'%s is no address, and what may be a password is not repeated',
		(text) => {
			const error = (() => {
				try {
					return parseServerText(text);
				} catch (error) {
					return error as UserError;
				}
			})();
			expect(error).toBeInstanceOf(UserError);
			expect(JSON.stringify((error as UserError).description)).not.toContain('canary');
		},
	);

	test('is written as the URL that says the same', () => {
		for (const text of [
			'mysql://root@db1:34400?ssl-mode=VERIFY_CA&ssl-ca=/etc/ca.pem',
			'mysql://u%40x@[::1]:3306',
			'mysql://root@localhost?socket=/run/mysqld/mysqld.sock',
			'mysql://db1?connect-timeout=5',
		])
			expect(serverUrl(parseServerUrl(text))).toBe(text);
	});

	test('names a server as a person would type it', () => {
		expect(plainName({ host: 'db1', port: 3306 })).toBe('db1:3306');
		expect(plainName({ host: '::1', port: 3306 })).toBe('[::1]:3306');
		expect(plainName({ host: 'localhost', port: 3306, socket: '/tmp/s' })).toBe('/tmp/s');
	});
});
