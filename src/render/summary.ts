import { DRILLED } from '../core/backups.ts';
import type { Check } from '../core/check.ts';
import { bytes, count, duration, plural, symbols } from '../core/format.ts';
import type { Json } from '../core/json.ts';
import type { RunEnd } from '../core/runner.ts';
import { matches } from '../core/schema.ts';
import { shellWord } from '../core/shell.ts';
import type { RunState } from '../core/state.ts';
import { EVENTS_TO_ENABLE, PARTIAL_BYTES, PARTIAL_FOLDER } from '../core/summary-fields.ts';
import { afterWords, exceptions } from './aftermath.ts';
import { drilledLines } from './drill.ts';
import { type FailureOptions, failureLines } from './failure.ts';
import { indented, type Line, line, paint, span } from './page.ts';

export type SummaryOptions = {
	readonly width: number;
	readonly ascii?: boolean;
	/** An earlier run: what it left on disk may be gone by now. */
	readonly isEarlier?: boolean;
	/** Command lines for what comes next. */
	readonly next?: readonly string[];
	readonly log?: string;
};

type Known = { readonly [key: string]: Json | undefined };

const isObject = (value: Json | undefined): value is Known => typeof value === 'object' && value !== null && !Array.isArray(value);
const object = (value: Json | undefined): Known => (isObject(value) ? value : {});
const number = (value: Json | undefined): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null);
/** Anything as words; a list as its parts joined. */
const text = (value: Json | undefined): string | null => {
	if (value === undefined || value === null || value === '' || value === false) return null;
	if (Array.isArray(value)) return value.length === 0 ? null : value.map((each) => text(each) ?? '').join(', ');
	if (isObject(value))
		return (
			text(value.name) ??
			(Object.entries(value)
				.map(([key, each]) => `${key} ${text(each) ?? '-'}`)
				.join(', ') ||
				null)
		);
	return String(value);
};
const say = (parts: readonly (string | null | false)[], between: string): string => parts.filter(Boolean).join(between);
/** A number of things, or a list of their names. */
const many = (value: Json | undefined): number | null => (Array.isArray(value) ? value.length : number(value));
const counted = (value: Json | undefined, one: string): string | null => {
	const found = many(value);
	return found === null ? null : plural(found, one);
};

function coordinates(value: Json | undefined): string | null {
	if (typeof value === 'string') return value === '' ? null : value;
	const at = object(value);
	const file = text(at.file);
	const gtid = text(at.gtid);
	return say([file && `${file}${offset(at.pos)}`, gtid && `gtid ${gtid}`], '  ') || null;
}

/** A place in a file, as it stands behind the file's name. */
function offset(pos: Json | undefined): string {
	if (number(pos) !== null) return `:${pos}`;
	return text(pos) ? `:${text(pos)}` : '';
}

function sizesText(raw: number | null, stored: number | null): string | null {
	if (raw === null) return null;
	return stored === null ? bytes(raw) : `${bytes(raw)} -> ${bytes(stored)}`;
}

function backup(summary: Known, ms: number | null, ascii: boolean): string[] {
	const raw = number(summary.rawBytes);
	const stored = number(summary.bytes);
	const held = number(summary.heldMs);
	const caught = number(summary.caughtUpMs);
	const position = object(summary.position);
	const source = object(position.source);
	const speed = raw !== null && ms !== null && ms > 0 ? ` (${bytes((raw * 1000) / ms)}/s)` : '';
	const sizes = sizesText(raw, stored);
	const compression = text(summary.compression);
	const sourceAt = coordinates(position.source);
	const selfAt = coordinates(position.self);
	return [
		say(
			[
				counted(summary.databases, 'database'),
				counted(summary.tables, 'table'),
				sizes && `${sizes}${compression && compression !== 'none' ? ` ${compression}` : ''}`,
				ms !== null && `${duration(ms)}${speed}`,
			],
			', ',
		),
		say(
			[held !== null && `Read lock held ${duration(held)}`, caught !== null && `replication caught up ${duration(caught)} after unlock`],
			ascii ? ' - ' : ' · ',
		),
		sourceAt && `Position of ${say([text(source.host), text(source.port)], ':') || 'its source'}: ${sourceAt}`,
		selfAt && `Its own position: ${selfAt}`,
		text(summary.consistency) && `Consistency: ${text(summary.consistency)}`,
		text(summary.changedJson) && `A restore changes types inside JSON: ${text(summary.changedJson)}`,
		say(['Checksums ok', 'all dump files complete', 'not yet test-restored'], ascii ? ' - ' : ' · '),
	].filter((each): each is string => !!each);
}

