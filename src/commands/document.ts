import { FORMAT } from '../core/events.ts';
import { jsonLine } from '../core/json.ts';
import type { CommandResult } from './command-result.ts';
import type { Context } from './context.ts';

/** Prints one document, as JSON or as text, after which nothing follows. */
export function printDocument({ flags, stdout }: Context, type: string, fields: object, text: () => string): CommandResult {
	stdout.write(flags.json ? jsonLine({ v: FORMAT, type, ...fields }) : `${text()}\n`);
	return { end: null, document: true };
}
