// What a drill came to, from its run's own events: pure.
import type { StartedServer } from '../../core/action.ts';
import type { DrillRecord } from '../../core/backups.ts';
import { type Check, fail, failed, ok } from '../../core/check.ts';
import { bytes } from '../../core/format.ts';
import type { Failure } from '../../core/model.ts';
import { shellWord } from '../../core/shell.ts';
import type { RunState, StepState } from '../../core/state.ts';
import { LACKS } from '../restore/missing-on-server.ts';

/** Where the time goes: the steps of each phase; all of a restore's that are in no other are its own. */
const PHASES = {
	server: ['start-server'],
	proof: ['prove'],
	position: ['set-position'],
	replication: ['create-account', 'connect', 'start', 'catch-up'],
} as const;
type Phase = keyof typeof PHASES | 'restore';
const ORDER: readonly Phase[] = ['server', 'restore', 'proof', 'position', 'replication'];
/** They say nothing of the backup, and take none of its time. */
const AROUND: ReadonlySet<string> = new Set(['inspect-primary', 'end-replication', 'stop-server', 'report']);
/** What fails in these is the machine's or the primary's. */
const NOT_OF_THE_BACKUP: ReadonlySet<string> = new Set([...AROUND, 'start-server', 'create-account']);

const phaseOf = (step: string): Phase | null =>
	AROUND.has(step)
		? null
		: (ORDER.find((phase) => phase !== 'restore' && (PHASES[phase] as readonly string[]).includes(step)) ?? 'restore');

const RESTORED = ok('DRILL-RESTORE', 'The backup restores, into an empty server');

/** What a step that failed disproves, where it has no check of its own that says so. */
function disproving(step: string, primary: string | null): readonly [id: string, title: string] {
	switch (phaseOf(step)) {
		case 'position':
			return ['DRILL-POSITION', 'The restored server does not take the backup’s position'];
		case 'replication':
			return ['DRILL-REPLICATES', `The restored server does not replicate from ${primary}`];
		default:
			return ['DRILL-RESTORE', 'The backup does not restore into an empty server'];
	}
}

/** Whether a failure is what the drill found out about the backup. A stop is not, nor is a bug, nor what could not be rolled back. */
export const isFinding = ({ class: kind, step }: Failure): boolean =>
	step !== null && !NOT_OF_THE_BACKUP.has(step) && !['Stopped', 'LeftChanged', 'Bug'].includes(kind);

/** What the steps proved, in order, and what the failure disproves. */
export function drillChecks({ steps }: RunState, failure: Failure | null, primary: string | null): readonly Check[] {
	const done = (id: string): StepState | undefined => steps.find((step) => step.id === id && step.status === 'done');
	const restored = done('prove') !== undefined && (failure === null || phaseOf(failure.step ?? '') !== 'restore');
	const proofs = ['prove', 'set-position'].flatMap((id) => (restored ? (done(id)?.checks ?? []) : []));
	const follows = done('catch-up');
	return [
		...(restored ? [RESTORED, ...proofs] : []),
		...(follows === undefined
			? []
			: [ok('DRILL-REPLICATES', `The restored server replicated from ${primary} to lag zero`), ...follows.checks]),
		...(failure === null ? [] : disproved(failure, primary)),
	];
}

function disproved({ step, checks, description }: Failure, primary: string | null): readonly Check[] {
	const wrong = failed(checks);
	if (wrong.length > 0) return wrong;
	const found = [description.message, description.reason, description.details].filter(Boolean).join(' ');
	return [fail(...disproving(step ?? '', primary), { found })];
}

/** How long each phase took; `now`: of a step that failed. */
export function drillPhases({ steps }: RunState, now: Date): DrillRecord['phases'] {
	const spent = (step: StepState): number | null =>
		step.ms ?? (step.status === 'failed' && step.startedAt !== null ? now.getTime() - Date.parse(step.startedAt) : null);
	return ORDER.flatMap((name) => {
		const times = steps.flatMap((step) => (phaseOf(step.id) === name ? (spent(step) ?? []) : []));
		return times.length === 0 ? [] : [{ name, ms: times.reduce((sum, ms) => sum + ms, 0) }];
	});
}

