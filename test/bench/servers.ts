// Two throwaway servers: one that is dumped, one that is restored into. Large enough to keep all rows in memory.

import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Vendor } from '../../src/core/vendors.ts';
import { makeCertificates } from '../../src/sandbox/certificates.ts';
import { findPrograms, kindOf } from '../../src/sandbox/programs.ts';
import type { SandboxKind, SandboxServer } from '../../src/sandbox/sandbox.ts';
import { copyServer, makeServer, startServer, stopServer } from '../../src/sandbox/server.ts';
import { type ask, rootSession } from '../support/servers.ts';
import { DATABASE } from './dataset.ts';

export interface Pair extends AsyncDisposable {
	readonly source: SandboxServer;
	readonly target: SandboxServer;
	readonly version: string;
	/** The folder of the vendor's own tools. */
	readonly binDir: string;
	readonly vendor: Vendor;
}

export async function makePair(
	kind: SandboxKind,
	folder: string,
	options: { bytes: number; env: NodeJS.ProcessEnv; say: (line: string) => void; signal: AbortSignal },
): Promise<Pair> {
	const { family } = kindOf(kind);
	const { programs, binDir } = await findPrograms(kindOf(kind), { ...options, anySeries: false });
	if (binDir === null) throw new Error(`${kind} is this machine's own: the bench needs the packages' tools beside it`);
	await mkdir(folder, { recursive: true });
	const tls = await makeCertificates(join(folder, 'tls'), new Date());
	const [source, target] = ['source', 'target'].map((name) => join(folder, name)) as [string, string];
	await makeServer(family, programs, source, { signal: options.signal });
	await copyServer(source, target);
	const megabytes = Math.ceil((options.bytes * 2) / 1e6);
	const pool = Math.max(256, Math.ceil(megabytes / 128) * 128);
	const redo = family.vendor === 'mariadb' ? '--innodb-log-file-size=512M' : '--innodb-redo-log-capacity=1G';
	const extra = [
		`--innodb-buffer-pool-size=${pool}M`,
		redo,
		'--innodb-flush-log-at-trx-commit=2',
		'--table-open-cache=2000',
		'--local-infile=1',
	];
	// Whoever binds a socket of the same folder comes later: the first one is waited for.
	const start = (where: string, serverId: number, more: readonly string[]) =>
		startServer({ family, programs, folder: where, serverId, tls, env: options.env, extra: [...extra, ...more], signal: options.signal });
	const pair = {
		source: await start(source, 201, []),
		target: await start(target, 202, ['--skip-log-bin']),
	};
	return {
		...pair,
		...{ version: programs.version, binDir, vendor: family.vendor },
		[Symbol.asyncDispose]: async () => {
			for (const each of [source, target]) await stopServer(each);
			await rm(folder, { recursive: true, force: true });
		},
	};
}

type Where = Parameters<typeof ask>[0];

/** All statements on one connection, in order. */
export async function perform(server: Where, statements: readonly string[], signal: AbortSignal): Promise<void> {
	await using session = await rootSession(server);
	for (const statement of statements) await session.query({ pieces: [statement] }, { timeoutMs: 0, signal });
}

/** The checksum of every table of the data set, by its name. */
export async function checksums(server: Where, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
	await using session = await rootSession(server);
	const run = (text: string) => session.query({ pieces: [text] }, { timeoutMs: 0, signal });
	const tables = await run(
		`SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = '${DATABASE}' AND TABLE_TYPE = 'BASE TABLE' ORDER BY 1`,
	);
	const found = new Map<string, string>();
	for (const { name } of tables) {
		const [row] = await run(`CHECKSUM TABLE ${DATABASE}.${name}`);
		found.set(String(name), String(row?.Checksum));
	}
	return found;
}
