import { cleanup } from 'ink-testing-library';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ConnectError } from '../../src/core/errors.ts';
import type { BackupRequest } from '../../src/requests/backup.ts';
import type { ProvisionRequest } from '../../src/requests/provision.ts';
import { ctrl, DOWN, ENTER, ESC, openAt, paste, TAB, UP } from './open.tsx';
import {
	CANARY,
	FAILURE,
	type FakeBackend,
	failedChecks,
	fakeDesk,
	firstHalf,
	REQUESTS,
	review,
	SERVERS,
	STATUS,
	secondHalf,
} from './story.ts';

afterEach(cleanup);

const card = { name: 'db3-backup', server: 'db3-backup', badge: 'prod', output: '/srv/backup/db3-backup' } as const;
const { backup, provision } = REQUESTS;
const running = (request: BackupRequest | ProvisionRequest) => [{ at: 'home' }, { at: 'run', request, title: 'a run' }] as const;
const CONSENT = { name: 'db3-backup', reason: 'db3-backup holds data that will be replaced.', affected: ['shop', 'crm'] };

describe('home', () => {
	test('shows how the first server is and where one can go, within 80×24', async () => {
		const wizard = openAt([{ at: 'home' }]);
		const text = await wizard.sees('lag 0 s');
		expect(text).toContain('PROD');
		expect(text).toContain('healthy');
		expect(text).toContain('42.1 GiB -> 10.0 GiB');
		for (const item of ['Back up now', 'Set up a backup replica', 'Restore or verify', 'Status', 'Practice', 'Profiles'])
			expect(text).toContain(item);
		expect(text.split('\n')).toHaveLength(24);
		for (const line of text.split('\n')) expect([...line].length).toBeLessThanOrEqual(80);
	});

	test('welcomes where no server is known, and offers practice first', async () => {
		const wizard = openAt([{ at: 'home' }], fakeDesk({ servers: [], warnings: ['config.json could not be read and was put aside.'] }));
		const text = await wizard.sees('Welcome.');
		expect(text).toContain('put aside');
		expect(text).toMatch(/❯ Practice/);
	});

	test('says what is wrong with a server that does not answer', async () => {
		const desk = fakeDesk({
			status: () => {
				throw new ConnectError({ message: 'Nothing listens on db3:3306.', reason: 'connection refused' });
			},
		});
		await openAt([{ at: 'home' }], desk).sees('Nothing listens on db3:3306.');
	});

	test('p shows the next profile, q quits, ctrl+c asks twice', async () => {
		const wizard = openAt([{ at: 'home' }]);
		await wizard.sees('healthy');
		await wizard.press('p');
		await wizard.sees(/PROD.+db1/);
		await wizard.press(ctrl('c'));
		await wizard.sees('Press Ctrl+C again to leave');
		expect(wizard.quits()).toBe(0);
		await wizard.press(ctrl('c'));
		expect(wizard.quits()).toBe(1);
		await wizard.press('q');
		expect(wizard.quits()).toBe(2);
	});

	test('help lies above and gives its keys back', async () => {
		const wizard = openAt([{ at: 'home' }]);
		await wizard.sees('healthy');
		await wizard.press('?');
		expect(await wizard.sees('Nothing on a server changes from here')).not.toContain('What do you want');
		await wizard.press(`q${TAB}${DOWN}${DOWN}${DOWN}${ENTER}`);
		await wizard.sees('Which server?');
		expect(wizard.quits()).toBe(0);
	});
});

