// Each lesson on real servers: red with the documented error, still red after the tempting remedy with its price, green after the right one.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Lesson, Notes, Results } from '../../src/lessons/contract.ts';
import { lessonsOf } from '../../src/lessons/index.ts';
import { findPair, type Pair, type PairPlace, pairDown, pairReset, pairUp, until, vendorOf } from '../../src/lessons/pair.ts';
import { isGreen, runChecks } from '../../src/lessons/run-checks.ts';
import { emptyServer, runFolder, type SandboxKind, say } from '../support/servers.ts';

const shown = (results: Results) => [...results].map(([id, { ok, evidence }]) => `${ok ? '✓' : '✗'} ${id}: ${evidence}`);

/** Asks until the condition holds; what was seen last where it never does. */
async function settled(lesson: Lesson, place: PairPlace, notes: Notes, isMet: (results: Results) => boolean): Promise<Results> {
	let last: Results = new Map();
	const asked = async () => {
		const pair = await findPair(place);
		if (pair !== null) last = await runChecks(lesson, pair, notes);
		return isMet(last);
	};
	await until(lesson.id, asked, 60_000, 400).catch(() => undefined);
	return last;
}

const KINDS: readonly SandboxKind[] = ['mariadb-11.8', 'mysql-9.7'];

describe.each(KINDS)('a lesson on %s', (kind) => {
	let place: PairPlace;
	let pair: Pair;
	/** After a lesson that was completed the next one takes the pair as it is. */
	let isTidy = true;
	beforeAll(async () => {
		const { empty } = await emptyServer(kind);
		place = { kind, dir: join(runFolder(), 'sandboxes', `lessons-${kind}`), env: process.env, say, empty };
		pair = await pairUp(place);
	});
	afterAll(async () => {
		await pairDown(place);
	});

	it.each(lessonsOf(vendorOf(kind)).map((lesson) => [lesson.id, lesson] as const))('%s', async (_, lesson) => {
		if (!isTidy) pair = await pairReset(place);
		isTidy = false;
		const before = await lesson.make(pair);
		const red = await runChecks(lesson, pair, before);
		expect(isGreen(red), shown(red).join('\n')).toBe(false);
		expect(shown(red).join('\n')).toMatch(lesson.seen[pair.vendor] ?? /✗/);
		expect(lesson.isPricePaid(red), shown(red).join('\n')).toBe(false);

		await lesson.tempting(pair, before);
		const paid = await settled(lesson, place, before, lesson.isPricePaid);
		expect(lesson.isPricePaid(paid), shown(paid).join('\n')).toBe(true);
		expect(isGreen(paid)).toBe(false);

		pair = await pairReset(place);
		const again = await lesson.make(pair);
		await lesson.right(pair, again);
		const green = await settled(lesson, place, again, isGreen);
		expect(shown(green).filter((line) => line.startsWith('✗'))).toEqual([]);
		expect(lesson.isPricePaid(green)).toBe(false);
		// Its report is to go on, and keeps a table closed.
		isTidy = lesson.id !== 'long-select';
	});
});
