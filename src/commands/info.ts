import { gatherInfo } from '../app/info.ts';
import { FORMAT } from '../core/events.ts';
import { jsonLine } from '../core/json.ts';
import { infoLines } from '../render/info.ts';
import type { CommandResult, Context } from './context.ts';

/** `lockstep info`: what a bug report needs, without a secret. */
export async function info(context: Context): Promise<CommandResult> {
	const { stdout, flags, mode, color, ascii } = context;
	const terminal = { mode, columns: stdout.columns ?? null, rows: stdout.rows ?? null, color, ascii };
	const page = { ...(await gatherInfo(context, process.argv[1] ?? '')), terminal };
	stdout.write(flags.json ? jsonLine({ v: FORMAT, type: 'info', ...page }) : `${infoLines(page).join('\n')}\n`);
	return { end: null, document: true };
}
