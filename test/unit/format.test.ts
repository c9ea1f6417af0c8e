import { afterEach, describe, expect, it } from 'vitest';
import { dayAndTime, timeOfDay, timeWithZone } from '../../src/core/format.ts';

const was = process.env.TZ;
afterEach(() => {
	process.env.TZ = was;
});

describe('times', () => {
	it.each([
		['UTC', '02:05:34 UTC', '2026-11-21 02:05 UTC'],
		['Europe/Berlin', '03:05:34 CET', '2026-11-21 03:05 CET'],
		['America/Sao_Paulo', '23:05:34 GMT-3', '2026-11-20 23:05 GMT-3'],
		['Asia/Kolkata', '07:35:34 GMT+5:30', '2026-11-21 07:35 GMT+5:30'],
	])('are local, with the zone: %s', (zone, time, day) => {
		process.env.TZ = zone;
		expect([timeWithZone('2026-11-21T02:05:34.123Z'), dayAndTime('2026-11-21T02:05:34.123Z')]).toEqual([time, day]);
	});
	it('have the zone of their own day', () => {
		process.env.TZ = 'Europe/Berlin';
		expect(timeWithZone('2026-07-01T12:00:00Z')).toMatch(/^14:00:00 (CEST|GMT\+2)$/);
	});
	it('are UTC in logs', () => {
		process.env.TZ = 'Asia/Kolkata';
		expect([timeOfDay('2026-11-21T02:05:34Z', 'UTC'), dayAndTime('2026-11-21T02:05:34Z', 'UTC')]).toEqual([
			'02:05:34',
			'2026-11-21 02:05 UTC',
		]);
	});
});
