import { createInterface } from 'node:readline/promises';
import { findingsOf } from '../app/findings.ts';
import { undoInBackground } from '../app/run-in-background.ts';
import { pastRun } from '../app/run-in-process.ts';
import { type FoundRun, newerRuns, runsOf } from '../app/runs.ts';
import { type ConnectionOptionsByRole, withPasswords } from '../app/servers.ts';
import { LeftChanged, UserError } from '../core/errors.ts';
import { failureOf } from '../core/failure.ts';
import type { Json } from '../core/json.ts';
import { newerLockstep, type RunRecord } from '../core/run-record.ts';
import type { RunEnd } from '../core/runner.ts';
import { runWords } from '../render/background.ts';
import { renderFailure } from '../render/failure.ts';
import { findingLines } from '../render/findings.ts';
import { paint } from '../render/page.ts';
import type { RunRequest } from '../requests/index.ts';
import { askingInTerminal, type CommandResult, type Context } from './context.ts';
import { watchHeadless } from './run.ts';

/** Puts back what runs of this machine that were cut off have left on servers; each finding is told first, with its statement. */
export async function recover(context: Context, name: string | undefined): Promise<CommandResult> {
	const asking = askingInTerminal(context);
	const { flags, stdout, stderr, color, ascii, width } = context;
	const found = await runsOf(context);
	const newer = newerRuns(context).filter((run) => name === undefined || run === name);
	const named = name === undefined || newer.includes(name) ? null : pastRun(context, name);
	const left = found.filter((each) => each.state === 'cut off' && (name === undefined || each.run === named?.run));
	if (left.length === 0 && newer.length === 0) return nothingInterrupted(found);
	const say = (text: string) => (flags.json ? stderr : stdout).write(`${text}\n`);
	const told: { [run: string]: Json } = {};
	const reachable: RunRecord[] = [];
	const passwords = new Map<string, ConnectionOptionsByRole>();
	let changed = false;
	const failed: { readonly run: string; readonly why: string }[] = [];
	const refuse = (run: string, error: unknown) => {
		const failure = failureOf(error);
		say(renderFailure(failure, { width, color, ascii, state: 'Nothing was rolled back: what this run changed is still there.' }));
		failed.push({ run, why: failure.description.message });
	};
	for (const run of newer) refuse(run, newerLockstep(run));
	for (const { past } of left) {
		try {
			say(`${runWords(past.title, past.servers)}, begun ${past.started}, was interrupted (${past.run}):`);
			const wishes = await withPasswords(asking, past.request as RunRequest, {});
			passwords.set(past.run, wishes);
			const findings = await findingsOf(context, past, wishes);
			told[past.run] = findings as unknown as Json;
			say(
				findings.length === 0 ? '  Nothing to roll back.' : paint(findingLines(findings, { width, ascii, servers: past.servers }), color),
			);
			reachable.push(past);
			changed ||= findings.some(({ actions, foreign }) => actions.length + foreign.length > 0);
		} catch (error) {
			refuse(past.run, error);
		}
	}
	if (flags.dryRun) return { end: null, said: null, extra: { findings: told, recovered: [], left: left.map(({ run }) => run) } };
	// Where nothing is to be put back, only the journal is closed.
	if (changed && !(await mayGoOn(context, 'Roll this back? [y/N] '))) throw leftAsItIs(reachable.length, name);
	const { worst, recovered } = await rollBack(context, reachable, passwords);
	const extra = { findings: told, recovered, left: left.map(({ run }) => run).filter((run) => !recovered.includes(run)) };
	if (failed.length > 0 && worst?.failure == null) {
		throw new LeftChanged({
			message: `Not rolled back: ${failed.map(({ run }) => run).join(', ')}`,
			reason: [...new Set(failed.map(({ why }) => why))].join(' '),
			hints: ['lockstep recover --yes, when that is fixed.'],
		});
	}
	return { end: worst, extra, said: recovered.length > 0 ? `Rolled back: ${recovered.join(', ')}` : null };
}

/** Said where nothing is to be rolled back: which runs are not over, and how each goes on. */
function nothingInterrupted(found: readonly FoundRun[]): CommandResult {
	const working = found.filter((each) => each.state === 'working');
	const unfinished = found.filter((each) => each.state === 'unfinished');
	return {
		end: null,
		said: 'Nothing to roll back: no run of this machine was interrupted.',
		next: [
			...working.map((each) => `At work:     ${each.run}   lockstep attach ${each.run}`),
			...unfinished.map((each) => `Unfinished:  ${each.run}   the same command resumes it; lockstep undo ${each.run} --yes undoes it`),
		],
		extra: { recovered: [], left: [] },
	};
}

const leftAsItIs = (runs: number, name: string | undefined): LeftChanged =>
	new LeftChanged({
		message: `${runs === 1 ? 'A run was' : `${runs} runs were`} interrupted, and what is left was not rolled back.`,
		hints: [`lockstep recover ${name ?? ''}${name === undefined ? '' : ' '}--yes`],
	});

/** Rolls these back, one after another. `worst`: the last end that failed, else the first. */
async function rollBack(context: Context, runs: readonly RunRecord[], passwords: ReadonlyMap<string, ConnectionOptionsByRole>) {
	let worst: RunEnd | null = null;
	const recovered: string[] = [];
	for (const past of runs) {
		const { end } = await watchHeadless({ ...context, flags: { ...context.flags, yes: true } }, (watcher) =>
			undoInBackground(context, { past, wishes: passwords.get(past.run) ?? {}, work: 'recover' }, watcher),
		);
		if (end !== null && (worst === null || end.failure !== null)) worst = end;
		if (end?.failure === null) recovered.push(past.run);
	}
	return { worst, recovered };
}

/** Whether the person agrees, by `--yes` or an answer; nobody does where nobody can be asked. */
export async function mayGoOn(context: Context, question: string): Promise<boolean> {
	const { flags, mode, stdin, stdout } = context;
	if (flags.yes) return true;
	if (mode === 'headless') return false;
	const reader = createInterface({ input: stdin, output: stdout });
	try {
		return /^y(es)?$/i.test((await reader.question(question, { signal: context.signal })).trim());
	} catch (error) {
		throw new UserError({ message: 'No answer was given.' }, { cause: error });
	} finally {
		reader.close();
	}
}
