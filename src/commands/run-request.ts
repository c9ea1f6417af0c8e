import type { RunRequest } from '../core/desk.ts';
import type { Context, Ending } from './context.ts';
import { runHeadless } from './run.ts';
import { openWizard } from './wizard.ts';

/** Does what a command line asks for: in the wizard on a terminal, line by line elsewhere. The request is the same in both. */
export function runRequest(context: Context, request: RunRequest): Promise<Ending> {
	// The wizard lists servers by their names: one that only the clients' options say is shown line by line.
	const isNamed = request.kind === 'provision' || request.server !== '';
	if (context.mode === 'wizard' && isNamed) return openWizard(context, { screen: 'review', request });
	return runHeadless(context, request, {});
}
