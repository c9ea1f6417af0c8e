import type { BackupCard, BackupReport, PartialStatus, Proof, VerifyRecord } from '../core/backups.ts';
import type { Check } from '../core/check.ts';
import { ago, bytes, count, dayAndTime, duration, plural, type Symbols, symbols } from '../core/format.ts';
import { shellWord } from '../core/shell.ts';
import { VENDOR_NAMES, type Vendor } from '../core/vendors.ts';
import { indented, type Line, line, paint, span, type Tone } from './page.ts';
import { type Column, columns, pad } from './width.ts';

export type CardOptions = { readonly width: number; readonly ascii?: boolean; readonly now: Date };

const vendor = ({ flavor, version }: { flavor: Vendor; version: string }): string =>
	`${VENDOR_NAMES[flavor]} ${/^[\d.]+/.exec(version)?.[0] ?? version}`;

/** `how`: what is said of the time that it took, as `%`. */
function proofOf(proof: Proof, { what, how }: { what: string; how: string }, signs: Symbols, now: Date): readonly [string, Tone] {
	switch (proof.state) {
		case 'none':
			return [`${signs.waiting} not ${what} yet`, 'dim'];
		case 'ok':
			return [`${signs.ok} ${what} ${ago(proof.at, now)}${proof.ms === null ? '' : how.replace('%', duration(proof.ms))}`, 'good'];
		case 'failed':
			return [`${signs.bad} ${what} ${ago(proof.at, now)}: FAILED`, 'bad'];
		case 'stale':
			return [`${signs.warn} changed since it was ${what} ${ago(proof.at, now)}`, 'warn'];
	}
}

type Proven = Pick<BackupCard, 'verified' | 'drilled'>;

const verifiedWords = (card: Proven, signs: Symbols, now: Date) => proofOf(card.verified, { what: 'verified', how: '' }, signs, now);
const drilledWords = (card: Proven, signs: Symbols, now: Date) =>
	proofOf(card.drilled, { what: 'drilled', how: ', recovered in %' }, signs, now);

/** Whether it was verified and drilled, and when, in one line. */
export function proofLine(card: Proven, signs: Symbols, now: Date): Line {
	const [verified, toneV] = verifiedWords(card, signs, now);
	const [drilled, toneD] = drilledWords(card, signs, now);
	return line(span(verified, toneV), span(` ${signs.dot} `, 'dim'), span(drilled, toneD));
}

function held(card: BackupCard): string | null {
	if (card.held_ms === null) return null;
	return card.lock === 'snapshot' ? `snapshot, lock held ${duration(card.held_ms)}` : `lock held ${duration(card.held_ms)}`;
}

const sizes = (card: BackupCard): string => `${card.raw_bytes === null ? '' : `${bytes(card.raw_bytes)} -> `}${bytes(card.bytes)} on disk`;

function signOf({ state, partial }: BackupCard, signs: Symbols): readonly [string, Tone] {
	if (state === 'complete') return [signs.ok, 'good'];
	if (state === 'damaged') return [signs.bad, 'bad'];
	return partial === 'running' ? [signs.at, 'key'] : [signs.warn, 'warn'];
}

const PARTIAL: { readonly [status in PartialStatus]: string } = {
	running: 'running: no backup until it is complete',
	interrupted: 'interrupted: incomplete, and no backup',
	unknown: 'incomplete, and no backup; no journal of this machine names it',
};

function headLine(card: BackupCard, signs: Symbols, now: Date): Line {
	const [sign, tone] = signOf(card, signs);
	const when = card.finished === null ? '' : `  ${ago(card.finished, now)}`;
	return line(span(`${sign} `, tone), span(card.label, 'bold'), span(when), span(card.latest ? '  latest' : '', 'key'));
}

/** All that a filter finds a backup by: what its card says. */
export const cardText = (card: BackupCard, options: CardOptions): string => paint(cardLines(card, options), false);

/** A backup in a list. */
export function cardLines(card: BackupCard, { width, ascii = false, now }: CardOptions): Line[] {
	const signs = symbols(ascii);
	const between = ` ${signs.dot} `;
	const lines: Line[] = [headLine(card, signs, now)];
	const say = (parts: readonly (string | null)[], tone: Tone = 'plain') =>
		lines.push(...indented('  ', parts.filter((part) => part !== null && part !== '').join(between), width, tone));
	if (card.state === 'partial') {
		say([PARTIAL[card.partial ?? 'unknown'], `${bytes(card.bytes)} on disk`], card.partial === 'running' ? 'plain' : 'warn');
		return lines;
	}
	if (card.state === 'damaged' || card.server === null) {
		say([card.problem ?? 'damaged'], 'bad');
		return lines;
	}
	const { host, port } = card.server;
	say([`${card.profile ?? `${host}:${port}`}`, vendor(card.server), `${card.engine} engine`, card.compression]);
	say([plural(card.databases ?? 0, 'database'), card.tables === null ? null : plural(card.tables, 'table'), sizes(card), held(card)]);
	lines.push(line('  ', ...proofLine(card, signs, now)));
	for (const problem of [...problemsOf(card.verified), ...problemsOf(card.drilled)].slice(0, 3))
		lines.push(...indented('    ', problem, width, 'bad'));
	for (const warning of card.warnings) lines.push(...indented(span(`  ${signs.warn} `, 'warn'), warning, width));
	return lines;
}

