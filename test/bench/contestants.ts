// Who is compared, and by which command line. Each writes into, or reads from, the folder that it is started in.

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Vendor } from '../../src/core/vendors.ts';
import type { SandboxServer } from '../../src/sandbox/sandbox.ts';
import type { Tools } from './tools.ts';

const PROGRAM = fileURLToPath(new URL('../../bin/lockstep.js', import.meta.url));
export const THREADS = 2;
/** Of a chunk of one table, where a tool cuts them. */
const CHUNK_ROWS = 500_000;

export interface Contestant {
	readonly id: string;
	readonly title: string;
	/** Whether what it writes has a manifest, which tells how long the lock was held. */
	readonly lockstep: boolean;
	/** A line of bash, to be run in an empty folder (a restore: in the folder that `from` left). */
	script(databases: readonly string[]): string;
	/** Of a restore: the dump that it reads, by its id. */
	readonly from?: string;
}

export interface Field {
	readonly vendor: Vendor;
	readonly binDir: string;
	readonly tools: Tools;
	readonly source: SandboxServer;
	readonly target: SandboxServer;
	/** Whether the vendor's tool can write a folder, in parallel (MariaDB since 11.5). */
	readonly dirDump: boolean;
	/** What `lockstep --help` and `lockstep backup --help` say: what a build cannot do yet does not take part. */
	readonly help: { readonly all: string; readonly backup: string };
}

