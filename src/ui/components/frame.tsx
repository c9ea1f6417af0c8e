import { Box } from 'ink';
import type { ReactNode } from 'react';
import type { ServerCard } from '../../core/status-report.ts';
import type { Tone } from '../../render/page.ts';
import { cut, pad, widthOf } from '../../render/width.ts';
import { useApp } from '../app-context.ts';
import { useTheme } from '../theme.ts';
import { STAGES } from '../words.ts';
import { Text } from './text.tsx';

export type Hint = readonly [key: string, does: string];

export type FrameProps = {
	readonly title: string;
	/** Practice fills the whole row, so that no screen of it is taken for a real server's. */
	readonly badge?: ServerCard['badge'] | 'practice';
	/** How far the flow is: a number in a narrow header, all its stages in a wide one. */
	readonly stage?: { readonly [flow in keyof typeof STAGES]?: string };
	readonly right?: { readonly text: string; readonly tone?: Tone };
	/** The line that matters now: a lock that is held, a run that is being stopped. */
	readonly state?: { readonly text: string; readonly tone: 'good' | 'warn' | 'bad' } | null;
	readonly hints: readonly Hint[];
	/** Said instead of the hints. */
	readonly note?: string | null;
	readonly children: ReactNode;
};

const BADGES = { prod: ['PROD', 'bad'], test: ['TEST', 'warn'], sandbox: ['SANDBOX', 'good'], practice: ['PRACTICE', 'practice'] } as const;

/** Rows between the two rules. */
export const bodyRows = (rows: number, hasState = false): number => rows - 4 - (hasState ? 1 : 0);

/** From so many columns on a header says of a server what it is, not its name alone. */
export const ROOMY = 80;

const WIDE = 110;

type Flow = keyof typeof STAGES;

function Stage({ wide, ...at }: { readonly [flow in Flow]?: string } & { readonly wide: boolean }) {
	const { signs, styles } = useTheme();
	const [flow = 'provision', name = ''] = (Object.entries(at) as [Flow, string][])[0] ?? [];
	const stages: readonly string[] = STAGES[flow];
	return (
		<Box flexShrink={0} marginLeft={2}>
			{wide ? (
				<Text>
					{stages.map((each, index) => (
						<Text key={each} {...styles(each === name ? 'bold' : 'dim')}>
							{`${index > 0 ? `  ${signs.at}  ` : ''}${each}`}
						</Text>
					))}
				</Text>
			) : (
				<Text {...styles('dim')}>{`Step ${stages.indexOf(name) + 1}/${stages.length} ${signs.dot} ${name}`}</Text>
			)}
		</Box>
	);
}

/** As many hints as fit; the way back and the last one, help, always do. Help tells the others. */
function fitting(hints: readonly Hint[], width: number): readonly Hint[] {
	const kept = [...hints];
	const length = () => kept.reduce((sum, [key, does]) => sum + widthOf(key) + widthOf(does) + 4, -3);
	while (length() > width) {
		const spare = kept.findLastIndex(([key], index) => key !== 'esc' && index > 0 && index < kept.length - 1);
		if (spare < 0) return kept;
		kept.splice(spare, 1);
	}
	return kept;
}

/** A row that is full to its edge: what is on the right gives way last. */
const bar = (left: string, right: string, width: number): string =>
	`${pad(cut(` ${left}`, width - widthOf(right) - 1), width - widthOf(right) - 1)}${cut(right, width - 1)} `;

/** Header, state line where it matters, rule, body, rule, hints: exactly as high as the terminal. */
export function Frame({ title, badge = null, stage, right, state = null, hints, note = null, children }: FrameProps) {
	const { size, note: said } = useApp();
	const shown = said ?? note;
	const { signs, styles, inverse } = useTheme();
	const [label, tone] = badge === null ? [null, 'good' as const] : BADGES[badge];
	const rule = signs.rule.repeat(size.columns);
	return (
		<Box flexDirection="column" width={size.columns} height={size.rows} overflow="hidden">
			{badge === 'practice' && <Text {...inverse('practice')}>{bar(title, right?.text ?? '', size.columns)}</Text>}
			<Box display={badge === 'practice' ? 'none' : 'flex'} height={1} flexShrink={0} paddingX={1} justifyContent="space-between">
				<Box flexShrink={1}>
					<Text wrap="truncate">
						<Text {...styles('bold')}>lockstep</Text>
						{'  '}
						{label !== null && <Text {...inverse(tone)}>{` ${label} `}</Text>}
						{label !== null && '  '}
						{title}
					</Text>
				</Box>
				<Box flexShrink={0}>
					{right !== undefined && <Text {...styles(right.tone ?? 'plain')}>{`  ${right.text}`}</Text>}
					{stage !== undefined && <Stage {...stage} wide={size.columns >= WIDE} />}
				</Box>
			</Box>
			{state !== null && (
				<Box height={1} flexShrink={0}>
					<Text {...inverse(state.tone)} wrap="truncate">
						{pad(` ${state.tone === 'good' ? signs.ok : signs.warn} ${state.text} `, size.columns)}
					</Text>
				</Box>
			)}
			<Text {...styles('dim')}>{rule}</Text>
			<Box flexDirection="column" flexGrow={1} height={bodyRows(size.rows, state !== null)} overflow="hidden" paddingX={1}>
				{children}
			</Box>
			<Text {...styles('dim')}>{rule}</Text>
			<Box height={1} flexShrink={0} paddingX={1}>
				{shown === null ? (
					<Text wrap="truncate">
						{fitting(hints, size.columns - 2).map(([key, does], index) => (
							<Text key={key}>
								{index > 0 && '   '}
								<Text {...styles('key')}>{key}</Text>
								<Text {...styles('dim')}>{` ${does}`}</Text>
							</Text>
						))}
					</Text>
				) : (
					<Text {...styles('warn')} wrap="truncate">
						{shown}
					</Text>
				)}
			</Box>
		</Box>
	);
}
