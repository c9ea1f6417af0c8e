// The words of practice: lists, a lesson, its checks, the trainer's report.
import { clock } from '../core/format.ts';
import { fill, type Language, type Translated } from '../core/languages.ts';
import type {
	CheckReport,
	CheckView,
	ExamView,
	LessonCard,
	LessonScore,
	LessonView,
	PracticeList,
	PracticeLogin,
} from '../core/practice.ts';
import { indented, type Line, line, paint, span } from './page.ts';
import { pad } from './width.ts';

const EN = {
	practice: 'PRACTICE',
	notReal: 'not a real server',
	lessonOf: 'lesson {number} · {done} of {total} done',
	goal: 'Goal',
	hint: 'Hint',
	story: 'Story',
	checks: 'Checks',
	price: 'Price',
	debrief: 'What to remember',
	tempting: 'The tempting remedy',
	done: 'Done: every check is green.',
	notDone: 'Not yet: {red} of {all} checks are red.',
	score: '{time} · hints {hints} · checks {tries} · wrong remedies {wrong}',
	open: 'open',
	exam: 'Exam',
	examState: '{done} of {all} lessons done, until {until}',
	examOver: '{done} of {all} lessons done, over',
	start: 'lockstep practice start {lesson}',
	next: 'Next',
	servers: 'Servers',
	stopped: 'not running',
	otherTools: 'Any tool reaches them from another terminal:',
	removed: 'The practice servers are stopped and removed. Progress is kept.',
	nothing: 'No practice servers are running. Progress is kept.',
	report: 'Practice report',
	lesson: 'Lesson',
	result: 'Result',
	time: 'Time',
	hints: 'Hints',
	tries: 'Checks',
	wrong: 'Wrong remedies',
	left: 'Not done yet',
	none: 'none',
	completed: 'done',
	wholeWay: 'The whole way: set up, back up, watch',
	keyMove: 'move',
	keyOpen: 'open',
	keyCheck: 'check now',
	keyHint: 'next hint',
	keySql: 'SQL',
	keyExplain: 'explain',
	keyReset: 'reset',
	keyBoot: 'start servers',
	keyEnv: 'other tools',
	keyLeave: 'leave (kept)',
	keyServer: 'server',
	keyBack: 'back',
	keyHelp: 'help',
	checking: 'asking both servers',
	preparing: 'Preparing both servers and the fault',
	moreRows: '{count} more rows',
	rowCount: '{count} rows',
	wouldStart: 'Would reset the practice servers and make the fault of this lesson.',
	wouldExam: 'Would begin an exam and make the fault of its first lesson.',
	wouldBoot: 'Would start the practice servers that do not run.',
	wouldHint: 'Would show the next hint and note that.',
	wouldWrite: 'Would write an option file for each practice server.',
	wouldStop: 'Would stop and remove the practice servers. Progress would be kept.',
	noError: 'Replication reports no error. Compare data and positions.',
};

export const PRACTICE_WORDS: Translated<typeof EN> = {
	en: EN,
	pt: {
		practice: 'PRÁTICA',
		notReal: 'não é um servidor real',
		lessonOf: 'lição {number} · {done} de {total} concluídas',
		goal: 'Meta',
		hint: 'Dica',
		story: 'História',
		checks: 'Verificações',
		price: 'Preço',
		debrief: 'Para lembrar',
		tempting: 'O remédio tentador',
		done: 'Concluída: todas as verificações estão verdes.',
		notDone: 'Ainda não: {red} de {all} verificações estão vermelhas.',
		score: '{time} · dicas {hints} · verificações {tries} · remédios errados {wrong}',
		open: 'aberta',
		exam: 'Exame',
		examState: '{done} de {all} lições concluídas, até {until}',
		examOver: '{done} de {all} lições concluídas, encerrado',
		start: 'lockstep practice start {lesson}',
		next: 'Próximo passo',
		servers: 'Servidores',
		stopped: 'parado',
		otherTools: 'Qualquer ferramenta em outro terminal os alcança:',
		removed: 'Os servidores de prática foram parados e removidos. O progresso foi mantido.',
		nothing: 'Nenhum servidor de prática está em execução. O progresso foi mantido.',
		report: 'Relatório da prática',
		lesson: 'Lição',
		result: 'Resultado',
		time: 'Tempo',
		hints: 'Dicas',
		tries: 'Verificações',
		wrong: 'Remédios errados',
		left: 'Ainda não concluídas',
		none: 'nenhuma',
		completed: 'concluída',
		wholeWay: 'O caminho inteiro: configurar, fazer backup, observar',
		keyMove: 'mover',
		keyOpen: 'abrir',
		keyCheck: 'verificar',
		keyHint: 'próxima dica',
		keySql: 'SQL',
		keyExplain: 'explicar',
		keyReset: 'recomeçar',
		keyBoot: 'iniciar servidores',
		keyEnv: 'outras ferramentas',
		keyLeave: 'sair (mantida)',
		keyServer: 'servidor',
		keyBack: 'voltar',
		keyHelp: 'ajuda',
		checking: 'consultando os dois servidores',
		preparing: 'Preparando os dois servidores e a falha',
		moreRows: 'mais {count} linhas',
		rowCount: '{count} linhas',
		wouldStart: 'Restauraria os servidores de prática e criaria a falha desta lição.',
		wouldExam: 'Iniciaria um exame e criaria a falha da primeira lição.',
		wouldBoot: 'Iniciaria os servidores de prática que não estão em execução.',
		wouldHint: 'Mostraria a próxima dica e registraria isso.',
		wouldWrite: 'Gravaria um arquivo de opções para cada servidor de prática.',
		wouldStop: 'Pararia e removeria os servidores de prática. O progresso seria mantido.',
		noError: 'A replicação não informa nenhum erro. Compare dados e posições.',
	},
	compared: 'db93606b',
};

