// Practice, whoever asks for it: the command line, the screen or a test. One lesson is open at a time, on one pair.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CHECKS } from '../catalogue/index.ts';
import { UserError } from '../core/errors.ts';
import type { Language } from '../core/languages.ts';
import type { CheckReport, CheckView, LessonView, PracticeList, PracticeLogin, PracticeServer, SqlAnswer } from '../core/practice.ts';
import { suggestions } from '../core/suggest.ts';
import { statementsIn } from '../dump/sql/statements.ts';
import { CHECK_TITLES } from '../lessons/common-checks.ts';
import type { Lesson, LessonTexts, Results } from '../lessons/contract.ts';
import { findLesson, lessonsOf } from '../lessons/index.ts';
import { findPair, type Pair, type PairPlace, pairDown, pairReset, pairUp, type Side, vendorOf } from '../lessons/pair.ts';
import { isGreen, runChecks } from '../lessons/run-checks.ts';
import { serverText } from '../lessons/server-text.ts';
import { readStates } from '../lessons/states.ts';
import { passwordPath } from '../sandbox/login.ts';
import { chooseKind } from '../sandbox/programs.ts';
import { SANDBOX_KINDS, type SandboxKind, sandboxStatus } from '../sandbox/sandbox.ts';
import { urlOf } from '../sandbox/server.ts';
import type { AppContext } from './context.ts';
import {
	attemptOf,
	changeProgress,
	type Exam,
	examView,
	isOver,
	type OpenLesson,
	type Progress,
	practiceFolder,
	readProgress,
	scoreOf,
	secondsSince,
} from './practice-progress.ts';

export interface PracticeOptions {
	readonly language: Language;
	/** Which servers; else those of the open lesson, of the exam, or the machine's own. */
	readonly kind?: SandboxKind | undefined;
	readonly say: (line: string) => void;
}

const isKind = (text: string): text is SandboxKind => (SANDBOX_KINDS as readonly string[]).includes(text);

async function kindFor(context: AppContext, { kind }: Pick<PracticeOptions, 'kind'>, progress: Progress): Promise<SandboxKind> {
	const known = progress.open?.kind ?? progress.exam?.kind ?? progress.attempts.at(-1)?.kind;
	return kind ?? (known !== undefined && isKind(known) ? known : await chooseKind(context.env));
}

const placeOf = (context: AppContext, kind: SandboxKind, say: PracticeOptions['say']): PairPlace => ({
	...{ kind, dir: join(practiceFolder(context), kind), env: context.env, signal: context.signal, say },
});

/** All lessons of these servers, with what the trainee has done. */
export async function practiceList(context: AppContext, options: PracticeOptions): Promise<PracticeList> {
	const progress = await readProgress(context);
	const kind = await kindFor(context, options, progress);
	const lessons = lessonsOf(vendorOf(kind)).map(({ id, number, texts }) => {
		const first = progress.attempts.find((each) => each.lesson === id && each.kind === kind && each.isDone);
		const { seconds = 0, hints = 0, tries = 0, wrong = 0 } = first ?? {};
		const isOpen = progress.open?.lesson === id && progress.open.kind === kind;
		return { id, number, title: texts[options.language].title, isOpen, done: first ? { seconds, hints, tries, wrong } : null };
	});
	return { kind, lessons, exam: examView(progress.exam, context.now()) };
}

function lessonNamed(named: string, kind: SandboxKind): Lesson {
	const all = lessonsOf(vendorOf(kind));
	const lesson = findLesson(named);
	if (lesson !== undefined && all.includes(lesson)) return lesson;
	if (lesson !== undefined) throw new UserError({ message: `Lesson ${named} does not exist on ${kind}.`, hints: ['lockstep practice'] });
	const [meant] = suggestions(
		named,
		all.map(({ id }) => id),
	);
	throw new UserError({
		message: `There is no lesson "${named}".`,
		hints: [...(meant === undefined ? [] : [`lockstep practice start ${meant}`]), 'lockstep practice'],
	});
}

