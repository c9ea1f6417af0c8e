import { describe, expect, test } from 'vitest';
import { trackTables } from '../../src/core/table-progress.ts';

const clock = () => {
	const at = { ms: 0 };
	return { at, now: () => at.ms };
};

describe('tables that workers go through', () => {
	const TABLES = ['a.t', 'b.t', 'a.u', 'a.v'].map((name) => ({ name, total: 1000 }));

	test('are named by worker, with what is done and what is to come, also where names are equal across databases', () => {
		const { at, now } = clock();
		const tracker = trackTables(now, TABLES);
		expect(tracker.view()).toMatchObject({ workers: [], current: null, finished: [], tables: { done: 0, total: 4 } });
		tracker.begin(1, 'a.t');
		tracker.begin(2, 'b.t');
		at.ms = 1000;
		tracker.advance(1, 500, 5);
		tracker.advance(2, 100, 1);
		const view = tracker.view();
		expect(view.workers).toEqual([
			{ worker: 1, name: 'a.t', done: 500, total: 1000, rows: 5, ms: 1000, rate: 500 },
			{ worker: 2, name: 'b.t', done: 100, total: 1000, rows: 1, ms: 1000, rate: 100 },
		]);
		expect(view).toMatchObject({ current: 'a.t, b.t', tables: { done: 0, total: 4 }, next: [{ name: 'a.u' }, { name: 'a.v' }] });
		at.ms = 2000;
		tracker.advance(1, 900, 9);
		tracker.begin(1, 'a.u');
		expect(tracker.view()).toMatchObject({
			workers: [{ worker: 1, name: 'a.u', done: 0, rate: null }, { name: 'b.t' }],
			finished: [{ name: 'a.t', done: 900, total: 900, rows: 9, ms: 2000, rate: 450 }],
			tables: { done: 1, total: 4 },
			next: [{ name: 'a.v', total: 1000 }],
		});
	});

	test('are done when all of their parts are, by any worker', () => {
		const { at, now } = clock();
		const tracker = trackTables(now, TABLES);
		tracker.begin(1, 'a.t', { at: 1, of: 3 });
		tracker.begin(2, 'a.t', { at: 2, of: 3 });
		at.ms = 1000;
		tracker.advance(1, 300, 3);
		tracker.advance(2, 400, 4);
		expect(tracker.view().workers).toMatchObject([{ part: { at: 1, of: 3 }, total: 1000 / 3 }, { part: { at: 2, of: 3 } }]);
		tracker.end(1);
		tracker.begin(2, 'a.t', { at: 3, of: 3 });
		expect(tracker.view()).toMatchObject({ finished: [], tables: { done: 0 }, current: 'a.t' });
		at.ms = 4000;
		tracker.advance(2, 200, 2);
		tracker.end(2);
		expect(tracker.view()).toMatchObject({
			workers: [],
			finished: [{ name: 'a.t', done: 900, rows: 9, ms: 4000, rate: 225 }],
			tables: { done: 1 },
		});
	});

	test('have the rate of the last five seconds, not of all', () => {
		const { at, now } = clock();
		const tracker = trackTables(now, TABLES);
		tracker.begin(1, 'a.t');
		for (let second = 1; second <= 10; second++) {
			at.ms = second * 1000;
			tracker.advance(1, 500);
		}
		expect(tracker.view().workers[0]).toMatchObject({ rate: 0, ms: 10_000 });
		expect(tracker.view().workers[0]).not.toHaveProperty('rows');
	});

	test('that are not in the plan are counted when they are met', () => {
		const { now } = clock();
		const tracker = trackTables(now, [{ name: 'a.t', total: null }]);
		tracker.begin(1, 'x.y');
		tracker.end(1);
		tracker.begin(1, 'a.t');
		expect(tracker.view()).toMatchObject({ tables: { done: 1, total: 2 }, workers: [{ name: 'a.t', total: null }] });
	});

	test('are named but for a few where they are many', () => {
		const { now } = clock();
		const many = Array.from({ length: 300 }, (_, at) => ({ name: `d.t${at}`, total: 1 }));
		const tracker = trackTables(now, many);
		for (const { name } of many.slice(0, 100)) tracker.begin(1, name);
		for (const [at, { name }] of many.slice(100, 104).entries()) tracker.begin(at + 1, name);
		const view = tracker.view();
		expect(view).toMatchObject({ tables: { done: 100, total: 300 }, current: 'd.t100, d.t101 and 2 more' });
		expect(view.finished.map(({ name }) => name)).toEqual(many.slice(80, 100).map(({ name }) => name));
		expect(view.next.map(({ name }) => name)).toEqual(many.slice(104, 124).map(({ name }) => name));
	});
});