describe('from home to a started backup', () => {
	test('five Enters with several servers, and the request is what was seen', async () => {
		const wizard = openAt([{ at: 'home' }]);
		await wizard.sees('healthy');
		await wizard.press(ENTER);
		await wizard.sees(/❯ Back up now(.*\n)*.*Give it a replica/);
		await wizard.press(ENTER);
		await wizard.sees('Check and review');
		await wizard.press(ENTER);
		const plan = await wizard.sees('3 passed, 1 warning');
		expect(plan).toContain('global read lock, about 6 min (last time 6:12)');
		expect(wizard.backend.decisions).toEqual([]);
		await wizard.press(`${ENTER}y`);
		await wizard.sees('Step 4/5');
		expect(wizard.backend.decisions).toEqual([{ go: true, typed: [] }]);
		expect(wizard.backend.requests).toEqual([backup]);
	});

	test('answers are changed by keys, kept when one goes back, and wrong ones are said', async () => {
		const wizard = openAt([{ at: 'home' }, { at: 'backup', card }]);
		await wizard.sees('Check and review');
		// From the button up to the wait for the lock: on a replica two fields lie between.
		await wizard.press(`${UP}${UP}${UP}${ctrl('u')}soon${TAB}${TAB}${TAB}${ENTER}`);
		await wizard.sees('A time such as 60s');
		await wizard.press(`${UP}${UP}${UP}${ctrl('a')}${ctrl('k')}5m`);
		await wizard.press(`${DOWN} ${DOWN}${DOWN}${ESC}`);
		await wizard.sees('What do you want to do?');
		await wizard.press(`${ENTER}${ENTER}`);
		expect(await wizard.sees('Check and review')).toMatch(/Wait for the lock\s+5m/);
		await wizard.press(ENTER);
		await wizard.sees('enter start');
		expect(wizard.backend.requests[0]).toMatchObject({ lockWaitSeconds: 300, longQueries: 'abort' });
	});
});

describe('connection', () => {
	let asked: number;
	beforeEach(() => {
		asked = 0;
	});
	const locked = () =>
		fakeDesk({
			status: (_server, password) => {
				asked++;
				if (password === CANARY) return STATUS;
				throw new ConnectError({
					message: 'db3 refused the login.',
					reason: "Access denied for user 'backup'@'10.0.0.9'",
					details: 'ERROR 1045 (28000)',
				});
			},
		});

	test('asks for a password where the login is refused; a paste loses its line end and is never seen', async () => {
		const wizard = openAt([{ at: 'home' }, { at: 'backup', card }], locked());
		await wizard.sees('Password for db3-backup');
		await wizard.press(`wrong${ENTER}`);
		await vi.waitFor(() => expect(asked).toBe(2));
		await wizard.sees('Password for db3-backup');
		await wizard.press(`${paste(`${CANARY}\r\n`)}${ENTER}`);
		await wizard.sees('Check and review');
		expect(wizard.backend.remembered.get('db3-backup')).toBe(CANARY);
		expect(wizard.everything()).not.toContain(CANARY);
	});

	describe.each([
		[
			'a certificate that is not verified',
			{
				fingerprint: Array(32).fill('AB').join(':'),
				subject: 'CN=db3',
				validFrom: '2026-01-01T00:00:00Z',
				validTo: '2027-01-01T00:00:00Z',
			},
		],
		['no encryption', null],
	])('a server that asks for the password itself, with %s,', (_, certificate) => {
		const unverified = { host: 'db3.example', port: 3306, certificate };
		const asking = () => {
			const backend: FakeBackend = fakeDesk({
				status: (server) => {
					if (backend.trusted.has(server)) return STATUS;
					throw new ConnectError({ message: 'The password was not sent to db3.' }, { unverified });
				},
			});
			return backend;
		};
		test('gets it by the letter y alone', async () => {
			const wizard = openAt([{ at: 'home' }, { at: 'backup', card }], asking());
			const screen = await wizard.sees(/Send the password|send the password/);
			for (const fact of certificate === null ? ['not encrypted'] : ['AB:AB:AB', 'CN=db3', '2026-01-01 to 2027-01-01', '--ssl-fp'])
				expect(screen).toContain(fact);
			await wizard.press(`${ENTER} x`);
			expect(wizard.backend.trusted.size).toBe(0);
			await wizard.press('y');
			await wizard.sees('Check and review');
			expect(wizard.backend.trusted.get('db3-backup')).toEqual(unverified);
		});
		test('does not get it otherwise', async () => {
			const wizard = openAt([{ at: 'home' }, { at: 'backup', card }], asking());
			await wizard.sees(/Send the password|send the password/);
			await wizard.press('n');
			await wizard.sees('Back up');
			expect(wizard.backend.trusted.size).toBe(0);
		});
	});

	test('ctrl+r reveals what is typed, and hides it again', async () => {
		const wizard = openAt([{ at: 'home' }, { at: 'backup', card }], locked());
		await wizard.sees('Password for');
		await wizard.press('seen');
		await wizard.sees('••••');
		await wizard.press(ctrl('r'));
		await wizard.sees('seen');
		await wizard.press(ctrl('r'));
		expect(await wizard.sees('••••')).not.toContain('seen');
	});

	test('a new server is tested, and saved where it got a name', async () => {
		const desk = fakeDesk({
			status: (server, password) => {
				if (password !== undefined || !server.includes('db9')) return STATUS;
				throw new ConnectError({ message: 'x' }, { needsPassword: { account: 'backup@db9.example:3306', sameAs: null } });
			},
		});
		const wizard = openAt([{ at: 'home' }, { at: 'profiles' }], desk);
		await wizard.sees('Servers known here');
		await wizard.press('a');
		await wizard.sees('Where it is');
		await wizard.press(`${paste('backup@db9.example')}${TAB} ${TAB}db9${TAB} ${ctrl('s')}`);
		await wizard.sees('Password for backup@db9.example');
		await wizard.press(`${paste('a secret')}${ENTER}`);
		await wizard.sees(/db9 +prod/);
		expect(wizard.backend.saved).toEqual([
			{ name: 'db9', server: 'mysql://backup@db9.example?ssl-mode=REQUIRED', badge: 'prod', output: '/srv/backup/db9' },
		]);
		expect(wizard.everything()).not.toContain('a secret');
	});

	test('a name that is missing is said at its field, and nothing is saved', async () => {
		const wizard = openAt([{ at: 'profiles' }, { at: 'connect' }]);
		await wizard.sees('Where it is');
		await wizard.press(`${TAB.repeat(9)}${ENTER}`);
		await wizard.sees('A host or a socket is needed');
		expect(wizard.backend.saved).toEqual([]);
	});
});

