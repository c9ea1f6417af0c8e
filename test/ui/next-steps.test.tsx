// What the end of a run leads to (issue of the wizard, finding 13 and 43).
import { cleanup } from 'ink-testing-library';
import { afterEach, describe, expect, test } from 'vitest';
import type { Place } from '../../src/ui/app-context.ts';
import { backupCard, REPORT } from './backups-story.ts';
import { ENTER, openAt } from './open.tsx';
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
	const text = await wizard.sees('enter home');
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
		return { wizard, text: await wizard.sees('enter home') };
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

	test('b opens the first backup of the replica', async () => {
		const { wizard } = await ended('provision');
		await wizard.press('b');
		await wizard.sees('Check and review');
		expect(wizard.text()).toContain('db3-backup');
	});
});
