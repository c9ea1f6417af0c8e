import { PassThrough, Writable } from 'node:stream';
import { cleanup } from 'ink-testing-library';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { RunEntry } from '../../src/core/run-entry.ts';
import { NOTHING_YET } from '../../src/core/state.ts';
import { inAsciiCells } from '../../src/render/ascii.ts';
import { toCommandLine } from '../../src/requests/index.ts';
import type { Place } from '../../src/ui/app-context.ts';
import { startWizard } from '../../src/ui/start.tsx';
import { F1, MOUSE_OFF, MOUSE_ON, splitKeys, WHEEL_DOWN, WHEEL_UP } from '../../src/ui/stdin.ts';
import { WORDS } from '../../src/ui/words.ts';
import { backupCard, GOOD, REPORT, VERIFY_RECORD } from './backups-story.ts';
import { ctrl, ENTER, ESC, type Opened, openAt, TAB, UP } from './open.tsx';
import { card, FAILURE, type FakeBackend, fakeDesk, firstHalf, opening, REQUESTS, RUN, secondHalf } from './story.ts';

afterEach(cleanup);

const server = { name: 'db3-backup', server: 'db3-backup', badge: 'prod', output: '/srv/backup/db3-backup' } as const;

type ScreenKeys = {
	readonly name: string;
	readonly place: Place;
	/** What says that it is drawn. */
	readonly shows: string | RegExp;
	/** Its letters are text. */
	readonly isText?: boolean;
	/** Nothing lies before it. */
	readonly isFirst?: boolean;
	readonly backend?: () => FakeBackend;
	/** What brings it about, once its place is open. */
	readonly reach?: (wizard: Opened) => Promise<void>;
	/** A run is at work behind it: q says how to leave. */
	readonly isAtWork?: boolean;
	/** Its list: what its first and its last entry show in focus. */
	readonly list?: readonly [first: RegExp, last: RegExp];
	/** `/` shows only what holds a text. */
	readonly filters?: boolean;
	/** The wheel and the pages are those of a pane beside its list. */
	readonly besidePane?: boolean;
};

const begin = async (wizard: Opened) => {
	await wizard.sees('enter start');
	await wizard.press(`${ENTER}y`);
};
const RUN_ENTRY: RunEntry = {
	...{ run: RUN, title: 'Back up under a lock', servers: { server: 'db3-backup' }, started: '2026-11-21T02:00:00Z', state: 'finished' },
	...{ ended: null, outcome: 'done', ms: 1, lock_ms: 1, bytes: 1, raw_bytes: 1, steps: { done: 1, of: 1 }, resumed_by: null },
};
const detailed = () =>
	fakeDesk({
		details: () => ({
			entry: RUN_ENTRY,
			request: REQUESTS.backup,
			state: NOTHING_YET,
			end: null,
			partial: null,
			next: [{ goal: 'undo', command: '' }],
		}),
	});
const listedCard = () => fakeDesk({ backups: { showBackup: async () => REPORT } });
const listed = () => fakeDesk({ backups: { backups: async (folder) => ({ folder, cards: [GOOD, backupCard('20261101T020000Z')] }) } });
const many = Array.from({ length: 12 }, (_, index) => ({ ...server, name: `shard-${index}`, server: `shard-${index}` }));

