import { access, constants, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { LockstepError, MachineLimit } from '../core/errors.ts';
import { runTool } from './tool.ts';

export interface FoundTool {
	readonly path: string;
	/** As the tool says it: `10.11.18-MariaDB`, `9.7.4`. */
	readonly version: string;
	/** The whole first line of `--version`. */
	readonly banner: string;
}

async function executable(path: string): Promise<boolean> {
	try {
		await access(path, constants.X_OK);
		return (await stat(path)).isFile();
	} catch {
		return false;
	}
}

// `mariadb-dump  Ver 10.19 Distrib 10.11.18-MariaDB, for …`, `mariadb-dump from 11.8.6-MariaDB, client 10.19 for …`,
// `mysqldump  Ver 9.7.4 for Linux …`, `mariadbd  Ver 10.11.18-MariaDB-0+deb12u1 for …`, anything else: its first number.
const VERSIONS = [/\bDistrib (\d[^\s,]*)/, /\bfrom (\d[^\s,]*)/, /\bVer (\d[^\s,]*)/, /\bv?(\d+\.\d+[^\s,]*)/];

export function versionIn(banner: string): string | undefined {
	for (const pattern of VERSIONS) {
		const found = pattern.exec(banner)?.[1];
		if (found !== undefined) return found;
	}
	return undefined;
}

/** Null for what is no program, does not run, or says no version. */
async function toolAt(path: string, accepts: ((tool: FoundTool) => boolean) | undefined): Promise<FoundTool | null> {
	if (!(await executable(path))) return null;
	try {
		const { stdout } = await runTool({ program: path, argv: ['--version'] }, { timeoutMs: 10_000 });
		const banner = stdout.split('\n')[0]?.trim() ?? '';
		const version = versionIn(banner);
		if (version === undefined) return null;
		const tool = { path, version, banner };
		return (accepts?.(tool) ?? true) ? tool : null;
	} catch (error) {
		// That this machine starts no more programs says nothing about this one.
		if (!(error instanceof LockstepError) || error instanceof MachineLimit) throw error;
		return null;
	}
}

/**
 * The first of these programs that runs: every name on the PATH first, then in the given folders.
 * One that is there but does not run (`--version` fails), or that `accepts` refuses, is passed over.
 */
export async function findTool(
	names: readonly string[],
	options: { folders?: readonly string[]; env: NodeJS.ProcessEnv; accepts?: (tool: FoundTool) => boolean },
): Promise<FoundTool | undefined> {
	const onPath = (options.env.PATH ?? '').split(delimiter).filter((folder) => isAbsolute(folder));
	for (const folders of [onPath, options.folders ?? []]) {
		for (const name of names) {
			for (const folder of folders) {
				const tool = await toolAt(join(folder, name), options.accepts);
				if (tool !== null) return tool;
			}
		}
	}
	return undefined;
}