export interface PracticeStyle {
	readonly language: Language;
	readonly width: number;
	readonly color: boolean;
	readonly ascii: boolean;
}

const marks = (ascii: boolean) => (ascii ? { ok: '+', red: 'x', open: '>' } : { ok: '✓', red: '✗', open: '▸' });

export const scoreText = (score: LessonScore, language: Language): string =>
	fill(PRACTICE_WORDS[language].score, { ...score, time: clock(score.seconds * 1000) });

export function examText(exam: ExamView, language: Language): string {
	const words = PRACTICE_WORDS[language];
	const until = new Date(exam.until).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
	return fill(exam.isOver ? words.examOver : words.examState, { done: exam.done.length, all: exam.lessons.length, until });
}

/** A lesson in the list. */
export function lessonLine(
	{ number, id, title, isOpen, done }: LessonCard,
	{ language, ascii }: Pick<PracticeStyle, 'language' | 'ascii'>,
): Line {
	const { ok, open } = marks(ascii);
	const mark = done !== null ? span(` ${ok} `, 'good') : span(isOpen ? ` ${open} ` : '   ', 'key');
	const state = isOpen ? `  ${PRACTICE_WORDS[language].open}` : '';
	const end = done === null ? state : `  ${scoreText(done, language)}`;
	return line(mark, span(`${number < 10 ? ' ' : ''}${number}  ${pad(id, 18)} `, 'key'), title, span(end, 'dim'));
}

/** `lockstep practice` without a terminal. */
export function renderPracticeList(list: PracticeList, style: PracticeStyle): string {
	const words = PRACTICE_WORDS[style.language];
	const next = list.lessons.find(({ isOpen, done }) => isOpen || done === null) ?? list.lessons[0];
	const lines: Line[] = [
		line(span(`${words.practice}  ${words.notReal}`, 'warn'), span(`  ${list.kind}`, 'dim')),
		...(list.exam === null || list.exam.isOver ? [] : [line(span(`${words.exam}  `, 'bold'), examText(list.exam, style.language))]),
		[],
		...list.lessons.map((card) => lessonLine(card, style)),
		[],
		line(`${words.next}:  `, fill(words.start, { lesson: next?.id ?? '' })),
	];
	return paint(lines, style.color);
}

/** Story, goal and hints of the open lesson. */
export function lessonLines(view: LessonView, { language, width }: Pick<PracticeStyle, 'language' | 'width'>): readonly Line[] {
	const words = PRACTICE_WORDS[language];
	return [
		line(span(`${view.number}. ${view.title}`, 'bold'), span(`  ${view.kind}`, 'dim')),
		...indented('', view.story, width, 'dim'),
		...indented(span(`${words.goal}  `, 'key'), view.goal, width, 'plain'),
		...view.hints.flatMap((hint, index) => indented(span(`${words.hint} ${index + 1}/${view.hintCount}  `, 'warn'), hint, width, 'plain')),
	];
}

/** Evidence is said of what is red. */
export function checkLines(checks: readonly CheckView[], { ascii, width }: Pick<PracticeStyle, 'ascii' | 'width'>): readonly Line[] {
	const { ok, red } = marks(ascii);
	return checks.flatMap((check) => [
		line(span(` ${check.ok ? ok : red} `, check.ok ? 'good' : 'bad'), check.title),
		...(check.ok ? [] : indented('     ', check.evidence, width, 'dim')),
	]);
}

