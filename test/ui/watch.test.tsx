import { cleanup } from 'ink-testing-library';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { ConnectError } from '../../src/core/errors.ts';
import { ctrl, DOWN, ENTER, ESC, openAt } from './open.tsx';
import {
	CANARY,
	card,
	FAILURE,
	FINDINGS,
	fakeDesk,
	firstHalf,
	opening,
	putBack,
	REQUESTS,
	RUN,
	review,
	SERVERS,
	STATUS,
	secondHalf,
	undone,
} from './story.ts';

afterEach(cleanup);

const started = async (kind: 'backup' | 'provision' = 'backup') => {
	const wizard = openAt([{ at: 'home' }, { at: 'run', request: REQUESTS[kind], title: 'a run' }]);
	await wizard.sees('enter start');
	await wizard.press(`${ENTER}y`);
	await wizard.sees('Run');
	return wizard;
};
const attached = { at: 'watch', how: 'attach', run: RUN, title: 'Back up under a lock on db3-backup', request: null } as const;

describe('b', () => {
	test('leaves what is at work, and is named by hint and help', async () => {
		const wizard = await started();
		wizard.backend.play(...firstHalf('backup'));
		expect(await wizard.sees('elapsed')).toContain('b background');
		await wizard.press('?');
		await wizard.sees('the run continues; lockstep attach returns');
		await wizard.press(`${ESC}b`);
		expect(wizard.backgrounds()).toBe(1);
		expect(wizard.backend.stops).toBe(0);
	});

	test('is no key while the checks run, nor at the review', async () => {
		const wizard = openAt([{ at: 'home' }, { at: 'watch', how: 'attach', run: RUN, title: 'a run', request: null }]);
		wizard.backend.play(...opening('backup').slice(0, 3));
		expect(await wizard.sees('Read-only:')).not.toContain('background');
		await wizard.press('b');
		wizard.backend.propose(review('backup'));
		await wizard.sees('enter start');
		await wizard.press('b');
		expect(wizard.backgrounds()).toBe(0);
		await wizard.press(`${ENTER}y`);
		await wizard.sees('b background');
		await wizard.press('b');
		expect(wizard.backgrounds()).toBe(1);
	});

	test('is a key in a terminal that is too small for the screen', async () => {
		const wizard = await started();
		wizard.backend.play(...firstHalf('backup'));
		await wizard.sees('elapsed');
		wizard.sizes(50, 12);
		await wizard.sees('b: leave it at work');
		await wizard.press('b');
		expect(wizard.backgrounds()).toBe(1);
	});
});

/** One server: Home shows it in full. */
const ONE = SERVERS.slice(0, 1);

describe('home', () => {
	test('says nothing of runs where there are none, nor where they cannot be read', async () => {
		const wizard = openAt(
			[{ at: 'home' }],
			fakeDesk({
				runs: () => {
					throw new Error('EACCES');
				},
				servers: ONE,
			}),
		);
		const text = await wizard.sees('healthy');
		for (const part of ['Recover', 'Watch the run', 'EACCES']) expect(text).not.toContain(part);
		expect(text).toMatch(/❯ Back up now/);
	});

	test.each([
		[60, 16],
		[80, 24],
	])('tells the newest run of each state, and what to do about it comes first, in %d×%d', async (columns, rows) => {
		const runs = () => [
			card('r5', 'interrupted', 'backup', '2026-11-21T02:00:00Z'),
			card('r4', 'interrupted', 'provision', '2026-11-20T02:00:00Z'),
			card('r3', 'running', 'backup', '2026-11-21T01:58:00Z'),
			card('r2', 'unfinished', 'provision', '2026-11-19T07:30:00Z'),
		];
		const wizard = openAt([{ at: 'home' }], fakeDesk({ runs, servers: ONE }), { size: [columns, rows] });
		const text = await wizard.sees('Watch the run at work');
		const flat = text.replaceAll(/\s+/g, ' ');
		expect(flat).toContain(
			'▲ Interrupted: Back up under a lock on db3-backup of 02:00 UTC. Recover rolls back what it changed. And 1 more.',
		);
		expect(flat).toContain('▸ At work: Back up under a lock on db3-backup, since 01:58 UTC; enter to watch.');
		if (rows > 16) expect(flat).toContain('· Set up a backup replica on db3-backup of 2026-11-19 07:30 UTC is unfinished');
		const [least, ...more] = [/Back up now/, /Recover +choose of 2: /, /Resume /];
		const items = rows > 16 ? [...more, least] : [least];
		expect(text).toMatch(new RegExp(['❯ Watch the run at work', ...items.map((item) => item?.source)].join('[^\\n]*\\n\\s+')));
		// Where it is tight Runs leads to the others.
		expect(text).toMatch(/Runs +5 +4 on this machine: 1 at work/);
		expect(text).toContain('Profiles');
		expect(text.split('\n')).toHaveLength(rows);
		for (const line of text.split('\n')) expect([...line].length).toBeLessThanOrEqual(columns);
	});

	test('14: an unfinished run is resumed from the first item: its plan again, by the same request', async () => {
		const wizard = openAt([{ at: 'home' }], fakeDesk({ runs: () => [card('r2', 'unfinished', 'provision')] }));
		expect(await wizard.sees('is unfinished')).not.toContain('Recover');
		await wizard.sees(/❯ Resume +the plan of the unfinished run again\n +Back up now/);
		await wizard.press(ENTER);
		await wizard.sees('Plan');
		expect(wizard.backend.requests).toEqual([REQUESTS.provision]);
	});

	test('r asks again, and so does coming back', async () => {
		const wizard = openAt([{ at: 'home' }], fakeDesk({ runs: (asked) => (asked === 2 ? [card(RUN, 'running')] : []) }));
		expect(await wizard.sees('healthy')).not.toContain('At work');
		await wizard.press('r');
		await wizard.sees('At work');
		await wizard.press('?');
		await wizard.sees('refresh');
		await wizard.press(`${ESC}${DOWN}${ENTER}`);
		await wizard.sees('Which server is');
		await wizard.press(ESC);
		expect(await wizard.sees('What do you want to do?')).not.toContain('At work');
	});
});