describe('review', () => {
	test('s shows every statement in full, i every check, and both close again', async () => {
		const wizard = openAt(running(provision));
		await wizard.sees('enter start');
		await wizard.press('s');
		const full = await wizard.sees('REQUIRE SSL');
		expect(full).toContain("IDENTIFIED BY '********'");
		await wizard.press(`s`);
		await wizard.press('i');
		expect(await wizard.sees('412 GiB free')).not.toContain('CREATE USER');
		await wizard.press(ESC);
		await wizard.sees('enter start');
		expect(wizard.everything()).not.toContain(CANARY);
	});

	test('what changes configuration asks, and the focus is on No', async () => {
		const wizard = openAt(running(provision));
		await wizard.sees('enter start');
		await wizard.press(ENTER);
		expect(await wizard.sees('Start?')).toContain('db3-backup (replica) will be filled with ~375 MiB from db1.');
		await wizard.press(ENTER);
		expect(wizard.backend.decisions).toEqual([]);
		await wizard.press(`${ENTER}${DOWN}${ENTER}`);
		await wizard.sees('Step 3/4');
		expect(wizard.backend.decisions).toEqual([{ go: true, typed: [] }]);
	});

	test('what destroys asks for a name: a wrong one is refused, then the right one starts', async () => {
		const wizard = openAt(running(provision), fakeDesk({ plan: () => review('provision', [CONSENT]) }));
		await wizard.sees('asks for db3-backup to be typed');
		await wizard.press(`${ENTER}db3${ENTER}`);
		// Finding 16: what is lost stands whole where it is agreed to.
		const asked = await wizard.sees('Must be exactly db3-backup');
		expect(asked.replace(/\s+/g, ' ')).toContain(`${CONSENT.reason} ${CONSENT.affected.join(', ')}`);
		expect(wizard.backend.decisions).toEqual([]);
		await wizard.press(`-backup${ENTER}`);
		await wizard.sees('Step 3/4');
		expect(wizard.backend.decisions).toEqual([{ go: true, typed: ['db3-backup'] }]);
	});

	test('Esc from the typed name does nothing, Esc from the plan declines', async () => {
		const wizard = openAt(running(provision), fakeDesk({ plan: () => review('provision', [CONSENT]) }));
		await wizard.sees('asks for db3-backup');
		await wizard.press(`${ENTER}db3-backup${ESC}`);
		expect(wizard.backend.decisions).toEqual([]);
		await wizard.press(ESC);
		await wizard.sees('What do you want to do?');
		expect(wizard.backend.decisions).toEqual([{ go: false, previewOnly: false }]);
	});

	test('checks that forbid are red with their hints; r checks again', async () => {
		const plan = (round: number) => (round === 1 ? review('provision', [], failedChecks) : review('provision'));
		const wizard = openAt(running(provision), fakeDesk({ plan }));
		const text = await wizard.sees('A check forbids this');
		expect(text).toContain("GRANT RELOAD, REPLICATION CLIENT ON *.* TO 'backup'@'10.%';");
		await wizard.press(ENTER);
		expect(wizard.backend.decisions).toEqual([]);
		await wizard.press('r');
		await wizard.sees('3 passed, 1 warning');
		await wizard.press(`${ENTER}y`);
		await wizard.sees('Step 3/4');
	});
});

