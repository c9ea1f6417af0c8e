// What `lockstep practice VERB` answers, as fields for JSON and as lines for people.
import { UserError } from '../core/errors.ts';
import { languageFrom } from '../core/languages.ts';
import {
	explainLines,
	loginLines,
	PRACTICE_WORDS,
	previewText,
	renderLesson,
	renderPracticeList,
	renderReport,
	renderServers,
	trainerReport,
} from '../render/practice.ts';
import { choice, type FieldsOf } from '../requests/option.ts';
import { type PRACTICE, PRACTICE_VERBS } from '../requests/other-commands.ts';
import { SANDBOX_KINDS } from '../sandbox/sandbox.ts';
import type { AppContext } from './context.ts';
import {
	bootServers,
	checkLesson,
	closed,
	explainError,
	nextHint,
	type PracticeOptions,
	practiceList,
	practiceLogins,
	resetLesson,
	startExam,
	startLesson,
	stopPractice,
} from './practice.ts';
import { readProgress } from './practice-progress.ts';

export type PracticeFlags = FieldsOf<typeof PRACTICE.options>;

export interface PracticeAnswer {
	readonly fields: object;
	readonly text: string;
	/** The checks are red. */
	readonly isRed?: boolean;
}

type Asked = { readonly verb: string | undefined; readonly lesson: string | undefined };
type Style = { readonly width: number; readonly color: boolean; readonly ascii: boolean };

/** Which servers and language the options mean. Throws UserError. */
export const practiceOptions = ({ env }: AppContext, { server, lang }: PracticeFlags, say: PracticeOptions['say']): PracticeOptions => ({
	...(server === undefined ? {} : { kind: choice(SANDBOX_KINDS).parse(server, '--server') }),
	...{ language: languageFrom(env, lang), say },
});

/** Throws UserError, and what a server that does not start throws. */
export async function answerPractice(
	context: AppContext,
	{ verb, lesson }: Asked,
	flags: PracticeFlags,
	how: { readonly style: Style; readonly say: PracticeOptions['say']; readonly dryRun: boolean },
): Promise<PracticeAnswer> {
	const options = practiceOptions(context, flags, how.say);
	const style = { ...how.style, language: options.language };
	if (flags.report) return report(context, options);
	const preview = how.dryRun ? previewText(flags.exam === undefined ? (verb ?? 'list') : 'exam', options.language) : null;
	if (preview !== null) return { fields: { dry_run: true }, text: preview };
	if (flags.exam !== undefined) {
		const named = flags.exam.split(',').map((each) => each.trim());
		const view = await startExam(context, named, flags.minutes, options);
		return { fields: { lesson: view }, text: renderLesson(view, style) };
	}
	switch (choice(PRACTICE_VERBS).parse(verb ?? 'list', 'practice')) {
		case 'list': {
			const list = await practiceList(context, options);
			return { fields: { ...list }, text: renderPracticeList(list, style) };
		}
		case 'start': {
			if (lesson === undefined)
				throw new UserError({ message: 'Which lesson?', hints: ['lockstep practice', 'lockstep practice start LESSON'] });
			const view = await startLesson(context, lesson, options);
			return { fields: { lesson: view }, text: renderLesson(view, style) };
		}
		case 'check': {
			const found = await checkLesson(context, options, !how.dryRun);
			return { fields: { ...found }, text: renderReport(found, style), isRed: !found.isDone };
		}
		case 'hint': {
			const view = await nextHint(context, options);
			return { fields: { lesson: view }, text: renderLesson(view, style) };
		}
		case 'explain': {
			const lines = await explainError(context, options);
			return { fields: { lines }, text: explainLines(lines, options.language).join('\n') };
		}
		case 'reset': {
			const view = await resetLesson(context, options);
			return { fields: { lesson: view }, text: renderLesson(view, style) };
		}
		case 'boot': {
			const view = await bootServers(context, options);
			return { fields: { lesson: view }, text: renderServers(view, options.language) };
		}
		case 'env': {
			const logins = await practiceLogins(context, options);
			return { fields: { logins }, text: loginLines(logins, options.language).join('\n') };
		}
		case 'stop': {
			const was = await stopPractice(context, options);
			const words = PRACTICE_WORDS[options.language];
			return { fields: { was_running: was }, text: was ? words.removed : words.nothing };
		}
	}
}

async function report(context: AppContext, options: PracticeOptions): Promise<PracticeAnswer> {
	const [list, progress] = [await practiceList(context, options), await readProgress(context)];
	const attempts = closed(progress, context.now());
	return { fields: { ...list, attempts }, text: trainerReport(list, attempts, options.language) };
}
