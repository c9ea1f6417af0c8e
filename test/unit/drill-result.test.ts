import { describe, expect, it } from 'vitest';
import { fail, ok, warning } from '../../src/core/check.ts';
import { drillMarkdown } from '../../src/core/drill-report.ts';
import type { Failure } from '../../src/core/model.ts';
import { NOTHING_YET, type RunState, type StepState } from '../../src/core/state.ts';
import { drillChecks, drillPhases, drillWarnings, isFinding, machineCheck, recoveryMs } from '../../src/runbooks/drill/result.ts';
import { DRILL_RECORD } from '../ui/backups-story.ts';

const NOW = new Date('2026-11-21T02:00:10.000Z');
const done = (id: string, ms: number, checks: StepState['checks'] = []): StepState => ({
	...{ id, title: id, why: '', status: 'done', startedAt: '2026-11-21T02:00:00.000Z', ms, checks },
	...{ progress: null, progressAt: null, again: false, acted: true },
});
const RIGHT = ok('CONTENTS', 'Every row is the one that was dumped');
const STEPS = [
	...[
		done('inspect-primary', 5),
		done('start-server', 1000),
		done('prepare-server', 10),
		done('load-rows', 200),
		done('prove', 50, [RIGHT]),
	],
	...[done('set-position', 7, [ok('DRILL-POSITION', 'It stands there')]), done('connect', 3), done('catch-up', 40)],
	...[done('end-replication', 2), done('stop-server', 500)],
];
const state = (steps: readonly StepState[]): RunState => ({ ...NOTHING_YET, steps });
const failure = (step: string, more: Partial<Failure> = {}): Failure => ({
	...{ class: 'ServerError', step, description: { message: 'Refused.' }, checks: [], left: [] },
	...more,
});

describe('the result of a drill', () => {
	it('is what its steps proved, and where the time went', () => {
		expect(drillChecks(state(STEPS), null, 'db1').map(({ id, status }) => `${id} ${status}`)).toEqual([
			...['DRILL-RESTORE ok', 'CONTENTS ok', 'DRILL-POSITION ok', 'DRILL-REPLICATES ok'],
		]);
		const phases = drillPhases(state(STEPS), NOW);
		expect(phases).toEqual([
			...[
				{ name: 'server', ms: 1000 },
				{ name: 'restore', ms: 210 },
				{ name: 'proof', ms: 50 },
				{ name: 'position', ms: 7 },
			],
			{ name: 'replication', ms: 43 },
		]);
		expect(recoveryMs(state(STEPS), phases)).toBe(1217);
	});

	it('is also what failed, under what was being proven, with the time until then', () => {
		const failed = state([done('start-server', 1000), { ...done('load-rows', 0), status: 'failed', ms: null }]);
		expect(drillChecks(failed, failure('load-rows'), null)).toEqual([
			fail('DRILL-RESTORE', 'The backup does not restore into an empty server', { found: 'Refused.' }),
		]);
		const phases = drillPhases(failed, NOW);
		expect(phases).toEqual([
			{ name: 'server', ms: 1000 },
			{ name: 'restore', ms: 10_000 },
		]);
		expect(recoveryMs(failed, phases)).toBeNull();
		const lagging = state(STEPS.slice(0, 7));
		expect(drillChecks(lagging, failure('catch-up', { checks: [fail('CATCH-UP', 'It does not catch up')] }), 'db1').at(-1)).toMatchObject({
			...{ id: 'CATCH-UP', status: 'fail' },
		});
		expect(drillChecks(lagging, failure('connect'), 'db1').at(-1)).toMatchObject({ id: 'DRILL-REPLICATES', status: 'fail' });
	});

	it.each([
		['start-server', 'ToolError', false],
		['create-account', 'ServerError', false],
		['end-replication', 'ConnectError', false],
		['load-rows', 'Stopped', false],
		['prove', 'Bug', false],
		['prove', 'VerifyFailed', true],
		['prepare-server', 'VerifyFailed', true],
		['catch-up', 'ConnectError', true],
	])('of a failure of %s, a %s: %s', (step, kind, expected) => {
		expect(isFinding(failure(step, { class: kind }))).toBe(expected);
	});

	it('is nothing where the machine was at fault', () => {
		const well = { folder: '/d', isAlive: true, freeBytes: 1e12 };
		expect(machineCheck(well, failure('load-rows'), '/b')).toBeNull();
		for (const [machine, why] of [
			[{ ...well, isAlive: false }, 'killed'],
			[{ ...well, freeBytes: 1000 }, 'are free in /d'],
		] as const)
			expect(machineCheck(machine, failure('load-rows'), '/b')).toMatchObject({ id: 'DRILL-MACHINE', found: expect.stringContaining(why) });
		const full = failure('load-rows', { description: { message: 'It failed.', details: 'No space left on device' } });
		expect(machineCheck(well, full, '/b')?.hints?.join()).toContain('--dir FOLDER');
		const lacking = failure('inspect-server', { checks: [fail('SERVER-OUTSIDE', 'Missing', { found: 'tablespace t' })] });
		expect(machineCheck(well, lacking, '/b 1')?.hints).toContain("lockstep restore '/b 1' --server URL");
	});

	it('has the warnings of its proofs, not those of its plan', () => {
		const odd = warning('ODD', 'It is not so', { found: 'not' });
		const steps = [done('inspect-server', 1, [odd]), done('prove', 1, [RIGHT, odd])];
		const notes = [{ level: 'warning', text: 'said', at: '' }] as const;
		expect(drillWarnings({ ...state(steps), notes })).toEqual(['said', 'It is not so: not']);
	});

	it('is printed without what would break a table', () => {
		const text = drillMarkdown(DRILL_RECORD, [ok('A', 'a | b')], { host: 'db3', port: 3306, version: '11.8.6' });
		expect(text).toContain(`| Backup | ${DRILL_RECORD.backup} of db3:3306 (11.8.6) |`);
		expect(text).toContain('| a \\| b | yes |');
	});
});
