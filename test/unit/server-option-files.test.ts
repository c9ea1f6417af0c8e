import { createCipheriv, randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { UserError } from '../../src/core/errors.ts';
import { parseOptions, readOptionFiles } from '../../src/server/option-files.ts';

const lines = (text: string) => [...parseOptions(text, 'test.cnf')];

describe('the lines of an option file', () => {
	test.each([
		['user=me', 'user', 'me'],
		['  user  =  me  ', 'user', 'me'],
		['user=', 'user', ''],
		['ssl', 'ssl', null],
		['password="a # b"', 'password', 'a # b'],
		["password='a # b' # said", 'password', 'a # b'],
		['password=a#b', 'password', 'a'],
		['password=a;b', 'password', 'a;b'],
		['password="x\\"y"', 'password', 'x"y'],
		['password=a\\sb\\tc\\\\d', 'password', 'a b\tc\\d'],
		['password=C:\\dir', 'password', 'C:\\dir'],
		['password="unequal\'', 'password', '"unequal\''],
		['password="', 'password', '"'],
		['password=a=b', 'password', 'a=b'],
		['password=ä€', 'password', 'ä€'],
	])('%s', (line, name, value) => {
		expect(lines(`[client]\n${line}\n`)).toEqual([{ group: 'client', name, value }]);
	});

	test('are in groups, with comments and line ends of any kind between', () => {
		expect(lines('# c\r\n; c\r\n\r\n[client ] # c\r\nuser=a\r\n[mysqld]\r\nport=1\r\n')).toEqual([
			{ group: 'client', name: 'user', value: 'a' },
			{ group: 'mysqld', name: 'port', value: '1' },
		]);
	});

	test.each(['user=me\n', '[client\nuser=me\n'])('that no client would take are refused: %j', (text) => {
		expect(() => lines(text)).toThrow(UserError);
	});
});

describe('option files', () => {
	let home: string;
	const env = {};
	beforeEach(async () => {
		home = await mkdtemp(join(tmpdir(), 'lockstep-options-'));
	});
	afterEach(() => rm(home, { recursive: true }));
	const write = async (name: string, text: string | Buffer, mode = 0o600) => {
		const path = join(home, name);
		await writeFile(path, text);
		await chmod(path, mode);
		return path;
	};
	const brief = (found: Awaited<ReturnType<typeof readOptionFiles>>) =>
		found.options.map(({ name, value, origin }) => `${name}=${value} ${origin.replace(home, '~')}`);
	const login = (text: string, key = randomBytes(20)) => {
		const real = Buffer.alloc(16);
		key.forEach((byte, i) => {
			real[i % 16] = (real[i % 16] ?? 0) ^ byte;
		});
		const chunks = text.split(/(?<=\n)/).flatMap((line) => {
			const cipher = createCipheriv('aes-128-ecb', real, null);
			const bytes = Buffer.concat([cipher.update(line), cipher.final()]);
			const length = Buffer.alloc(4);
			length.writeUInt32LE(bytes.length);
			return [length, bytes];
		});
		return Buffer.concat([Buffer.alloc(4), key, ...chunks]);
	};

	test('are read in the order of the clients', async () => {
		const system = await write('system.cnf', '[client]\nuser=system\n[mysqld]\nuser=mysql\n');
		const extra = await write('extra.cnf', '[client]\nuser=extra\n');
		await mkdir(join(home, 'mysql'));
		await write('mysql/my.cnf', '[CLIENT]\nuser=mysqlhome\n');
		await write('.my.cnf', '[client_db3]\nuser=suffixed\n[client]\nuser=own\n[lockstep]\nport=3\n');
		await write('.mylogin.cnf', login('[client]\nuser = "login"\n[db3]\npassword = "s#\\"3"\n[other]\nuser = no\n'));
		const found = await readOptionFiles(
			{ defaultsExtraFile: extra, defaultsGroupSuffix: '_db3', loginPath: 'db3' },
			{ env: { MYSQL_HOME: join(home, 'mysql') }, home, systemFiles: [system, join(home, 'missing.cnf')] },
		);
		expect(brief(found)).toEqual([
			'user=system ~/system.cnf [client]',
			'user=mysqlhome ~/mysql/my.cnf [CLIENT]',
			'user=extra ~/extra.cnf [client]',
			'user=suffixed ~/.my.cnf [client_db3]',
			'user=own ~/.my.cnf [client]',
			'port=3 ~/.my.cnf [lockstep]',
			'user=login ~/.mylogin.cnf [client]',
			'password=s#"3 ~/.mylogin.cnf [db3]',
		]);
		expect(found.warnings).toEqual([]);
	});

	test('include others where the line stands, folders sorted and only *.cnf, and a ring ends', async () => {
		await mkdir(join(home, 'conf.d'));
		await write('conf.d/b.cnf', '[client]\nport=2\n');
		await write('conf.d/a.cnf', '[client]\nport=1\n');
		await write('conf.d/c.cnf~', '[client]\nport=9\n');
		await write('ring.cnf', `[client]\nhost=h\n!include ${join(home, 'ring.cnf')}\n`);
		await write(
			'.my.cnf',
			`[client]\nport=0\n!includedir ${join(home, 'conf.d')}\n!include ~/ring.cnf\n!include ${join(home, 'missing')}\nport=3\n`,
		);
		const found = await readOptionFiles({}, { env, home, systemFiles: [] });
		expect(brief(found).filter((line) => line.startsWith('port'))).toEqual([
			'port=0 ~/.my.cnf [client]',
			'port=1 ~/conf.d/a.cnf [client]',
			'port=2 ~/conf.d/b.cnf [client]',
			'port=3 ~/.my.cnf [client]',
		]);
		expect(found.warnings.join()).toMatch(/ring\.cnf: files include files/);
	});

	test('that are world-writable are ignored, those that others may read are marked', async () => {
		const open = await write('open.cnf', '[client]\npassword=x\n', 0o666);
		await write('.my.cnf', '[client]\npassword=y\n', 0o640);
		const found = await readOptionFiles({}, { env, home, systemFiles: [open] });
		expect(found.options).toMatchObject([{ value: 'y', exposed: true }]);
		expect(found.warnings).toEqual([`${open} is ignored: every user may write to it. chmod 600 ${open}`]);
	});

	test('that were asked for must be there', async () => {
		await expect(readOptionFiles({ defaultsFile: join(home, 'no.cnf') }, { env, home })).rejects.toThrow(/no\.cnf cannot be read/);
		await expect(readOptionFiles({ defaultsExtraFile: home }, { env, home, systemFiles: [] })).rejects.toThrow(UserError);
	});

	test('are left alone by --no-defaults and all but one by --defaults-file', async () => {
		await write('.my.cnf', '[client]\nuser=own\n');
		const one = await write('one.cnf', '[client]\nuser=one\n');
		expect((await readOptionFiles({ noDefaults: true }, { env, home, systemFiles: [one] })).options).toEqual([]);
		expect(brief(await readOptionFiles({ defaultsFile: one }, { env, home }))).toEqual(['user=one ~/one.cnf [client]']);
	});

	test('a login file that others may read, or that is damaged, is ignored and said', async () => {
		const good = login('[client]\npassword = secret\n');
		await write('.mylogin.cnf', good, 0o644);
		const open = await readOptionFiles({}, { env, home, systemFiles: [] });
		expect(open.options).toEqual([]);
		expect(open.warnings.join()).toContain('chmod 600');
		for (const bytes of [good.subarray(0, -3), good.subarray(0, 10), Buffer.concat([good, Buffer.alloc(8)])]) {
			await write('.mylogin.cnf', bytes);
			const found = await readOptionFiles({}, { env, home, systemFiles: [] });
			expect(found.options).toEqual([]);
			expect(found.warnings.join()).toContain('damaged');
		}
	});
});