/** The lesson that is being played. Throws UserError where none is. */
function openLesson({ open }: Progress): { readonly open: OpenLesson; readonly lesson: Lesson; readonly kind: SandboxKind } {
	const lesson = open === null ? undefined : findLesson(open.lesson);
	if (open === null || lesson === undefined || !isKind(open.kind))
		throw new UserError({ message: 'No lesson has been started.', hints: ['lockstep practice', 'lockstep practice start LESSON'] });
	return { open, lesson, kind: open.kind };
}

/** Started within the exam, which is not over. */
const isInExam = (exam: Exam | null, { lesson, started }: OpenLesson, now: Date): boolean =>
	exam !== null && !isOver(exam, now) && exam.lessons.includes(lesson) && started >= exam.started;

/** A lesson that is left or done goes into the list of attempts; so does the open one in a report. */
export const closed = ({ open, attempts, exam }: Progress, now: Date): Progress['attempts'] =>
	open === null || open.isDone ? attempts : [...attempts, attemptOf(open, now, isInExam(exam, open, now))];

const NEW = { hints: 0, tries: 0, wrong: 0, isPaid: false, isDone: false };

/** Brings the pair to its first state, makes the fault and starts the clock. Throws UserError, and what a server that does not start throws. */
export async function startLesson(context: AppContext, named: string, options: PracticeOptions): Promise<LessonView> {
	const before = await readProgress(context);
	const kind = await kindFor(context, options, before);
	const lesson = lessonNamed(named, kind);
	const { exam } = before;
	if (exam !== null && !isOver(exam, context.now()) && !exam.lessons.includes(lesson.id))
		throw new UserError({
			message: `Lesson ${lesson.id} is not part of the exam.`,
			hints: ['lockstep practice', 'lockstep practice stop'],
		});
	if (before.open !== null && before.open.kind !== kind && isKind(before.open.kind))
		await pairDown(placeOf(context, before.open.kind, options.say));
	const notes = await madeAnew(context, lesson, kind, options);
	const started = context.now();
	const progress = await changeProgress(context, (now) => ({
		...now,
		attempts: closed(now, started),
		open: { lesson: lesson.id, kind, started: started.toISOString(), notes, ...NEW },
	}));
	return viewOf(context, progress, options);
}

async function madeAnew(
	context: AppContext,
	lesson: Lesson,
	kind: SandboxKind,
	options: PracticeOptions,
): Promise<{ [name: string]: string }> {
	const pair = await pairReset(placeOf(context, kind, options.say));
	return { ...(await lesson.make(pair)) };
}

/** The open lesson from its beginning, on the same clock. */
export async function resetLesson(context: AppContext, options: PracticeOptions): Promise<LessonView> {
	const { lesson, kind } = openLesson(await readProgress(context));
	const notes = await madeAnew(context, lesson, kind, options);
	const progress = await changeProgress(context, (now) => ({ ...now, open: now.open && { ...now.open, notes, isPaid: false } }));
	return viewOf(context, progress, options);
}

export const lessonView = async (context: AppContext, options: PracticeOptions): Promise<LessonView> =>
	viewOf(context, await readProgress(context), options);

async function serversOf(context: AppContext, kind: SandboxKind): Promise<readonly PracticeServer[]> {
	const sandbox = await sandboxStatus(placeOf(context, kind, () => undefined));
	if (sandbox === null) return [];
	return (['primary', 'replica'] as const).map((role) => {
		const { host, port, socket, running } = sandbox[role];
		return { name: `practice-${role}`, host, port, socket, isRunning: running };
	});
}

async function viewOf(context: AppContext, progress: Progress, { language }: PracticeOptions): Promise<LessonView> {
	const { open, lesson, kind } = openLesson(progress);
	const { title, story, goal, hints } = lesson.texts[language];
	return {
		...{ id: lesson.id, number: lesson.number, total: lessonsOf(vendorOf(kind)).length, kind, title, story, goal, started: open.started },
		...{ hints: hints.slice(0, open.hints), hintCount: hints.length, servers: await serversOf(context, kind) },
		exam: examView(progress.exam, context.now()),
	};
}

