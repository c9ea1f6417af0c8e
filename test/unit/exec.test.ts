import { once } from 'node:events';
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as after } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Stopped, ToolError } from '../../src/core/errors.ts';
import { findTool, versionIn } from '../../src/exec/find-tool.ts';
import { lineReader } from '../../src/exec/lines.ts';
import { runTool, SECRET_FILE_ARGUMENT, startTool } from '../../src/exec/tool.ts';

const node = process.execPath;
const script = (code: string) => ({ program: node, argv: ['-e', code] });
let folder: string;

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'lockstep-exec-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function program(name: string, lines: string, mode = 0o755): Promise<string> {
	const path = join(folder, name);
	await writeFile(path, `#!/bin/sh\n${lines}\n`);
	await chmod(path, mode);
	return path;
}

describe('runTool', () => {
	it('gives the output as text and feeds the input', async () => {
		const { stdout, end } = await runTool({ program: 'cat', argv: [] }, { input: 'žluťoučký 🐎\n'.repeat(50_000) });
		expect(stdout).toBe('žluťoučký 🐎\n'.repeat(50_000));
		expect(end).toMatchObject({ code: 0, signal: null, lastWords: [] });
	});

	it('throws with the first and the last words of a tool that fails', async () => {
		const failing = runTool(script('for (let i = 1; i <= 30; i++) console.error("line " + i); process.exitCode = 3'));
		const error = await failing.catch((caught: unknown) => caught);
		expect(error).toBeInstanceOf(ToolError);
		const { description: told } = error as ToolError;
		expect(told.message).toContain('exit code 3');
		expect(told.details?.split('\n')).toEqual([
			...Array.from({ length: 4 }, (_, index) => `line ${index + 1}`),
			'(10 lines left out)',
			...Array.from({ length: 16 }, (_, index) => `line ${index + 15}`),
		]);
	});

	it('says that a program is missing, or may not be executed', async () => {
		await expect(runTool({ program: 'no-such-program-here', argv: [] })).rejects.toMatchObject({
			name: 'ToolError',
			description: { reason: 'It is not on the PATH.' },
		});
		const path = await program('not-executable', 'exit 0', 0o644);
		await expect(runTool({ program: path, argv: [] })).rejects.toMatchObject({ description: { reason: 'The file may not be executed.' } });
		await expect(runTool({ program: `${path}-not`, argv: [] })).rejects.toMatchObject({
			description: { reason: 'There is no such file.' },
		});
	});

	it('ends a tool whose time is over, and says so', async () => {
		await expect(runTool(script('setInterval(() => {}, 1000)'), { timeoutMs: 300 })).rejects.toMatchObject({
			name: 'ToolError',
			description: { message: expect.stringContaining('SIGTERM'), reason: 'It had not ended after 0.3 s.' },
		});
	});

	it('is stopped by the reason of the abort where that is one of ours', async () => {
		const reason = new Stopped('Stopped by SIGINT.', 'SIGINT');
		await expect(runTool(script('setInterval(() => {}, 1000)'), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
		await expect(runTool(script('setInterval(() => {}, 1000)'), { signal: AbortSignal.timeout(100) })).rejects.toBeInstanceOf(Stopped);
	});
});

describe('startTool', () => {
	it('keeps output for a late reader, and lets the tool wait until it is read', async () => {
		const size = 8_000_000;
		const tool = startTool(script(`process.stdout.write(Buffer.alloc(${size}, 7), () => console.error('written'))`), {});
		let ended = false;
		void tool.ended.then(() => {
			ended = true;
		});
		await after(300);
		expect(ended).toBe(false);
		let read = 0;
		for await (const chunk of tool.stdout) read += (chunk as Buffer).length;
		expect(read).toBe(size);
		expect(await tool.ended).toMatchObject({ code: 0, lastWords: ['written'] });
	});

	it('gives stderr line by line while the tool runs', async () => {
		const lines: string[] = [];
		const tool = startTool(
			{ program: 'sh', argv: ['-c', 'echo one >&2; read line; printf "two\\r\\nthr" >&2; printf "ee" >&2'] },
			{
				stdin: 'pipe',
				onStderrLine: (line) => {
					lines.push(line);
					if (line === 'one') tool.stdin.end('go\n');
				},
			},
		);
		await tool.ended;
		expect(lines).toEqual(['one', 'two', 'three']);
	});

	it('kills a tool that ignores SIGTERM, after asking it', async () => {
		const stop = new AbortController();
		const tool = startTool(script(`process.on('SIGTERM', () => console.log('asked')); setInterval(() => {}, 1000); console.log('ready')`), {
			signal: stop.signal,
		});
		let output = '';
		tool.stdout.on('data', (chunk) => {
			output += chunk;
			if (output === 'ready\n') stop.abort();
		});
		const closed = once(tool.stdout, 'close');
		expect(await tool.ended).toMatchObject({ code: null, signal: 'SIGKILL' });
		await closed;
		expect(output).toBe('ready\nasked\n');
	});

	it('outlives writing to a tool that is gone', async () => {
		const tool = startTool({ program: 'true', argv: [] }, { stdin: 'pipe' });
		await tool.ended;
		await new Promise((resolve) => tool.stdin.write('x'.repeat(1_000_000), resolve));
		expect(await tool.ended).toMatchObject({ code: 0 });
	});

	it('does not wait for a grandchild that holds its stderr', async () => {
		const { ended } = startTool({ program: 'sh', argv: ['-c', 'sleep 600 & echo $! >&2'] }, {});
		const end = await ended;
		// It still runs: otherwise this throws.
		process.kill(Number(end.lastWords[0]));
	});
});

describe('a secret', () => {
	it('reaches the tool by fd 3 of a file that has no name and that no other account may read', async () => {
		const before = await readdir(tmpdir());
		const secretFile = '[client]\npassword="canary-žß-7193"\n';
		const reads = `const fs = require('node:fs'); const at = fs.fstatSync(3);
			console.log(fs.readFileSync('/dev/fd/3', 'utf8')); console.error(at.nlink, (at.mode & 0o777).toString(8), at.isFile())`;
		const path = await program('tool', `${node} -e "$SCRIPT" -- "$@"; tr '\\0' ' ' < /proc/$$/cmdline >&2`);
		const tool = startTool({ program: path, argv: ['--quick'], secretFile, env: { SCRIPT: reads } }, {});
		expect(await text(tool.stdout)).toBe(`${secretFile}\n`);
		const { lastWords } = await tool.ended;
		expect(lastWords[0]).toBe('0 600 true');
		expect(lastWords[1]).toContain(`${SECRET_FILE_ARGUMENT} --quick`);
		expect(lastWords[1]).not.toContain('canary');
		const left = (await readdir(tmpdir())).filter((name) => name.startsWith(`.lockstep-${process.pid}-`) && !before.includes(name));
		expect(left).toEqual([]);
	});
});

describe('findTool', () => {
	it('takes the PATH before the folders, and passes over what does not run', async () => {
		const first = await mkdtemp(join(folder, 'first-'));
		await writeFile(join(first, 'mytool'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
		const path = await program('mytool', 'echo "mytool  Ver 10.19 Distrib 10.11.18-MariaDB, for debian-linux-gnu (x86_64)"');
		const env = { PATH: `${first}:relative:/usr/bin` };
		expect(await findTool(['othertool', 'mytool'], { env })).toBeUndefined();
		expect(await findTool(['othertool', 'mytool'], { folders: [folder], env })).toMatchObject({ path, version: '10.11.18-MariaDB' });
	});

	it.each([
		['mariadb-dump  Ver 10.19 Distrib 10.11.18-MariaDB, for debian-linux-gnu (x86_64)', '10.11.18-MariaDB'],
		['mariadb-dump from 11.8.6-MariaDB, client 10.19 for debian-linux-gnu (x86_64)', '11.8.6-MariaDB'],
		['mysqldump  Ver 9.7.4 for Linux on x86_64 (Source distribution)', '9.7.4'],
		['/usr/sbin/mariadbd  Ver 10.11.18-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64 (Debian 12)', '10.11.18-MariaDB-0+deb12u1'],
		['*** Zstandard CLI (64-bit) v1.5.4, by Yann Collet ***', '1.5.4'],
	])('reads the version in %s', (banner, version) => {
		expect(versionIn(banner)).toBe(version);
	});
});

it('cuts lines at any border of chunks', () => {
	const whole = Buffer.from('a\nžluť\r\n\n🐎 10%\r🐎 20%\nend');
	for (let at = 0; at <= whole.length; at++) {
		const lines: string[] = [];
		const reader = lineReader((line) => lines.push(line));
		reader.push(whole.subarray(0, at));
		reader.push(whole.subarray(at));
		reader.flush();
		expect(lines).toEqual(['a', 'žluť', '🐎 10%', '🐎 20%', 'end']);
	}
});