const problemsOf = (proof: Proof): readonly string[] => (proof.state === 'failed' ? proof.problems : []);

/** What a folder of backups holds, in a line. */
export function folderLine(folder: string, cards: readonly BackupCard[]): Line {
	return line(span(folder, 'bold'), span(`  ${holdsWords(cards)}`, 'dim'));
}

/** How many backups there are, and what they take. */
export function holdsWords(cards: readonly BackupCard[]): string {
	const countOf = (state: BackupCard['state']) => cards.filter((card) => card.state === state).length;
	const size = bytes(cards.reduce((sum, card) => sum + card.bytes, 0));
	return `${countWords({ backups: countOf('complete'), incomplete: countOf('partial'), damaged: countOf('damaged') })}, ${size} on disk`;
}

type Counts = { readonly backups: number; readonly incomplete: number; readonly damaged: number };

/** THE words for how many backups there are: what is incomplete or damaged is none. */
export const countWords = ({ backups, incomplete, damaged }: Counts): string =>
	[plural(backups, 'backup'), incomplete > 0 ? `${incomplete} incomplete` : '', damaged > 0 ? `${damaged} damaged` : '']
		.filter((part) => part !== '')
		.join(', ');

/** The backups of a folder as cards, newest first. */
export function listLines(folder: string, cards: readonly BackupCard[], options: CardOptions): Line[] {
	if (cards.length === 0)
		return [
			line(`No backups in ${folder}`),
			line(span('Next:  ', 'dim'), span(`lockstep backup --server SERVER --to ${shellWord(folder)}`, 'key')),
		];
	const whole = cards.filter(({ state }) => state === 'complete');
	const lines: Line[] = [folderLine(folder, cards)];
	for (const card of cards) lines.push([], ...cardLines(card, options));
	const first = whole[0];
	if (first !== undefined) {
		lines.push([], line(span('Next:  ', 'dim'), span(`lockstep ${nextCommand(first)} ${shellWord(first.path)}`, 'key')));
	}
	return lines;
}

function nextCommand({ verified, drilled }: BackupCard): 'verify' | 'drill' | 'show' {
	if (verified.state !== 'ok') return 'verify';
	return drilled.state === 'ok' ? 'show' : 'drill';
}

const TABLES = 8;
const ROWS: Column = { least: 15, most: 15, isRight: true };
const BYTES: Column = { least: 13, most: 13, isRight: true };
const FILES = 12;

/** All of one backup. */
export function showLines(report: BackupReport, options: CardOptions): Line[] {
	const { width, ascii = false, now } = options;
	const signs = symbols(ascii);
	const lines: Line[] = [headLine(report, signs, now)];
	const row = (label: string, text: string | null, tone: Tone = 'plain') => {
		if (text !== null && text !== '') lines.push(...indented(span(`  ${pad(label, 11)} `, 'dim'), text, width, tone));
	};
	const { server, databaseList, fileList } = report;
	row('Folder', report.path);
	if (server !== null)
		row(
			'Server',
			`${report.profile === null ? '' : `${report.profile}, `}${server.host}:${server.port}, ${vendor(server)} (${server.version})`,
		);
	if (report.started !== null && report.finished !== null)
		row(
			'Made',
			`${dayAndTime(report.started)}, in ${duration(Date.parse(report.finished) - Date.parse(report.started))}, by ${report.client}`,
		);
	row('Engine', `${report.engine}, ${report.compression}${report.why === null ? '' : `: ${report.why}`}`);
	row('Lock', held(report));
	row('Size', `${sizes(report)}, ${plural(fileList.length, 'dump file')}`);
	for (const { of, file, pos, gtid } of report.position)
		row('Position', `${of}: ${[file === null ? null : `${file}:${pos}`, gtid && `gtid ${gtid}`].filter(Boolean).join('  ') || 'unknown'}`);
	for (const [label, proofText, proof] of [
		['Verified', verifiedWords(report, signs, now), report.verified],
		['Drilled', drilledWords(report, signs, now), report.drilled],
	] as const) {
		row(label, proofText[0], proofText[1]);
		for (const problem of problemsOf(proof)) row('', problem, 'bad');
	}
	const { drill } = report;
	if (drill !== null)
		row(
			'',
			`on ${drill.server.version}: ${plural(drill.tables, 'table')}, ${count(drill.rows)} rows${drill.replication === null ? '' : `, replicated from ${drill.replication.primary}`}`,
		);
	for (const warning of report.warnings) row('Warning', warning, 'warn');
	lines.push([], line(span('Databases', 'bold')));
	lines.push(...databaseList.flatMap((database) => databaseLines(database, width, signs)));
	lines.push([], line(span('Files', 'bold')), ...fileLines(fileList));
	const path = shellWord(report.path);
	lines.push([], line(span('Next', 'bold')));
	for (const command of [`lockstep verify ${path}`, `lockstep drill ${path}`, `lockstep restore ${path} --server SERVER`])
		lines.push(line('  ', span(command, 'key')));
	return lines;
}

