import { describe, expect, test, vi } from 'vitest';
import type { RunEvent } from '../../src/core/events.ts';
import { symbols } from '../../src/core/format.ts';
import type { Progress, WorkerProgress } from '../../src/core/progress.ts';
import { lagRows, resampled } from '../../src/ui/lag-rows.ts';
import { tableRows } from '../../src/ui/table-rows.ts';
import { ENTER, type Opened, openAt } from './open.tsx';
import { BEGAN, fakeDesk, firstHalf, lockEvent, opening, progressAt, REQUESTS } from './story.ts';

const { backup } = REQUESTS;
const MIB = 1024 ** 2;
const signs = symbols(false);
const SIZES = [
	[60, 16],
	[80, 24],
	[120, 40],
	[200, 50],
] as const;

const worker = (at: number, name: string, more: Partial<WorkerProgress> = {}): WorkerProgress => ({
	...{ worker: at, name, done: 300 * MIB, total: 600 * MIB, rows: 1_200_000, ms: 44_000, rate: 80 * MIB },
	...more,
});

/** Three connections in mid-dump: two read parts of one table, one a table of the same name in another database. */
const several: Progress = {
	...progressAt(0.31),
	workers: [
		worker(1, 'shop.orders', { part: { at: 2, of: 4 } }),
		worker(2, 'shop.orders', { part: { at: 3, of: 4 }, done: 90 * MIB }),
		worker(3, 'crm.orders', { done: 12 * MIB, total: 30 * MIB, rate: 4 * MIB, ms: 3_000 }),
	],
	finished: [
		{ name: 'crm.notes', done: 20 * MIB, total: 20 * MIB, rows: 9_000, ms: 2_000, rate: 10 * MIB },
		{ name: 'shop.items', done: 200 * MIB, total: 200 * MIB, rows: 70_000, ms: 10_000, rate: 20 * MIB },
	],
	next: ['shop.payments', 'crm.contacts', 'crm.events'].map((name) => ({ name, total: 8 * MIB })),
	tables: { done: 13, total: 212 },
	current: 'shop.orders, crm.orders',
	rows: 4_000_000,
};

const told = (progress: Progress): RunEvent => ({ type: 'progress', step: 'dump', progress });

async function running(size: readonly [number, number], ...progress: Progress[]): Promise<Opened> {
	const wizard = openAt([{ at: 'run', request: backup, title: 'back up db3-backup' }], fakeDesk(), { size });
	await wizard.sees('enter start');
	await wizard.press(`${ENTER}y`);
	wizard.backend.play(...firstHalf('backup'), ...progress.map(told));
	return wizard;
}

/** A screen of somebody who came later, and has been told nothing yet. */
async function attached() {
	const backend = fakeDesk();
	const place = { at: 'watch', how: 'attach', run: '20261121T020000Z-1', title: 'attach', request: null } as const;
	const wizard = openAt([place], backend, { size: [120, 40] });
	await vi.waitFor(() => expect(backend.attached).toHaveLength(1));
	return { backend, wizard };
}

const lineOf = (text: string, wanted: string): string => text.split('\n').find((line) => line.includes(wanted)) ?? '';