/** Every screen, and what differs between them as to keys: nothing else may. */
const SCREENS: readonly ScreenKeys[] = [
	{ name: 'home', place: { at: 'home' }, shows: 'What do you want', isFirst: true, list: [/❯ . db3-backup/, /❯ . lab/] },
	{
		...{ name: 'home of one server', place: { at: 'home' }, backend: () => fakeDesk({ servers: [server] }), isFirst: true },
		...{ shows: 'What do you want', list: [/❯ Back up now/, /❯ Profiles/] },
	},
	{ name: 'pick', place: { at: 'pick', flow: 'backup' }, shows: 'Which server is to be', isText: true },
	{ name: 'connect', place: { at: 'connect' }, shows: 'Where it is', isText: true },
	{ name: 'provision', place: { at: 'provision' }, shows: 'Which servers', isText: true },
	{ name: 'backup', place: { at: 'backup', card: server }, shows: 'Check and review' },
	{ name: 'restore', place: { at: 'restore', card: server, backup: REPORT }, shows: 'Check and review' },
	{ name: 'server', place: { at: 'server', card: server }, shows: 'Its backups', list: [/❯ Back up now/, /❯ Edit its profile/] },
	{
		...{ name: 'a profile', place: { at: 'connect', edit: 'db3' }, shows: 'Test the connection', isText: true },
	},
	{ name: 'doctor', place: { at: 'doctor', card: server }, shows: 'REPL-SQL' },
	{ name: 'status', place: { at: 'status', card: server }, shows: 'Writes  ' },
	{ name: 'folders', place: { at: 'folders' }, shows: 'Another folder', list: [/❯ Another folder/, /❯ Another folder/] },
	{
		name: 'archive',
		place: { at: 'archive', card: GOOD },
		backend: listedCard,
		shows: 'Restore',
		list: [/❯ Verify/, /❯ Back/],
		besidePane: true,
	},
	{
		name: 'profiles',
		place: { at: 'profiles' },
		backend: () => fakeDesk({ servers: many }),
		shows: 'Servers known here',
		list: [/❯ shard-0/, /❯ Add a server/],
		filters: true,
	},
	{ name: 'practice', place: { at: 'practice' }, shows: 'duplicate-key' },
	{ name: 'a lesson', place: { at: 'lesson', lesson: null }, shows: 'Both threads run' },
	{ name: 'the whole way', place: { at: 'whole-way' }, shows: 'Set up the replica' },
	{
		name: 'runs',
		place: { at: 'runs', goal: 'watch', cards: [card('a', 'running'), card('b', 'running')] },
		shows: 'Which run',
		list: [/❯ .* a$/m, /❯ .* b$/m],
	},
	{ name: 'choose a run', place: { at: 'choose-run', goal: 'undo' }, shows: 'No run is left to undo' },
	{
		...{ name: 'all runs', place: { at: 'all-runs' }, shows: '2 runs', list: [/❯ ✓ Back up/, /❯ ✓ Restore/], filters: true },
		backend: () => fakeDesk({ allRuns: () => [RUN_ENTRY, { ...RUN_ENTRY, run: 'older', title: 'Restore a backup' }] }),
	},
	{ name: 'recover', place: { at: 'recover', card: card('a', 'interrupted') }, shows: /rolls it back|roll it back/ },
	{ name: 'plan', place: { at: 'run', request: REQUESTS.backup, title: 'backup' }, shows: 'enter start', filters: true },
	{
		...{ name: 'a failed step', place: { at: 'run', request: REQUESTS.provision, title: 'set up' }, shows: 'What now?', isAtWork: true },
		...{ list: [/❯ Keep and leave/, /❯ Undo it/], besidePane: true },
		async reach(wizard) {
			await begin(wizard);
			wizard.backend.play(...firstHalf('provision'));
			wizard.backend.ask(FAILURE);
		},
	},
	{
		...{ name: 'the end of a run', place: { at: 'run', request: REQUESTS.backup, title: 'backup' }, shows: 'Backup complete' },
		async reach(wizard) {
			await begin(wizard);
			wizard.backend.play(...firstHalf('backup'), ...secondHalf('backup'));
			wizard.backend.end();
		},
	},
	{
		...{ name: 'a run of the list', place: { at: 'run-details', run: RUN }, backend: detailed, shows: '❯ Undo' },
		...{ list: [/❯ Undo/, /❯ Back/], besidePane: true },
	},
	{
		...{ name: 'verify', place: { at: 'verify', card: GOOD }, shows: 'Backup verified' },
		backend: () => fakeDesk({ backups: { verify: async () => ({ folder: GOOD.path, record: VERIFY_RECORD, notes: [], written: null }) } }),
	},
	{
		...{ name: 'backups', place: { at: 'backups', folder: '/srv/backup' }, backend: listed, shows: 'newest first' },
		list: [/❯ ✓ 20261120T175348Z/, /❯ ✓ 20261101T020000Z/],
		filters: true,
	},
];

const PLAN = SCREENS.find(({ name }) => name === 'plan') as ScreenKeys;

const at = ({ place, isFirst, backend = fakeDesk }: ScreenKeys, size?: readonly [number, number], ascii = false) =>
	openAt(isFirst ? [place] : [{ at: 'home' }, place], backend(), size === undefined ? { ascii } : { ascii, size });
async function shown(screen: ScreenKeys, size?: readonly [number, number], ascii = false): Promise<Opened> {
	const wizard = at(screen, size, ascii);
	await screen.reach?.(wizard);
	await wizard.sees(ascii && typeof screen.shows === 'string' ? inAsciiCells(screen.shows) : screen.shows);
	return wizard;
}
const hintsOf = (text: string) => text.split('\n').at(-1) ?? '';

