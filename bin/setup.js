#!/usr/bin/env node
// What `npm run demo`, `npm test` and `npm run screenshots` start with: plain JavaScript without a dependency,
// because it installs them. Whatever installers say goes to stderr: stdout belongs to the program.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const top = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(top, 'node_modules', '.lockstep-installed');
const read = (path) => {
	try {
		return readFileSync(path, 'utf8');
	} catch {
		return undefined;
	}
};

/** Runs a command in the project's folder with its own Node and tools first; ends this process where it fails. */
function run(command, args, { quiet = false } = {}) {
	const path = [join(top, 'node_modules', '.bin'), process.env.PATH].join(':');
	const { status, signal, error } = spawnSync(command, args, {
		cwd: quiet ? top : process.cwd(),
		stdio: ['inherit', quiet ? 2 : 'inherit', 'inherit'],
		env: { ...process.env, PATH: path },
	});
	if (error) process.stderr.write(`${command}: ${error.message}\n`);
	if (status !== 0) process.exit(status ?? (signal ? 143 : 1));
}

function newest(folder) {
	return Math.max(
		0,
		...readdirSync(folder, { recursive: true, withFileTypes: true })
			.filter((entry) => entry.isFile())
			.map((entry) => statSync(join(entry.parentPath ?? entry.path, entry.name)).mtimeMs),
	);
}

function install() {
	const wanted = read(join(top, 'package-lock.json'));
	if (read(stamp) !== wanted) {
		process.stderr.write('Installing what lockstep needs (npm ci) …\n');
		run('npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error'], { quiet: true });
		writeFileSync(stamp, wanted);
	}
	const built = join(top, 'dist');
	const made = read(join(built, 'cli.js')) ? newest(built) : 0;
	if (made < newest(join(top, 'src'))) {
		rmSync(built, { recursive: true, force: true });
		run('npm', ['run', '--silent', 'build'], { quiet: true });
	}
}

install();
const [task, ...rest] = process.argv.slice(2);
if (task === 'lockstep') run('node', [join(top, 'bin', 'lockstep.js'), ...rest]);
else if (task === 'screenshots') run('node', [join(top, 'test', 'support', 'screenshots.ts'), ...rest]);
else {
	run('biome', ['check', '--error-on-warnings', '.'], { quiet: true });
	run('tsc', ['-p', 'test/tsconfig.json'], { quiet: true });
	run('vitest', ['run', '--config', join(top, 'test', 'vitest.config.ts'), ...rest]);
}
