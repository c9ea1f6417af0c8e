// Makes dist/ of src/: one file for each program and thread, and chunks that they share. A run starts several of them, and
// looking for 500 modules took most of their time.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { completionScript } from '../src/render/completion.ts';
import { manPage, TOPICS } from '../src/render/manual.ts';

const top = dirname(dirname(fileURLToPath(import.meta.url)));

/** What is started by its name: see `ownProgram` in src/core/program-files.ts. */
const ENTRIES = [
	'cli',
	'daemon/main',
	'sandbox/writer',
	'archive/read-thread',
	'dump/parallel/reader-worker',
	'server/lease-worker',
	'executor/loader-thread',
];
/** Loaded where they are needed only, or by `require`. */
const EXTERNAL = [/^(?:ink|ink-select-input|react|conf|execa|@peculiar\/x509|reflect-metadata|get-port|string-width|slice-ansi)(?:\/|$)/];

rmSync(join(top, 'dist'), { recursive: true, force: true });
const build = await rolldown({
	cwd: top,
	input: Object.fromEntries(ENTRIES.map((name) => [name, `src/${name}.ts`])),
	platform: 'node',
	external: EXTERNAL,
	transform: { target: 'es2024', jsx: { runtime: 'automatic' } },
	logLevel: 'warn',
});
const { output } = await build.write({
	dir: 'dist',
	format: 'esm',
	sourcemap: true,
	entryFileNames: '[name].js',
	chunkFileNames: 'chunks/[name]-[hash].js',
	codeSplitting: { groups: [{ name: 'program-files', test: /src\/core\/program-files\.ts$/ }] },
});
await build.close();

const read = (path) => readFileSync(join(top, path), 'utf8');
const help = execFileSync(process.execPath, [join(top, 'dist', 'cli.js'), '--help'], { encoding: 'utf8' });
const pages = TOPICS.map(({ name }) => ({ name, markdown: read(`src/manual/${name}.md`) }));
writeFileSync(join(top, 'dist', 'lockstep.1'), manPage(pages, help, JSON.parse(read('package.json')).version));

// As packagers want them; `lockstep completion` prints the same.
mkdirSync(join(top, 'dist', 'completions'));
for (const [shell, file] of [
	['bash', 'lockstep.bash'],
	['zsh', '_lockstep'],
	['fish', 'lockstep.fish'],
])
	writeFileSync(join(top, 'dist', 'completions', file), completionScript(shell));

/** The folder of the package that a module is of, `node_modules/zod`; undefined of our own. */
const packageOf = (id) => /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id)?.[1];

/** What a package's licence says, in its own words where it brings them along. */
function notice(folder) {
	const { name, version, license, author } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
	const file = readdirSync(folder).find((each) => /^licen[cs]e(?:\.|-|$)/i.test(each));
	const who = typeof author === 'object' ? author.name : author;
	const text = file === undefined ? `${license}${who === undefined ? '' : `, ${who}`}` : readFileSync(join(folder, file), 'utf8').trim();
	return `${name} ${version} (${license})\n\n${text}\n`;
}

const modules = output.flatMap((each) => (each.type === 'chunk' ? each.moduleIds : []));
const merged = [...new Set(modules.map(packageOf).filter((folder) => folder !== undefined))].sort();
writeFileSync(
	join(top, 'dist', 'THIRD_PARTY_NOTICES.txt'),
	[
		'The files in this folder hold parts of these packages. Those in node_modules bring their licences along.\n',
		...merged.map(notice),
	].join(`\n${'-'.repeat(80)}\n\n`),
);