describe.each(SCREENS)('on the screen $name', (screen) => {
	test('finding 38: 60 columns show the way back and help', async () => {
		const wizard = await shown(screen, [60, 16]);
		if (!screen.isFirst) expect(hintsOf(wizard.text())).toContain('esc ');
		expect(hintsOf(wizard.text())).toMatch(/(\?|F1) help|q quit/);
	});

	test('finding 40: F1 helps, esc closes it, and q leaves unless letters are text', async () => {
		const wizard = await shown(screen);
		await wizard.press(F1);
		await wizard.sees(/twice: leave|this help/);
		await wizard.press(ESC);
		await wizard.sees(screen.shows);
		await wizard.press('q');
		expect(wizard.quits()).toBe(screen.isText || screen.isAtWork ? 0 : 1);
		if (screen.isAtWork) expect(hintsOf(wizard.text())).toContain('b: leave it in the background');
		expect(wizard.text().includes('Nothing on a server')).toBe(false);
	});

	test('finding 46: draws with ASCII alone where that is asked for, its help as well', async () => {
		for (const size of [
			[60, 16],
			[120, 40],
		] as const) {
			const wizard = await shown(screen, size, true);
			expect(wizard.text().replaceAll(/[\x00-\x7f]/g, '')).toBe('');
			await wizard.press(F1);
			expect((await wizard.sees('esc close')).replaceAll(/[\x00-\x7f]/g, '')).toBe('');
			cleanup();
		}
	});

	test('? helps unless it is text', async () => {
		const wizard = await shown(screen);
		if (screen.isText && screen.name !== 'pick') return expect((await press(wizard, '?')).includes('this help')).toBe(false);
		await wizard.press('?');
		await wizard.sees(/this help|twice: leave/);
	});
});

test.each(SCREENS.filter(({ filters }) => filters))(
	'finding 55: on the screen $name / filters, letters are text then, and esc shows all again',
	async (screen) => {
		const wizard = await shown(screen);
		const before = wizard.text();
		await wizard.press('/qq?');
		await wizard.sees(/^ ?\/ qq\?/m);
		expect(wizard.quits()).toBe(0);
		await wizard.press(ESC);
		await vi.waitFor(() => expect(wizard.text()).toBe(before));
	},
);

describe.each(SCREENS.filter(({ list }) => list !== undefined))('the list of $name', (screen) => {
	const [first, last] = screen.list ?? [/^$/, /^$/];

	test('finding 39: g and G go to its ends', async () => {
		const wizard = await shown(screen);
		await wizard.press('G');
		await wizard.sees(last);
		await wizard.press('g');
		await wizard.sees(first);
	});

	test('finding 57: PgUp, PgDn and the wheel move in it, or in the pane beside it', async () => {
		const wizard = await shown(screen);
		await wizard.sees(first);
		await wizard.press('\x1b[6~');
		await wizard.sees(screen.besidePane ? first : last);
		await wizard.press('\x1b[5~');
		await wizard.sees(first);
		await wizard.press(WHEEL_DOWN);
		if (screen.besidePane) return wizard.sees(first);
		if (String(first) !== String(last)) await vi.waitFor(() => expect(wizard.text()).not.toMatch(first));
	});
});

async function press(wizard: ReturnType<typeof openAt>, keys: string): Promise<string> {
	await wizard.press(keys);
	return wizard.text();
}

