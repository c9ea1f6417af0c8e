import { setTimeout as pause } from 'node:timers/promises';
import { UserError } from '../core/errors.ts';
import { renderStatus } from '../telling/status.ts';
import type { Context, Ending } from './context.ts';
import { type ClientFlags, clientFlags, namedServer, reachOf } from './options.ts';
import { statusOf } from './status-report.ts';
import { openWizard } from './wizard.ts';

export interface StatusFlags extends ClientFlags {
	readonly server?: string;
	readonly watch?: boolean;
}

const EVERY_MS = 2_000;

export async function status(context: Context, flags: StatusFlags): Promise<Ending> {
	const client = clientFlags(flags as Readonly<Record<string, unknown>>);
	const { stdout, color, ascii, width, signal } = context;
	const server = namedServer(flags, client, context.env);
	if (server === undefined && Object.keys(client).length === 0) {
		if (context.mode === 'wizard') return openWizard(context, { screen: 'status' });
		throw new UserError({ what: '--server is missing.', mend: ['lockstep status --server SERVER'] });
	}
	const wish = { server, ...reachOf(client) };
	for (;;) {
		const report = await statusOf(context, wish);
		stdout.write(
			context.flags.json
				? `${JSON.stringify({ v: 1, type: 'status', ...report })}\n`
				: `${renderStatus(report, { color, ascii, width })}\n`,
		);
		if (!flags.watch) return { end: null, document: true };
		await pause(EVERY_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
	}
}
