// Makes dist/ of src/: one file for each program and thread, and chunks that they share. A run starts several of them, and
// looking for 500 modules took most of their time.
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const top = dirname(dirname(fileURLToPath(import.meta.url)));

/** What is started by its name: see `ownProgram` in src/core/program-files.ts. */
const ENTRIES = [
	'cli',
	'engine/main',
	'sandbox/writer',
	'archive/read-thread',
	'dump/parallel/reader-worker',
	'server/lease-worker',
	'world/loader-thread',
];
/** Loaded where they are needed only, or by `require`. */
const EXTERNAL = [/^(?:ink|ink-select-input|react|conf|execa|@peculiar\/x509|reflect-metadata|get-port)(?:\/|$)/];

rmSync(join(top, 'dist'), { recursive: true, force: true });
const build = await rolldown({
	cwd: top,
	input: Object.fromEntries(ENTRIES.map((name) => [name, `src/${name}.ts`])),
	platform: 'node',
	external: EXTERNAL,
	transform: { target: 'es2024', jsx: { runtime: 'automatic' } },
	logLevel: 'warn',
});
await build.write({
	dir: 'dist',
	format: 'esm',
	sourcemap: true,
	entryFileNames: '[name].js',
	chunkFileNames: 'chunks/[name]-[hash].js',
	codeSplitting: { groups: [{ name: 'program-files', test: /src\/core\/program-files\.ts$/ }] },
});
await build.close();
