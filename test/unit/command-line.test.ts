import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import type { Command, Option } from 'commander';
import { describe, expect, it } from 'vitest';
import { backupRequest } from '../../src/commands/backup.ts';
import { type Invocation, makeProgram } from '../../src/commands/program.ts';
import { provisionRequest } from '../../src/commands/provision.ts';
import { restoreRequest } from '../../src/commands/restore.ts';
import { consentCheck } from '../../src/core/consent.ts';
import { formatNames, namesOption, parseNames } from '../../src/core/names.ts';
import type { Channel } from '../../src/dialects/contract/replication.ts';
import { channelError as mariadbError } from '../../src/dialects/mariadb/channel-errors.ts';
import { channelError as mysqlError } from '../../src/dialects/mysql/channel-errors.ts';
import { waysAround } from '../../src/dump/definitions/read.ts';
import { readOptions } from '../../src/requests/command.ts';
import { DRILL } from '../../src/requests/drill.ts';
import type { RunRequest } from '../../src/requests/index.ts';
import { toCommandLine } from '../../src/requests/index.ts';
import { unopenedCheck } from '../../src/runbooks/shared/unopened.ts';
import { viewsCheck } from '../../src/runbooks/shared/views.ts';
import { HOSTILE_NAMES } from '../support/hostile-names.ts';
import { seeded } from '../support/seeded.ts';

type Request = Parameters<typeof toCommandLine>[0];

const OUTSIDE = { env: {}, profiles: { get: () => undefined } } as unknown as Parameters<typeof backupRequest>[0];

async function invocation(argv: readonly string[]): Promise<Invocation> {
	const seen: Invocation[] = [];
	await makeProgram('1.0.0', async (each) => void seen.push(each)).parseAsync([...argv], { from: 'user' });
	return seen[0] as Invocation;
}

/** What the program asks for when it is called so: its own parser, all of it. */
async function parse(argv: readonly string[]): Promise<Request | null> {
	const { command, args, flags } = await invocation(argv);
	const backup = String(args[0]);
	switch (command) {
		case 'backup':
			return asked(backupRequest(OUTSIDE, flags));
		case 'restore':
			return restoreRequest(OUTSIDE, flags, backup);
		case 'provision':
			return asked(provisionRequest(flags));
		case 'drill':
			return { kind: 'drill', backup, ...readOptions(DRILL, flags) };
		case 'verify':
			return { kind: 'verify', backup };
		default:
			throw new TypeError(command);
	}
}

function asked<R>(request: R | string): R {
	if (typeof request === 'string') throw new TypeError(`${request} is missing`);
	return request;
}

/** The words of command lines as a shell reads them. */
function words(lines: readonly string[]): string[][] {
	const script = lines.map((line) => `set -- ${line}; printf '%s\\0' "$#" "$@"`).join('\n');
	const { status, stdout } = spawnSync('bash', ['-s'], { input: script, encoding: 'utf8', maxBuffer: 1 << 26 });
	expect(status).toBe(0);
	const all = stdout.split('\0').slice(0, -1);
	const found: string[][] = [];
	for (let at = 0; at < all.length; at += Number(all[at]) + 1) found.push(all.slice(at + 1, at + 1 + Number(all[at])));
	return found;
}

const GLOBAL: ReadonlySet<string> = new Set(makeProgram('1', async () => undefined).options.map((option) => option.attributeName()));
const KINDS = ['backup', 'restore', 'provision', 'drill', 'verify'] as const;
const commandOf = (kind: string) => makeProgram('1', async () => undefined).commands.find((each) => each.name() === kind) as Command;
const optionsOf = (kind: string): readonly Option[] => commandOf(kind).options.filter((option) => !GLOBAL.has(option.attributeName()));

const random = seeded(20261126);
const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
const odd = () => pick(HOSTILE_NAMES);
const number = (most: number) => String(1 + Math.floor(random() * most));
const list = (name: () => string) => formatNames(Array.from({ length: 1 + Math.floor(random() * 3) }, name));

