import { existsSync, realpathSync } from 'node:fs';
import { mkdir, readdir, symlink } from 'node:fs/promises';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { UserError } from '../core/errors.ts';
import { findTool } from '../exec/find-tool.ts';
import type { Programs } from './family.ts';
import { KINDS, type Kind, type SandboxKind } from './kinds.ts';
import { unpacked } from './unpack.ts';

export interface Found {
	readonly programs: Programs;
	/** A folder with a plain path for every tool; null where they are the machine's own. */
	readonly binDir: string | null;
}

export function kindOf(name: string): Kind {
	const kind = KINDS.find((each) => each.kind === name);
	if (kind === undefined) {
		const known = KINDS.map((each) => each.kind).join(', ');
		throw new UserError({ message: `There is no sandbox of the kind ${name}.`, hints: [`Choose one of: ${known}.`] });
	}
	return kind;
}

/** The machine's own server of this vendor, of whatever version. */
export async function ofThisMachine(kind: Kind, env: NodeJS.ProcessEnv): Promise<Programs | undefined> {
	const found = await findTool(kind.family.programs, { env, folders: kind.family.folders });
	if (found === undefined || !kind.family.isOurs(found.version)) return undefined;
	return { server: found.path, version: found.version, prefix: dirname(dirname(realpathSync(found.path))) };
}

/**
 * The kind to take where nobody names one: that of the machine's own server where its series is in the list, else the first of its vendor's,
 * else the first of all.
 */
export async function chooseKind(env: NodeJS.ProcessEnv): Promise<SandboxKind> {
	const own = await Promise.all(KINDS.map(async (kind) => ({ kind, version: (await ofThisMachine(kind, env))?.version })));
	const exact = own.find(({ kind, version }) => version?.startsWith(`${kind.series}.`));
	return (exact ?? own.find(({ version }) => version !== undefined))?.kind.kind ?? (KINDS[0] as Kind).kind;
}

/**
 * The server's programs: the machine's own first (of the kind's series, or of any where `anySeries`), else unpacked packages.
 * @throws what {@link unpacked} throws.
 */
export async function findPrograms(
	kind: Kind,
	options: { env: NodeJS.ProcessEnv; signal?: AbortSignal; say: (line: string) => void; anySeries: boolean },
): Promise<Found> {
	const own = await ofThisMachine(kind, options.env);
	if (own !== undefined && (options.anySeries || own.version.startsWith(`${kind.series}.`))) return { programs: own, binDir: null };
	const { bin, root } = await unpacked(kind.kind, options);
	const found = await findTool(kind.family.programs, { env: { PATH: '' }, folders: [bin] });
	if (found === undefined) {
		throw new UserError({
			message: `The unpacked ${kind.title} does not run on this machine.`,
			hints: [`Remove ${dirname(bin)} and try again, or install a ${kind.title} server.`],
		});
	}
	return { programs: { server: found.path, version: found.version, prefix: join(root, 'usr') }, binDir: bin };
}

/** Gives the machine's own tools a folder of their own, as the packages' have. */
export async function linkTools(kind: Kind, programs: Programs, folder: string, env: NodeJS.ProcessEnv): Promise<void> {
	await mkdir(folder, { recursive: true });
	const path = (env.PATH ?? '').split(delimiter).filter((each) => isAbsolute(each));
	for (const from of [dirname(programs.server), join(programs.prefix, 'bin'), ...path]) {
		for (const name of await readdir(from).catch(() => [])) {
			if (kind.family.isTool.test(name) && !existsSync(join(folder, name))) await symlink(join(from, name), join(folder, name));
		}
	}
}
