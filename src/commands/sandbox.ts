import { clearInterruptedDrills } from '../app/interrupted-drills.ts';
import { describeKnown, describePair, downCommand, type SandboxFlags, sandboxChoice, sandboxFields } from '../app/sandbox.ts';
import { sayer } from '../headless/say.ts';
import { downWords, previewWords, statusWords, upWords } from '../render/sandbox.ts';
import { choice } from '../requests/option.ts';
import { SANDBOX_VERBS } from '../requests/other-commands.ts';
import { sandboxDown, sandboxStatus, sandboxUp } from '../sandbox/sandbox.ts';
import type { CommandResult } from './command-result.ts';
import type { Context } from './context.ts';

/** `lockstep sandbox`: a throwaway pair on this machine. */
export async function sandbox(context: Context, given: string, flags: SandboxFlags): Promise<CommandResult> {
	const { signal, stderr, flags: global } = context;
	const verb = choice(SANDBOX_VERBS).parse(given, 'sandbox');
	const meant = sandboxChoice(context, flags);
	const known = async () => describeKnown(await sandboxStatus(meant));
	if (!global.dryRun) await clearInterruptedDrills(context, (text) => void stderr.write(`${text}\n`));
	switch (verb) {
		case 'up': {
			if (global.dryRun) return preview(previewWords('up', await known()));
			const began = context.now().getTime();
			const pair = await sandboxUp({ ...meant, signal, say: sayer(context) });
			const ms = context.now().getTime() - began;
			return { end: null, extra: sandboxFields(pair), next: upWords(describePair(pair), ms, downCommand(pair, flags)) };
		}
		case 'status': {
			const pair = await known();
			return { end: null, extra: { running: pair !== null, ...(pair && sandboxFields(pair)) }, next: statusWords(pair) };
		}
		case 'down': {
			if (global.dryRun) return preview(previewWords('down', await known()));
			const was = await sandboxDown({ ...meant, signal });
			return { end: null, extra: { was_running: was }, next: [downWords(was)] };
		}
	}
}

const preview = (next: readonly string[]): CommandResult => ({ end: null, extra: { dry_run: true }, next });
