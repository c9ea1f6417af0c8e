import { cleanup } from 'ink-testing-library';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { ConnectError } from '../../src/core/errors.ts';
import { checkExpectations } from '../../src/core/expectations.ts';
import { symbols } from '../../src/core/format.ts';
import type { ServerCard, StatusReport } from '../../src/core/status-report.ts';
import { fleetTable } from '../../src/ui/fleet-rows.ts';
import { WHEEL_DOWN, WHEEL_UP } from '../../src/ui/stdin.ts';
import { DOWN, ENTER, ESC, openAt, TAB, UP } from './open.tsx';
import { fakeDesk, card as runCard, STATUS } from './story.ts';

afterEach(cleanup);

const NOW = new Date('2026-11-21T02:02:00.000Z');
const PAGE_UP = '\x1b[5~';
const PAGE_DOWN = '\x1b[6~';

const cardOf = (name: string, badge: ServerCard['badge'] = null): ServerCard => ({ name, server: name, badge, output: `/srv/${name}` });
const FLEET: readonly ServerCard[] = [
	cardOf('db1', 'prod'),
	cardOf('db3-backup', 'prod'),
	cardOf('lab', 'test'),
	cardOf('late', 'prod'),
	cardOf('silent'),
];

const replication = STATUS.replication as NonNullable<StatusReport['replication']>;
const lastBackup = STATUS.lastBackup as NonNullable<StatusReport['lastBackup']>;

/** What is expected of it, and a report that says whether it is so. */
const expecting = (report: StatusReport): StatusReport => {
	const expectations = checkExpectations({ replicaOf: 'db1:3306', readOnly: true, maxLagSeconds: 60 }, report, NOW);
	const isMet = expectations.every((each) => each.isMet);
	const troubles = isMet ? [] : ['Not as expected: lag 1:15 (expected: lag at most 1:00).'];
	return { ...report, expectations, healthy: isMet, troubles };
};

const REPORTS: { readonly [name: string]: StatusReport } = {
	db1: { ...STATUS, name: 'db1', title: 'MariaDB 11.8', replication: null, replicas: ['repl@db3'], lastBackup: null },
	'db3-backup': expecting({ ...STATUS, name: 'db3-backup' }),
	lab: { ...STATUS, name: 'lab', healthy: false, troubles: ['Replication is not encrypted.'] },
	late: expecting({
		...STATUS,
		name: 'late',
		replication: { ...replication, lagSeconds: 75 },
		lastBackup: { ...lastBackup, finished: '2026-11-18T02:00:00Z' },
	}),
};

/** One of them never answers; of the others each says how it is. */
const desk = (more: Parameters<typeof fakeDesk>[0] = {}) =>
	fakeDesk({
		servers: FLEET,
		watched: ({ name }) => (name === 'silent' ? new Promise(() => {}) : Promise.resolve(REPORTS[name] ?? STATUS)),
		folder: () => ({ lastBackup, disk: null }),
		...more,
	});

const home = (options: Parameters<typeof openAt>[2] = {}, backend = desk()) => openAt([{ at: 'home' }], backend, options);
/** The line of a server in the table. */
const rowOf = (text: string, name: string) => text.split('\n').find((line) => new RegExp(`^ [ ❯] . ${name} `).test(line)) ?? '';
/** The servers, as they stand below one another. */
const order = (text: string) =>
	text
		.split('\n')
		.flatMap((line) => /^ [ ❯] [✓✗▲●○] (\S+)/.exec(line)?.[1] ?? [])
		.filter((name) => FLEET.some((each) => each.name === name));

