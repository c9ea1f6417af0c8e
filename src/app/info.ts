import { arch, platform, release } from 'node:os';
import { basename } from 'node:path';
import type { FoundProgram, Info } from '../core/info.ts';
import { findTool } from '../exec/find-tool.ts';
import { serverToolFolders } from '../sandbox/sandbox.ts';
import type { AppContext } from './context.ts';

/** Programs that lockstep may start; of each line the first that is there is used. */
const TOOLS: readonly (readonly string[])[] = [
	['mariadb-dump'],
	['mariadb'],
	['mariadbd'],
	['mysqldump'],
	['mysql'],
	['mysqld'],
	['mysql_config_editor'],
	['apt-get'],
	['dpkg-deb'],
];

/** Variables that change what lockstep does. Of one that holds a secret or a server's name only whether it is set. */
const VARIABLES = ['LOCKSTEP_CONFIG', 'LOCKSTEP_ASCII', 'LOCKSTEP_NO_INPUT', 'ACCESSIBLE', 'NO_COLOR', 'FORCE_COLOR'];
const TERMINAL = ['TERM', 'COLORTERM', 'TERM_PROGRAM', 'LC_ALL', 'LC_CTYPE', 'LANG', 'TZ', 'TMUX'];
const SECRET = ['LOCKSTEP_PROFILE', 'LOCKSTEP_PASSWORD', 'MYSQL_PWD'];

async function programs(names: readonly string[], at: { readonly env: NodeJS.ProcessEnv; readonly folders: readonly string[] }) {
	const found = await findTool(names, { env: at.env, folders: [...at.folders] });
	return {
		name: found === undefined ? (names[0] ?? '') : basename(found.path),
		path: found?.path ?? null,
		version: found?.version ?? null,
	};
}

/** Looks at this machine; no server is asked. `program`: the path that it was started by. */
export async function gatherInfo({ env, version, profiles, warnings, stateFolder }: AppContext, program: string): Promise<Info> {
	const folders = serverToolFolders(env);
	const unpacked: FoundProgram[] = [];
	for (const folder of folders) unpacked.push(await programs(['mariadb-dump', 'mysqldump'], { env: { PATH: '' }, folders: [folder] }));
	const given = (names: readonly string[]) => names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]] as const]));
	const secrets = SECRET.filter((name) => env[name] !== undefined).map((name) => [name, 'set, not shown'] as const);
	return {
		version,
		node: process.versions.node,
		system: `${platform()} ${release()} ${arch()}`,
		paths: { program, configuration: profiles.file, state: stateFolder },
		profiles: profiles.list().length,
		warnings,
		environment: Object.fromEntries([...given([...TERMINAL, ...VARIABLES]), ...secrets]),
		tools: await Promise.all(TOOLS.map((names) => programs(names, { env, folders: [] }))),
		unpacked: unpacked.filter(({ path }) => path !== null),
	};
}
