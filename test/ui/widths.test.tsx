import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { render } from 'ink-testing-library';
import { useState } from 'react';
import stringWidth from 'string-width';
import { describe, expect, test } from 'vitest';
import { symbols } from '../../src/core/format.ts';
import type { ShownAction } from '../../src/core/shown-action.ts';
import { fold, NOTHING_YET } from '../../src/core/state.ts';
import { showLines } from '../../src/render/backups.ts';
import { renderManual } from '../../src/render/manual.ts';
import { indented, type Line, wrap } from '../../src/render/page.ts';
import { columns, cut, graphemes, pad, padLeft, widthOf } from '../../src/render/width.ts';
import { Choice } from '../../src/ui/components/choice.tsx';
import { Field } from '../../src/ui/components/field.tsx';
import { broken } from '../../src/ui/components/lines.tsx';
import { reviewRows } from '../../src/ui/review-rows.ts';
import { stepRows } from '../../src/ui/run-rows.ts';
import { tableRows } from '../../src/ui/table-rows.ts';
import { edit, edited, paste, shownPart } from '../../src/ui/text-edit.ts';
import { REPORT } from './backups-story.ts';
import { openAt } from './open.tsx';
import { fakeDesk, firstHalf, opening, progressAt, REQUESTS, recorder, review } from './story.ts';

/** Two columns a character; an accent of its own; a family that is one character; a flag. */
const JAPANESE = '日本語データベース';
const ACCENT = 'cafe\u0301s';
const FAMILY = '👩‍👩‍👧';
const FLAG = '🇯🇵';
const WIDE = [JAPANESE, ACCENT, FAMILY, FLAG, `${'語'.repeat(40)}e\u0301`];
const WIDTH = 60;
const signs = symbols(false);

const textOf = (line: Line): string => line.map(({ text }) => text).join('');
const fits = (lines: readonly Line[]) => {
	for (const line of lines) expect([textOf(line), widthOf(textOf(line)) <= WIDTH]).toEqual([textOf(line), true]);
};
/** The column in which a text begins. */
const columnOf = (line: Line, text: string | RegExp): number => {
	const all = textOf(line);
	const at = typeof text === 'string' ? all.indexOf(text) : all.search(text);
	expect([all, at >= 0]).toEqual([all, true]);
	return widthOf(all.slice(0, at));
};

describe('a text', () => {
	test('is as wide as a terminal draws it, with what it would obey written out', () => {
		expect([JAPANESE, ACCENT, FLAG, 'a\tb', '\x1b[31m', '‮'].map(widthOf)).toEqual([18, 5, 2, 4, 8, 8]);
		expect(graphemes(`${ACCENT}${FAMILY}${FLAG}`)).toEqual(['c', 'a', 'f', 'e\u0301', 's', FAMILY, FLAG]);
	});

	test('of our own signs or of Europe is as wide as it is long', () => {
		const { bar, spark, ...rest } = signs;
		const latin = Array.from({ length: 0x17f - 0xa1 }, (_, at) => String.fromCodePoint(0xa1 + at));
		for (const each of [...Object.values(rest), ...bar, ...spark, ...latin, '→', '–', '’', '…'])
			expect([each, widthOf(each)]).toEqual([each, each === '\xad' ? 4 : stringWidth(each)]);
	});

	test.each(WIDE)('%s is cut between characters and filled to the column', (text) => {
		for (let room = 0; room <= widthOf(text) + 2; room++) {
			for (const more of ['', '…', '...']) {
				const short = cut(text, room, more);
				if (room >= more.length) expect(widthOf(short)).toBeLessThanOrEqual(room);
				if (widthOf(text) <= room) expect(widthOf(short)).toBe(widthOf(text));
				else expect(short.endsWith(more)).toBe(true);
				expect(short).not.toMatch(/\ufffd|^\u0301/);
			}
			expect(widthOf(pad(cut(text, room), room))).toBe(room);
			expect(widthOf(padLeft(cut(text, room), room))).toBe(room);
		}
	});

	test('stands in columns whatever it is written in', () => {
		const rows = columns(
			WIDE.map((name, index) => [name, String(index)]),
			[{ most: 20 }, { most: 9, least: 4, isRight: true }],
			'…',
		);
		for (const [name = '', figure = ''] of rows) expect([widthOf(name), widthOf(figure)]).toEqual([20, 4]);
		expect(columns([], [{ most: 5 }], '…')).toEqual([]);
	});

	test('is wrapped and indented by its columns', () => {
		const text = `${JAPANESE} ${ACCENT} ${FLAG} `.repeat(9);
		for (const part of wrap(text, 30)) expect(widthOf(part)).toBeLessThanOrEqual(30);
		const lines = indented(`${JAPANESE}  `, text, WIDTH);
		fits(lines);
		expect(lines.slice(1).every((line) => widthOf(line[0]?.text ?? '') === 20)).toBe(true);
	});

	test('that has no blanks is broken between characters', () => {
		for (const width of [1, 2, 3, 7, 59, 60]) {
			const line = [
				{ text: '  a ', tone: 'plain' },
				{ text: '語'.repeat(50), tone: 'key' },
				{ text: ACCENT.repeat(9), tone: 'dim' },
			] as const;
			const rows = broken([line], width);
			// Below that an indent and one wide character are too much already.
			if (width > 3) for (const row of rows) expect(widthOf(textOf(row))).toBeLessThanOrEqual(width);
			const whole = rows.map(textOf).join('').replaceAll(' ', '');
			expect(whole).toBe(textOf(line).replaceAll(' ', ''));
		}
	});
});

