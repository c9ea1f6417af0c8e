// The programs that lockstep is compared with, found on the PATH or fetched as the sandbox fetches its servers.
import { join } from 'node:path';
import { findTool } from '../../src/exec/find-tool.ts';
import { runTool } from '../../src/exec/tool.ts';
import { unpackedPackages } from '../../src/sandbox/unpack.ts';

export interface Tools {
	/** Paths. */
	readonly zstd: string;
	readonly mydumper: string;
	readonly myloader: string;
	/** `0.10.1-2`, or what the program says where it is the machine's own. */
	readonly mydumperVersion: string;
	/** Whether it can give its files to another program: since 0.16, and then it compresses as it dumps. */
	readonly throughZstd: boolean;
}

const PACKAGES = [
	{ suite: 'sid', version: '0.10.1-2' },
	{ suite: 'bookworm', version: '0.10.1-1' },
] as const;

async function unpack(suite: string, env: NodeJS.ProcessEnv, say: (line: string) => void): Promise<string> {
	const { bin } = await unpackedPackages(
		{
			...{ name: `mydumper-${suite}`, title: 'mydumper', suite, packages: ['mydumper', 'zstd'] },
			...{ programs: /^(my(dumper|loader)|zstd)$/, tried: /^(my(dumper|loader)|zstd)$/ },
			hints: ['Install them yourself, as root: apt-get install mydumper zstd'],
		},
		{ env, say },
	);
	return bin;
}

/** `mydumper v1.0.1-1, built against …` and `mydumper 0.10.0, built against …` alike. */
export const versionIn = (said: string): readonly [number, number] => {
	const found = /(\d+)\.(\d+)/.exec(said);
	return [Number(found?.[1] ?? 0), Number(found?.[2] ?? 0)];
};

/** `folder` is looked in first: for a mydumper that no package has. Then the PATH, then Debian's, the newest suite first. */
export async function findTools(options: {
	folder: string | undefined;
	env: NodeJS.ProcessEnv;
	say: (line: string) => void;
}): Promise<Tools> {
	const { env, say } = options;
	const path = [options.folder, env.PATH].filter(Boolean).join(':');
	const own = await Promise.all(['mydumper', 'myloader'].map((name) => findTool([name], { env: { ...env, PATH: path } })));
	const zstd = await findTool(['zstd'], { env });
	const [mydumper, myloader] = own;
	if (mydumper && myloader) {
		const [major, minor] = versionIn(mydumper.version);
		return {
			zstd: zstd?.path ?? join(await unpack('sid', env, say), 'zstd'),
			...{ mydumper: mydumper.path, myloader: myloader.path, mydumperVersion: mydumper.version, throughZstd: major > 0 || minor >= 16 },
		};
	}
	for (const { suite, version } of PACKAGES) {
		try {
			const bin = await unpack(suite, env, say);
			const names = { mydumper: join(bin, 'mydumper'), myloader: join(bin, 'myloader') };
			await runTool({ program: names.mydumper, argv: ['--version'] });
			return { zstd: zstd?.path ?? join(bin, 'zstd'), ...names, mydumperVersion: version, throughZstd: false };
		} catch (error) {
			if (suite === PACKAGES.at(-1)?.suite) throw error;
			say(`mydumper of ${suite}: ${error instanceof Error ? error.message : error}`);
		}
	}
	throw new Error('unreachable');
}
