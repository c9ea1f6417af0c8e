import { cleanup } from 'ink-testing-library';
import { afterEach, describe, expect, test } from 'vitest';
import { ctrl, DOWN, ENTER, ESC, openAt, paste, TAB } from './open.tsx';
import { fakeDesk } from './story.ts';

afterEach(cleanup);

const KEPT = {
	...{ server: 'backup@db3:3306', tls: 'REQUIRED', name: 'db3-backup', badge: 'prod', output: '/srv/backup/db3-backup' },
	...{ expectReplicaOf: 'db1', expectReadOnly: 'yes', expectLag: '1m', expectBackupAge: '' },
};
const FIELDS = {
	...{ badge: 'prod', output: '/srv/backup/db3-backup' },
	...{ expectReplicaOf: 'db1', expectReadOnly: true, expectNothing: false, expectLag: 60 },
};
const desk = () => fakeDesk({ profiles: { 'db3-backup': KEPT } });
const profiles = (backend = desk()) => openAt([{ at: 'home' }, { at: 'profiles' }], backend);
/** To the last field of the form. */
const LAST = '\x1b[6~\x1b[A';

describe('finding 24: profiles', () => {
	test('e shows what is kept of one, and saves what is expected of it without another login', async () => {
		const wizard = profiles(
			fakeDesk({
				profiles: { 'db3-backup': KEPT },
				status: () => {
					throw new Error('not to be asked');
				},
			}),
		);
		await wizard.sees('❯ db3-backup');
		await wizard.press('e');
		const text = await wizard.sees('profile db3-backup');
		for (const part of [/Server +backup@db3:3306/, /● required/, /Save as +db3-backup/, /● production/, /Backups go to +\/srv/])
			expect(text).toMatch(part);
		await wizard.press(LAST);
		const expected = await wizard.sees('Oldest backup');
		for (const part of ['What is expected of it', /Replica of +db1/, /Read-only.*● expected/, /Most lag +1m/])
			expect(expected).toMatch(part);
		await wizard.press(`26h${ctrl('s')}`);
		await wizard.sees('✓ db3-backup: saved');
		expect(wizard.backend.edited).toEqual([
			{ was: 'db3-backup', name: 'db3-backup', server: null, tls: null, fields: { ...FIELDS, expectBackupAge: 93_600 } },
		]);
		await wizard.sees('Servers known here');
	});

	test('another address is tested before it is saved, another name leads home', async () => {
		const wizard = profiles();
		await wizard.sees('❯ db3-backup');
		await wizard.press('e');
		await wizard.sees('profile db3-backup');
		await wizard.press(`${ctrl('u')}${paste('backup@db4:3306')}${TAB}${TAB}${ctrl('u')}db4`);
		expect(await wizard.sees('ctrl+s test and save')).toContain('Test the connection and save');
		await wizard.press(ctrl('s'));
		await wizard.sees('✓ db4: 11.8.6-MariaDB');
		expect(wizard.backend.edited).toEqual([
			{ was: 'db3-backup', name: 'db4', server: 'mysql://backup@db4:3306?ssl-mode=REQUIRED', tls: null, fields: { ...FIELDS } },
		]);
		await wizard.sees('What do you want to do?');
	});

	test('a new one may say what is expected, and a time that is none is said at its field', async () => {
		const wizard = openAt([{ at: 'home' }, { at: 'profiles' }, { at: 'connect' }]);
		await wizard.sees('Where it is');
		await wizard.press(`${paste('backup@db9')}${TAB}${TAB}db9${LAST}soon${ctrl('s')}`);
		await wizard.sees('A time such as 26h.');
		await wizard.press(`${ctrl('u')}2h${ctrl('s')}`);
		await wizard.sees('✓ db9');
		expect(wizard.backend.saved).toEqual([{ name: 'db9', server: 'backup@db9', badge: null, output: '/srv/backup/db9' }]);
		expect(wizard.backend.edited).toEqual([
			{
				...{ was: 'db9', name: 'db9', server: null, tls: null },
				fields: { output: '/srv/backup/db9', expectReadOnly: false, expectNothing: false, expectBackupAge: 7200 },
			},
		]);
	});

	test('d removes one after a question whose harmless answer comes first', async () => {
		const wizard = profiles();
		await wizard.sees('❯ db3-backup');
		await wizard.press('d');
		expect(await wizard.sees('Remove the profile db3-backup? Its server and its backups stay.')).toContain('❯ Keep it');
		await wizard.press(ENTER);
		await wizard.press(`d${ESC}`);
		await wizard.sees('Servers known here');
		expect(wizard.backend.forgotten).toEqual([]);
		await wizard.press(`d${DOWN}${ENTER}`);
		await wizard.sees('✓ removed the profile db3-backup');
		expect(wizard.backend.forgotten).toEqual(['db3-backup']);
		await wizard.sees('❯ db1');
	});

	test('t shows whether one can be reached, and what is no profile is neither edited nor removed', async () => {
		const wizard = profiles();
		await wizard.sees('❯ db3-backup');
		await wizard.press(`${DOWN}t`);
		await wizard.sees(/status · db1/);
		await wizard.press(`${ESC}`);
		await wizard.sees('Servers known here');
		await wizard.press(`${DOWN}${DOWN}d`);
		await wizard.sees('It is no saved profile');
		expect(wizard.backend.forgotten).toEqual([]);
	});

	test.each([
		[60, 16],
		[80, 24],
		[120, 40],
		[200, 50],
	])('its form fits %i×%i, every choice whole', async (columns, rows) => {
		const wizard = openAt([{ at: 'home' }, { at: 'connect', edit: 'db3-backup' }], desk(), { size: [columns, rows] });
		const first = await wizard.sees('profile db3-backup');
		for (const option of ['if offered', 'required', 'verified', 'off']) expect(first).toContain(option);
		await wizard.press(LAST);
		const last = await wizard.sees('Oldest backup');
		for (const part of ['not checked', '● expected', 'Most lag']) expect(last).toContain(part);
		for (const line of `${first}\n${last}`.split('\n')) expect([...line].length).toBeLessThanOrEqual(columns);
	});
});
