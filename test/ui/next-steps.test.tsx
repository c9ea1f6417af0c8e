// What the end of a run leads to (issue of the wizard, finding 13 and 43).
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cleanup } from 'ink-testing-library';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { VerifyFailed } from '../../src/core/errors.ts';
import type { RunEvent } from '../../src/core/events.ts';
import type { Place } from '../../src/ui/app-context.ts';
import { type BackupsDesk, backupCard, DRILL_RECORD, FOLDER, GOOD, REPORT, VERIFY_RECORD } from './backups-story.ts';
import { ctrl, ENTER, ESC, openAt, paste } from './open.tsx';
import { type FakeOptions, fakeDesk, firstHalf, type Kind, lockEvent, REQUESTS, SUMMARY, secondHalf } from './story.ts';

afterEach(cleanup);

async function ended(kind: Kind, options: FakeOptions = {}) {
	const place: Place = { at: 'run', request: REQUESTS[kind], title: kind };
	const wizard = openAt([{ at: 'home' }, place], fakeDesk(options));
	await wizard.sees('enter start');
	await wizard.press(`${ENTER}y`);
	await wizard.sees('Run');
	wizard.backend.play(...firstHalf(kind), ...secondHalf(kind));
	wizard.backend.end();
	const text = await wizard.sees('enter esc home');
	return { wizard, text };
}

const BACKUPS: FakeOptions = {
	backups: {
		backups: async (folder) => ({ folder, cards: [backupCard('20261121T020000Z')] }),
		showBackup: async () => REPORT,
	},
};

describe('finding 43: after a backup', () => {
	test('v verifies it', async () => {
		const { wizard, text } = await ended('backup', BACKUPS);
		expect(text).toMatch(/v +verify[\s\S]*d +drill[\s\S]*o +open[\s\S]*t +timer[\s\S]*q quit/);
		await wizard.press('v');
		await wizard.sees('verify 20261121T020000Z');
	});

	test('d opens the plan of its drill', async () => {
		const { wizard } = await ended('backup', BACKUPS);
		await wizard.press('d');
		await wizard.sees('drill 20261121T020000Z');
		expect(wizard.backend.requests.at(-1)).toEqual({ kind: 'drill', backup: SUMMARY.backup, replicate: false, tls: true });
	});

	test('o opens it, and Esc comes back to the end', async () => {
		const { wizard } = await ended('backup', BACKUPS);
		await wizard.press('o');
		await wizard.sees('backup 20261121T020000Z');
		await wizard.press(ESC);
		await wizard.sees('Backup complete');
		// What is over is not begun again by being looked at.
		expect(wizard.backend.requests).toHaveLength(1);
		await wizard.press('d');
		await wizard.sees('drill 20261121T020000Z');
		await wizard.press(ESC);
		await wizard.sees('Backup complete');
		expect(wizard.backend.requests).toHaveLength(2);
	});

	test('one that is gone is said to be', async () => {
		const { wizard } = await ended('backup');
		await wizard.press('o');
		await wizard.sees('is not there any more');
	});

	test('t copies a line for cron that runs without a question', async () => {
		const { wizard, text } = await ended('backup', BACKUPS);
		expect(text.replace(/\s+/g, ' ')).toMatch(/0 2 \* \* \* lockstep backup .* --yes --quiet/);
		await wizard.press('t');
		await wizard.sees('Copied, if your terminal allows it: the line for crontab -e');
	});
});