describe('a run at work elsewhere', () => {
	test('is watched from home to its end, and leaving its checks leaves it at work', async () => {
		const wizard = openAt([{ at: 'home' }], fakeDesk({ runs: () => [card(RUN, 'running')] }));
		await wizard.sees('Watch the run at work');
		await wizard.press(ENTER);
		await vi.waitFor(() => expect(wizard.backend.attached).toEqual([RUN]));
		wizard.backend.play(...opening('backup').slice(0, 3));
		await wizard.sees('Read-only:');
		await wizard.press(ESC);
		await wizard.sees('What do you want to do?');
		expect([wizard.backend.leaves, wizard.backend.stops]).toEqual([1, 0]);

		await wizard.sees('Watch the run at work');
		await wizard.press(ENTER);
		await vi.waitFor(() => expect(wizard.backend.attached).toHaveLength(2));
		wizard.backend.play(...opening('backup'), { type: 'reviewed', go: true, typed: [] }, ...firstHalf('backup'));
		const text = await wizard.sees('elapsed');
		expect(text).toContain('READ LOCK HELD');
		expect(text).toContain('PROD');
		expect(text).toContain('Step 4/5');
		wizard.backend.play(...secondHalf('backup'));
		wizard.backend.end();
		expect(await wizard.sees('Backup complete')).toContain('enter esc home');
		await wizard.press(ENTER);
		await wizard.sees('What do you want to do?');
		expect([wizard.backend.leaves, wizard.backend.stops]).toEqual([1, 0]);
	});

	test('can be stopped by who watches it', async () => {
		const wizard = openAt([attached]);
		wizard.backend.play(...opening('backup'), { type: 'reviewed', go: true, typed: [] }, ...firstHalf('backup'));
		await wizard.sees('elapsed');
		await wizard.press(`${ctrl('c')}${DOWN}${ENTER}`);
		await wizard.sees('Stopping safely');
		expect(wizard.backend.stops).toBe(1);
	});

	test('asks each of its watchers, until one has answered', async () => {
		const wizard = openAt([attached]);
		wizard.backend.play(...opening('provision'), { type: 'reviewed', go: true, typed: [] }, ...firstHalf('provision'));
		await wizard.sees('elapsed');
		wizard.backend.ask(FAILURE);
		await wizard.sees('Try this step again');
		await wizard.press(`${DOWN}${ENTER}`);
		await wizard.sees('Step 3/4');
		expect(wizard.backend.decisions).toEqual(['retry']);
		wizard.backend.ask(FAILURE);
		await wizard.sees('Try this step again');
		wizard.backend.play({ type: 'recovery', step: 'seed', choice: 'retry' });
		await wizard.sees('Step 3/4');
		expect(wizard.backend.decisions).toEqual(['retry']);
	});

	test('that is over replays to its end; opened for it alone, the wizard ends there', async () => {
		for (const key of [ESC, 'q', ENTER]) {
			const wizard = openAt([attached]);
			wizard.backend.play(...opening('backup'), { type: 'reviewed', go: true, typed: [] }, ...firstHalf('backup'), ...secondHalf('backup'));
			wizard.backend.end();
			const text = await wizard.sees('Backup complete');
			expect(text).not.toContain('home');
			await wizard.press(key);
			expect(wizard.quits()).toBe(1);
			cleanup();
		}
	});

	test('one of several is chosen', async () => {
		const wizard = openAt([{ at: 'home' }], fakeDesk({ runs: () => [card('r2', 'running'), card('r1', 'running', 'provision')] }));
		await wizard.sees('choose of 2');
		await wizard.press(ENTER);
		await wizard.sees('Which run is to be watched?');
		await wizard.press(`${DOWN}${ENTER}`);
		await vi.waitFor(() => expect(wizard.backend.attached).toEqual(['r1']));
		cleanup();
	});
});

