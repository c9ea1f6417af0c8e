import { randomBytes, randomInt } from 'node:crypto';
import { mkdir, readdir, readFile, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { freemem } from 'node:os';
import { basename, join } from 'node:path';
import { ToolError, UserError } from '../core/errors.ts';
import { processStartTime } from '../exec/process.ts';
import { makeCertificates } from './certificates.ts';
import type { ServerFamily } from './family.ts';
import { KINDS } from './kinds.ts';
import { type Found, findPrograms, ofThisMachine } from './programs.ts';
import { makeServer, type SandboxServer, startServer, stopServer } from './server.ts';

/** An empty server for one purpose: `await using` stops it and takes its folder away. */
export interface EphemeralServer extends AsyncDisposable {
	readonly server: SandboxServer;
	/** As its program says it, and where that is. */
	readonly version: string;
	readonly program: string;
	/** Whether it is the machine's own rather than unpacked from packages. */
	readonly own: boolean;
	readonly folder: string;
	/** Whether its server's process is still there. */
	alive(): Promise<boolean>;
	/** Leaves word, on disk, of what whoever clears up after this process must undo elsewhere; null takes it back. */
	remember(word: unknown): Promise<void>;
}

export interface ThrowawayWish {
	readonly vendor: ServerFamily['vendor'];
	/** Whether a server of this version, or series, will do. */
	readonly fits: (version: string) => boolean;
	/** In a folder of its own in this one. */
	readonly parent: string;
	/** Where all of them are known, wherever they are: {@link clearThrowaways} looks here. */
	readonly registry: string;
	readonly name: string;
	/** Options of the server's own, when it is made and when it is started. */
	readonly made: readonly string[];
	readonly started: readonly string[];
	readonly env: NodeJS.ProcessEnv;
	readonly signal: AbortSignal;
	readonly say: (line: string) => void;
}

/** In a folder that is a throwaway's from its first moment: only such a folder is ever removed. */
const MARKER = '.lockstep-throwaway';

type Owner = { readonly pid: number; readonly birth: string | null; readonly word: unknown };

const readOwner = async (folder: string): Promise<Owner | null> =>
	readFile(join(folder, MARKER), 'utf8')
		.then(JSON.parse)
		.catch(() => null);

async function writeOwner(folder: string, owner: Owner): Promise<void> {
	const path = join(folder, MARKER);
	await writeFile(`${path}.new`, JSON.stringify(owner), { mode: 0o600 });
	await rename(`${path}.new`, path);
}

/** The machine's own server where it fits, else the oldest that fits of those that can be unpacked. */
async function programsFor({ vendor, fits, env, signal, say }: ThrowawayWish): Promise<Found & { readonly family: ServerFamily }> {
	const kinds = KINDS.filter(({ family }) => family.vendor === vendor);
	const [first] = kinds;
	const own = first === undefined ? undefined : await ofThisMachine(first, env);
	if (first !== undefined && own !== undefined && fits(own.version)) return { family: first.family, programs: own, binDir: null };
	const kind = kinds.filter(({ series }) => fits(series)).toSorted((a, b) => a.series.localeCompare(b.series, 'en', { numeric: true }))[0];
	if (kind !== undefined) return { family: kind.family, ...(await findPrograms(kind, { env, signal, say, anySeries: false })) };
	throw new UserError({
		message: `There is no ${vendor === 'mysql' ? 'MySQL' : 'MariaDB'} server here that is new enough.`,
		reason: `${own === undefined ? 'None is on the PATH' : `${own.server} is ${own.version}`}; ${kinds.map(({ title }) => title).join(' and ')} can be unpacked.`,
		hints: ['Install a server of the version that the backup is of, or a newer one; it need not run.'],
	});
}

/** A part of what memory is free, so that a restore is about as fast as on a server of its own. */
const poolMiB = (): number => Math.max(64, Math.min(1024, Math.floor(freemem() / 4 / 1024 ** 2)));

/** Makes and starts it. Whatever fails on the way leaves nothing behind. */
export async function startThrowaway(wish: ThrowawayWish): Promise<EphemeralServer> {
	const { env, signal, say } = wish;
	const { family, programs, binDir } = await programsFor(wish);
	const folder = join(wish.parent, `${wish.name}-${randomBytes(3).toString('hex')}`);
	await mkdir(folder, { recursive: true, mode: 0o700 });
	const owner = { pid: process.pid, birth: (await processStartTime(process.pid)) ?? null };
	await writeOwner(folder, { ...owner, word: null });
	const link = wish.registry === wish.parent ? null : join(wish.registry, basename(folder));
	let known: unknown = null;
	const gone = async () => {
		await stopServer(folder);
		// What must still be undone elsewhere is kept for whoever clears up next.
		for (const name of await readdir(folder)) {
			if (known === null || name !== MARKER) await rm(join(folder, name), { recursive: true, force: true });
		}
		if (known !== null) return;
		await rm(folder, { recursive: true, force: true });
		if (link !== null) await rm(link, { force: true });
	};
	try {
		if (link !== null) {
			await mkdir(wish.registry, { recursive: true, mode: 0o700 });
			await symlink(folder, link);
		}
		say(`Starting a throwaway server: ${programs.server} (${programs.version}) in ${folder}`);
		await makeServer(family, programs, folder, signal, wish.made);
		const server = await startServer({
			...{ family, programs, folder, env, signal, serverId: randomInt(2 ** 30, 2 ** 32 - 1) },
			tls: await makeCertificates(join(folder, 'tls'), new Date()),
			extra: [`--innodb-buffer-pool-size=${poolMiB()}M`, ...wish.started],
		});
		const began = await processStartTime(server.pid);
		return {
			...{ server, folder, version: programs.version, program: programs.server, own: binDir === null },
			alive: async () => began !== undefined && (await processStartTime(server.pid)) === began,
			async remember(word) {
				await writeOwner(folder, { ...owner, word });
				known = word;
			},
			[Symbol.asyncDispose]: gone,
		};
	} catch (error) {
		await gone();
		throw withoutFolder(error, folder);
	}
}

/** What it tells to do is not in a folder that is gone by then: the last words of a log are told already. */
function withoutFolder(error: unknown, folder: string): unknown {
	if (!(error instanceof ToolError)) return error;
	const hints = (error.description.hints ?? []).filter((line) => !line.includes(folder));
	return new ToolError({ ...error.description, hints }, { cause: error });
}

/**
 * Stops the servers of processes that are gone, by their own pid and folder, and takes the folders away.
 * @param undo told what such a process had left word of; a folder whose word cannot be undone (false) stays, without its data
 */
export async function clearThrowaways(registry: string, undo: (word: unknown) => Promise<boolean>): Promise<readonly string[]> {
	const cleared: string[] = [];
	for (const name of await readdir(registry).catch((): string[] => [])) {
		const known = join(registry, name);
		// A link whose folder somebody took away is of no more use.
		const folder = await realpath(known).catch(() => null);
		if (folder === null) await rm(known, { force: true });
		const owner = folder === null ? null : await readOwner(folder);
		if (folder === null || owner === null || (await processStartTime(owner.pid)) === owner.birth) continue;
		await stopServer(folder);
		const undone = owner.word === null || (await undo(owner.word));
		for (const name of await readdir(folder)) {
			if (undone || name !== MARKER) await rm(join(folder, name), { recursive: true, force: true });
		}
		for (const path of undone ? [folder, known] : []) await rm(path, { recursive: true, force: true });
		cleared.push(folder);
	}
	return cleared;
}