describe('finding 43: after a verify', () => {
	const verified = (work: BackupsDesk['verify']) =>
		openAt([{ at: 'home' }, { at: 'verify', card: GOOD }], fakeDesk({ backups: { ...BACKUPS.backups, verify: work } }));
	let reads = 0;
	const done = async () => {
		reads++;
		return { folder: GOOD.path, record: VERIFY_RECORD, notes: [], written: null };
	};

	test('d drills it and o opens it; no command is said for what a key does', async () => {
		const wizard = verified(done);
		const text = await wizard.sees('Backup verified');
		expect(text).toMatch(/d +drill[\s\S]*o +open/);
		expect(text).not.toContain('lockstep drill');
		await wizard.press('d');
		await wizard.sees(`drill ${GOOD.label}`);
		expect(wizard.backend.requests).toEqual([{ kind: 'drill', backup: GOOD.path, replicate: false, tls: true }]);
		await wizard.press(ESC);
		await wizard.sees('Backup verified');
		expect(reads).toBe(1);
		await wizard.press('r');
		await vi.waitFor(() => expect(reads).toBe(2));
	});

	test('one that is damaged leads to the other backups in its folder', async () => {
		const wizard = verified(async () => {
			throw new VerifyFailed([{ id: 'SUM', title: 'shop.sql is as it was written', status: 'fail' }], 'It is damaged.');
		});
		expect(await wizard.sees('It is damaged.')).toMatch(/b +backups +the other backups in its folder/);
		await wizard.press('b');
		await wizard.sees('1 backup, ');
	});
});

describe('finding 43: after a drill', () => {
	const drilled = async (end: RunEvent) => {
		const request = { kind: 'drill', backup: GOOD.path, replicate: false, tls: true } as const;
		const wizard = openAt([{ at: 'home' }, { at: 'run', request, title: 'drill' }], fakeDesk(BACKUPS));
		await vi.waitFor(() => expect(wizard.backend.requests).toHaveLength(1));
		const steps = [{ id: 'prove', title: 'Verify the restored data', why: '' }];
		wizard.backend.play(
			{ type: 'reviewed', go: true, typed: [] },
			{
				...{ type: 'run-started', runbook: 'drill', title: 'Drill', key: 'drill', identities: {}, request, steps, resumes: null },
				...{ servers: { server: 'the throwaway server' }, afterFailure: 'put-back', carried: { touched: [], outputs: {} } },
			},
			end,
		);
		wizard.backend.end();
		return { wizard, text: await wizard.sees('enter esc home') };
	};
	const ended = { type: 'run-ended', open: false, warnings: [], failure: null } as const;

	test('o opens the backup, c copies the path of the report, t a line for cron that drills the newest one', async () => {
		const { format: _format, type: _type, tool: _tool, ...record } = DRILL_RECORD;
		const report = `${GOOD.path}.drill.md`;
		const { wizard, text } = await drilled({ ...ended, outcome: 'done', summary: { ...record, backup: GOOD.path, report, checks: [] } });
		expect(text).toMatch(/o +open[\s\S]*c +copy[\s\S]*t +timer/);
		await wizard.press('c');
		await wizard.sees('Copied, if your terminal allows it: the path of the report');
		expect(wizard.everything()).toContain(Buffer.from(report).toString('base64'));
		await wizard.press('t');
		await wizard.sees('the line for crontab -e');
		const line = `0 5 * * 0 lockstep drill ${FOLDER}/latest --yes --quiet`;
		expect(wizard.everything()).toContain(Buffer.from(line).toString('base64'));
	});

	test('one that the backup did not pass leads to its verify and to the other backups', async () => {
		const failure = { class: 'VerifyFailed', step: 'report', description: { message: 'It did not pass.' }, checks: [], left: [] };
		const { wizard, text } = await drilled({ ...ended, outcome: 'failed', summary: {}, failure });
		expect(text).toMatch(/v +verify[\s\S]*b +backups/);
		await wizard.press('b');
		await wizard.sees('1 backup, ');
	});
});

