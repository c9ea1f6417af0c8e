import { cleanup } from 'ink-testing-library';
import { afterEach, describe, expect, test } from 'vitest';
import type { ServerSuggestion } from '../../src/app/wizard-backend.ts';
import { ConnectError, UserError } from '../../src/core/errors.ts';
import { comboChoice, comboRows } from '../../src/ui/combo.ts';
import { ctrl, DOWN, ENTER, ESC, openAt, paste, TAB, UP } from './open.tsx';
import { CANARY, type FakeBackend, fakeDesk, STATUS } from './story.ts';

afterEach(cleanup);

const offered = (value: string, more: Partial<ServerSuggestion> = {}): ServerSuggestion => ({
	...{ value, label: value, about: 'backup@10.0.0.3:3306', kind: 'profile', badge: null },
	...more,
});
const SUGGESTIONS = [
	offered('db3-backup', { badge: 'prod' }),
	offered('db1'),
	offered('root@db7:3310', { kind: 'recent', about: 'used recently' }),
	offered('mysql://?group-suffix=_db5', { label: '[client_db5]', kind: 'option file', about: 'dba@db5:3306  ~/.my.cnf [client_db5]' }),
	offered('/run/mysqld/mysqld.sock', { kind: 'socket', about: 'socket on this machine' }),
];

describe('what is offered', () => {
	test.each([
		['', 'db3-backup', null],
		['db3', 'db3-backup', 'db3-backup'],
		['DB1', 'db1', 'db1'],
		['db', 'db3-backup', 'db3-backup'],
		['db9', 'db9', 'db9'],
		['db3:3307', 'db3:3307', 'db3:3307'],
		['root@db7', 'root@db7:3310', 'root@db7'],
		['db5', 'mysql://?group-suffix=_db5', 'db5'],
		['/run/mysqld/mysqld.sock', '/run/mysqld/mysqld.sock', '/run/mysqld/mysqld.sock'],
		['/tmp/x.sock', '/tmp/x.sock', '/tmp/x.sock'],
		['/db3', 'db3-backup', 'db3-backup'],
	])('for %j begins with %s, and Enter takes %s', (text, first, taken) => {
		const rows = comboRows(SUGGESTIONS, text);
		expect(rows[0]?.value).toBe(first);
		expect(rows[comboChoice(rows, text, false)]?.value ?? null).toBe(taken);
	});
});

const provision = (options: Parameters<typeof fakeDesk>[0] = {}, size?: readonly [number, number]) =>
	openAt([{ at: 'home' }, { at: 'provision' }], fakeDesk({ suggestions: SUGGESTIONS, ...options }), size && { size });

describe('the field for a server', () => {
	test('finding 7: takes an address where there are profiles, and shows them with their addresses as one types', async () => {
		const wizard = provision();
		await wizard.sees('PROD backup@10.0.0.3:3306');
		await wizard.press('db7');
		expect(await wizard.sees('as an address')).not.toContain('socket on this machine');
		await wizard.press(`${ctrl('u')}${paste('root@127.0.0.1:34400')}${TAB}db1${ctrl('s')}`);
		await wizard.sees('enter start');
		expect(wizard.backend.requests).toMatchObject([{ primary: 'root@127.0.0.1:34400', replica: 'db1' }]);
	});

	test('the arrows choose in the list, and Up from its first row goes back to the text and to the field before', async () => {
		const wizard = provision();
		await wizard.sees('db3-backup');
		await wizard.press(`${DOWN}${DOWN}${ENTER}`);
		await wizard.press(`${DOWN}${UP}${UP}`);
		expect(await wizard.sees(/❯ Primary +db1/)).toContain('Primary');
	});

	test('finding 6: says in place what is wrong with it', async () => {
		const inspect = (server: string) => {
			if (server.startsWith('a:'))
				throw new UserError({ message: 'This server address cannot be read.', reason: 'It has too many colons.' });
			throw new ConnectError({ message: `Cannot connect to ${server}.`, reason: 'Nothing listens there.' });
		};
		const wizard = provision({ inspect });
		await wizard.sees('Which servers');
		await wizard.press(`a:b:c${TAB}`);
		await wizard.sees('✗ This server address cannot be read. It has too many colons.');
		await wizard.press(`127.0.0.1:9${TAB}`);
		const text = await wizard.sees('✗ Cannot connect to 127.0.0.1:9. Nothing listens there.');
		expect(text).toMatch(/Replica .*\n.*Cannot connect/);
		expect(text).not.toMatch(/--password-file/);
	});

	test('says in place what answers there, and whose badge it has', async () => {
		const inspect = (server: string) => ({
			...{ account: `root@${server}`, badge: server.endsWith('1') ? ('prod' as const) : null },
			...{ needsPassword: true, title: 'MariaDB 11.8.6' },
		});
		const wizard = provision({ inspect, badges: { '127.0.0.1:34401': 'prod' } });
		await wizard.sees('Which servers');
		await wizard.press(`127.0.0.1:34400${TAB}127.0.0.1:34401${TAB}`);
		const text = await wizard.sees('PROD  MariaDB 11.8.6 · root@127.0.0.1:34401');
		expect(text).toContain('✓ MariaDB 11.8.6 · root@127.0.0.1:34400 · password asked for next');
		expect(text.split('\n')[0]).toContain('PROD');
	});

	test('finding 35: a port is typed with the host, and nothing stands in the way of it', async () => {
		const wizard = openAt([{ at: 'profiles' }, { at: 'connect' }], fakeDesk({ suggestions: [] }));
		await wizard.sees('Where it is');
		await wizard.press(`root@db9:34401${TAB}${TAB}db9${ctrl('s')}`);
		await wizard.sees('Servers known here');
		expect(wizard.backend.saved).toMatchObject([{ name: 'db9', server: 'root@db9:34401' }]);
	});

	test('finding 23: the list of servers shows where each is', async () => {
		const wizard = openAt([{ at: 'home' }, { at: 'pick', flow: 'status' }], fakeDesk({ suggestions: SUGGESTIONS }));
		const text = await wizard.sees('[client_db5]');
		expect(text).toMatch(/db3-backup .*PROD backup@10\.0\.0\.3:3306/);
		expect(text).toMatch(/\[client_db5\] +dba@db5:3306/);
	});

	test('any address can be picked, and one that does not answer is said there', async () => {
		const inspect = (server: string) => {
			if (server === 'db8') throw new ConnectError({ message: 'Cannot connect to db8:3306.' });
			return { account: 'root@db9', badge: null, needsPassword: false, title: 'MariaDB' };
		};
		const wizard = openAt([{ at: 'home' }, { at: 'pick', flow: 'backup' }], fakeDesk({ suggestions: SUGGESTIONS, inspect }));
		await wizard.sees('Which server is to be backed up?');
		await wizard.press(`db8${ENTER}`);
		await wizard.sees('✗ Cannot connect to db8:3306.');
		await wizard.press(`${ESC}db9${ENTER}`);
		await wizard.sees(/backup · db9/);
	});
});