describe('a run at work', () => {
	test.each(['q', ESC])('finding 40: %j says how to leave it, and does not', async (key) => {
		const wizard = at(PLAN);
		await wizard.sees('enter start');
		await wizard.press(`${ENTER}y`);
		wizard.backend.play(...firstHalf('backup'));
		await wizard.sees('elapsed');
		await wizard.press(key);
		await wizard.sees('b: leave it in the background   ctrl+c: stop it safely');
		expect([wizard.quits(), wizard.backgrounds(), wizard.backend.stops]).toEqual([0, 0, 0]);
	});

	const begun = async (size: readonly [number, number]) => {
		const wizard = at(PLAN, size);
		await wizard.sees('enter start');
		await wizard.press(`${ENTER}y`);
		return wizard;
	};

	test.each([
		...(['backup', 'provision'] as const).map((kind) => [kind, REQUESTS[kind]] as const),
		['drill', { kind: 'drill', backup: '/srv/b', replicate: false, tls: true }],
		['restore', { kind: 'restore', backup: '/srv/b', server: 'db3', accounts: false, writeBinlog: false }],
	] as const)('finding 34: help says of ctrl+c what its dialog says, of a %s', async (kind, request) => {
		const wizard = await begun([80, 24]);
		const [start] = opening('backup');
		if (start?.type !== 'run-started') throw new Error('a run begins with its start');
		wizard.backend.play({ ...start, request: { ...request } }, { type: 'step-started', step: 'dump' });
		await wizard.sees('Dump under the lock');
		const says = WORDS.stopWhy[kind];
		const unbroken = (text: string) => text.replaceAll(/\s+/g, ' ');
		await wizard.press(ctrl('c'));
		expect(unbroken(await wizard.sees('Stop this run?'))).toContain(says);
		await wizard.press(`${ESC}?`);
		expect(unbroken(await wizard.sees('Stop safely'))).toContain(says);
	});

	test('finding 41: at 60x16 the dialog of ctrl+c leaves the bar in sight, and the footer names its keys', async () => {
		const wizard = await begun([60, 16]);
		wizard.backend.play(...firstHalf('backup'));
		await wizard.sees('elapsed');
		await wizard.press(ctrl('c'));
		const text = await wizard.sees('❯ Keep going');
		expect(text).toContain('Stop safely');
		expect(text).toMatch(/[█▌]+.*31 %/);
		expect(text).toContain('READ LOCK HELD');
		expect(hintsOf(text)).toMatch(/enter choose {3}esc keep going/);
		expect(hintsOf(text)).not.toContain('SQL');
		await wizard.press(ESC);
		expect(hintsOf(await wizard.sees('ctrl+c stop safely'))).toContain('SQL');
	});
});

describe('a menu', () => {
	test('finding 39: shows the digits that open its entries, and they stay when others come before them', async () => {
		const runs = () => [card('a', 'interrupted')];
		const wizard = openAt([{ at: 'home' }], fakeDesk({ runs }));
		const text = await wizard.sees('Recover');
		expect(text).toMatch(/Back up now +1 /);
		expect(text).toMatch(/Profiles +7 /);
		await wizard.press('7');
		await wizard.sees('Servers known here');
	});

	test('finding 39: g G PgUp PgDn and the wheel move in it', async () => {
		const wizard = openAt([{ at: 'home' }], fakeDesk({ servers: [server] }));
		await wizard.sees('❯ Back up now');
		await wizard.press('G');
		await wizard.sees('❯ Profiles');
		await wizard.press('g');
		await wizard.sees('❯ Back up now');
		await wizard.press('\x1b[6~');
		await wizard.sees('❯ Profiles');
		await wizard.press(`\x1b[5~${WHEEL_DOWN}${WHEEL_DOWN}${WHEEL_UP}`);
		await wizard.sees('❯ Set up a backup replica');
	});
});

describe('a form', () => {
	test('finding 36: is sent by ctrl+s from any field, and PgUp, PgDn, Home, End move between fields', async () => {
		const wizard = openAt([{ at: 'home' }, { at: 'backup', card: server }]);
		await wizard.sees('Check and review');
		await wizard.press('\x1b[5~');
		const first = await wizard.sees(/❯ Backups? (go )?to|❯ \w/);
		expect(first).not.toMatch(/❯ +Check and review/);
		await wizard.press('\x1b[6~');
		await wizard.sees(/❯ +Check and review/);
		await wizard.press(`${UP}${UP}${ctrl('s')}`);
		await wizard.sees('enter start');
	});

	test('finding 36: a choice is set by its first letter', async () => {
		const wizard = openAt([{ at: 'home' }, { at: 'provision' }]);
		await wizard.sees('Which servers');
		await wizard.press(`db1${TAB}db2${TAB}c`);
		await wizard.sees('● CLONE (MySQL)');
		await wizard.press('A');
		await wizard.sees(/● a (backup|dump)/);
	});

	test('finding 37: at 60 columns every option of a choice is shown', async () => {
		const text = await openAt([{ at: 'home' }, { at: 'provision' }], fakeDesk({ suggestions: [] }), { size: [60, 16] }).sees(
			'Which servers',
		);
		for (const option of ['a dump’s stream', 'CLONE (MySQL)', 'a backup']) expect(text).toContain(option);
	});

	test('finding 59: a label does not touch its value', async () => {
		expect(await openAt([{ at: 'home' }, { at: 'backup', card: server }]).sees('Wait for the lock')).toMatch(/Wait for the lock {2}60s/);
	});
});

