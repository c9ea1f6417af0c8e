import { gatherInfo } from '../app/info.ts';
import { serverInfo } from '../app/server-info.ts';
import { infoLines } from '../render/info.ts';
import { type GivenOptions, readServers } from '../requests/command.ts';
import { INFO } from '../requests/other-commands.ts';
import type { CommandResult } from './command-result.ts';
import type { Context } from './context.ts';
import { printDocument } from './document.ts';
import { askingInTerminal } from './password-prompt.ts';

/** `lockstep info`: what a bug report needs, without a secret. No server is asked but the one that is named. */
export async function info(context: Context, given: GivenOptions): Promise<CommandResult> {
	const { stdout, mode, color, ascii } = context;
	const { named, reach, missing } = readServers(INFO, given, undefined);
	const connection = { server: named.server, ...reach?.server };
	const server = missing === undefined ? { server: await serverInfo(askingInTerminal(context), connection) } : {};
	const terminal = { mode, columns: stdout.columns ?? null, rows: stdout.rows ?? null, color, ascii };
	const page = { ...(await gatherInfo(context, process.argv[1] ?? '')), terminal, ...server };
	return printDocument(context, 'info', page, () => infoLines(page).join('\n'));
}