/** How much came, and how long it took. */
function loaded(summary: Known, ms: number | null): string {
	const raw = number(summary.rawBytes);
	const rows = number(summary.rows);
	return say(
		[
			counted(summary.databases, 'database'),
			counted(summary.tables, 'table'),
			rows !== null && `${count(rows)} rows`,
			raw !== null && bytes(raw),
			ms !== null && duration(ms),
		],
		', ',
	);
}

function encryptionText(encrypted: Json | undefined): string {
	if (encrypted === true) return 'encrypted, as the primary sees it';
	return encrypted === false ? 'NOT encrypted' : 'replication only';
}

function provision(summary: Known, ms: number | null): string[] {
	const skipped = Array.isArray(summary.notCompared) ? summary.notCompared.length : (number(summary.notCompared) ?? 0);
	const compared = many(summary.comparedTables);
	const at = coordinates(summary.position);
	return [
		loaded(summary, ms),
		text(summary.account) && `Account ${text(summary.account)}, ${encryptionText(summary.encrypted)}`,
		text(summary.operator) &&
			`Operator ${text(summary.operator)}, ${text(summary.operatorPasswordFile) ? `password in ${text(summary.operatorPasswordFile)}` : 'with the password it had'}`,
		at && `Began at ${at}`,
		compared !== null &&
			`${plural(compared, 'table')} identical to the primary at the same position${skipped > 0 ? `; ${skipped} not compared: ${text(summary.notCompared)}` : ''}`,
	].filter((each): each is string => !!each);
}

function restore(summary: Known, ms: number | null): string[] {
	const statements = summary[EVENTS_TO_ENABLE];
	const enable = Array.isArray(statements) ? statements.map(String) : [];
	const events = enable.filter((statement) => statement.startsWith('ALTER DEFINER')).length;
	const at = coordinates(object(summary.position).source) ?? coordinates(object(summary.position).self);
	return [
		loaded(summary, ms),
		'Every table counted: as many rows as were dumped',
		at && `The data is of ${at}`,
		enable.length > 0 &&
			`${plural(events, 'event')} came and ${events === 1 ? 'is' : 'are'} disabled, because the event scheduler is on. To enable:`,
		...enable,
	].filter((each): each is string => !!each);
}

function drillSummary({ summary }: RunEnd, { width, ascii = false }: SummaryOptions): Line[] {
	const known: unknown = summary;
	const { backup: folder, checks: given, report: path } = object(summary);
	// A journal may say less.
	if (!matches(DRILLED, known))
		return [line(span(`${symbols(ascii).ok} `, 'good'), span(say(['Drill passed', text(folder)], ': '), 'bold'))];
	const checks = Array.isArray(given) ? (given as unknown as readonly Check[]) : [];
	const report = text(path);
	return [
		...drilledLines(known.backup, known, checks, { width, ascii }),
		...(report === null ? [] : indented(span('  Report            ', 'dim'), report, width, 'key')),
	];
}

/** What a run that was not completed held and left on disk, and what to do with it. */
export function leftBehind({ summary }: RunEnd, { heldMs }: RunState): Required<Pick<FailureOptions, 'facts' | 'more'>> {
	const { [PARTIAL_FOLDER]: folder, [PARTIAL_BYTES]: size } = object(summary);
	const path = text(folder);
	const left = path === null ? [] : [['left', `${path}, ${bytes(number(size) ?? 0)} on disk: incomplete, and no backup`] as const];
	return {
		facts: [...(heldMs === null ? [] : [['lock', `held for ${duration(heldMs)}`] as const]), ...left],
		more: path === null ? [] : [`Remove what it left:  lockstep runs --remove-partial ${shellWord(path)}`],
	};
}

