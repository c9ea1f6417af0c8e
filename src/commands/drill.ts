import { basename } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { problemWords } from '../app/verify.ts';
import { readBoundManifest } from '../archive/bound.ts';
import { type Manifest, readManifest } from '../archive/manifest.ts';
import { backupFolder } from '../archive/read.ts';
import { recordPath, sealOf, writeRecord } from '../archive/records.ts';
import { writeFileDurably } from '../archive/write.ts';
import type { Drilled, DrillRecord } from '../core/backups.ts';
import { type Check, failed, must } from '../core/check.ts';
import { CheckFailed, LeftChanged, LockstepError, Stopped, UserError, VerifyFailed } from '../core/errors.ts';
import { failureOf } from '../core/failure.ts';
import type { RunEnd } from '../core/runner.ts';
import { crashPoints } from '../daemon/crash-point.ts';
import { DRILL_ENDS, drillMarkdown, drillSteps, renderDrilled } from '../render/drill.ts';
import type { DRILL } from '../requests/drill.ts';
import { toCommandLine } from '../requests/index.ts';
import type { FieldsOf } from '../requests/option.ts';
import { OTHERS } from '../runbooks/restore-backup/others.ts';
import type { CommandResult, Context } from './context.ts';
import { proveMachine } from './drill-machine.ts';
import { prepareOutside } from './drill-outside.ts';
import { setPosition } from './drill-proof.ts';
import { openPrimary, type Primary, type ReplicateFlags, replicate } from './drill-replicate.ts';
import { restoreInto } from './drill-restore.ts';
import { clearDrills, drillServer, drillsFolder, talkTo } from './drill-server.ts';

export type DrillFlags = ReplicateFlags & Partial<FieldsOf<typeof DRILL.options>>;

/** What is being done, and what could not be; each a sentence. */
export type DrillReporter = { readonly say: (text: string) => void; readonly warn: (text: string) => void };

/** Restores a backup into a throwaway server and proves what came; leaves a report beside the backup, and nothing else. */
export async function drill(context: Context, given: string, flags: DrillFlags): Promise<CommandResult> {
	const folder = await backupFolder(given);
	const manifest = await readManifest(folder);
	if (!flags.replicate) {
		const odd = (['primary', 'account', 'accountPasswordFile'] as const).find((name) => flags[name] !== undefined);
		if (odd !== undefined)
			throw new UserError({
				message: 'A primary is of use with --replicate only.',
				hints: [toCommandLine({ tls: true, ...flags, kind: 'drill', backup: folder, replicate: true })],
			});
	}
	const primary = flags.replicate ? await openPrimary(context, manifest, flags) : null;
	if (context.flags.dryRun)
		return { end: null, next: planOf(context, folder, manifest, primary, flags), extra: { backup: folder, dry_run: true } };
	if (primary !== null && flags.account === undefined) await consent(context, primary);
	const { record, checks, written, report } = await drillAndRecord(context, folder, primary, flags, {
		say: (text) => void (context.flags.json || context.flags.quiet ? context.stderr : context.stdout).write(`${text}\n`),
		warn: (text) => void context.stderr.write(`${text}\n`),
	});
	const { format: _format, type: _type, backup: _label, tool: _tool, ...fields } = record;
	return {
		end: null,
		extra: { ...fields, backup: folder, record: written, report },
		next: context.flags.quiet ? [] : [renderDrilled(folder, record, checks, context), ...(report === null ? [] : [`Report:  ${report}`])],
	};
}

/**
 * Drills a backup and writes down beside it what that came to.
 * @throws VerifyFailed where it did not pass; the signal's reason, once the throwaway server is gone; LeftChanged
 */
export async function drillAndRecord(
	context: Context,
	folder: string,
	primary: Primary | null,
	flags: DrillFlags,
	{ say, warn }: DrillReporter,
): Promise<Drilled> {
	const manifest = await readManifest(folder);
	await clearDrills(context, warn);
	const { record, checks } = await drilled(context, folder, manifest, primary, flags, say).catch((error: unknown) => {
		// Whatever a stop broke off: it is the stop that is told.
		if (context.signal.aborted && !(error instanceof LeftChanged)) throw context.signal.reason;
		throw error;
	});
	const report = recordPath(folder, 'drill.md');
	const written = await writeRecord(folder, record)
		.then((path) => writeFileDurably(report, drillMarkdown(record, checks, backedUp(manifest))).then(() => path))
		.catch((error: unknown) => {
			if (!(error instanceof LockstepError)) throw error;
			warn(`The report cannot be written beside the backup. ${error.description.message}`);
			return null;
		});
	const wrong = failed(checks);
	if (wrong.length > 0)
		throw new VerifyFailed(wrong, `${folder} did not pass its drill.${written === null ? '' : ` The report: ${report}`}`);
	return { folder, record, checks, written, report: written === null ? null : report };
}

const backedUp = ({ server }: Manifest): string => `${server.host}:${server.port} (${server.version})`;

/** What would be done, in order. */
function planOf(context: Context, folder: string, manifest: Manifest, primary: Primary | null, flags: DrillFlags): string[] {
	return [
		`Would restore ${folder}, of ${backedUp(manifest)}:`,
		...drillSteps(flags.dir ?? drillsFolder(context)),
		...(primary === null
			? []
			: [
					`  5  attach it to ${primary.opened.server.name} ${flags.account === undefined ? 'with an account made for that and dropped afterwards' : `as ${flags.account}`}, to lag zero`,
				]),
		DRILL_ENDS,
	];
}

