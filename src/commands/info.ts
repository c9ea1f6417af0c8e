import { gatherInfo } from '../app/info.ts';
import { infoLines } from '../render/info.ts';
import type { CommandResult } from './command-result.ts';
import type { Context } from './context.ts';
import { printDocument } from './document.ts';

/** `lockstep info`: what a bug report needs, without a secret. */
export async function info(context: Context): Promise<CommandResult> {
	const { stdout, mode, color, ascii } = context;
	const terminal = { mode, columns: stdout.columns ?? null, rows: stdout.rows ?? null, color, ascii };
	const page = { ...(await gatherInfo(context, process.argv[1] ?? '')), terminal };
	return printDocument(context, 'info', page, () => infoLines(page).join('\n'));
}