describe('at 60 columns', () => {
	const actions = WIDE.map(
		(name, index): ShownAction =>
			({ id: `a${index}`, on: 'server', why: `rows of ${name}`, text: `DROP TABLE ${name}`, changes: true }) as ShownAction,
	);

	test('what a step of the plan does stands below it, and its statements are whole', () => {
		const plan = review('backup');
		const [first] = plan.steps;
		const options = { width: WIDTH, signs, servers: { server: JAPANESE }, commandLine: 'lockstep', afterDeath: 'It is recovered.' };
		const steps = { ...plan, steps: [{ ...(first as NonNullable<typeof first>), actions }] };
		const rows = reviewRows(steps, { ...options, isOpen: true });
		expect(rows.filter((row) => textOf(row).includes('DROP T')).map((row) => textOf(row).trim())).toEqual(
			WIDE.map((name) => `DROP TABLE ${name}`),
		);
		fits(rows.filter((row) => textOf(row).includes('rows of')));
		expect(reviewRows(steps, { ...options, isOpen: false }).some((row) => textOf(row).includes('DROP T'))).toBe(false);
	});

	test('a backup’s tables, rows and sizes end in the same columns', () => {
		const [database] = REPORT.databaseList;
		const tables = WIDE.map((name) => ({ name, engine: 'InnoDB', rows: 7, bytes: 4096, estimated: false }));
		const lines = showLines(
			{ ...REPORT, databaseList: [{ ...(database as NonNullable<typeof database>), name: JAPANESE, tables }] },
			{ width: WIDTH, now: new Date('2026-11-21T02:02:00.000Z') },
		).filter((line) => textOf(line).includes('7 rows'));
		expect(lines.length).toBe(WIDE.length);
		expect(new Set(lines.map((line) => columnOf(line, ' rows'))).size).toBe(1);
		fits(lines);
	});

	test('steps and tables of a run keep their times in one column', () => {
		const record = recorder();
		const state = opening('backup')
			.map((event) => record(event))
			.reduce(fold, NOTHING_YET);
		const steps = state.steps.map((step, index) => ({
			...step,
			title: WIDE[index % WIDE.length] as string,
			status: 'done' as const,
			ms: 1000,
			acted: true,
		}));
		const rows = stepRows({ ...state, steps }, new Date('2026-11-21T02:02:01.000Z'), { height: 20, width: WIDTH }, signs);
		expect(new Set(rows.map((row) => columnOf(row, /\d+(\.\d)? s/))).size).toBe(1);
		fits(rows);
		const [first = '', ...others] = WIDE;
		const work = { done: 5_000_000, total: 9_000_000, ms: 44_000, rate: 1_000_000 };
		const progress = {
			...progressAt(0.5),
			workers: [{ ...work, name: first, worker: 1 }],
			finished: others.map((name) => ({ ...work, name })),
			tables: { done: others.length, total: WIDE.length },
			next: [],
		};
		const tables = tableRows(progress, { width: WIDTH, height: 9 }, signs);
		expect(tables.length).toBe(WIDE.length);
		expect(new Set(tables.map((row) => columnOf(row, /\d:\d\d/))).size).toBe(1);
		fits(tables);
	});

	test('a page of the manual keeps its table', () => {
		const table = ['| name | about |', '|---|---|', ...WIDE.map((name) => `| ${name} | about ${name} |`)].join('\n');
		const lines = renderManual(table, { width: 200, color: false }).split('\n');
		for (const each of lines.slice(1))
			expect([each, widthOf(each.slice(0, each.indexOf('about')))]).toEqual([each, widthOf(WIDE[4] as string) + 2]);
		for (const each of renderManual(table, { width: WIDTH, color: false }).split('\n'))
			expect(widthOf(each.replace(/\S+$/, ''))).toBeLessThanOrEqual(WIDTH);
	});

	test('a list of servers with wide names has one column of notes', async () => {
		const { lastFrame } = render(
			<Choice options={WIDE.slice(0, 4).map((name) => ({ value: name, label: name, about: 'note' }))} onChoose={() => {}} />,
		);
		const rows = (lastFrame() ?? '').split('\n');
		expect(new Set(rows.map((row) => stringWidth(row.slice(0, row.indexOf('note'))))).size).toBe(1);
	});

	test('no screen of a run is wider than the terminal', async () => {
		const plan = { ...review('backup'), title: `backup of ${JAPANESE}` };
		const backend = fakeDesk({ plan: () => plan });
		const wizard = openAt([{ at: 'home' }, { at: 'run', request: REQUESTS.backup, title: `backup ${WIDE.join(' ')}` }], backend, {
			size: [WIDTH, 24],
		});
		await wizard.sees('enter start');
		backend.play(...firstHalf('backup'));
		for (const row of wizard.everything().split('\n')) expect(stringWidth(row)).toBeLessThanOrEqual(WIDTH);
	});
});