/** An account on a primary is made only where somebody said so. */
async function consent(context: Context, { opened: { server } }: Primary): Promise<void> {
	if (context.flags.yes) return;
	if (context.mode === 'headless') {
		throw new UserError({
			message: `--replicate makes an account on ${server.name}, and drops it afterwards: say so with --yes.`,
			hints: ['lockstep drill BACKUP --replicate --yes', 'or name an existing one:  --account NAME --account-password-file FILE'],
		});
	}
	const reader = createInterface({ input: context.stdin, output: context.stdout });
	try {
		const answer = await reader.question(`Make an account for replication on ${server.name}, and drop it afterwards? [y/N] `, {
			signal: context.signal,
		});
		if (!/^y(es)?$/i.test(answer.trim())) throw new UserError({ message: 'Nothing was done.' });
	} finally {
		reader.close();
	}
}

async function drilled(
	context: Context,
	folder: string,
	manifest: Manifest,
	primary: Primary | null,
	flags: DrillFlags,
	say: (text: string) => void,
): Promise<{ readonly record: DrillRecord; readonly checks: readonly Check[] }> {
	const { now, signal } = context;
	const seal = await sealOf(folder);
	const phases: { name: string; ms: number }[] = [];
	// What is being proven: what it fails with is told under that.
	let proving: readonly [id: string, title: string] = RESTORES;
	const crashAt = crashPoints(context.env);
	const timed = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
		crashAt(`before ${name}`);
		const began = now().getTime();
		try {
			const result = await work();
			crashAt(`after ${name}`);
			return result;
		} finally {
			phases.push({ name, ms: now().getTime() - began });
		}
	};
	const began = now().getTime();
	await using throwaway = await timed('server', () => drillServer(context, folder, manifest, { dir: flags.dir, say }));
	const checks: Check[] = [];
	let end: RunEnd | null = null;
	let position: string | null = null;
	let recovery: number | null = null;
	let counted = NOTHING;
	let replication: DrillRecord['replication'] = null;
	try {
		say('Restoring …');
		const restored = await timed('restore', async () => {
			// Its own statements are run before the restore judges it.
			await prepareOutside(throwaway, folder, await readBoundManifest(folder), signal);
			return restoreInto(context, throwaway, folder);
		});
		end = restored.end;
		const whole = phases.pop()?.ms ?? 0;
		phases.push({ name: 'restore', ms: whole - restored.proofMs }, { name: 'proof', ms: restored.proofMs });
		signal.throwIfAborted();
		if (end.failure !== null || end.outcome !== 'done') {
			if (end.failure !== null) await proveMachine(throwaway, end.failure, folder);
			checks.push(...(end.failure === null ? [must(...RESTORES, false, { found: end.outcome })] : failureChecks(end.failure, RESTORES)));
		} else {
			checks.push(must(...RESTORES, true), ...restored.checks.map(alone));
			counted = countedBy(end);
			const at = await talkTo(throwaway, signal);
			try {
				proving = ['DRILL-POSITION', 'The restored server takes the backup’s position'];
				const placed = await timed('position', () => setPosition(at, folder, manifest));
				position = placed.gtid;
				checks.push(...placed.checks);
				// Reading everything again proves it, and is no part of a recovery.
				recovery = now().getTime() - began - restored.proofMs;
				if (primary !== null && position !== null && failed(checks).length === 0) {
					proving = ['DRILL-REPLICATES', `It replicates from ${primary.opened.server.name}`];
					say(`Replicating from ${primary.opened.server.name} …`);
					const followed = await timed('replication', () => replicate(context, at, throwaway, placed.gtid ?? '', primary, flags));
					checks.push(...followed.checks);
					replication = followed.replication;
				}
			} finally {
				await at.session.close();
			}
		}
	} catch (error) {
		// A stop is no result, nor is what was left on a primary.
		if (signal.aborted || !(error instanceof LockstepError) || error instanceof Stopped || error instanceof LeftChanged) throw error;
		if (error instanceof CheckFailed && error.checks.some(({ id }) => id === 'DRILL-MACHINE')) throw error;
		await proveMachine(throwaway, failureOf(error), folder);
		checks.push(...failureChecks(failureOf(error), proving));
	}
	const problems = failed(checks).map(problemWords);
	const { version, program, own } = throwaway;
	return {
		checks,
		record: {
			...{ format: 1, type: 'drill', backup: basename(folder), at: now().toISOString() },
			tool: { name: 'lockstep', version: context.version },
			ok: problems.length === 0,
			...seal,
			server: { kind: own ? 'installed' : 'unpacked', version, program },
			recovery_ms: recovery,
			phases,
			...counted,
			bytes: manifest.totals.raw_bytes,
			...{ position, replication, problems, warnings: end?.warnings ?? [] },
		},
	};
}

/** Nothing else is at work on a throwaway server: whatever changed there, the backup did. */
const alone = (check: Check): Check => (check.id === OTHERS && check.status === 'warning' ? { ...check, status: 'fail' } : check);

const NOTHING: Pick<DrillRecord, 'databases' | 'tables' | 'rows' | 'digests'> = { databases: 0, tables: 0, rows: 0, digests: null };

/** What the restore's own proof found. */
function countedBy({ summary }: RunEnd): typeof NOTHING {
	const { databases, tables, rows, digests } = summary as unknown as Record<'tables' | 'rows' | 'digests', number> & {
		readonly databases: readonly string[];
	};
	return { databases: databases.length, tables, rows, digests: digests > 0 ? digests : null };
}

const RESTORES = ['DRILL-RESTORE', 'It restores, into an empty server'] as const;

function failureChecks(
	{ description: told, checks }: ReturnType<typeof failureOf>,
	[id, title]: readonly [id: string, title: string],
): Check[] {
	const wrong = failed(checks);
	return wrong.length > 0
		? [...wrong]
		: [must(id, title, false, { found: [told.message, told.reason, told.details].filter(Boolean).join(' ') })];
}
