import { mkdir, readdir, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { freemem } from 'node:os';
import { dirname, join } from 'node:path';
import type { ServerProgram, ServerStartAction, StartedServer } from '../core/action.ts';
import { ToolError, UserError } from '../core/errors.ts';
import type { ServerLeft } from '../core/step.ts';
import { VENDOR_NAMES } from '../core/vendors.ts';
import { endProcess, processesWith, processStartTime } from '../exec/process.ts';
import type { ServerAddress } from '../server/address.ts';
import { makeCertificates } from './certificates.ts';
import type { ServerFamily } from './family.ts';
import { KINDS, type Kind } from './kinds.ts';
import { isWhole, serversFolder, socketPath, unpackedAt } from './places.ts';
import { type Found, findPrograms, ofThisMachine } from './programs.ts';
import { makeServer, startServer, stopServer } from './server.ts';

/** In a folder that is a throwaway server's from its first moment: only such a folder is ever removed. */
const MARKER = '.lockstep-throwaway';
const GRACE_MS = 15_000;

/** An option of every process of that folder's server, also of the one that makes its data. */
const optionOf = (folder: string): string => `--datadir=${join(folder, 'data')}`;

/** How the server in that folder is reached, whether or not it is there yet: by its socket alone, as root without a password. */
export const ephemeralAddress = (folder: string): ServerAddress => ({
	...{ name: 'the throwaway server', host: 'localhost', port: 3306, socket: socketPath(folder).path, user: 'root' },
	...{ tls: { mode: 'DISABLED' }, connectTimeoutMs: 10_000, origin: {} },
});

export interface Wanted {
	readonly vendor: ServerProgram['vendor'];
	/** Whether a server of this version, or series, will do. */
	readonly fits: (version: string) => boolean;
}
type Choice = { readonly family: ServerFamily; readonly own: Found['programs'] } | { readonly kind: Kind };

/** The machine's own server where it is new enough, else the oldest that is of those that can be unpacked. Throws UserError. */
async function choose({ vendor, fits }: Wanted, env: NodeJS.ProcessEnv): Promise<Choice> {
	const kinds = KINDS.filter(({ family }) => family.vendor === vendor).toSorted((a, b) =>
		a.series.localeCompare(b.series, 'en', { numeric: true }),
	);
	const [first] = kinds;
	const own = first === undefined ? undefined : await ofThisMachine(first, env);
	if (first !== undefined && own !== undefined && fits(own.version)) return { family: first.family, own };
	const kind = kinds.find((each) => fits(each.series));
	if (kind !== undefined) return { kind };
	throw new UserError({
		message: `There is no ${VENDOR_NAMES[vendor]} server here that is new enough.`,
		reason: `${own === undefined ? 'None is on the PATH' : `${own.server} is ${own.version}`}; ${kinds.map(({ title }) => title).join(' and ')} can be unpacked.`,
		hints: ['Install a server of the version that the backup is of, or a newer one; it need not run.'],
	});
}

/** What {@link startEphemeral} would start. Only looks. Throws UserError where nothing is new enough. */
export async function ephemeralProgram(wanted: Wanted, env: NodeJS.ProcessEnv): Promise<ServerProgram> {
	const { vendor } = wanted;
	const choice = await choose(wanted, env);
	if ('own' in choice) return { vendor, path: choice.own.server, version: choice.own.version };
	const folder = join(serversFolder(env), choice.kind.kind);
	const [name = ''] = choice.kind.family.programs;
	return { vendor, path: isWhole(folder) ? join(unpackedAt(folder).bin, name) : null, version: choice.kind.series };
}

/** A part of what memory is free, so that a restore is about as fast as on a server of its own. */
const poolMiB = (): number => Math.max(64, Math.min(1024, Math.floor(freemem() / 4 / 1024 ** 2)));

/** Makes and starts a server; what fails on the way leaves what {@link removeEphemeral} takes away. Throws ToolError, UserError or the signal's reason. */
export async function startEphemeral(
	action: ServerStartAction,
	how: Pick<Wanted, 'fits'> & { readonly env: NodeJS.ProcessEnv; readonly signal: AbortSignal; readonly say: (text: string) => void },
): Promise<StartedServer> {
	const { vendor, folder, serverId, initOptions, options } = action;
	const { fits, env, signal, say } = how;
	try {
		const choice = await choose({ vendor, fits }, env);
		const { family, programs, own } =
			'own' in choice ? { family: choice.family, programs: choice.own, own: true } : await unpackedOf(choice.kind, { env, signal, say });
		await mkdir(dirname(folder), { recursive: true, mode: 0o700 });
		await mkdir(folder, { mode: 0o700 });
		await writeFile(join(folder, MARKER), '', { mode: 0o600 });
		await makeServer(family, programs, folder, { signal, extra: initOptions });
		const { pid } = await startServer({
			...{ family, programs, folder, env, signal, serverId },
			tls: await makeCertificates(join(folder, 'tls'), new Date()),
			extra: [`--innodb-buffer-pool-size=${poolMiB()}M`, ...options],
		});
		return { pid, startTime: (await processStartTime(pid)) ?? null, program: programs.server, version: programs.version, own };
	} catch (error) {
		throw withoutFolder(error, folder);
	}
}

async function unpackedOf(kind: Kind, how: { env: NodeJS.ProcessEnv; signal: AbortSignal; say: (text: string) => void }) {
	const { programs, binDir } = await findPrograms(kind, { ...how, anySeries: false });
	return { family: kind.family, programs, own: binDir === null };
}

/** What it says to do is not in a folder that is gone by then: the last words of a log are in the error already. */
function withoutFolder(error: unknown, folder: string): unknown {
	if (!(error instanceof ToolError)) return error;
	const hints = (error.description.hints ?? []).filter((line) => !line.includes(folder));
	return new ToolError({ ...error.description, hints }, { cause: error });
}

const isFolder = async (path: string): Promise<boolean> =>
	stat(path).then(
		(found) => found.isDirectory(),
		() => false,
	);

/** What of the server in that folder is there. */
export async function ephemeralLeft(folder: string): Promise<ServerLeft> {
	return { folder: await isFolder(folder), running: (await processesWith(optionOf(folder))).length > 0 };
}

/** Ends every process of that folder's server, also one that nobody has written down yet, and removes the folder. */
export async function removeEphemeral(folder: string): Promise<undefined> {
	// What makes its data may be followed by the server itself while this looks.
	for (let pids = await processesWith(optionOf(folder)); pids.length > 0; pids = await processesWith(optionOf(folder)))
		for (const pid of pids) await endProcess(pid, optionOf(folder), GRACE_MS);
	await stopServer(folder);
	if (!(await isFolder(folder))) return;
	const names = await readdir(folder);
	// Its maker may have died before it could mark the folder as its own.
	if (names.length === 0) return void (await rmdir(folder));
	if (!names.includes(MARKER)) throw new UserError({ message: `${folder} is not the folder of a throwaway server: it is left as it is.` });
	// The mark goes last: what is left of a removal that fails is still known.
	for (const name of names) if (name !== MARKER) await rm(join(folder, name), { recursive: true, force: true });
	await rm(folder, { recursive: true, force: true });
}