/** What a check came to: conditions, the price of the wrong remedy, and once it is done what to remember. */
export function reportLines(report: CheckReport, style: Omit<PracticeStyle, 'color'>): readonly Line[] {
	const words = PRACTICE_WORDS[style.language];
	const { checks, isDone, price, tempting, debrief, findings, score } = report;
	const red = checks.filter(({ ok }) => !ok).length;
	return [
		...checkLines(checks, style),
		[],
		...(price === null ? [] : [...indented(span(`${words.price}  `, 'bad'), price, style.width, 'bad'), []]),
		line(span(isDone ? words.done : fill(words.notDone, { red, all: checks.length }), isDone ? 'good' : 'warn')),
		line(span(scoreText(score, style.language), 'dim')),
		...(tempting === null ? [] : [[], ...indented(span(`${words.tempting}  `, 'key'), tempting, style.width, 'plain')]),
		...(debrief === null ? [] : indented(span(`${words.debrief}  `, 'key'), debrief, style.width, 'plain')),
		...findings.flatMap(({ id, meaning }) => indented(span(`lockstep doctor ${id}  `, 'key'), meaning, style.width, 'plain')),
	];
}

export const renderLesson = (view: LessonView, style: PracticeStyle): string => paint(lessonLines(view, style), style.color);
export const renderReport = (report: CheckReport, style: PracticeStyle): string => paint(reportLines(report, style), style.color);

export const renderServers = ({ servers }: LessonView, language: Language): string =>
	servers
		.map(({ name, host, port, isRunning }) => `${name}  ${host}:${port}${isRunning ? '' : `  ${PRACTICE_WORDS[language].stopped}`}`)
		.join('\n');

export const loginLines = (logins: readonly PracticeLogin[], language: Language): readonly string[] => [
	PRACTICE_WORDS[language].otherTools,
	...logins.flatMap(({ name, client, optionFile, url }) => [
		`# ${name}`,
		`${client} --defaults-file=${optionFile}`,
		`lockstep status --server ${url}`,
	]),
];

const PREVIEWS = {
	start: 'wouldStart',
	reset: 'wouldStart',
	exam: 'wouldExam',
	boot: 'wouldBoot',
	hint: 'wouldHint',
	env: 'wouldWrite',
	stop: 'wouldStop',
} as const;

/** What a verb would do; null for one that only reads. */
export function previewText(verb: string, language: Language): string | null {
	const found = Object.entries(PREVIEWS).find(([name]) => name === verb)?.[1];
	return found === undefined ? null : PRACTICE_WORDS[language][found];
}

export const explainLines = (lines: readonly string[], language: Language): readonly string[] =>
	lines.length === 0 ? [PRACTICE_WORDS[language].noError] : lines;

/** For the trainer, as Markdown. `attempts`: of these lessons, oldest first. */
export function trainerReport(
	list: PracticeList,
	attempts: readonly (LessonScore & {
		readonly lesson: string;
		readonly kind: string;
		readonly started: string;
		readonly isDone: boolean;
		readonly inExam: boolean;
	})[],
	language: Language,
): string {
	const words = PRACTICE_WORDS[language];
	const titles = new Map(list.lessons.map(({ id, number, title }) => [id, `${number}. ${title}`]));
	const rows = attempts.map(({ lesson, kind, started, isDone, inExam, seconds, hints, tries, wrong }) =>
		[
			titles.get(lesson) ?? lesson,
			kind,
			started,
			`${isDone ? words.completed : '–'}${inExam ? ` (${words.exam})` : ''}`,
			clock(seconds * 1000),
			hints,
			tries,
			wrong,
		].join(' | '),
	);
	const left = list.lessons.filter(({ done }) => done === null).map(({ number, title }) => `- ${number}. ${title}`);
	return [
		`# ${words.report}`,
		'',
		...(list.exam === null ? [] : [`${words.exam}: ${examText(list.exam, language)}`, '']),
		`| ${[words.lesson, words.servers, 'UTC', words.result, words.time, words.hints, words.tries, words.wrong].join(' | ')} |`,
		'|---|---|---|---|---|---|---|---|',
		...rows.map((row) => `| ${row} |`),
		'',
		`## ${words.left}`,
		'',
		...(left.length === 0 ? [words.none] : left),
	].join('\n');
}
