import { agreedFlags, journey } from '../app/demo.ts';
import { downCommand, type SandboxFlags, sandboxChoice, sandboxFields } from '../app/sandbox.ts';
import { sayer } from '../headless/say.ts';
import { DEMO_PREVIEW, demoWords } from '../render/sandbox.ts';
import { sandboxUp } from '../sandbox/sandbox.ts';
import { urlOf } from '../sandbox/server.ts';
import type { CommandResult } from './command-result.ts';
import type { Context } from './context.ts';
import { runHeadless } from './run.ts';
import { openWizard } from './wizard.ts';

/** A throwaway pair, then the whole journey on it: the wizard in a terminal, line by line elsewhere. */
export async function demo(context: Context, flags: SandboxFlags): Promise<CommandResult> {
	const choice = sandboxChoice(context, flags);
	if (context.flags.dryRun) return { end: null, extra: { dry_run: true }, next: DEMO_PREVIEW };
	const say = sayer(context);
	const pair = await sandboxUp({ ...choice, signal: context.signal, say });
	const [primary, replica] = [urlOf(pair.primary), urlOf(pair.replica)];
	const next = demoWords(replica, downCommand(pair, flags));
	if (context.mode === 'wizard') return { ...(await openWizard(context, { screen: 'demo' }, pair)), next };
	const { provision, backup } = journey(pair);
	const extra = sandboxFields(pair);
	const willing: Context = { ...context, mode: 'headless', flags: { ...context.flags, ...agreedFlags(pair) } };
	say(`Provisioning ${replica} as a replica of ${primary}`);
	const first = await runHeadless(willing, provision, {});
	if (first.end?.outcome !== 'done') return { ...first, extra };
	say(`Backing up ${replica}`);
	const second = await runHeadless(willing, backup, {});
	return { ...second, extra: { ...extra, provision: first.end.summary }, next };
}