describe('a field', () => {
	const type = (keys: readonly string[], from = edited('')) => keys.reduce((now, key) => edit(now, key) ?? now, from);

	test('is edited by what a person takes for characters', () => {
		// As terminals send them: code point by code point.
		const typed = type([...`é=${ACCENT}${FAMILY}${FLAG}`]);
		expect(typed).toEqual({ text: `é=${ACCENT}${FAMILY}${FLAG}`, cursor: 9 });
		expect(type(['backspace'], typed)).toEqual({ text: `é=${ACCENT}${FAMILY}`, cursor: 8 });
		expect(type(['backspace', 'backspace', 'backspace'], typed)).toEqual({ text: 'é=cafe\u0301', cursor: 6 });
		expect(type(['left', 'left', 'left', 'left', 'delete'], typed)).toEqual({ text: `é=cafs${FAMILY}${FLAG}`, cursor: 5 });
		expect(type(['home', 'right', 'ctrl+k'], typed)).toEqual({ text: 'é', cursor: 1 });
		expect(type(['ctrl+w'], edited(`a ${FAMILY}${ACCENT}`))).toEqual({ text: 'a ', cursor: 2 });
		expect(paste({ text: `a${FLAG}b`, cursor: 2 }, `${FAMILY}\n語`)).toEqual({ text: `a${FLAG}${FAMILY}語b`, cursor: 4 });
	});

	test.each([1, 2, 3, 10, WIDTH])('shows its cursor and no more than %i columns', (width) => {
		const letters = graphemes(`${JAPANESE}${ACCENT}${FLAG}${'語'.repeat(40)}`);
		for (let cursor = 0; cursor <= letters.length; cursor++) {
			const { from, to } = shownPart(letters, cursor, width);
			expect(from <= cursor && cursor < to).toBe(true);
			const drawn = letters.slice(from, to).join('') + (cursor === letters.length ? ' ' : '');
			expect(widthOf(drawn)).toBeLessThanOrEqual(Math.max(2, width));
			// Nothing more would have fitted in front.
			if (from > 0 && width > 2) expect(widthOf((letters[from - 1] as string) + drawn)).toBeGreaterThan(width);
		}
	});

	test('is drawn in its columns', () => {
		function Filled() {
			const [value, set] = useState('語'.repeat(30) + ACCENT);
			return <Field value={value} onChange={set} focused width={20} />;
		}
		const { lastFrame } = render(<Filled />);
		const frame = lastFrame() ?? '';
		expect(stringWidth(frame)).toBeLessThanOrEqual(20);
		expect(frame).toContain('e\u0301s');
	});
});

test('text in columns is filled by its width, in one way', async () => {
	const found: string[] = [];
	for (const folder of ['render', 'ui', 'headless', 'commands']) {
		const top = new URL(`../../src/${folder}/`, import.meta.url).pathname;
		for (const file of await readdir(top, { recursive: true }))
			if (/\.tsx?$/.test(file) && /\.pad(End|Start)\(/.test(await readFile(join(top, file), 'utf8'))) found.push(`${folder}/${file}`);
	}
	expect(found).toEqual([]);
});
