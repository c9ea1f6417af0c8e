#!/usr/bin/env node
// What `npm run demo`, `npm test`, `npm run faults`, `npm run bench` and `npm run screenshots` start with: plain JavaScript without a dependency,
// because it installs them. Whatever installers say goes to stderr: stdout belongs to the program.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const top = dirname(dirname(fileURLToPath(import.meta.url)));
/** When a file was changed last; 0 where there is none. */
const changed = (path) => {
	try {
		return statSync(path).mtimeMs;
	} catch {
		return 0;
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
	// npm writes this one last, with what it installed.
	if (changed(join(top, 'node_modules', '.package-lock.json')) < changed(join(top, 'package-lock.json'))) {
		process.stderr.write('Installing what lockstep needs (npm ci) …\n');
		run('npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error'], { quiet: true });
	}
	const built = join(top, 'dist');
	const made = changed(join(built, 'cli.js')) > 0 ? newest(built) : 0;
	// Compiled by another compiler than the rest: whoever calls tsc by itself leaves it as it was.
	const encoder = changed(join(built, 'dump', 'parallel', 'encode.wasm'));
	if (made < newest(join(top, 'src')) || encoder < newest(join(top, 'src', 'dump', 'parallel', 'wasm'))) {
		rmSync(built, { recursive: true, force: true });
		run('npm', ['run', '--silent', 'build'], { quiet: true });
	}
}

install();
const [task, ...rest] = process.argv.slice(2);
if (task === 'lockstep') run('node', [join(top, 'bin', 'lockstep.js'), ...rest]);
else if (task === 'screenshots') run('node', [join(top, 'test', 'support', 'screenshots.ts'), ...rest]);
else if (task === 'bench') run('node', [join(top, 'test', 'bench', 'bench.ts'), ...rest]);
else if (task === 'faults') {
	const recorded = join(top, 'node_modules', '.cache', 'faults.jsonl');
	mkdirSync(dirname(recorded), { recursive: true });
	rmSync(recorded, { force: true });
	process.env.LOCKSTEP_FAULTS = recorded;
	// Every point on every kind of server, which in `npm test` share them.
	process.env.LOCKSTEP_FAULTS_ALL = '1';
	run('vitest', [
		'run',
		'--config',
		join(top, 'test', 'vitest.config.ts'),
		'test/faults',
		'test/integration/lock.test.ts',
		...rest.filter((each) => each !== '--write'),
	]);
	run('node', [join(top, 'test', 'support', 'fault-table.ts'), recorded, ...rest.filter((each) => each === '--write')]);
} else if (task === 'test:unit') run('vitest', ['run', '--config', join(top, 'test', 'vitest.config.ts'), 'test/unit', 'test/ui', ...rest]);
else {
	run('biome', ['check', '--error-on-warnings', '.'], { quiet: true });
	run('tsc', ['-p', 'test/tsconfig.json'], { quiet: true });
	const results = join(top, 'node_modules', '.cache', 'test-results.json');
	rmSync(results, { force: true });
	const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${results}`];
	process.on('exit', () => {
		if (changed(results) === 0) return;
		const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(readFileSync(results, 'utf8'));
		process.stdout.write(
			`${numPassedTests} passed, ${numFailedTests} failed${numPendingTests > 0 ? `, ${numPendingTests} skipped` : ''}\n`,
		);
	});
	run('vitest', ['run', '--config', join(top, 'test', 'vitest.config.ts'), ...reporters, ...rest]);
}