function unfinishedLines(end: RunEnd, state: RunState, options: SummaryOptions): Line[] {
	const { width, ascii = false } = options;
	const signs = symbols(ascii);
	const done = state.steps.filter((step) => step.status === 'done').length;
	const steps = state.steps.length === 0 ? {} : { steps: { done, of: state.steps.length } };
	const now = afterWords(state.effects, end, { servers: state.servers, ...steps });
	if (end.failure === null) {
		const except = [...new Set([...end.warnings, ...exceptions(state.effects, state.servers)])];
		const all = except.length === 0 ? 'Undone: everything is as it was.' : 'Undone, except for this:';
		return [
			line(span(`${signs.undone} `, 'warn'), span(end.outcome === 'undone' ? all : 'Stopped.', 'bold')),
			...except.flatMap((warning) => indented(span(`  ${signs.warn} `, 'warn'), warning, width)),
		];
	}
	return failureLines(end.failure, {
		width,
		ascii,
		...(options.isEarlier ? {} : leftBehind(end, state)),
		// What is left to be rolled back says it itself.
		...(now === null || end.failure.left.length > 0 ? {} : { state: now }),
		...(options.log === undefined ? {} : { log: options.log }),
	});
}

/** What was done, in a line, and what there is to say of it. */
function headAndFacts(summary: Known, state: RunState, ascii: boolean): { readonly head: string; readonly facts: readonly string[] } {
	// What a person waited at the review is no part of the run.
	const ms = state.steps.reduce((sum, step) => sum + (step.ms ?? 0), 0) || null;
	const folder = text(summary.backup);
	if (folder !== null) return { head: `Backup complete: ${folder}`, facts: backup(summary, ms, ascii) };
	const restored = text(summary.restored);
	if (restored !== null) {
		const server = text(summary.server) ?? state.servers.server ?? 'the server';
		return { head: `Restored into ${server}: ${restored}`, facts: restore(summary, ms) };
	}
	const replica = text(summary.replica) ?? state.servers.replica ?? null;
	const primary = text(summary.primary) ?? state.servers.primary ?? null;
	const head = replica !== null && primary !== null ? `${replica} is a replica of ${primary}` : `${state.title || 'Run'}: done`;
	return { head, facts: provision(summary, ms) };
}

/** What a run came to, as it is left in the terminal. */
export function summaryLines(end: RunEnd, state: RunState, options: SummaryOptions): Line[] {
	const { width, ascii = false } = options;
	const signs = symbols(ascii);
	if (end.outcome === 'previewed') return [line(span('Nothing was changed: this was a preview.', 'bold'))];
	if (end.outcome === 'declined') return [line(span('Nothing was changed.', 'bold'))];
	if (end.outcome !== 'done') return unfinishedLines(end, state, options);
	const summary = object(end.summary);
	if (state.runbook === 'drill') return drillSummary(end, options);
	const { head, facts } = headAndFacts(summary, state, ascii);
	const lines: Line[] = [line(span(`${signs.ok} `, 'good'), span(head, 'bold'))];
	for (const fact of facts) lines.push(...indented('  ', fact, width));
	for (const warning of end.warnings) lines.push(...indented(span(`  ${signs.warn} `, 'warn'), warning, width));
	const option = Array.isArray(summary.optionFile) ? summary.optionFile : [];
	if (option.length > 0) {
		lines.push(line(span("  For the replica's option file, so that a restart keeps it so:", 'bold')));
		for (const each of option) lines.push(line('    ', span(String(each), 'key')));
	}
	(options.next ?? []).forEach((each, index) => {
		lines.push(line(span(index === 0 ? 'Next:  ' : '       ', 'dim'), span(each, 'key')));
	});
	if (options.log !== undefined) lines.push(line(span('  log  ', 'dim'), options.log));
	return lines;
}

export function renderSummary(end: RunEnd, state: RunState, options: SummaryOptions & { readonly color: boolean }): string {
	return paint(summaryLines(end, state, options), options.color);
}
