import type { Finding } from '../core/finding.ts';
import { type Symbols, symbols } from '../core/format.ts';
import type { OpenRunStatus } from '../core/run-entry.ts';
import { runWords } from './background.ts';
import { indented, type Line, line, paint, type Span, span } from './page.ts';
import { place } from './review.ts';
import { actionText } from './sql-colors.ts';

export type FindingOptions = { readonly width: number; readonly ascii?: boolean; readonly servers?: { readonly [role: string]: string } };

/** Whether there is anything that a recover would do. */
export const putsBack = (findings: readonly Finding[]): boolean => findings.some((finding) => finding.actions.length > 0);

function signOf({ actions, foreign, note }: Finding, signs: Symbols): Span {
	if (actions.length > 0) return span(`${signs.undone} `, 'warn');
	if (foreign.length > 0 || note !== undefined) return span(`${signs.note} `, 'dim');
	return span(`${signs.ok} `, 'good');
}

/** What a run that was cut off has left: each with the statements that put it back, and what is left to somebody else. */
export function findingLines(findings: readonly Finding[], { width, ascii = false, servers = {} }: FindingOptions): Line[] {
	const signs = symbols(ascii);
	return findings.flatMap((finding): Line[] => {
		const { title, actions, foreign, note } = finding;
		const lines: Line[] = [
			...indented(signOf(finding, signs), title, width, 'bold'),
			...actions.flatMap((action): Line[] => [
				...indented(`    ${place(action.on, servers)}: `, action.why, width, 'dim'),
				// Whole and unbroken: what is shown is what is sent, and can be copied.
				...actionText(action).map((text) => line('      ', ...text)),
			]),
			...(foreign.length > 0 ? [line(span('    changed by something else since, left alone:', 'dim'))] : []),
			...foreign.flatMap((text) => indented('      ', text, width)),
		];
		if (note !== undefined) lines.push(...indented(span('    ', 'dim'), note, width));
		else if (actions.length === 0 && foreign.length === 0) lines.push(line(span('    nothing to roll back', 'dim')));
		lines.push([]);
		return lines;
	});
}

type Run = {
	readonly run: string;
	readonly title: string;
	readonly started: string;
	readonly servers: { readonly [role: string]: string };
};
type Styles = Omit<FindingOptions, 'servers'> & { readonly color: boolean };

/** Above what an interrupted run has left. */
export const interruptedWords = ({ run, title, started, servers }: Run): string =>
	`${runWords(title, servers)}, begun ${started}, was interrupted (${run}):`;

export const renderFindings = (findings: readonly Finding[], { servers }: Run, { color, ...styles }: Styles): string =>
	findings.length === 0 ? '  Nothing to roll back.' : paint(findingLines(findings, { ...styles, servers }), color);

/** What an undo does, or would do. `lost`: what it does not bring back. */
export function renderUndo(
	{ record, findings, lost }: { readonly record: Run; readonly findings: readonly Finding[]; readonly lost: readonly string[] },
	{ color, isPreview, ...styles }: Styles & { readonly isPreview: boolean },
): readonly string[] {
	const { run, title, started, servers } = record;
	return [
		`${isPreview ? 'Would undo' : 'Undoes'} run ${run}, begun ${started}: ${runWords(title, servers)}`,
		paint(findingLines(findings, { ...styles, servers }), color),
		...lost.map((text) => `Cannot be restored: ${text}`),
	];
}

/** Where nothing is to be rolled back: which runs are not over, and how each goes on. */
export const notOverWords = (runs: readonly { readonly run: string; readonly state: OpenRunStatus }[]): readonly string[] => [
	...runs.filter(({ state }) => state === 'running').map(({ run }) => `At work:     ${run}   lockstep attach ${run}`),
	...runs
		.filter(({ state }) => state === 'unfinished')
		.map(({ run }) => `Unfinished:  ${run}   the same command resumes it; lockstep undo ${run} --yes undoes it`),
];

export const NOTHING_LEFT = 'Nothing to roll back: no run of this machine was interrupted.';

/** After a recover; null where it rolled nothing back. */
export const recoveredWords = (runs: readonly string[]): string | null => (runs.length > 0 ? `Rolled back: ${runs.join(', ')}` : null);
