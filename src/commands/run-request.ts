import type { RunRequest } from '../requests/index.ts';
import type { CommandResult } from './command-result.ts';
import type { Context } from './context.ts';
import { runHeadless } from './run.ts';
import { openWizard } from './wizard.ts';

/** Does what a command line asks for: in the wizard on a terminal, line by line elsewhere. The request is the same in both. */
export function runRequest(context: Context, request: RunRequest): Promise<CommandResult> {
	if (context.mode === 'wizard') return openWizard(context, { screen: 'review', request });
	return runHeadless(context, request, {});
}
