import { closeSync, openSync } from 'node:fs';
import { execa } from 'execa';
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
		const { nodeChildProcess: child } = execa(call.program, [...call.argv], {
			stdio: [call.input === undefined ? 'ignore' : 'pipe', log as 3, log as 3],
			detached: true,
			cleanup: false,
			buffer: false,
			reject: false,
			cwd: call.cwd,
			env: call.env,
			extendEnv: false,
		});
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