describe('run', () => {
	const started = async (request: BackupRequest | ProvisionRequest = backup) => {
		const wizard = openAt(running(request));
		await wizard.sees('enter start');
		await wizard.press(`${ENTER}y`);
		await wizard.sees('Run');
		return wizard;
	};

	test('shows the lock in its red line, estimates with ~, rate, table and lag', async () => {
		const wizard = await started();
		wizard.backend.play(...firstHalf('backup'));
		const text = await wizard.sees('shop.order_items');
		expect(text).toMatch(/READ LOCK HELD 1:59 · replication waits, lag 115 s/);
		expect(text).toContain('31 %   13.1 GiB / ~42.1 GiB');
		expect(text).toMatch(/~4:16 left, done about 02:06:16/);
		expect(text).toContain('table 66 of 212');
		expect(text).toContain('✓ Check the server');
		expect(text).toContain('○ Checksums, manifest, publish');
		for (const line of text.split('\n')) expect([...line].length).toBeLessThanOrEqual(80);
	});

	test('s and l open panes, ? explains why the step is done', async () => {
		const wizard = await started();
		wizard.backend.play(...firstHalf('backup'));
		await wizard.sees('order_items');
		await wizard.press('s');
		await wizard.sees(/✓ db3-backup {2}FLUSH TABLES WITH READ LOCK/);
		await wizard.press('l');
		await wizard.sees(/02:00:\d\d ✓ Check the server/);
		await wizard.press('l?');
		await wizard.sees('The lock makes one moment of everything');
		await wizard.press(ESC);
		await wizard.sees('elapsed');
	});

	test('ctrl+c asks, keeps going by default, stops safely when chosen', async () => {
		const wizard = await started();
		wizard.backend.play(...firstHalf('backup'));
		await wizard.sees('elapsed');
		await wizard.press(ctrl('c'));
		await wizard.sees('Stop this run?');
		await wizard.press(ENTER);
		expect(wizard.backend.stops).toBe(0);
		await wizard.press(`${ctrl('c')}${DOWN}${ENTER}`);
		await wizard.sees('Stopping safely');
		expect(wizard.backend.stops).toBe(1);
		await wizard.press(`${ctrl('c')}${ctrl('c')}`);
		expect(wizard.quits()).toBe(0);
	});

	test('before 1 % nothing is promised', async () => {
		const wizard = await started();
		wizard.backend.play(...firstHalf('backup', [0.005]));
		expect(await wizard.sees('elapsed')).toContain('time left: estimating');
	});

	test('ends in the summary, and Enter goes home', async () => {
		const wizard = await started();
		wizard.backend.play(...firstHalf('backup'), ...secondHalf('backup'));
		wizard.backend.end();
		const text = await wizard.sees('Backup complete: /srv/backup/db3-backup/20261121T020000Z');
		expect(text).toContain('Read lock held 5:58 · replication caught up 41 s after unlock');
		expect(text).not.toContain('READ LOCK HELD');
		await wizard.press(ENTER);
		await wizard.sees('What do you want to do?');
	});

	test('a failed step shows its whole error and offers three ways on', async () => {
		const wizard = await started(provision);
		wizard.backend.play(...firstHalf('provision'));
		wizard.backend.ask(FAILURE);
		const text = await wizard.sees('The stream from db1 to db3-backup broke off.');
		for (const part of [
			'The replica ran out of space.',
			'df -h /var/lib/mysql',
			'ERROR 1114 (HY000)',
			'Keep and leave',
			'Try this step again',
			'Undo it',
		])
			expect(text).toContain(part);
		await wizard.press(`2`);
		expect(wizard.backend.decisions).toHaveLength(1);
		await wizard.press(`${DOWN}${ENTER}`);
		await wizard.sees('Step 3/4');
		expect(wizard.backend.decisions[1]).toBe('retry');
	});

	test('a run that failed leaves its failure on the screen', async () => {
		const wizard = await started();
		wizard.backend.play(...firstHalf('backup'), {
			type: 'run-ended',
			outcome: 'failed',
			open: true,
			warnings: [],
			failure: { ...FAILURE, class: 'LeftChanged', left: ['server: SET GLOBAL read_only = OFF'] },
			summary: {},
		});
		wizard.backend.end();
		const text = await wizard.sees('these statements restore it');
		expect(text).toContain('server: SET GLOBAL read_only = OFF');
		expect(text).toContain('CHANGED');
	});
});

