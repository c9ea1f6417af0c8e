import { ToolError } from '../core/errors.ts';
import { refusalIn } from '../exec/last-words.ts';
import { type ToolEnd, toolFailed } from '../exec/tool.ts';
import { meaning } from '../server/error-words.ts';

/** How a pipe came to its end. */
export type PipeEnd = {
	/** Why it flowed no more; null where all of it came through. */
	readonly flowed: unknown;
	readonly from: ProgramEnd;
	readonly loader: ProgramEnd | null;
};
type ProgramEnd = { readonly program: string; readonly end: ToolEnd };

/** Throws what a pipe failed of, where it did. `landed` rejects where its file could not be written. */
export async function throwFirstCause({ flowed, from, loader }: PipeEnd, landed: Promise<unknown> | null): Promise<void> {
	const loaderFailed = loader !== null && loader.end.code !== 0;
	if (loaderFailed && loader.end.lastWords.length > 0) throw refusedTool(loader.program, loader.end);
	if (landed !== null && flowed !== null) await landed;
	if (from.end.code !== 0) throw refusedTool(from.program, from.end);
	// What came stopped coming: the tool was ended for that, which is not the cause.
	if (flowed !== null && !isBrokenPipe(flowed)) throw flowed;
	if (loaderFailed) throw refusedTool(loader.program, loader.end);
	if (flowed !== null) throw flowed;
}

/** The error of a tool that ended well before the end of what it wrote. */
export const cutOff = (program: string): ToolError =>
	new ToolError({
		message: `${program} ended well but its output is cut off: the footer is missing.`,
		hints: ['What was written is not a backup. Try again.'],
	});

/** The error of a vendor's tool: what the server's refusal means, where it names one. */
export function refusedTool(program: string, end: ToolEnd): ToolError {
	const failed = toolFailed(program, end);
	const refusal = refusalIn(end.lastWords);
	if (refusal === null) return failed;
	const { message: what, hints } = meaning(refusal.code, refusal.text, false);
	return new ToolError({ ...failed.description, reason: what, ...(hints === undefined ? {} : { hints }) });
}

/** Whether who was to take what flowed had closed its end. */
export const isBrokenPipe = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'EPIPE';
