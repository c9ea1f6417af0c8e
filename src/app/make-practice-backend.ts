import type { Language } from '../core/languages.ts';
import type { AppContext } from './context.ts';
import {
	bootServers,
	checkLesson,
	explainError,
	lessonView,
	nextHint,
	practiceList,
	practiceLogins,
	practiceSql,
	resetLesson,
	startLesson,
} from './practice.ts';
import type { PracticeBackend } from './wizard-backend.ts';

/** What is behind the screens of practice. */
export function makePracticeBackend(context: AppContext, language: Language): PracticeBackend {
	const options = { language, say: () => undefined };
	return {
		list: () => practiceList(context, options),
		current: () => lessonView(context, options),
		start: (lesson, say) => startLesson(context, lesson, { ...options, say }),
		check: (counts) => checkLesson(context, options, counts),
		hint: () => nextHint(context, options),
		boot: (say) => bootServers(context, { ...options, say }),
		reset: (say) => resetLesson(context, { ...options, say }),
		explain: () => explainError(context, options),
		sql: (server, text) => practiceSql(context, options, { server, text }),
		logins: () => practiceLogins(context, options),
	};
}