describe('progress per worker and per table (findings 20 and 44)', () => {
	test.each(SIZES)('names every table that is read now, with its database, at %i×%i', async (columns, rows) => {
		const wizard = await running([columns, rows], several);
		const text = await wizard.sees('crm.orders');
		expect(lineOf(text, 'crm.orders')).toMatch(/▸ crm\.orders .*40 % of ~30\.0 MiB .*4\.0 MiB\/s/);
		expect(text.split('\n').filter((line) => line.includes('▸ shop.orders'))).toHaveLength(2);
		expect(text).toContain('13 of 212 tables');
		expect(text).toMatch(/○ (next )?shop\.payments/);
		for (const line of text.split('\n')) expect([...line].length).toBeLessThanOrEqual(columns);
		expect(text.split('\n').length).toBeLessThanOrEqual(rows);
	});

	test('says who reads which part, the rows and the rate of each, and what is to come, where there is room', async () => {
		const wizard = await running([200, 50], several);
		const text = await wizard.sees('crm.orders');
		expect(text).toMatch(/▸ shop\.orders +worker 1 part 2\/4 50 % of ~600\.0 MiB +1\.2 M rows 80\.0 MiB\/s +0:44/);
		expect(text).toMatch(/▸ shop\.orders +worker 2 part 3\/4 15 % of ~600\.0 MiB/);
		expect(text).toMatch(/▸ crm\.orders +worker 3 +40 % of/);
		expect(text).toMatch(/○ crm\.events +~8\.0 MiB/);
		expect(text).toContain('○ 194 more to come');
		expect(text).toMatch(/✓ shop\.items +200\.0 MiB +70\.0 k rows +20\.0 MiB\/s +0:10/);
		// What is in hand comes first, then what is to come, then what is done, the latest first.
		const order = ['▸ shop.orders', '▸ crm.orders', '○ shop.payments', '○ 194 more', '✓ shop.items', '✓ crm.notes'];
		const places = order.map((each) => text.indexOf(each));
		expect(places).toEqual(places.toSorted((a, b) => a - b));
		expect(Math.min(...places)).toBeGreaterThan(0);
	});

	test('keeps what the lock does where its line is narrow', async () => {
		const wizard = openAt([{ at: 'run', request: backup, title: 'back up db3-backup' }], fakeDesk(), { size: [60, 16] });
		await wizard.sees('enter start');
		await wizard.press(`${ENTER}y`);
		const lock = lockEvent('held');
		if (lock.type !== 'lock') throw new Error('no lock');
		const until = '2026-11-21T02:07:00.000Z';
		wizard.backend.play({ type: 'step-started', step: 'dump' }, { ...lock, lock: { ...lock.lock, until } }, told(several));
		expect(await wizard.sees('READ LOCK HELD')).toMatch(/READ LOCK HELD 1:59 · replication waits, lag 115 s/);
		wizard.sizes(120, 40);
		expect(await wizard.sees('Statements')).toMatch(/READ LOCK HELD 1:59 · at most 5:00 more · replication waits, lag 115 s/);
	});

	test('a single tool has a table in hand, which is counted as such', async () => {
		const one = { ...several, workers: [worker(1, 'shop.orders')], tables: { done: 0, total: 4 }, finished: [] };
		const wizard = await running([80, 24], one);
		const text = await wizard.sees('▸ shop.orders');
		expect(text).toContain('table 1 of 4');
		expect(text).not.toContain('worker 1');
	});

	test('attaching in mid-run shows how far each table is, not what came since', async () => {
		const { wizard, backend } = await attached();
		// The journal's events are told to whoever attaches, and the next word of the progress.
		const events = [...opening('backup'), ...firstHalf('backup', [0.01]), lockEvent('held')].filter(({ type }) => type !== 'review');
		backend.play(...events, told(several));
		const text = await wizard.sees('crm.orders');
		expect(text).toMatch(/▸ shop\.orders .*50 % of ~600\.0 MiB 80\.0 MiB\/s/);
		// The title names the servers, whatever the run was attached by.
		expect(text.split('\n')[0]).toContain('Locked dump of db3-backup');
		expect(text).toMatch(/✓ shop\.items .*200\.0 MiB/);
	});

	test('an older process of a run that names no worker is still shown', async () => {
		const wizard = await running([80, 24]);
		expect(await wizard.sees('shop.order_items')).toContain('table 66 of 212');
	});
});

describe('a list of tables', () => {
	const texts = (progress: Progress, width: number, height: number) =>
		tableRows(progress, { width, height }, signs).map((row) => row.map(({ text }) => text).join(''));

	test.each([1, 2, 3, 4, 5, 8, 20])('has no more than %i rows, what is read now first', (height) => {
		const rows = texts(several, 58, height);
		expect(rows.length).toBeLessThanOrEqual(height);
		expect(rows[0]).toContain('shop.orders');
		for (const row of rows) expect(row.length).toBeLessThanOrEqual(58);
	});

	test('counts workers that have no row', () => {
		const many = { ...several, workers: Array.from({ length: 16 }, (_, at) => worker(at + 1, `d.t${at}`)) };
		expect(texts(many, 58, 4).at(-1)?.trim()).toBe('and 13 more at the same time');
		expect(texts(many, 58, 1)).toHaveLength(1);
	});

	test('names in one line what is to come where it is tight', () => {
		expect(texts(several, 58, 4).at(-1)).toBe('○ next shop.payments, crm.contacts, crm.events, 194 more');
		expect(texts(several, 40, 4).at(-1)).toBe('○ next shop.payments, 196 more');
	});

	test('of what is only counted has no sizes', () => {
		const counted: Progress = { ...several, unit: 'tables', workers: [worker(1, 'shop.orders', { done: 0, total: null, rate: null })] };
		expect(texts(counted, 58, 2)[0]).toMatch(/^▸ shop\.orders +0:44$/);
	});
});