describe('findings 21 and 23: Home is the fleet', () => {
	test('has a line for each server, with its mark by sign and words, its role, lag and last backup', async () => {
		const text = await home({ size: [200, 50] }).sees('1:15');
		expect(text).toMatch(/\[server\] +state +role +source +io\/sql +lag +last backup +backup +verified +drilled +free/);
		expect(rowOf(text, 'db1')).toMatch(/● db1 +PROD +healthy +primary +- +- +- +- +none +- +- +412.0 GiB/);
		expect(rowOf(text, 'db3-backup')).toMatch(
			/✓ db3-backup +PROD +as expected +replica +db1:3306 +yes\/yes +0 s +2026-11-20 18:00 UTC +8 h +✓ 6 h +no +412.0 GiB/,
		);
		expect(rowOf(text, 'lab')).toMatch(/▲ lab +TEST +needs attention +replica/);
		expect(rowOf(text, 'late')).toMatch(/✗ late +PROD +not as expected +replica +db1:3306 +yes\/yes +1:15 +2026-11-18 02:00 UTC +3 d/);
		// What its folder says is there, whether or not it answers.
		expect(rowOf(text, 'silent')).toMatch(/○ silent +connecting +- +- +- +- +2026-11-20 18:00 UTC +8 h +✓ 6 h/);
		expect(text.split('\n')[0]).toContain('✗ 1 of 5 not as expected');
	});

	test.each([
		[60, 16, /server.*state +.*lag +backup *\n/],
		[80, 24, /server.*state +role +io\/sql +lag +backup *\n/],
		[120, 40, /server.*state +role +source +io\/sql +lag +backup +verified +drilled/],
		[200, 50, /last backup +backup +verified +drilled +free/],
	] as const)('fits %i×%i: what matters most stays, and no word is cut', async (columns, rows, heading) => {
		const text = await home({ size: [columns, rows] }).sees('1:15');
		expect(text).toMatch(heading);
		for (const { name } of FLEET) expect(rowOf(text, name)).not.toBe('');
		for (const words of ['as expected', 'not as expected', 'needs attention', 'healthy', 'What do you want to do?'])
			expect(text).toContain(words);
		for (const place of ['Back up now', 'Set up a backup replica', 'Restore or verify', 'Status', 'Practice', 'Profiles'])
			expect(text).toContain(place);
		expect(text).not.toContain('…\n');
		expect(text.split('\n')).toHaveLength(rows);
		for (const line of text.split('\n')) expect([...line].length).toBeLessThanOrEqual(columns);
	});

	test('a name that is too long for the words of its state keeps its sign', () => {
		const card = cardOf('eu-west-shard-07-replica-for-backups', 'prod');
		const seen = {
			...{ state: 'answers' as const, report: { ...STATUS, healthy: false }, since: null, failure: null },
			folder: { lastBackup, disk: null },
		};
		const options = { width: 58, now: NOW, signs: symbols(false), sort: 'name', chosen: null } as const;
		const { rows, heading } = fleetTable([{ card, seen }], options);
		const texts = [heading, ...rows].map((row) => row.map(({ text }) => text).join(''));
		expect(texts[1]).toMatch(/^ {2}▲ eu-west-shard-07-replica-for-backups .*0 s +8 h$/);
		for (const text of texts) expect([...text].length).toBeLessThanOrEqual(58);
	});

	test('a server that does not answer says for how long, and holds up none', async () => {
		let now = NOW;
		const clock = () => now;
		const wizard = home({ size: [120, 40], now: clock }, desk({ now: clock }));
		const text = await wizard.sees('1:15');
		expect(rowOf(text, 'silent')).toContain('connecting');
		now = new Date(NOW.getTime() + 12_000);
		expect(rowOf(await wizard.sees('does not answer'), 'silent')).toMatch(/✗ silent +does not answer for 12 s/);
		expect(rowOf(wizard.text(), 'db3-backup')).toContain('as expected');
		wizard.sizes(60, 16);
		expect(rowOf(await wizard.sees('no answer 12 s'), 'silent')).toMatch(/✗ silent .*8 h/);
	});

	test('one that needs a password is not logged in to: u asks for it', async () => {
		const asked: string[] = [];
		const backend = desk({
			watched: async ({ name }) => {
				asked.push(name);
				if (name !== 'lab' || backend.remembered.has('lab')) return REPORTS[name] ?? STATUS;
				const account = 'root@lab:3306';
				throw new ConnectError({ message: `The password of ${account} is needed.` }, { needsPassword: { account, sameAs: null } });
			},
			status: (server, password) => {
				if (server !== 'lab' || password !== undefined) return STATUS;
				throw new ConnectError({ message: 'x' }, { needsPassword: { account: 'root@lab:3306', sameAs: null } });
			},
		});
		const wizard = home({}, backend);
		await wizard.sees(/○ lab +TEST +locked/);
		await wizard.press('u');
		expect(wizard.text()).toContain('What do you want to do?');
		await wizard.press(`${DOWN}${DOWN}`);
		await wizard.sees('Press u to log in.');
		await wizard.press('u');
		await wizard.sees('Password for root@lab:3306');
		await wizard.press(`secret${ENTER}`);
		await wizard.sees(/status · lab/);
		await wizard.press(ESC);
		expect(rowOf(await wizard.sees(/lab +TEST +(healthy|needs)/), 'lab')).toContain('❯');
		expect(asked.filter((name) => name === 'lab').length).toBeLessThanOrEqual(3);
	});

	test('one that an interrupted run has left changed is not called healthy, alone or among others', async () => {
		const runs = () => [runCard('r1', 'interrupted')];
		const wizard = home({}, desk({ runs }));
		await wizard.sees(/▲ db3-backup +PROD +interrupted run/);
		await wizard.press(`${TAB}${DOWN}`);
		await wizard.sees('▲ An interrupted run left it changed. Recover rolls that back.');
		cleanup();
		const alone = home({}, fakeDesk({ servers: [cardOf('db3-backup', 'prod')], runs }));
		await alone.sees('▲ interrupted run');
		expect(alone.text()).not.toContain('healthy');
	});

	test('what is wrong with the server at the cursor is said below', async () => {
		const wizard = home();
		expect(await wizard.sees('1:15')).toMatch(/❯ ● db1/);
		await wizard.press(`${DOWN}${DOWN}${DOWN}`);
		const text = await wizard.sees('Not as expected: lag 1:15 (expected: lag at most 1:00)');
		expect(text).toContain('8 hours ago'.replace('8 hours', '3 days'));
		expect(text).toContain('✓ verified 6 hours ago · ○ not drilled yet');
	});
});

