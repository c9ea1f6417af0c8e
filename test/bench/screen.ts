// What it costs to watch a backup in a terminal: the processor share of the process that draws, while the other one works.
import { existsSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { SandboxServer } from '../../src/sandbox/sandbox.ts';
import { openTerminal } from '../support/terminal.ts';
import { DATABASE } from './dataset.ts';
import { processorMs } from './measure.ts';

const PROGRAM = fileURLToPath(new URL('../../bin/lockstep.js', import.meta.url));

export interface ScreenCost {
	/** Processor time over wall time of the watching process: 0.03 is 3 %. */
	readonly share: number;
	readonly wallMs: number;
}

/** From the moment when the backup's folder is there until it has its final name. `how` are flags of `lockstep backup`. */
export async function screenCost(
	server: SandboxServer,
	folder: string,
	how: readonly string[],
	options: { readonly env: NodeJS.ProcessEnv; readonly signal: AbortSignal },
): Promise<ScreenCost> {
	await mkdir(folder);
	const args = ['backup', '--no-defaults', '--socket', server.socket, '--user', 'root', '--ssl-mode', 'DISABLED', '--databases', DATABASE];
	await using terminal = openTerminal({
		command: process.execPath,
		args: [PROGRAM, ...args, '--to', folder, '--yes', '--confirm', `localhost:${server.port}`, ...how],
		env: options.env,
		cwd: folder,
	});
	let gone = false;
	void terminal.exited.then(() => {
		gone = true;
	});
	const names = () => readdir(folder).catch(() => []);
	const until = async (is: () => Promise<boolean>) => {
		while (!(await is())) {
			options.signal.throwIfAborted();
			if (gone) throw new Error(`it ended:\n${terminal.screen().join('\n')}`);
			await pause(20);
		}
	};
	await until(async () => (await names()).some((name) => name.endsWith('.partial')));
	const began = { at: performance.now(), ms: processorMs(terminal.pid) ?? 0 };
	await until(async () => existsSync(join(folder, 'latest')));
	const wallMs = performance.now() - began.at;
	const share = ((processorMs(terminal.pid) ?? Number.NaN) - began.ms) / wallMs;
	return { share, wallMs };
}