describe('finding 42: after a backup that was stopped', () => {
	const PARTIAL = '/srv/backup/db3-backup/20261121T020000Z.partial';
	const stopped = async (size: readonly [number, number] = [80, 24]) => {
		const place: Place = { at: 'run', request: REQUESTS.backup, title: 'backup' };
		const wizard = openAt([{ at: 'home' }, place], fakeDesk(), { size });
		await wizard.sees('enter start');
		await wizard.press(`${ENTER}y`);
		await wizard.sees('Run');
		const failure = { class: 'Stopped', step: 'dump', description: { message: 'Stopped from the wizard.' }, checks: [], left: [] };
		wizard.backend.play(
			...firstHalf('backup'),
			lockEvent('released'),
			{ type: 'undo-done', left: [], foreign: [], kept: false },
			...([
				{
					type: 'run-ended',
					outcome: 'stopped',
					open: false,
					warnings: [],
					failure,
					summary: { partial: PARTIAL, partialBytes: 135 * 1024 ** 2 },
				},
			] as const),
		);
		wizard.backend.end();
		return { wizard, text: await wizard.sees('enter esc home') };
	};

	test.each([
		[60, 16],
		[80, 24],
	] as const)('the end says how long the lock was held, what is left, its size and what to do with it, at %d×%d', async (...size) => {
		const { text } = await stopped(size);
		const words = text.replaceAll(/\n +/g, ' ');
		expect(words).toMatch(/lock +held for 21 s/);
		expect(words.replaceAll(' ', '')).toContain(`left${PARTIAL},135.0MiBondisk:incomplete,andnobackup`);
		expect(words).toMatch(/x +remove +remove its 135\.0 MiB, after a question/);
	});

	test('x leads to its run, where the folder is removed', async () => {
		const { wizard } = await stopped();
		await wizard.press('x');
		await wizard.sees(/no details of/);
	});
});

describe('finding 13: after a set-up', () => {
	const unsaved = (['primary', 'replica'] as const).map((role) => ({
		role,
		name: `db-${role}`,
		server: `db-${role}`,
		badge: null,
		output: null,
	}));

	test('the lines of the option file are said again, and a keeps both servers once', async () => {
		const { wizard, text } = await ended('provision', { unsaved });
		expect(text).toContain("For the replica's option file");
		expect(text).toContain('read_only = ON');
		await wizard.press('a');
		await wizard.sees('Kept: db-primary, db-replica');
		expect(wizard.backend.saved.map(({ name }) => name)).toEqual(['db-primary', 'db-replica']);
	});

	describe('the lines of the option file', () => {
		let folder: string;
		beforeEach(async () => {
			folder = await mkdtemp(join(tmpdir(), 'lockstep-lines-'));
		});
		afterEach(() => rm(folder, { recursive: true }));
		const TEXT = '[mariadb]\nread_only = ON\n';

		test('are written by w to a new file that every account may read, after they were shown', async () => {
			const { wizard } = await ended('provision');
			await wizard.press('w');
			const text = await wizard.sees('Write to: lockstep-db3-backup.cnf');
			expect(text).toMatch(/A new file, mode 0644, with the lines for the option file:\s+\[mariadb\]\s+read_only = ON/);
			await wizard.press(`${ctrl('u')}${paste(join(folder, 'replica.cnf'))}${ENTER}`);
			expect((await wizard.sees('written: ')).replaceAll(/\s+/g, '')).toContain(`written:${join(folder, 'replica.cnf')}`);
			expect(await readFile(join(folder, 'replica.cnf'), 'utf8')).toBe(TEXT);
			expect((await stat(join(folder, 'replica.cnf'))).mode & 0o777).toBe(0o644);
		});

		test('never replace a file: another name is asked for, and esc writes nothing', async () => {
			await writeFile(join(folder, 'my.cnf'), 'mine');
			const { wizard } = await ended('provision');
			await wizard.press(`w${ctrl('u')}${paste(join(folder, 'my.cnf'))}${ENTER}`);
			await wizard.sees(/exists, and is left as it\s+is/);
			await wizard.press(ESC);
			await wizard.sees('enter esc home');
			expect(await readdir(folder)).toEqual(['my.cnf']);
			expect(await readFile(join(folder, 'my.cnf'), 'utf8')).toBe('mine');
		});

		test('are copied by c', async () => {
			const { wizard } = await ended('provision');
			await wizard.press('c');
			await wizard.sees('Copied, if your terminal allows it: the lines for the option file');
			expect(wizard.everything()).toContain(Buffer.from(TEXT).toString('base64'));
		});
	});

	test('b opens the first backup of the replica', async () => {
		const { wizard } = await ended('provision');
		await wizard.press('b');
		await wizard.sees('Check and review');
		expect(wizard.text()).toContain('db3-backup');
	});
});