describe('the keys of the fleet', () => {
	test('enter opens what can be done with a server, and coming back finds it again', async () => {
		const wizard = home();
		await wizard.sees('1:15');
		await wizard.press(`${DOWN}${ENTER}`);
		const text = await wizard.sees('Give it a replica');
		for (const part of ['db3-backup', 'PROD', '✓ as expected', '❯ Back up now', 'Status', 'Its backups', 'Make it a replica', 'lag 0 s'])
			expect(text).toContain(part);
		await wizard.press('2');
		await wizard.sees(/status · db3-backup/);
		await wizard.press(`${ESC}${ESC}`);
		await wizard.sees(/❯ ✓ db3-backup/);
		await wizard.press('b');
		expect(await wizard.sees('Check and review')).toContain('db3-backup');
	});

	test('the cursor goes from the servers into the menu and back, by arrows and by tab; digits open its entries', async () => {
		const wizard = home();
		await wizard.sees('1:15');
		await wizard.press('G');
		await wizard.sees(/❯ ○ silent/);
		await wizard.press(DOWN);
		expect(await wizard.sees('❯ Back up now')).not.toMatch(/❯ . silent/);
		await wizard.press(UP);
		await wizard.sees(/❯ ○ silent/);
		await wizard.press('g');
		await wizard.sees(/❯ ● db1/);
		await wizard.press(PAGE_DOWN);
		await wizard.sees(/❯ ○ silent/);
		await wizard.press(`${PAGE_UP}${WHEEL_DOWN}${WHEEL_DOWN}${WHEEL_UP}`);
		await wizard.sees(/❯ ✓ db3-backup/);
		await wizard.press(TAB);
		await wizard.sees('❯ Back up now');
		await wizard.press(`${TAB}7`);
		await wizard.sees('Servers known here');
	});

	test('o orders them: the worst, the furthest behind, the oldest backup first; it is kept', async () => {
		const answers = new Map<string, { readonly [field: string]: string }>();
		const wizard = home({}, desk({ answers }));
		const names = FLEET.map(({ name }) => name);
		expect(order(await wizard.sees('1:15'))).toEqual(names);
		await wizard.press('o');
		await wizard.sees('[state]');
		expect(order(wizard.text())).toEqual(['late', 'lab', 'silent', 'db1', 'db3-backup']);
		await wizard.press('o');
		await wizard.sees('[lag]');
		expect(order(wizard.text()).slice(0, 2)).toEqual(['late', 'db3-backup']);
		await wizard.press('o');
		await wizard.sees('[backup]');
		expect(order(wizard.text()).slice(0, 2)).toEqual(['db1', 'late']);
		// The cursor stays at its server.
		expect(wizard.text()).toMatch(/❯ ● db1/);
		cleanup();
		await home({}, desk({ answers })).sees('[backup]');
	});

	test('/ filters by any column, Enter opens what is left, esc shows all again', async () => {
		const wizard = home();
		await wizard.sees('1:15');
		await wizard.press('/not as');
		await vi.waitFor(() => expect(order(wizard.text())).toEqual(['late']));
		await wizard.press(`${ENTER}${ENTER}`);
		await wizard.sees('Give it a replica');
		expect(wizard.text().split('\n')[0]).toContain('late');
		await wizard.press(ESC);
		await wizard.sees('What do you want to do?');
		await wizard.press('/nothing of that');
		await wizard.sees('nothing matches');
		await wizard.press(ESC);
		await vi.waitFor(() => expect(order(wizard.text())).toHaveLength(5));
		expect(wizard.quits()).toBe(0);
	});

	test.each([
		[60, 16],
		[80, 24],
	] as const)('a filter at %i×%i leaves the whole menu in sight, and no half words beside it', async (columns, rows) => {
		const wizard = home({ size: [columns, rows] });
		await wizard.sees('1:15');
		await wizard.press(`/late${ENTER}`);
		await vi.waitFor(() => expect(order(wizard.text())).toEqual(['late']));
		const text = wizard.text();
		for (const place of ['/ late', 'Back up now', 'Profiles', 'What do you want to do?']) expect(text).toContain(place);
		expect(text.split('\n').slice(2, -2).join('\n')).not.toContain('…');
		expect(text.split('\n')).toHaveLength(rows);
	});

	test('more servers than fit scroll, and the menu gives way to them', async () => {
		const many = Array.from({ length: 30 }, (_, index) => cardOf(`shard-${`${index}`.padStart(2, '0')}`));
		const wizard = home({ size: [60, 16] }, desk({ servers: many }));
		const text = await wizard.sees('shard-00');
		expect(text).toMatch(/1-\d of 30/);
		for (const place of ['1 Back up now', '2 Set up a backup replica', '7 Profiles']) expect(text).toContain(place);
		await wizard.press('G');
		await wizard.sees(/❯ . shard-29/);
		expect(wizard.text()).toMatch(/2\d-30 of 30/);
		await wizard.press(`${DOWN}${DOWN}`);
		await wizard.sees('❯ 2 Set up a backup replica');
		await wizard.press(ENTER);
		await wizard.sees('Which servers');
	});

	test('what there is to resume comes first, whatever the fleet', async () => {
		const runs = () => [runCard('r2', 'unfinished', 'provision')];
		for (const size of [
			[60, 16],
			[80, 24],
		] as const) {
			const wizard = home({ size }, desk({ runs }));
			await wizard.sees(/❯ Resume/);
			expect(wizard.text().replaceAll(/\s+/g, ' ')).toContain('is unfinished: Resume shows its plan again');
			expect(order(wizard.text()).length).toBeGreaterThanOrEqual(2);
			await wizard.press(ENTER);
			await wizard.sees('Plan');
			cleanup();
		}
	});
});
