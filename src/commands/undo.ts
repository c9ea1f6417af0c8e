import { createInterface } from 'node:readline/promises';
import { runsFolder } from '../app/built-run.ts';
import { findingsOf } from '../app/findings.ts';
import { isRunning, undoInBackground } from '../app/run-in-background.ts';
import { type ConnectionOptionsByRole, withPasswords } from '../app/servers.ts';
import { consentCheck } from '../core/consent.ts';
import { lostWords } from '../core/deeds.ts';
import { CheckFailed, ConnectError, LeftChanged, UserError } from '../core/errors.ts';
import type { Finding } from '../core/finding.ts';
import type { Json } from '../core/json.ts';
import type { Consent } from '../core/model.ts';
import { newest, type RunRecord } from '../core/run-record.ts';
import { runWords } from '../render/background.ts';
import { findingLines } from '../render/findings.ts';
import { paint } from '../render/page.ts';
import type { RunRequest } from '../requests/index.ts';
import { askingInTerminal, type CommandResult, type Context } from './context.ts';
import { mayGoOn } from './recover.ts';
import { watchHeadless } from './run.ts';

/** Where they came to their end there is nothing of theirs on a server to be undone. */
const LEAVE_NOTHING: ReadonlySet<string> = new Set(['locked-dump', 'drill']);

/** The run that is meant: the one that is named, else the newest that set something up or restored, or was cut off before it put things back. */
function pastToUndo(context: Context, name: string | undefined): RunRecord {
	// One that was refused has changed nothing and hides none; one that was taken back must not make an older one the next.
	const wanted = (each: RunRecord) => {
		if (name !== undefined) return each.run === name;
		const changed = each.touched.length > 0;
		return LEAVE_NOTHING.has(each.runbook) ? changed && each.open : changed || each.end?.outcome === 'undone';
	};
	const past = newest(runsFolder(context), wanted);
	if (past === undefined) {
		throw new UserError({
			message: name === undefined ? 'There is no run to undo.' : `There is no run ${name}.`,
			hints: [`Runs are kept in ${runsFolder(context)}`],
		});
	}
	if (past.touched.length === 0) throw new UserError({ message: `The run ${past.run} changed nothing, or was undone already.` });
	return past;
}

/** Undoes a run by its journal: what the run made, by name, and nothing else. The statements are shown first. */
export async function undo(context: Context, name: string | undefined): Promise<CommandResult> {
	const { flags, mode, stdout, color, ascii, width } = context;
	const past = pastToUndo(context, name);
	if (mode === 'headless' && !flags.yes && !flags.dryRun) {
		throw new UserError({
			message: `This undoes the run ${past.run} of ${past.started}: ${past.touched.join(', ')}.`,
			hints: [`To see the statements:  lockstep undo ${past.run} --dry-run`, `To run them:  lockstep undo ${past.run} --yes`],
		});
	}
	const busy = await isRunning(past);
	const wishes = busy ? {} : await withPasswords(askingInTerminal(context), past.request as RunRequest, {});
	const findings = busy ? [] : await lookFirst(context, past, wishes);
	const lost = lostWords(past.deeds.lost, past.servers);
	const shown = [
		`${flags.dryRun ? 'Would undo' : 'Undoes'} run ${past.run}, begun ${past.started}: ${runWords(past.title, past.servers)}`,
		paint(findingLines(findings, { width, ascii, servers: past.servers }), color),
		...lost.map((text) => `Cannot be restored: ${text}`),
	];
	if (flags.dryRun) return { end: null, extra: { dry_run: true, run: past.run, findings: findings as unknown as Json, lost }, next: shown };
	if (!busy && !(flags.json || flags.quiet)) stdout.write(`${shown.join('\n')}\n`);
	const consents = findings.flatMap((finding) => finding.consents ?? []);
	const typed = [...(flags.confirm ?? []), ...(await askForNames(context, consents))];
	const untyped = consents.filter((consent) => !typed.includes(consent.name));
	if (untyped.length > 0) throw new CheckFailed(untyped.map(consentCheck), 'Confirmation required: nothing was undone.');
	if (!(await mayGoOn(context, 'Undo this? [y/N] '))) throw new UserError({ message: 'Nothing was undone.' });
	const ending = await watchHeadless({ ...context, flags: { ...flags, yes: true } }, (watcher) =>
		undoInBackground(context, { past, wishes, work: 'undo' }, { ...watcher, typed }),
	);
	return { ...ending, extra: { ...ending.extra, lost } };
}

/** What would be done, as its servers are now. Throws LeftChanged where one of them cannot be reached: what the run changed is still there. */
async function lookFirst(context: Context, past: RunRecord, wishes: ConnectionOptionsByRole): Promise<readonly Finding[]> {
	try {
		return await findingsOf(context, past, wishes, 'all');
	} catch (error) {
		if (!(error instanceof ConnectError)) throw error;
		throw stillThere(past, error);
	}
}

/** Nothing of a run could be undone, because one of its servers cannot be reached. */
export const stillThere = (past: RunRecord, error: ConnectError): LeftChanged =>
	new LeftChanged(
		{
			message: `Nothing was undone. What the run ${past.run} changed is still there.`,
			reason: error.description.message,
			hints: [...(error.description.hints ?? []), `When the server can be reached:  lockstep undo ${past.run} --yes`],
			...(error.description.details === undefined ? {} : { details: error.description.details }),
		},
		{ cause: error },
	);

/** Each name that must be typed, asked for in a terminal. */
async function askForNames({ mode, flags, stdin, stdout, signal }: Context, consents: readonly Consent[]): Promise<readonly string[]> {
	if (mode === 'headless') return [];
	const names = [...new Set(consents.map(({ name }) => name))].filter((each) => !flags.confirm?.includes(each));
	const typed: string[] = [];
	for (const name of names) {
		const reader = createInterface({ input: stdin, output: stdout });
		try {
			typed.push((await reader.question(`To undo all the same, type ${name}: `, { signal })).trim());
		} finally {
			reader.close();
		}
	}
	return typed;
}