describe('a daemon that died while it was watched', () => {
	test.each([
		[60, 16],
		[80, 24],
		[120, 30],
	])('is told, with each statement that puts back what it changed, in %d×%d', async (columns, rows) => {
		const wizard = await started();
		wizard.sizes(columns, rows);
		wizard.backend.play(...firstHalf('backup'));
		await wizard.sees('READ LOCK HELD');
		wizard.backend.play({
			type: 'note',
			step: null,
			level: 'warning',
			text: 'The engine died (killed by SIGKILL): what it changed is being rolled back.',
		});
		await wizard.sees(/engine died/);
		// Numbers begin anew: they are another process's.
		wizard.backend.restart();
		wizard.backend.play(...putBack);
		const text = await wizard.sees(/SET GLOBAL read_only =\s+OFF/);
		const flat = text.replaceAll(/\s+/g, ' ');
		expect(flat).toContain('Rolling back what was changed');
		// In a wide terminal another column lies beside it.
		for (const word of 'The engine died (killed by SIGKILL): what it changed is being rolled back.'.split(' '))
			expect(flat).toContain(word);
		expect(text).not.toContain('READ LOCK HELD');
		expect(text).not.toContain('elapsed');
		expect(text).not.toContain('stop safely');
		await wizard.press(ctrl('c'));
		await wizard.sees('This is never skipped');
		wizard.backend.play(...undone);
		wizard.backend.end();
		await wizard.sees('Undone: everything is as it was.');
		expect(wizard.backend.stops).toBe(0);
	});
});