/** Values for every option that is not just any text; one that is new takes any. */
const VALUES: { readonly [name: string]: (kind: string) => string } = {
	engine: () => pick(['parallel', 'vendor']),
	lock: () => 'held',
	workers: () => number(64),
	databases: () => list(odd),
	tables: () => list(() => `${odd().replaceAll('.', '')}x.${odd()}`),
	ignoreTable: () => list(() => `${odd().replaceAll('.', '')}x.${odd()}`),
	lockWait: () => pick(['1s', '5m', '2h', '90']),
	maxLockTime: () => pick(['0', '1s', '5m', '2h', '90']),
	restartWait: () => pick(['30s', '10m']),
	delay: () => pick(['0', '1h']),
	longQueries: () => pick(['wait', 'abort', 'kill']),
	compress: () => pick(['zstd', 'gzip', 'none', 'zstd:19', 'gzip:1']),
	connectTimeout: () => number(60),
	primaryConnectTimeout: () => number(60),
	replicaConnectTimeout: () => number(60),
	port: () => number(65_535),
	primaryPort: () => number(65_535),
	replicaPort: () => number(65_535),
	seed: () => pick(['dump', 'stream', 'clone', '/backups/b 1']),
	server: () => pick(['db3', 'mysql://root@db1:3306?ssl-mode=VERIFY_CA', odd()]),
};

/** The words of any call of a command, with every option now and then. */
function anyCall(kind: string): string[] {
	const argv: string[] = [kind];
	for (const option of optionsOf(kind)) {
		const name = option.attributeName();
		const isNeeded = ['server', 'to', 'primary', 'replica'].includes(name);
		if (!isNeeded && random() < 0.5) continue;
		if (name === 'restartWait' && argv[argv.indexOf('--seed') + 1] !== 'clone') continue;
		if (/password$/i.test(name) || !option.required) argv.push(`${option.long}`);
		else argv.push(`${option.long}`, VALUES[name]?.(kind) ?? odd());
	}
	return [...argv, ...(commandOf(kind).registeredArguments.length > 0 ? ['--', odd()] : [])];
}

describe.each(KINDS)('the command line of lockstep %s', (kind) => {
	const CALLS = kind === 'verify' ? HOSTILE_NAMES.length : 120;

	it('gives back the same request, whatever was asked for', async () => {
		const requests: Request[] = [];
		for (let call = 0; call < CALLS; call++) requests.push((await parse(anyCall(kind))) as Request);
		const lines = requests.map((request) => toCommandLine(request));
		for (const line of lines) expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u);
		for (const [at, [first, ...argv]] of words(lines).entries()) {
			expect(first).toBe('lockstep');
			expect(await parse(argv), lines[at]).toEqual(requests[at]);
		}
	}, 30_000);

	it.each(optionsOf(kind).map((option) => [option.long, option] as const))('drops no %s', async (_, option) => {
		const name = option.attributeName();
		const least = { backup: ['--server', 's', '--to', '/t'], restore: ['--server', 's'], provision: ['--primary', 'p', '--replica', 'r'] };
		const base = [
			kind,
			...(kind in least ? least[kind as keyof typeof least] : []),
			...(commandOf(kind).registeredArguments.length > 0 ? ['b'] : []),
		];
		const given = ['server', 'to', 'primary', 'replica'].includes(name) && kind in least;
		const value =
			/password$/i.test(name) || !option.required ? [] : [given ? 'other' : name === 'seed' ? '/b' : (VALUES[name]?.(kind) ?? 'x')];
		const more = name === 'restartWait' ? ['--seed', 'clone'] : [];
		const argv = [...base, ...more, `${option.long}`, ...value];
		const request = (await parse(argv)) as Request;
		const [[, ...again] = []] = words([toCommandLine(request)]);
		expect(
			again.some((word) => word === option.long || word === option.short),
			toCommandLine(request),
		).toBe(true);
		expect(await parse(again)).toEqual(request);
	});
});

it('names each server of a pair by its host or its socket', async () => {
	const request = await parse([
		'provision',
		'--primary-host',
		'db 1',
		'--primary-port',
		'3307',
		'--replica-socket',
		'/s',
		'--replica-no-defaults',
	]);
	expect(request).toMatchObject({
		...{ primary: '', replica: '' },
		reach: { primary: { flags: { host: 'db 1', port: '3307' } }, replica: { flags: { socket: '/s', noDefaults: true } } },
	});
	const [[, ...argv] = []] = words([toCommandLine(request as Request)]);
	expect(await parse(argv)).toEqual(request);
	// A port alone may be of any server.
	expect(provisionRequest((await invocation(['provision', '--primary', 'p', '--replica-port', '3307'])).flags)).toBe('--replica');
});

it('keeps the file of profiles', async () => {
	const request: RunRequest = { kind: 'restore', server: 's', backup: '/b', accounts: false, writeBinlog: false };
	const [[, ...argv] = []] = words([toCommandLine(request, '/my profiles.json')]);
	expect((await invocation(argv)).flags.config).toBe('/my profiles.json');
	expect(await parse(argv)).toEqual(request);
});