/** Until the restored server could serve: reading everything again proves it, and is no part of a recovery. Null where it came to no position. */
export function recoveryMs({ steps }: RunState, phases: DrillRecord['phases']): number | null {
	if (!steps.some(({ id, status }) => id === 'set-position' && status === 'done')) return null;
	return phases.filter(({ name }) => name !== 'proof' && name !== 'replication').reduce((sum, { ms }) => sum + ms, 0);
}

/** Steps whose checks are about the plan: what is worth a warning there is said at the review. */
const PLANNING: ReadonlySet<string> = new Set(['inspect-backup', 'inspect-server', 'inspect-primary']);

export const drillWarnings = ({ steps, notes }: RunState): readonly string[] => [
	...notes.filter(({ level }) => level === 'warning').map(({ text }) => text),
	...steps
		.filter(({ id, status }) => status === 'done' && !PLANNING.has(id))
		.flatMap(({ checks }) =>
			checks.filter(({ status }) => status === 'warning').map(({ title, found }) => (found ? `${title}: ${found}` : title)),
		),
];

/** The throwaway server: whose programs they were. */
export const serverOf = ({ own, version, program }: StartedServer): DrillRecord['server'] => ({
	kind: own ? 'installed' : 'unpacked',
	...{ version, program },
});

/** With less than this free, whatever a server says is about its disk. */
const LEAST_FREE = 32 * 1024 * 1024;
/** Checks of the throwaway server, not of the backup. */
const OF_THE_SERVER: ReadonlySet<string> = new Set(['SERVER-DISK', 'SERVER-PRIVILEGES', 'LOCAL-INFILE', 'TOOLS', ...LACKS]);
/** What both vendors' servers and tools say where a disk, a quota or the memory is spent. */
const SPENT = /No space left on device|[Dd]isk (?:is )?full|ENOSPC|EDQUOT|Disk quota exceeded|ENOMEM|Cannot allocate memory|Out of memory/;

type Machine = { readonly folder: string; readonly isAlive: boolean; readonly freeBytes: number };

/** Why it was this machine that a drill failed by, and so says nothing of the backup; null where it was not. */
function machineTrouble({ folder, isAlive, freeBytes }: Machine, { description, checks }: Failure): string | null {
	const wrong = checks.filter(({ status, id }) => status === 'fail' && OF_THE_SERVER.has(id));
	if (wrong.length > 0)
		return wrong.map(({ title, expected, found }) => `${title}: ${found ?? 'no'} (needed: ${expected ?? 'yes'})`).join('; ');
	if (!isAlive) return 'the throwaway server was killed, or ended by itself';
	const texts = [description.message, description.reason, description.details].filter(Boolean).join(' ');
	if (freeBytes < LEAST_FREE) return `${bytes(freeBytes)} are free in ${folder}`;
	return SPENT.test(texts) ? texts : null;
}

/** Fails where the machine, not the backup, made the drill fail; null where it did not. */
export function machineCheck(machine: Machine, failure: Failure, backup: string): Check | null {
	const trouble = machineTrouble(machine, failure);
	if (trouble === null) return null;
	const lacks = failure.checks.some(({ status, id }) => status === 'fail' && (LACKS as readonly string[]).includes(id));
	return fail('DRILL-MACHINE', 'This machine cannot restore the backup', {
		found: trouble,
		hints: lacks
			? [
					'A drill’s throwaway server cannot have it. Restore into a test server that has it:',
					`lockstep restore ${shellWord(backup)} --server URL`,
				]
			: [
					'Free memory or disk space here, then the same command again.',
					`Or another disk:  lockstep drill ${shellWord(backup)} --dir FOLDER`,
				],
	});
}
