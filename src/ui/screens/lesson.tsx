import { Box } from 'ink';
import { useEffect, useRef, useState } from 'react';
import { failureOf } from '../../core/failure.ts';
import { clock } from '../../core/format.ts';
import type { Failure } from '../../core/model.ts';
import type { CheckReport, LessonView } from '../../core/practice.ts';
import { failureLines } from '../../render/failure.ts';
import { indented, type Line, line, span } from '../../render/page.ts';
import { explainLines, loginLines, PRACTICE_WORDS, reportLines } from '../../render/practice.ts';
import { useApp } from '../app-context.ts';
import { bodyRows, Frame, type Hint } from '../components/frame.tsx';
import { Lines } from '../components/lines.tsx';
import { Pane } from '../components/pane.tsx';
import { SqlPrompt } from '../components/sql-prompt.tsx';
import { useTick } from '../hooks/use-tick.ts';
import { useKeys } from '../keys.ts';
import { lessonRows, stateRows } from '../lesson-rows.ts';
import { useTheme } from '../theme.ts';

const EVERY_MS = 2000;

/** What lies over the lesson: an SQL prompt, or a text to read. */
type Over = { readonly kind: 'sql' } | { readonly kind: 'text'; readonly lines: readonly Line[] };

/** The lesson, its checks by the screen's own clock, and what is being prepared. `lesson`: null goes on with the open one. */
function useLesson(lesson: string | null) {
	const { practice } = useApp().backend;
	const [view, setView] = useState<LessonView | null>(null);
	const [report, setReport] = useState<CheckReport | null>(null);
	const [failure, setFailure] = useState<Failure | null>(null);
	const [said, setSaid] = useState<readonly string[]>([]);
	const busy = useRef(false);
	const isMine = useRef(true);
	const say = (text: string) => isMine.current && setSaid((before) => [...before, text]);
	const attempt = async (work: () => Promise<void>) => {
		if (busy.current) return;
		busy.current = true;
		try {
			await work();
		} catch (error) {
			if (isMine.current) setFailure(failureOf(error));
		} finally {
			busy.current = false;
		}
	};
	const take = async (asked: Promise<LessonView>) => {
		const found = await asked;
		if (isMine.current) setView(found);
	};
	const check = (counts: boolean) =>
		attempt(async () => {
			const found = await practice.check(counts);
			if (!isMine.current) return;
			setReport(found);
			setFailure(null);
		});
	const prepare = (asked: () => Promise<LessonView>) =>
		attempt(async () => {
			setFailure(null);
			setReport(null);
			setView(null);
			setSaid([]);
			await take(asked());
		}).then(() => check(false));
	// biome-ignore lint/correctness/useExhaustiveDependencies: begun once, and then by the clock.
	useEffect(() => {
		isMine.current = true;
		void prepare(() => (lesson === null ? practice.current() : practice.start(lesson, say)));
		const timer = setInterval(() => void check(false), EVERY_MS);
		return () => {
			isMine.current = false;
			clearInterval(timer);
		};
	}, []);
	return {
		view,
		report,
		failure,
		said,
		check,
		take,
		prepare,
		reset: () => prepare(() => practice.reset(say)),
		boot: () => prepare(() => practice.boot(say)),
	};
}

/** A lesson on its two servers. */
export function Lesson({ lesson }: { readonly lesson: string | null }) {
	const app = useApp();
	const { practice, language } = app.backend;
	const { signs, ascii } = useTheme();
	const words = PRACTICE_WORDS[language];
	const { view, report, failure, said, check, take, reset, boot } = useLesson(lesson);
	const [over, setOver] = useState<Over | null>(null);
	const [hasSeenEnd, setSeenEnd] = useState(false);
	useTick(1000);
	const width = app.size.columns - 2;
	const height = bodyRows(app.size.rows);
	const style = { language, signs, width, ascii };
	const show = (asked: Promise<readonly Line[]>) =>
		void asked.then(
			(lines) => setOver({ kind: 'text', lines }),
			(error) => setOver({ kind: 'text', lines: failureLines(failureOf(error), { width, ascii }) }),
		);
	const wrapped = (lines: readonly string[]) => lines.flatMap((each) => [...indented('', each, width), []]);
	const isEnd = report?.isDone === true && !hasSeenEnd && over === null;
	const close = () => {
		if (isEnd) setSeenEnd(true);
		setOver(null);
	};
	const again = () => {
		close();
		setSeenEnd(false);
		void reset();
	};
	const flash = (error: unknown) => app.flash(failureOf(error).description.message);
	const actions: { readonly [key: string]: () => void } = {
		b: () => void boot(),
		c: () => void check(true),
		h: () => void take(practice.hint()).catch(flash),
		s: () => setOver({ kind: 'sql' }),
		e: () => show(practice.explain().then((lines) => wrapped(explainLines(lines, language)))),
		o: () => show(practice.logins().then((logins) => wrapped(loginLines(logins, language)))),
	};
	useKeys((key) => {
		if (key === 'esc') (over !== null || isEnd ? close : app.back)();
		else if (key === '?' || key === 'f1') app.help('practice');
		else if (key === 'enter' && isEnd) app.back();
		else if (key === 'r') again();
		else if (view !== null) actions[key]?.();
	}, over?.kind !== 'sql');

	const hints: readonly Hint[] =
		over?.kind === 'sql'
			? [
					['tab', words.keyServer],
					['esc', words.keyBack],
					['F1', words.keyHelp],
				]
			: [
					['c', words.keyCheck],
					['h', words.keyHint],
					['s', words.keySql],
					['e', words.keyExplain],
					['r', words.keyReset],
					['b', words.keyBoot],
					['o', words.keyEnv],
					['esc', over === null && !isEnd ? words.keyLeave : words.keyBack],
					['?', words.keyHelp],
				];
	const body = () => {
		if (over?.kind === 'sql')
			return <SqlPrompt top={stateRows(report?.states ?? [], style)} style={style} height={height} onClose={close} />;
		if (over !== null) return <Pane lines={over.lines} width={width} height={height} />;
		if (failure !== null) return <Pane lines={failureLines(failure, { width, ascii })} width={width} height={height} />;
		if (isEnd && report !== null) return <Pane lines={reportLines(report, style)} width={width} height={height} />;
		if (view !== null) return <Lines lines={lessonRows(view, report, style, height)} />;
		return (
			<Box flexDirection="column">
				<Lines lines={[line(span(`${words.preparing} ${signs.more}`, 'bold')), []]} />
				<Lines lines={said.slice(-(height - 3)).map((text) => line(span(`${signs.at} `, 'key'), text))} />
			</Box>
		);
	};
	return (
		<Frame
			title={`${words.practice} ${signs.dot} ${words.notReal}`}
			badge="practice"
			right={{ text: rightText(view, report, app.now()) }}
			hints={hints}
		>
			{body()}
		</Frame>
	);
}

function rightText(view: LessonView | null, report: CheckReport | null, now: Date): string {
	if (view === null) return '';
	const ms = report?.isDone ? report.score.seconds * 1000 : now.getTime() - Date.parse(view.started);
	return `${view.kind}  ${view.number}  ${clock(ms)}`;
}
