import { clearInterruptedDrills } from '../app/interrupted-drills.ts';
import { describePair, downCommand, type SandboxFlags, sandboxChoice, sandboxFields } from '../app/sandbox.ts';
import { previewWords, sandboxLines, upWords } from '../render/sandbox.ts';
import { choice } from '../requests/option.ts';
import { SANDBOX_VERBS } from '../requests/other-commands.ts';
import { type Sandbox, sandboxDown, sandboxStatus, sandboxUp } from '../sandbox/sandbox.ts';
import type { CommandResult, Context } from './context.ts';

/** `lockstep sandbox`: a throwaway pair on this machine. */
export async function sandbox(context: Context, given: string, flags: SandboxFlags): Promise<CommandResult> {
	const { signal, stdout, stderr, flags: global } = context;
	const verb = choice(SANDBOX_VERBS).parse(given, 'sandbox');
	const meant = sandboxChoice(context, flags);
	const known = async () => {
		const pair = await sandboxStatus(meant);
		return pair === null ? null : describePair(pair);
	};
	if (!global.dryRun) await clearInterruptedDrills(context, (text) => void stderr.write(`${text}\n`));
	switch (verb) {
		case 'up': {
			if (global.dryRun) return preview(previewWords('up', await known()));
			const began = context.now().getTime();
			const say = (line: string) => void (global.quiet || (global.json ? stderr : stdout).write(`${line}\n`));
			const pair: Sandbox = await sandboxUp({ ...meant, signal, say });
			const ms = context.now().getTime() - began;
			return { end: null, extra: sandboxFields(pair), next: upWords(describePair(pair), ms, downCommand(pair, flags)) };
		}
		case 'status': {
			const pair = await known();
			if (pair === null) return { end: null, extra: { running: false }, next: ['No sandbox is up.', 'Next:  lockstep sandbox up'] };
			return { end: null, extra: { running: true, ...sandboxFields(pair) }, next: sandboxLines(pair) };
		}
		case 'down': {
			if (global.dryRun) return preview(previewWords('down', await known()));
			const was = await sandboxDown({ ...meant, signal });
			return { end: null, extra: { was_running: was }, next: [was ? 'The sandbox is stopped and removed.' : 'There was no sandbox.'] };
		}
	}
}

const preview = (next: readonly string[]): CommandResult => ({ end: null, extra: { dry_run: true }, next });
