import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as z from 'zod/mini';
import { UserError } from '../core/errors.ts';
import type { ExamView, LessonScore } from '../core/practice.ts';
import { parseJson, size } from '../core/schema.ts';
import { withLock } from '../sandbox/lock.ts';
import { writeState } from '../sandbox/state-file.ts';
import type { AppContext } from './context.ts';

const time = z.iso.datetime();

/** A lesson that was completed or left. */
const ATTEMPT = z.object({
	lesson: z.string(),
	kind: z.string(),
	started: time,
	seconds: size,
	hints: size,
	tries: size,
	/** How often a check saw that the tempting remedy was applied. */
	wrong: size,
	isDone: z.boolean(),
	inExam: z.boolean(),
});

const OPEN = z.object({
	lesson: z.string(),
	kind: z.string(),
	started: time,
	hints: size,
	tries: size,
	wrong: size,
	/** The last check saw the price of the tempting remedy: it counts once. */
	isPaid: z.boolean(),
	/** It was completed, and is still on the servers. */
	isDone: z.boolean(),
	notes: z.record(z.string(), z.string()),
});

const EXAM = z.object({
	kind: z.string(),
	lessons: z.array(z.string()),
	started: time,
	minutes: size,
	done: z.array(z.string()),
	isOver: z.boolean(),
});

const PROGRESS = z.object({ v: z.literal(1), open: z.nullable(OPEN), attempts: z.array(ATTEMPT), exam: z.nullable(EXAM) });

export type Attempt = Readonly<z.output<typeof ATTEMPT>>;
export type OpenLesson = Readonly<z.output<typeof OPEN>>;
export type Exam = Readonly<z.output<typeof EXAM>>;
export type Progress = {
	readonly v: 1;
	readonly open: OpenLesson | null;
	readonly attempts: readonly Attempt[];
	readonly exam: Exam | null;
};

const NONE: Progress = { v: 1, open: null, attempts: [], exam: null };

export const practiceFolder = ({ stateFolder }: AppContext): string => join(stateFolder, 'practice');
const progressPath = (context: AppContext): string => join(practiceFolder(context), 'progress.json');

/** Throws UserError where the file holds something else: it is left as it is. */
export async function readProgress(context: AppContext): Promise<Progress> {
	const path = progressPath(context);
	const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
		if (error.code === 'ENOENT') return null;
		throw error;
	});
	if (text === null) return NONE;
	const progress = parseJson(PROGRESS, text);
	if (progress === null)
		throw new UserError({
			message: `${path} holds no progress that can be read.`,
			hints: ['Move it elsewhere to begin anew, or restore it.'],
		});
	return progress;
}

/** Reads it anew, changes it and writes it whole: a screen and a command line may be at work at once. */
export async function changeProgress(context: AppContext, change: (before: Progress) => Progress): Promise<Progress> {
	const path = progressPath(context);
	await mkdir(dirname(path), { recursive: true, mode: 0o700 });
	return withLock(`${path}.lock`, {}, async () => {
		const next = change(await readProgress(context));
		await writeState(path, next);
		return next;
	});
}

export const secondsSince = (started: string, now: Date): number => Math.max(0, Math.round((now.getTime() - Date.parse(started)) / 1000));

export const scoreOf = (open: OpenLesson, seconds: number): LessonScore => ({
	seconds,
	hints: open.hints,
	tries: open.tries,
	wrong: open.wrong,
});

/** How it goes into the list of attempts. */
export const attemptOf = (open: OpenLesson, now: Date, inExam: boolean): Attempt => {
	const { lesson, kind, started, hints, tries, wrong, isDone } = open;
	return { lesson, kind, started, hints, tries, wrong, isDone, inExam, seconds: secondsSince(started, now) };
};

const endOf = ({ started, minutes }: Exam): Date => new Date(Date.parse(started) + minutes * 60_000);

export const isOver = (exam: Exam, now: Date): boolean =>
	exam.isOver || now >= endOf(exam) || exam.lessons.every((id) => exam.done.includes(id));

export const examView = (exam: Exam | null, now: Date): ExamView | null =>
	exam === null ? null : { lessons: exam.lessons, done: exam.done, until: endOf(exam).toISOString(), isOver: isOver(exam, now) };
