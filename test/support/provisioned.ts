// Pairs whose replica the program itself has provisioned: once a run for a kind and a size, stopped and copied for each test file.
import { constants } from 'node:fs';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { vi } from 'vitest';
import { withLock } from '../../src/sandbox/lock.ts';
import { kindOf } from '../../src/sandbox/programs.ts';
import { sandboxUp } from '../../src/sandbox/sandbox.ts';
import { startServer, stopServer } from '../../src/sandbox/server.ts';
import { lockstep, makeHome, urlOf } from './cli.ts';
import {
	ask,
	emptyServer,
	newFolder,
	ownSandbox,
	runFolder,
	type Sandbox,
	type SandboxKind,
	type SandboxServer,
	SMALL,
	say,
} from './servers.ts';
import { caughtUp, channelsOf, isMysql, wordsOf } from './words.ts';

const ROLES = ['primary', 'replica'] as const;
/** What provisioning sets until the next start. */
const SETTINGS = "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('read_only', 'super_read_only', 'event_scheduler')";
const settingsOf = async (server: SandboxServer) => (await ask(server, SETTINGS)).map((row) => [row.Variable_name, row.Value] as const);

type Template = { readonly dir: string; readonly settings: Awaited<ReturnType<typeof settingsOf>> };

async function template(kind: SandboxKind, rows: number): Promise<Template> {
	const dir = join(runFolder(), `provisioned-${kind}-${rows}`);
	return withLock(`${dir}.lock`, {}, async () => {
		const made = join(dir, 'provisioned.json');
		const known = await readFile(made, 'utf8').then(JSON.parse, () => null);
		if (known !== null) return known;
		await using home = await makeHome();
		await using pair = await ownSandbox(kind, { rows, writer: false });
		const { code, stdout, stderr } = await lockstep(
			['provision', '--primary', urlOf(pair.primary), '--replica', urlOf(pair.replica), '--yes', '--json'],
			{ env: home.env, boundMs: 120_000 },
		);
		if (code !== 0) throw new Error(`provision ended with ${code}:\n${stdout.slice(-3000)}\n${stderr}`);
		await caughtUp(kind, pair);
		const settings = await settingsOf(pair.replica);
		for (const role of ROLES) {
			await stopServer(join(pair.dir, role));
			for (const name of ['server.json', 'error.log']) await rm(join(pair.dir, role, name));
		}
		await moved(pair.dir, dir);
		await writeFile(made, JSON.stringify({ dir, settings }));
		return { dir, settings };
	});
}

/** Copies a sandbox that does not run, with the paths in what it knows of itself. */
async function moved(from: string, to: string): Promise<void> {
	await cp(from, to, { recursive: true, mode: constants.COPYFILE_FICLONE });
	const record = join(to, 'sandbox.json');
	await writeFile(record, (await readFile(record, 'utf8')).replaceAll(`${from}/`, `${to}/`));
}

/** A pair of a test's own, provisioned, its writer at work, gone at the end of its scope. */
export async function provisionedPair(kind: SandboxKind, options: { rows?: number } = {}): Promise<Sandbox & AsyncDisposable> {
	const { dir: from, settings } = await template(kind, options.rows ?? SMALL.rows);
	const { dir, down } = newFolder(kind);
	await moved(from, dir);
	const { tls } = JSON.parse(await readFile(join(dir, 'sandbox.json'), 'utf8'));
	const { found } = await emptyServer(kind);
	// Not before it knows where its primary is: at the port of before there may be another.
	const extra = [isMysql(kind) ? '--skip-replica-start' : '--skip-slave-start'];
	const common = { family: kindOf(kind).family, programs: found.programs, tls, env: process.env };
	const replica = await startServer({ ...common, folder: join(dir, 'replica'), serverId: 102, extra });
	const pair = await sandboxUp({ kind, dir, env: process.env, say, ...SMALL });
	const its = wordsOf(kind);
	await ask(replica, its.moveTo(pair.primary.port));
	for (const [name, value] of settings) await ask(replica, `SET GLOBAL ${name} = ${value}`);
	await ask(replica, its.start);
	await vi.waitUntil(async () => (await channelsOf(kind, replica)).every(({ io, sql }) => io === 'Yes' && sql === 'Yes'));
	return { ...pair, [Symbol.asyncDispose]: down };
}