/** Counts what is pressed beside typed text. */
function counting(wizard: ReturnType<typeof openAt>) {
	let keys = 0;
	return {
		type: (text: string) => wizard.press(paste(text)),
		async press(...pressed: readonly string[]) {
			for (const key of pressed) await wizard.press(key);
			keys += pressed.length;
		},
		keys: () => keys,
	};
}

describe('the journey', () => {
	test('from an empty configuration to a started set-up: at most 9 keystrokes beside typed text', async () => {
		const backend: FakeBackend = fakeDesk({
			servers: [],
			suggestions: [],
			inspect: (server) => ({ account: `${server}:3306`, badge: null, needsPassword: true, title: 'MariaDB 11.8.6' }),
			status: (server, password) => {
				if (password !== undefined) return STATUS;
				const sameAs = server.includes('db2') ? 'root@db1:3306' : null;
				throw new ConnectError({ message: 'The password is needed.' }, { needsPassword: { account: `${server}:3306`, sameAs } });
			},
		});
		const wizard = openAt([{ at: 'home' }], backend);
		const { type, press, keys } = counting(wizard);
		await wizard.sees('Welcome.');
		await press('2');
		await wizard.sees('Which servers');
		await type('root@db1');
		await press(ENTER);
		await type('root@db2');
		await press(ctrl('s'));
		await wizard.sees('Password for root@db1');
		await type(CANARY);
		await press(ENTER);
		await wizard.sees('Password for root@db2');
		await press(ENTER);
		await wizard.sees('enter start');
		await press(ENTER, 'y');
		await wizard.sees('Step 3/4');
		expect(keys()).toBeLessThanOrEqual(9);
		expect(wizard.everything()).not.toContain(CANARY);
	});

	test('finding 29: with one profile, from Home to a started backup in 4, and the server is not asked for', async () => {
		const one = { name: 'db3-backup', server: 'db3-backup', badge: 'prod', output: '/srv/backup/db3-backup' } as const;
		const wizard = openAt([{ at: 'home' }], fakeDesk({ servers: [one] }));
		const { press, keys } = counting(wizard);
		await wizard.sees('healthy');
		await press(ENTER);
		await wizard.sees('Check and review');
		await press(ENTER);
		await wizard.sees('enter start');
		await press(ENTER, 'y');
		await wizard.sees('Step 4/5');
		expect(keys()).toBeLessThanOrEqual(4);
	});
});

describe('finding 29: memory', () => {
	test('a half-filled form opens with its answers at the next start', async () => {
		const answers = new Map<string, { readonly [field: string]: string }>();
		const first = provision({ answers });
		await first.sees('Which servers');
		await first.press(`${paste('root@db1')}${TAB}`);
		cleanup();
		const second = provision({ answers });
		expect(await second.sees('Which servers')).toMatch(/Primary +root@db1/);
	});

	test('a backup that was started proposes its folder, engine and lock the next time, and no databases', async () => {
		const answers = new Map([
			['backup db3-backup', { to: '/mnt/b', engine: 'vendor', databases: 'shop', longQueries: 'kill', lock: '' }],
		]) as Map<string, { readonly [field: string]: string }>;
		const card = { name: 'db3-backup', server: 'db3-backup', badge: null, output: null } as const;
		const wizard = openAt([{ at: 'home' }, { at: 'backup', card }], fakeDesk({ answers, servers: [card] }));
		await wizard.sees('Check and review');
		await wizard.press(ENTER);
		await wizard.sees('enter start');
		expect(answers.has('backup db3-backup')).toBe(true);
		await wizard.press(`${ENTER}y`);
		await wizard.sees('Step 4/5');
		expect(answers.get('last backup db3-backup')).toEqual({ to: '/mnt/b', engine: 'vendor' });
		expect(answers.has('backup db3-backup')).toBe(false);
		// Finding 12: a profile without a folder has the one that was used from now on.
		expect(wizard.backend.saved).toEqual([{ ...card, output: '/mnt/b' }]);
	});
});