describe('finding 55: /', () => {
	test('filters a list, Enter takes from what is left, and Esc clears it before it goes back', async () => {
		const servers = Array.from({ length: 12 }, (_, index) => ({ ...server, name: `shard-${index}`, server: `shard-${index}` }));
		const wizard = openAt([{ at: 'home' }, { at: 'profiles' }], fakeDesk({ servers }));
		await wizard.sees('shard-10');
		await wizard.press('/shard-7q?');
		await wizard.sees('nothing matches');
		expect(wizard.quits()).toBe(0);
		await wizard.press(`\x7f\x7f${ENTER}`);
		await vi.waitFor(() => expect(wizard.text()).not.toContain('shard-8'));
		await wizard.press(ESC);
		await wizard.sees('shard-8');
		await wizard.press(`/ard-7${ENTER}${ENTER}`);
		await wizard.sees(/status · shard-7/);
	});

	test('filters the statements of a plan', async () => {
		const wizard = at(PLAN);
		await wizard.sees('enter start');
		await wizard.press('s');
		await wizard.sees('Locked dump of');
		await wizard.press(`/unlock${ENTER}`);
		await vi.waitFor(() => expect(wizard.text()).not.toContain('replica of db1'));
		expect(wizard.text()).toContain('UNLOCK TABLES');
	});
});

describe('finding 62: what is copied', () => {
	test.each([
		['plan', 'c', 'the equivalent command', toCommandLine(REQUESTS.backup)],
		['archive', 'y', 'the path of the backup', GOOD.path],
		['doctor', 'y', 'the lines that fix it', 'START SLAVE;'],
		['recover', 'y', '1 statement', 'SET GLOBAL read_only = OFF'],
	] as const)('is named on the screen %s, at 60 columns, and never cut', async (name, key, what, text) => {
		const wizard = at(SCREENS.find((each) => each.name === name) as ScreenKeys, [60, 16]);
		await wizard.sees(SCREENS.find((each) => each.name === name)?.shows ?? '');
		await wizard.press(key);
		await wizard.sees('Copied');
		expect(hintsOf(wizard.text()).trim()).toBe(`Copied, if your terminal allows it: ${what}`);
		expect(wizard.everything()).toContain(`]52;c;${Buffer.from(text).toString('base64')}`);
	});
});

describe('finding 57: the mouse', () => {
	test('gives its wheel as keys, and nothing else', () => {
		expect(splitKeys('\x1b[<64;10;5M\x1b[<65;10;5M\x1b[<68;1;1M').keys).toEqual([WHEEL_UP, WHEEL_DOWN, WHEEL_UP]);
		expect(splitKeys('\x1b[<0;10;5M\x1b[<0;10;5m\x1b[<66;1;1Mx').keys).toEqual(['x']);
		expect(splitKeys('\x1b[<64;1').rest).toBe('\x1b[<64;1');
	});

	test('moves in a list and scrolls a pane', async () => {
		const wizard = openAt([{ at: 'home' }, { at: 'pick', flow: 'status' }]);
		await wizard.sees('❯ db3-backup');
		await wizard.press(WHEEL_DOWN);
		await wizard.sees('❯ db1');
		cleanup();
		const plan = at(PLAN, [60, 16]);
		await plan.sees(/1-\d+ of/);
		await plan.press(WHEEL_DOWN);
		await plan.sees(/[2-9]-\d+ of/);
	});

	const run = async (mouse: boolean) => {
		let written = '';
		const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => {}, ref: () => {}, unref: () => {} });
		const stdout = Object.assign(
			new Writable({
				write(chunk, _encoding, done) {
					written += chunk.toString();
					done();
				},
			}),
			{ isTTY: true, columns: 80, rows: 24 },
		) as unknown as NodeJS.WriteStream;
		const ended = startWizard({ backend: fakeDesk(), stdin, stdout, ascii: false, color: false, mouse });
		await vi.waitFor(() => expect(written).toContain('What do you want'));
		stdin.write('q');
		await ended;
		return written;
	};

	test('is asked of the terminal, and given back at the end', async () => {
		const written = await run(true);
		expect(written.indexOf(MOUSE_ON)).toBeGreaterThanOrEqual(0);
		expect(written.lastIndexOf(MOUSE_OFF)).toBeGreaterThan(written.lastIndexOf(MOUSE_ON));
		expect(process.listeners('exit').some((each) => each.name === 'onExit')).toBe(false);
	});

	test('is left alone where that is said', async () => {
		expect(await run(false)).not.toContain('\x1b[?1000h');
	});
});
