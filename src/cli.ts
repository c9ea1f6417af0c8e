import './core/quiet.ts';

import { readFileSync } from 'node:fs';
import { CommanderError, InvalidArgumentError } from 'commander';
import type { CommandResult } from './commands/command-result.ts';
import { type Context, makeContext } from './commands/context.ts';
import { type Invocation, makeProgram } from './commands/program.ts';
import { aftermath, isChanged } from './core/effects.ts';
import { exitCodeOf, LeftChanged, Stopped, UserError } from './core/errors.ts';
import type { Recorded } from './core/events.ts';
import { failureOf } from './core/failure.ts';
import { wantsAscii } from './core/format.ts';
import type { Failure } from './core/model.ts';
import { projectFile } from './core/program-files.ts';
import type { RunEnd } from './core/runner.ts';
import { fold, NOTHING_YET, type RunState } from './core/state.ts';
import { type JsonPrinter, jsonPrinter } from './headless/json.ts';
import { afterWords } from './render/aftermath.ts';
import { writeAscii } from './render/ascii.ts';
import { wantsColor } from './render/color.ts';
import { type FailureOptions, renderFailure } from './render/failure.ts';
import { leftBehind, renderSummary } from './render/summary.ts';
import { textPrinter } from './render/text-printer.ts';
import type { GlobalFlags } from './requests/global-options.ts';
import { COMMANDS } from './requests/index.ts';

const STOPPED: { readonly [signal: string]: number } = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };
const WITH_WARNINGS = 3;
/** The runbook of a backup. */
const BACKUP_RUN = 'locked-dump';

const { version } = JSON.parse(readFileSync(projectFile('package.json'), 'utf8')) as { version: string };

let stoppedBy: NodeJS.Signals | null = null;

/** What a failure says of the servers, whose promise does not hold where a run has changed them before it: 1, 2, 5, 6 and 10 say that nothing was. */
const SAYS_UNCHANGED: ReadonlySet<number> = new Set([1, 2, 5, 6, 10]);

function exitCode(end: RunEnd | null, failure: Failure | null, { effects }: RunState): number {
	if (failure?.class === 'Stopped') return STOPPED[stoppedBy ?? failure.signal ?? 'SIGINT'] ?? 130;
	if (failure !== null) {
		const known = exitCodeOf(failure.class);
		if (end === null) return known;
		const after = aftermath(effects, end);
		if (isChanged(after)) return SAYS_UNCHANGED.has(known) ? LeftChanged.exitCode : known;
		return after.state !== 'untouched' && known === UserError.exitCode ? 1 : known;
	}
	if (end?.outcome === 'declined') return 130;
	return (end?.warnings.length ?? 0) > 0 ? WITH_WARNINGS : 0;
}

/** SIGINT and SIGTERM ask a run to stop safely; asked again, they say that it is being done. SIGHUP only ends the watching of one. */
function stopper(): AbortSignal {
	const stop = new AbortController();
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
		process.on(signal, () => {
			stoppedBy ??= signal;
			if (stop.signal.aborted && signal !== 'SIGHUP') process.stderr.write('Stopping safely: rolling back what was changed …\n');
			else stop.abort(new Stopped(`Stopped by ${signal}.`, signal));
		});
	}
	return stop.signal;
}

// What programs read stays as it is.
const isAscii = wantsAscii(process.env);
if (isAscii) writeAscii(process.stderr);
if (isAscii && !process.argv.includes('--json') && process.argv[2] !== '__complete') writeAscii(process.stdout);

const outside = { env: process.env, stdin: process.stdin, stdout: process.stdout, stderr: process.stderr, now: () => new Date(), version };

type Asked = Pick<Invocation, 'flags' | 'needsNoConfiguration' | 'isReadOnly'>;

/** Runs a command and ends in one place: words, the last JSON line, the exit code. */
async function conclude(
	{ flags, needsNoConfiguration, isReadOnly }: Asked,
	command: (context: Context) => Promise<CommandResult>,
): Promise<void> {
	let state: RunState = NOTHING_YET;
	let printer: JsonPrinter | null = null;
	let context: Context | null = null;
	const width = Math.max(60, Math.min(process.stdout.columns ?? 100, 140));
	if (flags.json) printer = jsonPrinter({ out: process.stdout, now: outside.now });
	let ending: CommandResult = { end: null };
	let failure: Failure | null = null;
	try {
		let text: ((event: Recorded) => void) | null = null;
		context = makeContext(
			{
				...outside,
				signal: stopper(),
				print(event) {
					state = fold(state, event);
					if (printer !== null) printer.event(event);
					else text?.(event);
				},
			},
			flags,
			needsNoConfiguration,
		);
		text = textPrinter({
			out: process.stdout,
			color: context.color,
			quiet: flags.quiet ?? false,
			verbose: flags.verbose ?? false,
			ascii: context.ascii,
			width: context.width,
		});
		// The wizard shows them on its own screen.
		if (context.mode !== 'wizard' && !needsNoConfiguration) for (const warning of context.warnings) process.stderr.write(`${warning}\n`);
		ending = await command(context);
		failure = ending.end?.failure ?? null;
		// The wizard has followed its run itself.
		state = ending.state ?? state;
	} catch (error) {
		failure = failureOf(error);
	}
	const { end } = ending;
	const code = ending.exitCode ?? exitCode(end, failure, state);
	if (printer === null) {
		const stated = isReadOnly ? { state: null } : aboutRun(end, state);
		report(flags, { ending, failure, run: state }, { width, color: context?.color ?? false, ascii: context?.ascii ?? false, ...stated });
	} else if (!ending.document || failure !== null) printer.finish(code, end ?? failure, { ...ending.extra });
	process.exitCode = code;
	// Nothing of ours should be open any more; if a library's socket is, the person does not wait for it.
	setTimeout(() => process.exit(), 3_000).unref();
}