describe('recover', () => {
	const home = (options: Parameters<typeof fakeDesk>[0] = {}) =>
		openAt([{ at: 'home' }], fakeDesk({ runs: (asked) => (asked === 1 ? [card(RUN, 'interrupted')] : []), ...options }));

	test('shows what was left with its statements, then rolls it back', async () => {
		const wizard = home();
		await wizard.sees(/❯ Recover/);
		await wizard.press(ENTER);
		const text = await wizard.sees('Writes were stopped');
		expect(text).toContain('      SET GLOBAL read_only = OFF');
		expect(text).toContain('let clients write again');
		expect(text.replaceAll(/\s+/g, ' ')).toContain('changed by something else since, left alone: it runs again since');
		expect(text).toContain('nothing to roll back');
		expect(wizard.backend.recovered).toEqual([]);
		await wizard.press(ENTER);
		await wizard.sees('Rolling back what was changed');
		expect(wizard.backend.recovered).toEqual([RUN]);
		wizard.backend.play(...putBack);
		expect(await wizard.sees('SET GLOBAL read_only = OFF')).not.toContain('background');
		await wizard.press(`b${ESC}${ctrl('c')}`);
		await wizard.sees('never skipped');
		expect([wizard.backgrounds(), wizard.backend.stops, wizard.backend.leaves]).toEqual([0, 0, 0]);
		wizard.backend.play(...undone);
		wizard.backend.end();
		await wizard.sees('Undone: everything is as it was.');
		await wizard.press(ENTER);
		expect(await wizard.sees('What do you want to do?')).not.toContain('Recover');
	});

	test('a run that died while it was watched without its password is rolled back from its end: the password is asked for there', async () => {
		let refused = true;
		const findings = () => {
			if (refused) throw new ConnectError({ message: 'Access denied for root (no password given).' });
			return FINDINGS;
		};
		const status = () => {
			if (refused) throw new ConnectError({ message: 'Access denied for root (no password given).' });
			return STATUS;
		};
		const wizard = openAt([attached], fakeDesk({ runs: () => [card(RUN, 'interrupted')], findings, status }));
		wizard.backend.play(...opening('backup'), ...firstHalf('backup'));
		await wizard.sees('elapsed');
		const failure = { ...FAILURE, class: 'LeftChanged' };
		wizard.backend.play({ type: 'run-ended', outcome: 'failed', open: true, warnings: [], failure, summary: {} });
		wizard.backend.end();
		await wizard.sees('p roll back');
		await wizard.press('p');
		await wizard.sees('Password for');
		refused = false;
		await wizard.press(`secret${ENTER}`);
		await wizard.sees('Writes were stopped');
	});

	test('esc leaves it as it is', async () => {
		const wizard = home();
		await wizard.sees(/❯ Recover/);
		await wizard.press(ENTER);
		await wizard.sees('Writes were stopped');
		await wizard.press(ESC);
		await wizard.sees('What do you want to do?');
		expect(wizard.backend.recovered).toEqual([]);
	});

	test('says so where nothing is left but what another client changed, and a folder', async () => {
		const left = 'An unfinished folder is kept: /srv/backup/db3-backup/20261121T020000Z.partial';
		const wizard = home({ findings: () => [...FINDINGS.slice(1), { step: 'dump', title: left, actions: [], foreign: [] }] });
		await wizard.sees(/❯ Recover/);
		await wizard.press(ENTER);
		const text = (await wizard.sees('Nothing to roll back')).replaceAll(/\s+/g, ' ');
		expect(text).toContain('20261121T020000Z.partial');
		expect(text).toContain('enter close the run');
		expect(text).not.toContain('copy');
	});

	test('a server that does not answer is named; r checks again', async () => {
		let away = true;
		const wizard = home({
			findings: () => {
				if (away) throw new ConnectError({ message: 'Nothing listens on db3:3306.', hints: ['Start the server, then look again.'] });
				return FINDINGS;
			},
		});
		await wizard.sees(/❯ Recover/);
		await wizard.press(ENTER);
		expect(await wizard.sees('Nothing listens on db3:3306.')).toContain('Start the server');
		await wizard.press(ENTER);
		expect(wizard.backend.recovered).toEqual([]);
		away = false;
		await wizard.press('r');
		await wizard.sees('Writes were stopped');
	});

	test('a login that is refused asks for the password, then checks again', async () => {
		const refuse = () => {
			throw new ConnectError({ message: 'db3 refused the login.', details: 'ERROR 1045 (28000)' });
		};
		const wizard = home({
			status: (_server, password) => (password === CANARY ? STATUS : refuse()),
			findings: (_run, remembered) => (remembered.get('db3-backup') === CANARY ? FINDINGS : refuse()),
		});
		await wizard.sees(/❯ Recover/);
		await wizard.press(ENTER);
		await wizard.sees('Password for db3-backup');
		await wizard.press(`${CANARY}${ENTER}`);
		await wizard.sees('Writes were stopped');
		expect(wizard.everything()).not.toContain(CANARY);
	});
});

describe('the terminal', () => {
	test.each([
		[60, 16],
		[80, 24],
		[110, 30],
		[200, 50],
	])('every screen of a run that was not started here fits %d×%d', async (columns, rows) => {
		const shows = async (wizard: ReturnType<typeof openAt>, wanted: string) => {
			const lines = (await wizard.sees(wanted)).split('\n');
			expect(lines).toHaveLength(rows);
			for (const line of lines) expect([...line].length).toBeLessThanOrEqual(columns);
			expect(lines.at(-1)).toMatch(/help|quit/);
			cleanup();
		};
		const size = [columns, rows] as const;
		const cards = Array.from({ length: 30 }, (_, index) => card(`${RUN}${index}`, 'interrupted'));
		await shows(openAt([{ at: 'home' }, { at: 'runs', goal: 'recover', cards }], fakeDesk(), { size }), 'Which run');
		await shows(openAt([{ at: 'home' }, { at: 'recover', card: card(RUN, 'interrupted') }], fakeDesk(), { size }), 'Writes were stopped');
		const watching = openAt([attached], fakeDesk(), { size });
		watching.backend.play(...opening('backup'), { type: 'reviewed', go: true, typed: [] }, ...firstHalf('backup'));
		await shows(watching, 'elapsed');
		const recovering = openAt([{ ...attached, how: 'recover' }], fakeDesk(), { size });
		recovering.backend.play(...putBack);
		await shows(recovering, 'read_only = OFF');
		const ended = openAt([attached], fakeDesk(), { size });
		ended.backend.play(...opening('backup'), ...firstHalf('backup'), ...secondHalf('backup'));
		await shows(ended, 'Backup complete');
	});
});