/** The pair of the open lesson. Throws UserError where it is gone. */
async function openPair(context: AppContext, kind: SandboxKind, options: PracticeOptions): Promise<Pair> {
	const pair = await findPair(placeOf(context, kind, options.say));
	if (pair === null)
		throw new UserError({
			message: 'The servers of this lesson are not running.',
			hints: ['lockstep practice reset', 'lockstep practice stop'],
		});
	return pair;
}

function viewsOf({ checks }: Lesson, texts: LessonTexts, language: Language, results: Results): readonly CheckView[] {
	const titles: { readonly [id: string]: unknown } = { ...CHECK_TITLES[language], ...texts };
	return checks.map(({ id }) => ({ id, title: String(titles[id] ?? id), ...(results.get(id) ?? { ok: false, evidence: '' }) }));
}

/** Asks the servers. `counts`: it was asked for, and not by the screen's own clock. */
export async function checkLesson(context: AppContext, options: PracticeOptions, counts: boolean): Promise<CheckReport> {
	const { open, lesson, kind } = openLesson(await readProgress(context));
	const pair = await openPair(context, kind, options);
	const [results, states] = await Promise.all([runChecks(lesson, pair, open.notes), readStates(pair)]);
	const [isDone, isPaid] = [isGreen(results), lesson.isPricePaid(results)];
	const at = context.now();
	const progress = await changeProgress(context, (now) => {
		// Another was started meanwhile.
		if (now.open === null || now.open.started !== open.started) return now;
		return counted(now, now.open, { isDone, isPaid, counts, at });
	});
	const texts = lesson.texts[options.language];
	const now = progress.open ?? open;
	const last = progress.attempts.findLast((each) => each.lesson === lesson.id && each.started === now.started);
	return {
		lesson: await viewOf(context, progress, options),
		checks: viewsOf(lesson, texts, options.language, results),
		states,
		...{ isDone, price: isPaid ? texts.price : null },
		...{ tempting: isDone ? texts.tempting : null, debrief: isDone ? texts.debrief : null },
		findings: isDone ? meaningsOf(lesson, options.language) : [],
		score: scoreOf(now, last?.seconds ?? secondsSince(now.started, at)),
	};
}

/** In the doctor's own words; a text with values of a server's own is said by the doctor alone. */
const meaningsOf = ({ findings }: Lesson, language: Language): CheckReport['findings'] =>
	CHECKS.filter(({ id }) => findings.includes(id))
		.map(({ id, texts }) => ({ id, meaning: texts[language].meaning }))
		.filter(({ meaning }) => !meaning.includes('{'));

type Seen = { readonly isDone: boolean; readonly isPaid: boolean; readonly counts: boolean; readonly at: Date };

function counted(progress: Progress, open: OpenLesson, { isDone, isPaid, counts, at }: Seen): Progress {
	if (open.isDone) return progress;
	const tries = open.tries + (counts ? 1 : 0);
	const next = { ...open, tries, isDone, isPaid, wrong: open.wrong + (isPaid && !open.isPaid ? 1 : 0) };
	if (!isDone) return { ...progress, open: next };
	const { exam } = progress;
	const inExam = isInExam(exam, open, at);
	const passed = exam !== null && inExam ? { ...exam, done: [...exam.done.filter((id) => id !== open.lesson), open.lesson] } : exam;
	return { ...progress, open: next, exam: passed, attempts: [...progress.attempts, attemptOf(next, at, inExam)] };
}

/** One more hint. Throws UserError in an exam, and where there are no more. */
export async function nextHint(context: AppContext, options: PracticeOptions): Promise<LessonView> {
	const { open, lesson } = openLesson(await readProgress(context));
	const at = context.now();
	const progress = await changeProgress(context, (now) => {
		if (isInExam(now.exam, open, at)) throw new UserError('An exam has no hints.');
		return { ...now, open: now.open && { ...now.open, hints: Math.min(lesson.texts.en.hints.length, now.open.hints + 1) } };
	});
	return viewOf(context, progress, options);
}