export const quote = (text: string): string => (/^[\w./:=,@+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);
const line = (...words: readonly string[]): string => words.map(quote).join(' ');

/** Level 1 where the build can be told one; else its own, which the table says. */
export const levelOf = (help: Field['help']) =>
	/zstd:/.test(help.backup) ? { compress: 'zstd:1', level: 'zstd -1' } : { compress: 'zstd', level: 'zstd -3' };

/** `restore` takes no letters of the clients. */
const urlOf = ({ socket }: SandboxServer) => `mysql://root@localhost?ssl-mode=DISABLED&socket=${encodeURIComponent(socket)}`;

function vendors(field: Field) {
	const mariadb = field.vendor === 'mariadb';
	const tool = (name: 'dump' | 'client' | 'import') =>
		join(
			field.binDir,
			{ dump: mariadb ? 'mariadb-dump' : 'mysqldump', client: mariadb ? 'mariadb' : 'mysql', import: 'mariadb-import' }[name],
		);
	// TLS on a local socket costs some of them and not others.
	const login = (server: SandboxServer) => [
		'--no-defaults',
		mariadb ? '--skip-ssl' : '--ssl-mode=DISABLED',
		'--user=root',
		`--socket=${server.socket}`,
	];
	const whole = ['--single-transaction', '--quick', '--routines', '--events', '--triggers', '--max-allowed-packet=1G'];
	const position = mariadb ? ['--master-data=2'] : ['--source-data=2', '--set-gtid-purged=OFF'];
	return { mariadb, tool, login, whole, position };
}

export function dumpers(field: Field): Contestant[] {
	const { mariadb, tool, login, whole, position } = vendors(field);
	const { tools, source, help } = field;
	const vendor = (databases: readonly string[]) => line(tool('dump'), ...login(source), ...whole, ...position, '--databases', ...databases);
	const mydumper = (databases: readonly string[], more: readonly string[]) =>
		// 0.10.1 takes one database or, by a pattern, several.
		line(
			tools.mydumper,
			'--user=root',
			`--socket=${source.socket}`,
			`--regex=^(${databases.join('|')})[.]`,
			'--outputdir=.',
			`--threads=${THREADS}`,
			`--rows=${CHUNK_ROWS}`,
			...['-G', '-E', '-R'],
			...more,
		);
	const name = mariadb ? 'mariadb-dump' : 'mysqldump';
	const other = `mydumper ${tools.mydumperVersion}, ${THREADS} threads`;
	const { compress, level } = levelOf(help);
	const lockstep = (how: readonly string[], into: string) => (databases: readonly string[]) =>
		line(
			...[process.execPath, PROGRAM, 'backup', '--no-defaults', '--socket', source.socket, '--user', 'root', '--ssl-mode', 'DISABLED'],
			...['--databases', databases.join(','), '--to', '.', '--yes', '--no-input', '--json', '--confirm', `localhost:${source.port}`],
			...['--compress', into, ...how],
		);
	const parallel = /\bparallel\b/.test(help.backup);
	const ours: Contestant[] = [
		{
			id: 'lockstep-vendor',
			title: `lockstep, vendor's engine, ${level}`,
			lockstep: true,
			script: lockstep(['--engine', 'vendor', '--lock', 'held'], compress),
		},
	];
	for (const [lock, words] of [
		['held', 'lock held'],
		['snapshot', 'lock for the snapshot only'],
	] as const) {
		if (!parallel) continue;
		const how = ['--engine', 'parallel', '--lock', lock, '--workers', String(THREADS)];
		ours.push({
			id: `lockstep-${lock}`,
			title: `lockstep, parallel engine, ${THREADS} workers, ${words}, ${level}`,
			lockstep: true,
			script: lockstep(how, compress),
		});
	}
	if (parallel) {
		const how = ['--engine', 'parallel', '--lock', 'snapshot', '--workers', String(THREADS)];
		ours.push({
			id: 'lockstep-plain',
			title: `lockstep, parallel engine, ${THREADS} workers, lock for the snapshot only, plain files`,
			lockstep: true,
			script: lockstep(how, 'none'),
		});
	}
	return [
		{ id: 'vendor-plain', title: `${name}, plain file`, lockstep: false, script: (databases) => `${vendor(databases)} > dump.sql` },
		{
			id: 'vendor-zstd',
			title: `${name} | zstd -1`,
			lockstep: false,
			script: (databases) => `${vendor(databases)} | ${line(tools.zstd, '-q', '-1')} > dump.sql.zst`,
		},
		...(field.dirDump
			? [
					{
						...{ id: 'vendor-parallel', title: `${name} --dir --parallel=${THREADS}, the server writes plain files`, lockstep: false },
						script: (databases: readonly string[]) =>
							`${line(tool('dump'), ...login(source), '--single-transaction', '--quick', '--max-allowed-packet=1G')} --dir="$PWD" ${line(`--parallel=${THREADS}`, '--databases', ...databases)}`,
					},
				]
			: []),
		{ id: 'mydumper-plain', title: `${other}, plain files`, lockstep: false, script: (databases) => mydumper(databases, []) },
		tools.throughZstd
			? {
					id: 'mydumper-zstd',
					title: `${other}, through zstd -1`,
					lockstep: false,
					script: (databases) => mydumper(databases, [`--exec-per-thread=${tools.zstd} -1 -c`, '--exec-per-thread-extension=.zst']),
				}
			: {
					...{ id: 'mydumper-zstd', title: `${other}, then zstd -1 on its files, ${THREADS} at a time`, lockstep: false },
					script: (databases) =>
						`${mydumper(databases, [])} && find . -name '*.sql' -print0 | xargs -0 -P${THREADS} -n4 ${line(tools.zstd, '-q', '-1', '--rm')}`,
				},
		...ours,
	];
}

export function loaders(field: Field): Contestant[] {
	const { mariadb, tool, login } = vendors(field);
	const { tools, target, help } = field;
	const client = `${line(tool('client'), ...login(target), '--max-allowed-packet=1G')} < dump.sql`;
	const found: Contestant[] = [
		{ id: 'client', title: `${mariadb ? 'mariadb' : 'mysql'} < plain dump`, from: 'vendor-plain', lockstep: false, script: () => client },
		{
			...{
				id: 'myloader',
				title: `myloader ${tools.mydumperVersion}, ${THREADS} threads, plain files`,
				from: 'mydumper-plain',
				lockstep: false,
			},
			script: () => line(tools.myloader, '--user=root', `--socket=${target.socket}`, '--directory=.', `--threads=${THREADS}`),
		},
	];
	if (field.dirDump) {
		found.push({
			...{
				id: 'import',
				title: `mariadb-import --dir --parallel=${THREADS}, the server reads plain files`,
				from: 'vendor-parallel',
				lockstep: false,
			},
			script: () => `${line(tool('import'), ...login(target))} --dir="$PWD" --parallel=${THREADS}`,
		});
	}
	if (/^\s+restore\b/m.test(help.all)) {
		for (const [from, words] of [
			['lockstep-snapshot', levelOf(help).level],
			['lockstep-plain', 'plain files'],
		] as const) {
			found.push({
				...{ id: `restore-${from}`, title: `lockstep restore, ${THREADS} workers, ${words}`, from, lockstep: true },
				script: () =>
					line(
						...[process.execPath, PROGRAM, 'restore', './latest', '--server', urlOf(target), '--workers', String(THREADS)],
						...['--yes', '--no-input', '--json', '--confirm', `localhost:${target.port}`],
					),
			});
		}
	}
	return found;
}