describe('status, practice', () => {
	test('status shows replication, and draws lag with its scale and times (finding 53)', async () => {
		const wizard = openAt([{ at: 'status', card }]);
		const text = await wizard.sees('Replica lag  now 0 s, at most 0 s');
		expect(text).toMatch(/ 1 s *\n(.*\n)* +0 s ▁{70,}\n +02:02:00 ─/);
		for (const part of ['db1:3306', '0-1-84213', 'TLSv1.3', '412.0 GiB free', 'read-only', '✓ verified 6 hours ago · ○ not drilled yet'])
			expect(text).toContain(part);
	});

	test('a broken replica shows its error and its troubles', async () => {
		const desk = fakeDesk({
			status: () => ({
				...STATUS,
				healthy: false,
				troubles: ['The SQL thread stands still.'],
				replication: STATUS.replication && { ...STATUS.replication, sql: 'no', lagSeconds: null, error: 'Error 1062: duplicate entry' },
			}),
		});
		const text = await openAt([{ at: 'status', card }], desk).sees('Error 1062');
		expect(text).toContain('sql no · lag unknown');
		expect(text).toContain('needs attention');
		expect(text).toContain('The SQL thread stands still.');
	});

	test('practice starts the pair, then sets up its replica', async () => {
		const wizard = openAt([{ at: 'home' }, { at: 'whole-way' }]);
		await wizard.sees('sandbox-replica');
		await wizard.press(ENTER);
		await wizard.sees('Which servers');
		await wizard.press(ENTER);
		await wizard.sees('enter start');
		expect(wizard.backend.requests).toEqual([{ kind: 'provision', primary: 'sandbox-primary', replica: 'sandbox-replica', tls: true }]);
	});
});