type Styles = { readonly width: number; readonly color: boolean; readonly ascii: boolean };

/** What is said of a failure beside its own words. */
type About = Pick<FailureOptions, 'state' | 'facts' | 'more'>;

interface Outcome {
	readonly ending: CommandResult;
	readonly failure: Failure | null;
	readonly run: RunState;
}

/** What the completion of a shell calls at each tab: it never fails, and never waits for a server. */
async function complete([shell = '', ...words]: readonly string[]): Promise<void> {
	const context = makeContext({ ...outside, signal: new AbortController().signal, print: () => undefined }, { input: false }, true);
	process.stdout.write(await (await import('./commands/completion.ts')).complete(context, shell, words));
}

/** What came of a command, in words. */
function report({ quiet, dryRun, color }: GlobalFlags, { ending, failure, run }: Outcome, styles: Styles & About): void {
	if (failure !== null) writeFailure(failure, { ...styles, color: wantsColor(color, process.stderr, process.env) });
	else if (quiet && !dryRun) writeResult(ending, run);
	else writeEnding(ending, run, styles);
}

function writeFailure(failure: Failure, options: Styles & About): void {
	process.stderr.write(`${renderFailure(failure, options)}\n`);
	if (failure.stack) process.stderr.write(`${failure.stack}\n`);
}

/** With --quiet: of a backup its folder, for a script to continue with. What an undo could not restore is a warning, said here first. */
function writeResult({ end }: CommandResult, { runbook }: RunState): void {
	if (end?.outcome === 'undone') for (const warning of end.warnings) process.stderr.write(`${warning}\n`);
	if (end?.outcome === 'done' && runbook === BACKUP_RUN) process.stdout.write(`${String(end.summary.backup)}\n`);
}

/** What came of a command that did not fail. */
function writeEnding({ end, said, next }: CommandResult, state: RunState, styles: Styles): void {
	if (said) process.stdout.write(`${said}\n`);
	else if (end !== null && (end.outcome === 'done' || end.outcome === 'previewed'))
		process.stdout.write(`${renderSummary(end, state, styles)}\n`);
	for (const line of next ?? []) process.stdout.write(`${line}\n`);
}

/** What the servers are like after a run, from its journal alone, and what it left on this machine. */
function aboutRun(end: RunEnd | null, run: RunState): About {
	if (end === null) return {};
	const state = end.failure?.class === 'LeftChanged' ? null : afterWords(run.effects, end, { servers: run.servers });
	return { ...leftBehind(end, run), ...(state === null ? {} : { state }) };
}

// What no command caught: said like any other failure, and a limit of the machine as one.
process.on('uncaughtException', (error) => {
	const failure = failureOf(error);
	writeFailure(failure, { width: 100, color: false, ascii: false, state: 'Unknown: lockstep recover shows what a run has left.' });
	process.exit(exitCodeOf(failure.class));
});

// A reader that went away (`| head`), or a terminal that did, is no failure of ours.
for (const out of [process.stdout, process.stderr]) {
	out.on('error', (error: NodeJS.ErrnoException) => {
		if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
	});
}

try {
	if (process.argv[2] === '__complete') await complete(process.argv.slice(3));
	else await makeProgram(version, conclude).parseAsync();
} catch (error) {
	if (error instanceof CommanderError && error.exitCode === 0) process.exitCode = 0;
	else {
		// commander quotes what it was given; a password may be in it.
		const what =
			error instanceof CommanderError || error instanceof InvalidArgumentError ? error.message.replace(/^error: /, '') : String(error);
		const safe = what.replaceAll(/(-p|--password[-\w]*=)[^']+'/g, "$1…'").replaceAll(/(:\/\/[^:@/\s]*):[^@\s]*@/g, '$1:…@');
		const flags = { json: process.argv.includes('--json') };
		const asked = COMMANDS.map(({ name }) => name).find((name) => process.argv.includes(name));
		const [message = '', ...hints] = safe.split('\n');
		await conclude({ flags, needsNoConfiguration: true, isReadOnly: true }, async () => {
			throw new UserError({ message, hints: [...hints, `lockstep ${asked === undefined ? '--help' : `help ${asked}`}`] });
		});
	}
}