function databaseLines(database: BackupReport['databaseList'][number], width: number, signs: Symbols): Line[] {
	const lines: Line[] = [
		line(
			'  ',
			span(database.name, 'bold'),
			span(
				`  ${plural(database.tables.length, 'table')}, ${count(database.rows)} rows, ${bytes(database.raw_bytes)} -> ${bytes(database.bytes)}`,
				'dim',
			),
		),
	];
	const shown = database.tables.slice(0, TABLES);
	const rows = shown.map(({ name, estimated, rows, bytes: size }) => {
		const about = estimated ? '~' : '';
		return [name, rows === null ? '' : `${about}${count(rows)} rows`, `${about}${bytes(size ?? 0)}`];
	});
	for (const [name = '', ...figures] of columns(rows, [{ most: width - 34 }, ROWS, BYTES], signs.more))
		lines.push(line(`    ${name}`, span(figures.join(''), 'dim')));
	if (database.tables.length > shown.length) lines.push(line(span(`    ${database.tables.length - shown.length} more`, 'dim')));
	return lines;
}

function fileLines(files: BackupReport['fileList']): Line[] {
	const lines = files.slice(0, FILES).map((file) => line(`  ${file.path}`, span(`  ${file.kind}, ${bytes(file.bytes)}`, 'dim')));
	if (files.length > FILES) lines.push(line(span(`  ${files.length - FILES} more`, 'dim')));
	return lines;
}

type Painted = CardOptions & { readonly color: boolean };
export const renderList = (folder: string, cards: readonly BackupCard[], options: Painted): string =>
	paint(listLines(folder, cards, options), options.color);
export const renderShow = (report: BackupReport, options: Painted): string => paint(showLines(report, options), options.color);

/** What `verify` would do. `record`: where it would write the result. */
export const verifyPreview = ({ folder, files, bytes: size, record }: ToVerify): readonly string[] => [
	`Would read ${plural(files, 'file')}, ${bytes(size)}, of ${folder}.`,
	`Would write the result to ${record}`,
];

interface ToVerify {
	readonly folder: string;
	readonly files: number;
	readonly bytes: number;
	readonly record: string;
}

/** What `verify` came to, where all is well. */
export function verifiedLines(
	path: string,
	record: VerifyRecord,
	notes: readonly Check[],
	{
		width,
		ascii = false,
		hasNext = true,
	}: Omit<CardOptions, 'now'> & { /** Whether the command that comes next is said. */ readonly hasNext?: boolean },
): Line[] {
	const signs = symbols(ascii);
	const speed = record.ms > 0 ? ` (${bytes((record.bytes * 1000) / record.ms)}/s)` : '';
	return [
		line(span(`${signs.ok} `, 'good'), span(`Backup verified: ${path}`, 'bold')),
		...indented(
			'  ',
			`${plural(record.files, 'file')}, ${bytes(record.bytes)} read in ${duration(record.ms)}${speed}, ${bytes(record.raw_bytes)} after decompression, ${count(record.rows)} rows counted`,
			width,
		),
		...indented('  ', 'No file is missing or additional; sizes, checksums, ends and counts are as they were written.', width),
		...notes.flatMap((note) => indented(`  ${signs.note} `, `${note.title}: ${note.found}`, width, 'dim')),
		...(hasNext ? [line(span('Next:  ', 'dim'), span(`lockstep drill ${path}`, 'key'))] : []),
	];
}

export const renderVerified = (path: string, record: VerifyRecord, notes: readonly Check[], options: Omit<Painted, 'now'>): string =>
	paint(verifiedLines(path, record, notes, options), options.color);
