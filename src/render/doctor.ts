import type { DoctorFinding, DoctorReport, FindingStatus } from '../core/doctor-report.ts';
import { type Symbols, symbols } from '../core/format.ts';
import { fill, type Language, translated } from '../core/languages.ts';
import { indented, type Line, line, paint, type Span, span, type Tone } from './page.ts';
import { pad } from './width.ts';

/** The words around the findings. */
export const DOCTOR_WORDS = translated(
	{
		against: ', compared with {primary}',
		counts: 'wrong: {fail}, warnings: {warning}, notes: {note}, right: {ok}',
		fix: 'Fix',
		unsafe: 'Not this',
		lesson: 'Lesson',
		channel: 'channel {channel}',
		alone: 'Without --primary nothing was compared: errant transactions, server ids, limits of the account.',
	},
	{
		against: ', comparado com {primary}',
		counts: 'errados: {fail}, avisos: {warning}, notas: {note}, certos: {ok}',
		fix: 'Correção',
		unsafe: 'Isto não',
		lesson: 'Lição',
		channel: 'canal {channel}',
		alone: 'Sem --primary nada foi comparado: transações errantes, server ids, limites da conta.',
	},
	'55cdd858',
);

export type DoctorStyle = { readonly width: number; readonly ascii: boolean; readonly language: Language };

const ORDER: readonly FindingStatus[] = ['fail', 'warning', 'note', 'ok'];
const TONES: { readonly [status in FindingStatus]: Tone } = { fail: 'bad', warning: 'warn', note: 'dim', ok: 'good' };
const signOf = (status: FindingStatus, signs: Symbols): string =>
	({ fail: signs.bad, warning: signs.warn, note: signs.note, ok: signs.ok })[status];

/** As they were found among those of the same status. */
const worstFirst = ({ findings }: DoctorReport): readonly DoctorFinding[] =>
	findings.toSorted((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status));

/** How many findings there are of each kind, in one line. */
export function countsOf({ findings }: Pick<DoctorReport, 'findings'>, language: Language): string {
	const counts = Object.fromEntries(ORDER.map((status) => [status, findings.filter((each) => each.status === status).length]));
	return fill(DOCTOR_WORDS[language].counts, counts);
}

/** What is wrong comes first, and whole; what is right is a line each. `only`: leaves out what is right. */
export function doctorLines(report: DoctorReport, style: DoctorStyle, only: 'all' | 'wrong' = 'all'): Line[] {
	const words = DOCTOR_WORDS[style.language];
	const signs = symbols(style.ascii);
	const found = worstFirst(report);
	const worst = found[0]?.status ?? 'ok';
	const against = report.primary === null ? '' : fill(words.against, { primary: report.primary });
	return [
		[span(`${signOf(worst, signs)} `, TONES[worst]), span(report.name, 'bold'), span(`  ${report.title}${against}`)],
		line(span(`  ${countsOf(report, style.language)}`, 'dim')),
		[],
		...found.filter(({ status }) => only === 'all' || status !== 'ok').flatMap((each) => findingLines(each, style)),
		...(report.primary === null ? [[], ...indented('', words.alone, style.width, 'dim')] : []),
	];
}

const ID_WIDTH = 17;

function findingLines(finding: DoctorFinding, { width, ascii, language }: DoctorStyle): Line[] {
	const words = DOCTOR_WORDS[language];
	const { id, status, channel, evidence, meaning, fix, lines, unsafe, lesson } = finding;
	const head: Span = span(` ${signOf(status, symbols(ascii))} ${pad(id, ID_WIDTH)} `, TONES[status]);
	const text = channel === null ? evidence : `${evidence} (${fill(words.channel, { channel })})`;
	const first = indented(head, text, width, status === 'ok' ? 'dim' : 'bold');
	if (status === 'ok') return first;
	const part = (label: string, said: string | null, tone: Tone = 'plain') =>
		said === null ? [] : indented(span(`     ${pad(label, 10)} `, 'dim'), said, width, tone);
	return [
		...first,
		...(meaning === null ? [] : indented('     ', meaning, width)),
		...part(words.fix, fix),
		// Whole, however long: they are there to be copied.
		...lines.map((each) => line(span(`${pad('', 16)}`), span(each, 'key'))),
		...part(words.unsafe, unsafe, 'warn'),
		...part(words.lesson, lesson === null ? null : `lockstep practice start ${lesson}`, 'key'),
		[],
	];
}

export const renderDoctor = (
	report: DoctorReport,
	{ color, only, ...style }: DoctorStyle & { readonly color: boolean; readonly only: 'all' | 'wrong' },
): string => paint(doctorLines(report, style, only), color);

/** The lines that fix what is wrong, worst first, without the ones that repeat. */
export const linesToCopy = (report: DoctorReport): readonly string[] => [...new Set(worstFirst(report).flatMap(({ lines }) => lines))];
