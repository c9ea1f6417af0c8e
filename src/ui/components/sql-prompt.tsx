import { Box } from 'ink';
import { useState } from 'react';
import { failureOf } from '../../core/failure.ts';
import type { SqlAnswer } from '../../core/practice.ts';
import { type Line, line, span } from '../../render/page.ts';
import { widthOf } from '../../render/width.ts';
import { useApp } from '../app-context.ts';
import { useKeys } from '../keys.ts';
import { answerRows, type RowStyle } from '../lesson-rows.ts';
import { Field } from './field.tsx';
import { Lines } from './lines.tsx';
import { Pane } from './pane.tsx';
import { Text } from './text.tsx';

type Server = 'primary' | 'replica';

/** Statements of this start, newest last: the same for every prompt, as a client's history is. */
const typed: string[] = [];
const MOST_TYPED = 200;

type SqlPromptProps = {
	/** Rows above it, as far as there is room. */
	readonly top: readonly Line[];
	readonly style: RowStyle;
	readonly height: number;
	readonly onClose: () => void;
};

const LEAST_ANSWER = 6;

/** A line of SQL to either server: Tab goes to the other one, the arrows to statements of before. */
export function SqlPrompt({ top, style, height, onClose }: SqlPromptProps) {
	const app = useApp();
	const [server, setServer] = useState<Server>('replica');
	const [text, setText] = useState('');
	const [at, setAt] = useState<number | null>(null);
	const [answer, setAnswer] = useState<SqlAnswer | null>(null);
	const [asked, setAsked] = useState<string | null>(null);
	const [round, setRound] = useState(0);
	const recall = (step: number) => {
		const next = Math.max(0, Math.min(typed.length, (at ?? typed.length) + step));
		setAt(next);
		setText(typed[next] ?? '');
		setRound(round + 1);
	};
	const run = () => {
		const statement = text.trim();
		if (statement === '') return;
		if (typed.at(-1) !== statement) typed.push(statement);
		typed.splice(0, Math.max(0, typed.length - MOST_TYPED));
		setAt(null);
		setText('');
		setAsked(`practice-${server}> ${statement}`);
		setAnswer(null);
		const failed = (error: unknown): SqlAnswer => ({ columns: [], rows: [], error: failureOf(error).description.message });
		void app.backend.practice.sql(server, statement).catch(failed).then(setAnswer);
	};
	useKeys((key) => {
		if (key === 'esc') onClose();
		else if (key === 'f1') app.help('practice');
		else if (key === 'tab') setServer(server === 'primary' ? 'replica' : 'primary');
		else if (key === 'up') recall(-1);
		else if (key === 'down') recall(1);
		else if (key === 'enter') run();
	});
	const isTopShown = top.length + LEAST_ANSWER + 2 <= height;
	const room = height - 2 - (isTopShown ? top.length + 1 : 0);
	const prompt = `practice-${server}> `;
	return (
		<Box flexDirection="column" height={height}>
			{isTopShown && <Lines lines={[...top, []]} />}
			<Box flexDirection="column" height={room + 1} overflow="hidden">
				{asked !== null && <Lines lines={[line(span(asked, 'dim'))]} />}
				{answer !== null && (
					<Pane key={asked} lines={answerRows(answer, style, 500)} width={style.width} height={room} pages filter={false} />
				)}
			</Box>
			<Box height={1} flexShrink={0}>
				<Text bold>{prompt}</Text>
				<Field key={round} value={text} onChange={setText} focused width={style.width - widthOf(prompt) - 1} />
			</Box>
		</Box>
	);
}
