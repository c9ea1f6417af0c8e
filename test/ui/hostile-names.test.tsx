import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import type { Check } from '../../src/core/check.ts';
import type { Failure } from '../../src/core/model.ts';
import type { ServerCard } from '../../src/core/status-report.ts';
import { HOSTILE_NAMES } from '../support/hostile-names.ts';
import { ENTER, openAt } from './open.tsx';
import { FAILURE, fakeDesk, firstHalf, progressAt, REQUESTS, review, STATUS } from './story.ts';

/** Ink’s own colours aside, nothing that a terminal would obey, or would not show. */
function harmless(frames: string): void {
	for (const line of stripVTControlCharacters(frames).split('\n')) expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
	// What is stripped above must be colours, and cursor movements of no name.
	expect(frames.replaceAll(/\x1b\[\d*(;\d+)*m/g, '')).not.toContain('\x1b');
}

const checks: readonly Check[] = HOSTILE_NAMES.map((name, index) => ({
	id: `NAME-${index}`,
	title: `Table ${name} is transactional`,
	status: index % 2 === 0 ? 'warning' : 'note',
	expected: name,
	found: `${name}, ${name}`,
	hints: [`ALTER TABLE ${name}`],
}));

test('no name of a server is obeyed by a screen: plan, run, failure and end', async () => {
	const plan = { ...review('backup'), title: HOSTILE_NAMES.slice(0, 20).join(' '), checks };
	const backend = fakeDesk({ plan: () => plan });
	const wizard = openAt([{ at: 'home' }, { at: 'run', request: REQUESTS.backup, title: 'backup' }], backend, { size: [160, 500] });
	await wizard.sees('enter start');
	await wizard.press('i');
	await wizard.press(`${ENTER}y`);
	await wizard.sees('Nothing yet');
	backend.play(...firstHalf('backup'));
	for (const name of HOSTILE_NAMES) {
		backend.play(
			{ type: 'progress', step: 'dump', progress: { ...progressAt(0.5), current: name } },
			{ type: 'note', step: 'dump', level: 'warning', text: `left out: ${name}` },
		);
	}
	await wizard.sees('left out');
	await wizard.press('l');
	const failure: Failure = {
		...FAILURE,
		step: 'dump',
		description: {
			message: HOSTILE_NAMES.join(' '),
			reason: HOSTILE_NAMES.join(' '),
			hints: HOSTILE_NAMES,
			details: HOSTILE_NAMES.join(' '),
		},
		checks,
	};
	backend.ask(failure);
	await wizard.sees(/result-file/);
	backend.play({ type: 'run-ended', outcome: 'failed', open: false, warnings: HOSTILE_NAMES, failure, summary: {} });
	backend.end();
	await wizard.sees('failed');
	harmless(wizard.everything());
});

test('nor by the lists of servers and how they are', async () => {
	const servers: readonly ServerCard[] = HOSTILE_NAMES.map((name) => ({ name, server: name, badge: 'test', output: name }));
	const status = { ...STATUS, title: HOSTILE_NAMES.join(' '), troubles: HOSTILE_NAMES, hints: HOSTILE_NAMES, replicas: HOSTILE_NAMES };
	const backend = fakeDesk({ servers, status: (server) => ({ ...status, name: server }), warnings: HOSTILE_NAMES });
	const home = openAt([{ at: 'home' }], backend, { size: [160, 300] });
	await home.sees('result-file');
	harmless(home.everything());
	const pick = openAt([{ at: 'home' }, { at: 'pick', flow: 'status' }], backend, { size: [160, 300] });
	await pick.sees('result-file');
	harmless(pick.everything());
	const shown = openAt([{ at: 'home' }, { at: 'status', card: servers[0] as ServerCard }], backend, { size: [160, 300] });
	await shown.sees('result-file');
	harmless(shown.everything());
});
