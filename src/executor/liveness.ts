import { processUse } from '../exec/process.ts';
import type { RunningTool } from '../exec/tool.ts';

/** So long a tool may compute, or stand stopped, without a byte of output. */
export const SILENT_MS = 30_000;
/** Of that time it must have computed so much: one that waits for a server, or for whoever reads its output, computes nothing. */
const COMPUTED_SHARE = 0.1;

/** For tests only: `LOCKSTEP_TEST_SILENT_SECONDS` is how long a tool may be silent. */
export const silentMs = (env: NodeJS.ProcessEnv): number =>
	env.LOCKSTEP_TEST_SILENT_SECONDS === undefined ? SILENT_MS : Number(env.LOCKSTEP_TEST_SILENT_SECONDS) * 1000;

/**
 * Finds a tool that hangs: no byte has passed for `silentMs`, in which it computed, or it is stopped by a signal. `onHung` is called once.
 * Gives what ends the watch.
 */
export function watchLiveness<Tool extends RunningTool>(o: {
	readonly silentMs: number;
	/** How many bytes have passed. */
	readonly bytes: () => number;
	/** Those that run now. */
	readonly tools: () => readonly Tool[];
	readonly onHung: (tool: Tool) => void;
}): () => void {
	let bytes = -1;
	let since = 0;
	let before = new Map<number, number>();
	let busy = false;
	const usesOf = async () =>
		(
			await Promise.all(
				o.tools().map(async (tool) => ({ tool, pid: tool.pid ?? 0, use: tool.pid === undefined ? undefined : await processUse(tool.pid) })),
			)
		).flatMap(({ tool, pid, use }) => (use === undefined ? [] : [{ tool, pid, use }]));
	const check = async () => {
		const passed = o.bytes();
		const uses = await usesOf();
		// A tool that has just begun is measured from now on.
		if (passed !== bytes || uses.some(({ pid }) => !before.has(pid))) {
			bytes = passed;
			since = performance.now();
			before = new Map(uses.map(({ pid, use }) => [pid, use.cpuMs]));
			return;
		}
		if (performance.now() - since < o.silentMs) return;
		const hung = uses.find(({ pid, use }) => use.isStopped || use.cpuMs - (before.get(pid) ?? 0) >= o.silentMs * COMPUTED_SHARE);
		if (hung === undefined) return;
		stop();
		o.onHung(hung.tool);
	};
	const timer = setInterval(
		() => {
			if (busy) return;
			busy = true;
			void check()
				.catch(() => {})
				.finally(() => {
					busy = false;
				});
		},
		Math.min(1_000, o.silentMs / 4),
	);
	const stop = () => clearInterval(timer);
	return stop;
}