it('takes files of a connection from where it was called', async () => {
	const request = await parse(['backup', '--server', 's', '--to', 'x', '--ssl-ca', 'ca.pem', '--password-file', 'p', '-p']);
	expect(request).toMatchObject({ reach: { server: { flags: { sslCa: resolve('ca.pem'), password: '' }, passwordFile: resolve('p') } } });
});

describe('lists of names', () => {
	it.each([
		['a,b', ['a', 'b']],
		[' a , b c ,', ['a', 'b c']],
		['`a,b`,x', ['a,b', 'x']],
		['`a``b`, `c`', ['a`b', 'c']],
		['`a,b`.`c,d`', ['a,b.c,d']],
		['shop.`o,rders`', ['shop.o,rders']],
		['we`ird', ['we`ird']],
		['` `', [' ']],
		['', []],
	])('%j are %j', (text, names) => expect(parseNames(text, '--databases')).toEqual(names));

	it.each(['`a', 'x,`y', 'a.`b'])('%j has an open quote', (text) => {
		expect(() => parseNames(text, '--databases')).toThrow(
			expect.objectContaining({ name: 'UserError', message: expect.stringContaining('--databases') }),
		);
	});

	it('come back as they were, each alone and all together', () => {
		expect(parseNames(formatNames(HOSTILE_NAMES), '-')).toEqual(HOSTILE_NAMES);
		for (const name of HOSTILE_NAMES) expect(parseNames(formatNames([name]), '-')).toEqual([name]);
	});

	it('may be given in several options, which add up', async () => {
		const request = await parse([
			'backup',
			'--server',
			's',
			'--to',
			'/t',
			'--databases',
			'a,`b,c`',
			'--databases',
			'd',
			'--ignore-table',
			'a.b,`x,y`.z',
		]);
		expect(request).toMatchObject({ databases: ['a', 'b,c', 'd'], ignoreTables: ['a.b', 'x,y.z'] });
	});

	it.each([
		[['--databases', ','], '--databases names nothing.'],
		[['--ignore-table', 'orders'], '--ignore-table orders is not DATABASE.TABLE.'],
	])('%j is refused', async (argv, what) => {
		await expect(parse(['backup', '--server', 's', '--to', '/t', ...argv])).rejects.toMatchObject({ description: { message: what } });
	});
});

/** What of a hint is typed into a shell: from its option or command on. */
const typed = (hint: string): string => hint.slice(Math.max(0, hint.search(/(?:^|\s)(?:--[a-z]|lockstep )/))).trimStart();

describe('a hint with a hostile name', () => {
	const hints = (make: (name: string) => string) => words(HOSTILE_NAMES.map((name) => typed(make(name))));

	it.each([
		['that leaves a table out', (name: string) => waysAround({ kind: 'table', database: name, name }).at(-1) ?? ''],
		['that leaves a view out', (name: string) => viewsCheck([{ database: name, name, why: '' }])[0]?.hints?.[1] ?? ''],
		[
			'that leaves out what cannot be opened',
			(name: string) =>
				unopenedCheck('-', [{ database: name, name, why: '' }], ({ database, name: own }) =>
					namesOption('--ignore-table', [`${database}.${own}`]),
				)[0]?.hints?.[1] ?? '',
		],
	] as const)('%s names just that one', async (_, make) => {
		for (const [at, argv] of hints(make).entries()) {
			const name = HOSTILE_NAMES[at] as string;
			const request = await parse(['backup', '--server', 's', '--to', '/t', ...argv]);
			expect(request, name).toMatchObject({ ignoreTables: [`${name}.${name}`] });
		}
	});

	it('asks for the confirmation of just that server', () => {
		for (const [at, argv] of hints((name) => consentCheck({ name, reason: '', affected: [] }).hints?.[0] ?? '').entries())
			expect(argv).toEqual(['--confirm', HOSTILE_NAMES[at]]);
	});

	it.each([
		['mariadb', mariadbError],
		['mysql', mysqlError],
	] as const)('seeds just that replica of %s again', (_, channelError) => {
		const channel = { host: 'h', port: 1, name: '', io: 'yes' } as Channel;
		for (const [at, argv] of hints((name) => channelError('1062: x', { channel, name }).at(-1) ?? '').entries()) {
			const name = HOSTILE_NAMES[at] as string;
			const replica = name.includes(':') ? `mysql://USER@${name}` : name;
			expect(argv).toEqual(['lockstep', 'provision', '--primary', 'mysql://USER@h:1', '--replica', replica, '--confirm', name]);
		}
	});
});