describe('the lag over time (finding 53)', () => {
	const lags = Array.from({ length: 61 }, (_, second) => ({ at: BEGAN + second * 1000, lag: second < 30 ? 0 : second - 30 }));
	const now = new Date(BEGAN + 60_000);
	const texts = (width: number, height: number) =>
		lagRows(lags, { now, width, height }, signs).map((row) => row.map(({ text }) => text).join(''));

	test('is spread over the width, however long it lasted', () => {
		expect(resampled(lags, now.getTime(), 6)).toEqual([0, 0, 0, 9, 19, 30]);
		expect(resampled(lags.slice(0, 3), BEGAN + 2000, 6)).toHaveLength(6);
		expect(resampled([], BEGAN, 6)).toEqual([]);
	});

	test.each([36, 58, 80])('has an axis with times and a scale, %i columns wide', (width) => {
		const rows = texts(width, 4);
		expect(rows[0]).toBe('Replica lag  now 30 s, at most 30 s');
		expect(rows[1]).toMatch(/^30 s /);
		expect(rows.at(-2)).toMatch(/^ 0 s ▁/);
		expect(rows.at(-1)?.trim()).toMatch(/^02:00:00 .*02:01:00$/);
		if (width >= 58) expect(rows.at(-1)).toContain('02:00:30');
		for (const row of rows.slice(1)) expect(row.length).toBe(width);
	});

	test.each([
		[80, 24],
		[120, 40],
	] as const)('stands on the screen of a run at %i×%i', async (columns, rows) => {
		const wizard = await running([columns, rows], several);
		const text = await wizard.sees('Replica lag');
		expect(text).toMatch(/now 115 s, at most 115 s/);
		expect(text).toMatch(/02:00:\d\d .*02:0\d:\d\d/);
	});
});

describe('the why of a step (finding 27)', () => {
	test('takes at most a third beside the statements, which come first', async () => {
		const { wizard, backend } = await attached();
		const why = 'A very long reason, of the kind that takes a whole pane. '.repeat(40);
		const [started, ...others] = opening('backup');
		if (started?.type !== 'run-started') throw new Error('no beginning');
		const steps = started.steps.map((step) => ({ ...step, why }));
		backend.play({ ...started, steps }, ...others.filter(({ type }) => type !== 'review'), ...firstHalf('backup'), told(several));
		const text = await wizard.sees('Why this step');
		const lines = text.split('\n');
		const at = (wanted: string) => lines.findIndex((line) => line.includes(wanted));
		expect(at('Statements and commands')).toBeLessThan(at('Why this step'));
		const reason = lines.filter((line) => line.includes('reason') || line.includes('whole pane') || line.includes('all of it')).length;
		expect(reason).toBeLessThanOrEqual(12);
		expect(at('Why this step') - at('Statements and commands')).toBeGreaterThanOrEqual(12);
		expect(text).toContain('? all of it');
	});
});

describe('a step that takes long (finding 52, and the silence of a resumed run)', () => {
	const AT = '2026-11-21T02:01:52.000Z';

	test('says whom it connects to before anything has begun', async () => {
		const wizard = openAt([{ at: 'run', request: backup, title: 'back up db3-backup' }]);
		await wizard.sees('enter start');
		expect(wizard.everything()).toMatch(/● Connecting to db3-backup {2}0:0\d/);
	});

	test.each(SIZES)('says what it waits for, and for how long, at %i×%i', async (columns, rows) => {
		const wizard = openAt([{ at: 'run', request: backup, title: 'back up db3-backup' }], fakeDesk(), { size: [columns, rows] });
		await wizard.sees('enter start');
		await wizard.press(`${ENTER}y`);
		const wait = { on: 'server', text: 'SELECT * FROM information_schema.TABLES', since: AT };
		wizard.backend.play({ type: 'looking', step: 'dump' }, { type: 'waiting', step: 'dump', wait });
		expect(await wizard.sees('Waiting for')).toMatch(/● Waiting for db3-backup: SELECT \* FROM .* 0:08/);
		wizard.backend.play({ type: 'waiting', step: 'dump', wait: null }, { type: 'step-started', step: 'dump' });
		await vi.waitFor(() => expect(wizard.text()).not.toContain('Waiting for'));
	});

	test('names an action that reports no progress', async () => {
		const wizard = openAt([{ at: 'run', request: backup, title: 'back up db3-backup' }]);
		await wizard.sees('enter start');
		await wizard.press(`${ENTER}y`);
		const [started, acted] = firstHalf('backup').filter((event) => 'step' in event && event.step === 'dump');
		if (started === undefined || acted === undefined) throw new Error('no step');
		// It began by the story's clock, two minutes before the one of the screen.
		wizard.backend.play(started, acted);
		expect(await wizard.sees('Waiting for')).toMatch(/Waiting for db3-backup: SET SESSION lock_wait_timeout = 60 {2}1:5\d/);
		wizard.backend.play(
			{ type: 'progress', step: 'dump', progress: several },
			{ type: 'action-done', step: 'dump', action: 'wait', ms: 1 },
		);
		await vi.waitFor(() => expect(wizard.text()).not.toContain('Waiting for'));
	});

	test('shows how far checking is, and for how long', async () => {
		const wizard = openAt([{ at: 'run', request: backup, title: 'back up db3-backup' }]);
		await wizard.sees('enter start');
		await wizard.press(`${ENTER}y`);
		wizard.backend.play({ type: 'looking', step: 'dump' }, told({ ...several, unit: 'rows', done: 4_000_000, total: 9_000_000 }));
		expect(await wizard.sees('▸ shop.orders')).toMatch(/● Dump under the lock +1:5\d {3}13 of 212 tables/);
	});
});
