import { Box } from 'ink';
import { useState } from 'react';
import type { LessonCard } from '../../core/practice.ts';
import { failureLines } from '../../render/failure.ts';
import { line, span } from '../../render/page.ts';
import { examText, lessonLine, PRACTICE_WORDS } from '../../render/practice.ts';
import { useApp } from '../app-context.ts';
import { bodyRows, Frame, type Hint } from '../components/frame.tsx';
import { Lines } from '../components/lines.tsx';
import { Pane } from '../components/pane.tsx';
import { useAsked } from '../hooks/use-asked.ts';
import { moved, moveOf, useKeys } from '../keys.ts';
import { useTheme } from '../theme.ts';

/** Where the cursor is at first: the open lesson, else the first that is not done. */
const firstOf = (lessons: readonly LessonCard[]): number => {
	const open = lessons.findIndex(({ isOpen, done }) => isOpen && done === null);
	return Math.max(0, open >= 0 ? open : lessons.findIndex(({ done }) => done === null));
};

/** All lessons and what was done of them; the last entry leads to the four flows on a pair of one's own. */
export function Practice() {
	const app = useApp();
	const { signs, ascii } = useTheme();
	const { language } = app.backend;
	const words = PRACTICE_WORDS[language];
	const { value: list, failure, again } = useAsked(() => app.backend.practice.list());
	const [place, setMoved] = useState<number | null>(null);
	const lessons = list?.lessons ?? [];
	const count = lessons.length + 1;
	const at = place ?? firstOf(lessons);
	useKeys((key) => {
		const move = moveOf(key);
		if (key === 'esc') app.back();
		else if (key === '?' || key === 'f1') app.help('practice');
		else if (key === 'r' && failure !== null) again();
		else if (list === null) return;
		else if (move !== null) setMoved(moved(at, move, count, count));
		else if (key === 'enter') open();
	});
	const open = () => {
		const lesson = lessons[at];
		if (lesson === undefined) app.go({ at: 'whole-way' });
		else app.go({ at: 'lesson', lesson: lesson.isOpen && lesson.done === null ? null : lesson.id });
	};
	const width = app.size.columns - 2;
	const height = bodyRows(app.size.rows);
	const hints: readonly Hint[] = [
		[signs.arrows, words.keyMove],
		['enter', words.keyOpen],
		['esc', words.keyBack],
		['?', words.keyHelp],
	];
	const head = list?.exam == null || list.exam.isOver ? [] : [line(span(`${words.exam}  `, 'bold'), examText(list.exam, language)), []];
	const room = Math.max(1, height - head.length);
	const from = Math.max(0, Math.min(at - room + 1, count - room));
	const rows = [
		...lessons.map((card) => lessonLine(card, { language, ascii })),
		line(span(`   ${signs.at}   `, 'key'), words.wholeWay),
	].map((each, index) => line(span(index === at ? `${signs.chosen} ` : '  ', 'key'), ...each));
	const done = lessons.filter((each) => each.done !== null).length;
	return (
		<Frame
			title={`${words.practice} ${signs.dot} ${words.notReal}`}
			badge="practice"
			right={{ text: list === null ? '' : `${list.kind}  ${done}/${lessons.length}` }}
			hints={hints}
		>
			{failure !== null ? (
				<Pane lines={failureLines(failure, { width, ascii })} width={width} height={height} />
			) : (
				<Box flexDirection="column">
					<Lines lines={[...head, ...(list === null ? [] : rows.slice(from, from + room))]} />
				</Box>
			)}
		</Frame>
	);
}
