import { examine } from '../app/doctor.ts';
import { isIll } from '../core/doctor-report.ts';
import { CheckFailed, UserError } from '../core/errors.ts';
import { FORMAT } from '../core/events.ts';
import { jsonLine } from '../core/json.ts';
import { languageFrom } from '../core/languages.ts';
import { renderDoctor } from '../render/doctor.ts';
import { type GivenOptions, readOptions, readServers } from '../requests/command.ts';
import { DOCTOR } from '../requests/other-commands.ts';
import type { CommandResult } from './command-result.ts';
import type { Context } from './context.ts';

/** `lockstep doctor`: what is wrong with a server, judged by the catalogue. */
export async function doctor(context: Context, given: GivenOptions): Promise<CommandResult> {
	const { stdout, color, ascii, width, env, flags } = context;
	const { named, reach, missing } = readServers(DOCTOR, given, env.LOCKSTEP_PROFILE);
	if (missing === 'server') throw new UserError({ message: '--server is missing.', hints: ['lockstep doctor --server SERVER'] });
	const { backups, lang } = readOptions(DOCTOR, given);
	const language = languageFrom(env, lang);
	const primary = missing === 'primary' ? undefined : { server: named.primary, ...reach?.primary };
	const report = await examine(context, { server: { server: named.server, ...reach?.server }, primary, backups, language });
	const only = flags.quiet ? 'wrong' : 'all';
	stdout.write(
		flags.json ? jsonLine({ v: FORMAT, type: 'doctor', ...report }) : `${renderDoctor(report, { color, ascii, width, language, only })}\n`,
	);
	return { end: null, document: true, ...(isIll(report) && { exitCode: CheckFailed.exitCode }) };
}