describe('the terminal', () => {
	test.each([
		[60, 16],
		[80, 24],
		[110, 30],
		[200, 50],
	])('every screen fits %d×%d', async (columns, rows) => {
		for (const place of [
			{ at: 'home' },
			{ at: 'pick', flow: 'backup' },
			{ at: 'connect' },
			{ at: 'backup', card },
			{ at: 'provision' },
			{ at: 'status', card },
			{ at: 'run', request: backup, title: 'backup' },
		] as const) {
			const wizard = openAt([{ at: 'home' }, place], fakeDesk(), { size: [columns, rows] });
			const text = await wizard.sees(
				place.at === 'home'
					? 'What do you want'
					: place.at === 'run'
						? 'enter start'
						: place.at === 'status'
							? 'Replication'
							: place.at === 'backup'
								? 'Check and review'
								: /Which server|Where it is/,
			);
			const lines = text.split('\n');
			expect(lines).toHaveLength(rows);
			for (const line of lines) expect([...line].length).toBeLessThanOrEqual(columns);
			expect(lines.at(-1)).toMatch(/help|back/);
			cleanup();
		}
	});

	test('one that is too small says so, and a larger one continues where it was', async () => {
		const wizard = openAt(running(backup));
		await wizard.sees('enter start');
		await wizard.press(`${ENTER}y`);
		wizard.backend.play(...firstHalf('backup'));
		await wizard.sees('elapsed');
		wizard.sizes(50, 12);
		expect(await wizard.sees('Terminal too small: 50×12. Needs 60×16.')).toContain('The run continues.');
		wizard.sizes(120, 40);
		expect(await wizard.sees('Statements and commands')).toContain('Why this step');
		expect(wizard.backend.requests).toHaveLength(1);
	});

	test('draws with ASCII alone where that is asked for', async () => {
		const wizard = openAt(running(backup), fakeDesk(), { ascii: true });
		await wizard.sees('enter start');
		await wizard.press(`${ENTER}y`);
		wizard.backend.play(...firstHalf('backup'));
		expect((await wizard.sees('elapsed')).replace(/[\x00-\x7f]/g, '')).toBe('');
	});

	test('servers are found by a filter', async () => {
		const wizard = openAt(
			[{ at: 'home' }, { at: 'pick', flow: 'status' }],
			fakeDesk({
				servers: [
					...SERVERS,
					...Array.from({ length: 40 }, (_, index) => ({ name: `shard-${index}`, server: `shard-${index}`, badge: null, output: null })),
				],
			}),
		);
		await wizard.sees('Which server?');
		await wizard.press(`/shard-33${ENTER}${ENTER}`);
		await wizard.sees(/status · shard-33/);
	});
});

describe('finding 8: a password that nothing says', () => {
	const needing = (sameAs: string | null) => {
		const backend: FakeBackend = fakeDesk({
			servers: [],
			status: (server, password) => {
				if (password !== undefined) return STATUS;
				const account = `root@${server}:3306`;
				throw new ConnectError({ message: `The password of ${account} is needed.` }, { needsPassword: { account, sameAs } });
			},
		});
		return backend;
	};

	test('is asked for first, by one line, and of the replica Enter alone takes the same', async () => {
		const wizard = openAt(running({ kind: 'provision', primary: 'db1', replica: 'db2', tls: true }), needing('root@db1:3306'));
		const asked = await wizard.sees('Password for root@db1:3306:');
		expect(asked).not.toMatch(/--password-file|LOCKSTEP_PASSWORD/);
		await wizard.press(`${CANARY}${ENTER}`);
		expect(await wizard.sees('Password for root@db2:3306:')).toContain('Enter alone: the same password as for root@db1:3306.');
		await wizard.press(ENTER);
		await wizard.sees('enter start');
		expect([...wizard.backend.remembered]).toEqual([
			['db1', CANARY],
			['db2', 'the same'],
		]);
		expect(wizard.everything()).not.toContain(CANARY);
	});

	test('leaves Home locked until u asks for it', async () => {
		const desk = fakeDesk({
			status: (server, password) => {
				if (password !== undefined) return STATUS;
				const account = `backup@${server}:3306`;
				throw new ConnectError({ message: `The password of ${account} is needed.` }, { needsPassword: { account, sameAs: null } });
			},
		});
		const wizard = openAt([{ at: 'home' }], desk);
		await wizard.sees('Press u to log in.');
		await wizard.press('u');
		await wizard.sees('Password for backup@db3-backup:3306');
		await wizard.press(`x${ENTER}`);
		await wizard.sees('healthy');
	});
});

test('finding 30: a run on a server given by address shows the badge of the profile that has it', async () => {
	const replica = 'mysql://127.0.0.1:34401';
	const desk = fakeDesk({ badges: { [replica]: 'prod' } });
	const text = await openAt(running({ kind: 'provision', primary: 'db1', replica, tls: true }), desk).sees('enter start');
	expect(text.split('\n')[0]).toContain('PROD');
});
