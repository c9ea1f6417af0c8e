import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BACKUP, usualBackup } from '../../src/requests/backup.ts';
import { type CommandSpec, readOptions } from '../../src/requests/command.ts';
import { CONNECTION, connectionFlags, SERVER_OPTIONS } from '../../src/requests/connection.ts';
import { initialValues, readForm } from '../../src/requests/form.ts';
import { DRY_RUN, GLOBAL_OPTIONS } from '../../src/requests/global-options.ts';
import { COMMANDS } from '../../src/requests/index.ts';
import { attributeName, longName } from '../../src/requests/option.ts';
import { optionsPage } from '../../src/requests/options-page.ts';
import { PROVISION } from '../../src/requests/provision.ts';
import { RESTORE } from '../../src/requests/restore.ts';
import { textsIn } from '../support/texts.ts';

const ROOT = new URL('../..', import.meta.url).pathname;

describe('the definitions of requests', () => {
	it('are the manual’s page of options; vitest -u writes it', async () => {
		await expect(optionsPage()).toMatchFileSnapshot('../../src/manual/options.md');
	});

	it('know every option that any text of the program names', () => {
		const known = new Set([
			...COMMANDS.flatMap(({ options }) => options.map(longName)),
			...[DRY_RUN, ...GLOBAL_OPTIONS, ...Object.values(SERVER_OPTIONS)].map(longName),
			...(['server', 'primary', 'replica'] as const).flatMap((role) => connectionFlags(role).map(longName)),
			...['--help', '--version'],
		]);
		const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
			.filter((file) => /\.tsx?$/.test(file) && !TOOLS.includes(file.split('/')[0] ?? ''))
			.map((file) => [file, readFileSync(join(ROOT, 'src', file), 'utf8')] as const);
		const texts = files.flatMap(([file, source]) => textsIn(source, file.endsWith('.tsx')).map(({ text }) => [file, text] as const));
		const pages = readdirSync(join(ROOT, 'src/manual')).map(
			(page) => [page, readFileSync(join(ROOT, 'src/manual', page), 'utf8')] as const,
		);
		const odd = [...texts, ...pages].flatMap(([file, text]) =>
			[...text.matchAll(/(?<![\w-])--[a-z][\w-]*[a-z]/g)]
				.map(([option]) => option)
				.filter((option) => !known.has(option) && !OF_OTHERS.has(option))
				.map((option) => `${file}: ${option}`),
		);
		expect(odd).toEqual([]);
	});

	it('give each option a name of its own', () => {
		for (const { name, options } of COMMANDS) expect(new Set(options.map(attributeName)).size, name).toBe(options.length);
		expect(new Set(CONNECTION.map(longName)).size).toBe(CONNECTION.length);
	});
});

/** Folders whose texts are the command lines of servers and their tools. */
const TOOLS = ['dialects', 'sandbox', 'exec', 'bench'];
/** Options of other programs that texts speak of, and of the benchmark. */
const OF_OTHERS: ReadonlySet<string> = new Set([
	...['--all', '--init-command', '--single-transaction', '--parallel', '--size', '--rounds'],
	...['--comments', '--default-character-set', '--force', '--local-infile', '--database'],
]);

describe('a form', () => {
	it.each<CommandSpec>([BACKUP, RESTORE, PROVISION])('asks for what lockstep $name does where nothing is given', (command) => {
		const { fields, errors } = readForm(command, { ...initialValues(command), to: '/b', engine: '' });
		expect(errors).toEqual({});
		expect(fields).toEqual(readOptions(command, { to: '/b' }));
	});

	it('gives the fields that the options give', () => {
		const { fields, errors } = readForm(BACKUP, {
			...{ ...initialValues(BACKUP), to: '/b', engine: 'vendor', lockWait: '5m', databases: 'a, `b,c`', ignoreTable: 'a.b' },
			...{ maxLockTime: '0', stopApplier: 'yes', lock: '' },
		});
		expect(errors).toEqual({});
		expect(fields).toEqual({
			...{ to: '/b', compress: 'zstd', engine: 'vendor', lockWaitSeconds: 300, longQueries: 'wait', stopApplier: true },
			...{ databases: ['a', 'b,c'], ignoreTables: ['a.b'], maxLockSeconds: 0 },
		});
	});

	it('says under each field what is wrong with it', () => {
		const { errors } = readForm(BACKUP, { ...initialValues(BACKUP), to: ' ', lockWait: 'soon', ignoreTable: 'orders', databases: '`a' });
		expect(errors).toEqual({
			to: 'A folder is needed.',
			lockWait: 'A time such as 60s, 5m or 1h.',
			ignoreTable: 'Each as database.table.',
			databases: 'Databases: a back-quote in `a is not closed.',
		});
	});

	it('keeps encryption unless it is turned off', () => {
		expect(readForm(PROVISION, { tls: 'no' }).fields.tls).toBe(false);
		expect(readForm(PROVISION, {}).fields.tls).toBe(true);
	});
});

it('the usual backup is what the command line makes of a server and a folder', () => {
	expect(usualBackup('s', '/b')).toEqual({
		...{ kind: 'backup', server: 's', to: '/b', compress: 'zstd', lockWaitSeconds: 60, longQueries: 'wait', stopApplier: false },
	});
});
