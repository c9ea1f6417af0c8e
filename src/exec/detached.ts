import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { cannotStart } from './tool.ts';

/**
 * Starts a program in a session of its own, that outlives this process and its terminal.
 * Its output is appended to `log` (created 0600). `input` is all that it reads on stdin. Gives its pid.
 * @throws {ToolError} where it cannot be started.
 */
export function startDetached(call: {
	readonly program: string;
	readonly argv: readonly string[];
	readonly log: string;
	readonly cwd: string;
	/** All of its environment: nothing of ours goes along. */
	readonly env: Readonly<Record<string, string>>;
	readonly input?: string;
}): number {
	const log = openSync(call.log, 'a', 0o600);
	try {
		const child = spawn(call.program, [...call.argv], {
			stdio: [call.input === undefined ? 'ignore' : 'pipe', log, log],
			detached: true,
			cwd: call.cwd,
			env: call.env,
		});
		child.on('error', () => undefined);
		if (child.pid === undefined) throw cannotStart(call.program);
		// One that died at once is found out by who waits for it.
		child.stdin?.on('error', () => undefined);
		child.stdin?.end(call.input);
		child.unref();
		return child.pid;
	} finally {
		closeSync(log);
	}
}