/** What the channel’s error means and what is usually done about it, as status says it. */
export async function explainError(context: AppContext, options: PracticeOptions): Promise<readonly string[]> {
	const { kind } = openLesson(await readProgress(context));
	const pair = await openPair(context, kind, options);
	const channel = await pair.channel();
	const { host, port } = pair.replica.server;
	const error = channel?.sqlError ?? channel?.ioError ?? null;
	if (channel === undefined || (error === null && channel.io === 'yes' && channel.sql === 'yes')) return [];
	return [...(error === null ? [] : [error]), ...pair.dialect.hints.channelError(error, { channel, name: `${host}:${port}` })];
}

const MOST_ROWS = 200;

/** Runs what a trainee typed, in a session of its own. Never rejects for what the server says. */
export async function practiceSql(
	context: AppContext,
	options: PracticeOptions,
	asked: { readonly server: Side['role']; readonly text: string },
): Promise<SqlAnswer> {
	const { kind } = openLesson(await readProgress(context));
	const pair = await openPair(context, kind, options);
	try {
		const rows = (await pair[asked.server].run(...statementsIn(asked.text))).slice(0, MOST_ROWS);
		const columns = Object.keys(rows[0] ?? {});
		return { columns, rows: rows.map((row) => columns.map((name) => row[name] ?? null)), error: null };
	} catch (error) {
		return { columns: [], rows: [], error: serverText(error) };
	}
}

/** Starts the servers that do not run, as a service manager would. */
export async function bootServers(context: AppContext, options: PracticeOptions): Promise<LessonView> {
	const progress = await readProgress(context);
	const { kind } = openLesson(progress);
	await pairUp(placeOf(context, kind, options.say));
	return viewOf(context, progress, options);
}

/** Writes an option file for each server, which holds root’s password and so wins over one of the environment, and says how it is used. Throws UserError where the pair does not run. */
export async function practiceLogins(context: AppContext, options: PracticeOptions): Promise<readonly PracticeLogin[]> {
	const progress = await readProgress(context);
	const kind = await kindFor(context, options, progress);
	const place = placeOf(context, kind, options.say);
	const sandbox = await sandboxStatus(place);
	if (sandbox === null) throw new UserError({ message: 'No practice servers are running.', hints: ['lockstep practice start LESSON'] });
	const password = (await readFile(passwordPath(place.dir), 'utf8')).trim();
	const client = join(sandbox.binDir, vendorOf(kind) === 'mariadb' ? 'mariadb' : 'mysql');
	return Promise.all(
		(['primary', 'replica'] as const).map(async (role) => {
			const optionFile = join(place.dir, `${role}.cnf`);
			const { host, port, user, ca } = sandbox[role];
			const login = [
				'[client]',
				`host=${host}`,
				`port=${port}`,
				'protocol=tcp',
				`user=${user}`,
				`password="${password}"`,
				`ssl-ca="${ca}"`,
			];
			const lines = [...login, '', '[mysql]', `prompt="practice-${role}> "`, ''];
			await writeFile(optionFile, lines.join('\n'), { mode: 0o600 });
			return { name: `practice-${role}`, optionFile, client, url: urlOf(sandbox[role]) };
		}),
	);
}

/** Stops and removes the servers; what was learnt is kept. False where there were none. */
export async function stopPractice(context: AppContext, options: PracticeOptions): Promise<boolean> {
	const at = context.now();
	const ends = await Promise.all(SANDBOX_KINDS.map((kind) => pairDown(placeOf(context, kind, options.say))));
	await changeProgress(context, (now) => ({
		...now,
		attempts: closed(now, at),
		open: null,
		exam: now.exam && { ...now.exam, isOver: true },
	}));
	return ends.includes(true);
}

/** Begins an exam: these lessons, without hints, within so many minutes. */
export async function startExam(
	context: AppContext,
	named: readonly string[],
	minutes: number,
	options: PracticeOptions,
): Promise<LessonView> {
	const kind = await kindFor(context, options, await readProgress(context));
	const lessons = named.map((each) => lessonNamed(each, kind).id);
	const [first] = lessons;
	if (first === undefined)
		throw new UserError({ message: 'An exam needs lessons.', hints: ['lockstep practice --exam 9,10 --minutes 30'] });
	const exam = { kind, lessons, started: context.now().toISOString(), minutes, done: [], isOver: false };
	await changeProgress(context, (now) => ({ ...now, exam }));
	return startLesson(context, first, { ...options, kind });
}
