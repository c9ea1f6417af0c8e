// As kill-provision.test.ts, for `lockstep restore` and for the steps that `provision --seed BACKUP` has beside it.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Recorded } from '../../src/core/events.ts';
import type { CrashPoint } from '../../src/daemon/crash-point.ts';
import { lockstep, nameOf, urlOf } from '../support/cli.ts';
import { record } from '../support/faults.ts';
import { free, type Killed, kill, wentOn, words } from '../support/kills.ts';
import { type Client, openClient, stateOf } from '../support/runs.ts';
import { ask, rootSession, SANDBOX_KINDS, type SandboxKind, type SpareServer, spareServer, value } from '../support/servers.ts';
import { channelsOf } from '../support/words.ts';

const ALL = (process.env.LOCKSTEP_FAULTS_ALL ?? '') !== '';
const WHOM = { engine: ['engine'], watcher: ['watcher'], both: ['engine', 'watcher'] } as const;
const MATRICES = Object.keys(WHOM) as (keyof typeof WHOM)[];
type Point = { readonly at: number; readonly name: string };

const STATEMENTS = [
	'CREATE DATABASE shop',
	'CREATE TABLE shop.t (id INT PRIMARY KEY, n INT, KEY (n))',
	'INSERT INTO shop.t VALUES (1, 1), (2, 2), (3, NULL)',
	'CREATE VIEW shop.v AS SELECT id FROM shop.t',
	'CREATE TRIGGER shop.b BEFORE INSERT ON shop.t FOR EACH ROW SET NEW.n = NEW.id',
	'CREATE EVENT shop.e ON SCHEDULE EVERY 1 DAY DO DO 0',
	"CREATE USER newcomer@localhost IDENTIFIED BY 'a-Secret-1'",
];

const namesOf = (events: readonly Recorded[]): string[] =>
	events.flatMap((event) => (event.type === 'action-started' && !event.undoing ? [`${event.step} ${event.action.id}`] : []));

/** Which of the points which matrix meets: in turn, so that all together meet each; all of them where every kind is to meet all. */
const partOf = (points: readonly Point[], matrix: number, of: number): readonly Point[] =>
	ALL ? points : points.filter((_, index) => index % of === matrix);

async function sourceOf(
	kind: SandboxKind,
	client: Client,
	extra: readonly string[] = [],
): Promise<{ source: SpareServer; backup: string }> {
	const source = await spareServer(kind, { extra });
	await using session = await rootSession(source);
	for (const statement of STATEMENTS) await session.query({ pieces: [statement] });
	const to = join(client.home, 'backups');
	const made = await lockstep(['backup', '--server', urlOf(source), '--to', to, '--confirm', nameOf(source), '--yes', '--json'], {
		env: client.context().env,
	});
	expect(made.code, words(made)).toBe(0);
	return { source, backup: made.last.backup };
}

// A matrix a kind; with LOCKSTEP_FAULTS_ALL each kind has all three.
describe.each(SANDBOX_KINDS.map((kind, index) => [kind, index] as const))('every action of a restore into %s, kill -9', (kind, index) => {
	let client: Client;
	let source: SpareServer;
	let target: SpareServer;
	let backup: string;
	let before: Awaited<ReturnType<typeof stateOf>>;
	let points: readonly Point[];

	const attempt = (halt: CrashPoint): Promise<Killed> =>
		kill(['restore', backup, '--server', urlOf(target), '--accounts', '--yes'], client.context().env, halt);

	async function undone(where: string): Promise<void> {
		const { end } = await client.undo('restore');
		expect([end.outcome, end.failure?.description, end.failure?.checks], where).toEqual(['undone', undefined, undefined]);
		expect(await stateOf(target), where).toEqual(before);
	}

	beforeAll(async () => {
		client = await openClient();
		[{ source, backup }, target] = await Promise.all([sourceOf(kind, client), spareServer(kind)]);
		await ask(target, 'SET GLOBAL event_scheduler = ON');
		await ask(target, 'SET GLOBAL local_infile = OFF');
		before = await stateOf(target);
		const { ended, events } = await attempt({ at: 1000, when: 'after', target: ['engine'] });
		expect([0, 3], words(ended)).toContain(ended.code);
		points = [...new Set(namesOf(events))].map((name, at) => ({ at: at + 1, name }));
		expect(points.length).toBeGreaterThan(8);
		await undone('untouched');
	});
	afterAll(async () => {
		for (const each of [source, target, client]) await each?.[Symbol.asyncDispose]();
	});

	const settings = () => value(target, "SELECT CONCAT_WS(' ', @@GLOBAL.event_scheduler, IF(@@GLOBAL.local_infile, 1, 0))");

	test.each(ALL ? MATRICES : MATRICES.slice(index, index + 1))('of %s', { timeout: 300_000 }, async (matrix) => {
		const { env } = client.context();
		const part = partOf(points, index, SANDBOX_KINDS.length);
		for (const { at } of part) {
			const killed = await attempt({ at, when: matrix === 'both' ? 'before' : 'after', target: WHOM[matrix] });
			const { ended, where } = killed;
			expect(killed.hit, `${where}\n${words(ended)}`).toBe(true);
			if (matrix === 'watcher') {
				const { outcome, failure } = await wentOn(env);
				expect([outcome, failure], where).toEqual(['done', null]);
				expect(await value(target, 'SELECT COUNT(*) FROM shop.t'), where).toBe('3');
			} else if (matrix === 'engine') {
				expect(ended.code, `${where}\n${words(ended)}`).toBe(9);
				expect(ended.stderr, where).toContain('The process of this run died');
			} else {
				// Whoever comes to watch it is told what stands, whether or not he could log in.
				const watched = await lockstep(['attach', killed.run], { env });
				expect(watched.code, `${where}\n${words(watched)}`).toBe(9);
				expect(watched.stderr, where).toMatch(/died\. \d+ of \d+ steps are complete\./);
				expect(watched.stderr, where).toContain(`lockstep recover ${killed.run}`);
				expect(watched.stderr, where).not.toMatch(/Untouched|As before/);
				const put = await lockstep(['recover', '--yes'], { env });
				expect(put.code, `${where}\n${words(put)}`).toBe(0);
			}
			expect(await settings(), where).toBe('ON 0');
			await free(target, null, where);
			if (killed.events.some((event) => event.type === 'action-started' && event.action.changes)) await undone(where);
		}
		const outcome = {
			engine: 'exit 9, settings as before, undo undoes it',
			watcher: 'restored',
			both: 'lockstep recover --yes, then undo',
		};
		record({
			fault: `restore: kill -9 of the ${matrix}, every action`,
			kind,
			freeMs: null,
			outcome: `${outcome[matrix]} (${part.length} of ${points.length})`,
		});
	});
});

/** Its other steps are those of any provisioning, and met there. */
const OWN_STEPS = /^(forget-accounts|create|load-rows|finish|accounts|backup-position|set-position) /;

describe.each(ALL ? SANDBOX_KINDS : (['mariadb-11.8'] as const))('the actions of provision --seed BACKUP on %s, kill -9', (kind) => {
	let client: Client;
	let source: SpareServer;
	let target: SpareServer;
	let backup: string;
	let before: Awaited<ReturnType<typeof stateOf>>;
	let points: readonly Point[];

	const attempt = (halt: CrashPoint): Promise<Killed> =>
		kill(['provision', '--primary', urlOf(source), '--replica', urlOf(target), '--seed', backup, '--yes'], client.context().env, halt);

	async function undone(where: string): Promise<void> {
		const { end } = await client.undo('provision');
		expect([end.outcome, end.failure?.description, end.failure?.checks], where).toEqual(['undone', undefined, undefined]);
		expect(await stateOf(target), where).toEqual(before);
	}

	beforeAll(async () => {
		client = await openClient();
		[{ source, backup }, target] = await Promise.all([sourceOf(kind, client, ['--server-id=1001']), spareServer(kind)]);
		before = await stateOf(target);
		const { ended, events } = await attempt({ at: 1000, when: 'after', target: ['engine'] });
		expect([0, 3], words(ended)).toContain(ended.code);
		const names = [...new Set(namesOf(events))];
		points = names.flatMap((name, at) => (OWN_STEPS.test(name) ? [{ at: at + 1, name }] : []));
		expect(points.length).toBeGreaterThan(4);
		await undone('untouched');
	});
	afterAll(async () => {
		for (const each of [source, target, client]) await each?.[Symbol.asyncDispose]();
	});

	test.each(MATRICES.map((matrix, index) => [matrix, index] as const))('of %s', { timeout: 300_000 }, async (matrix, index) => {
		const { env } = client.context();
		// Three of them share the points, and a run is long: by day each takes a part of its part.
		const part = partOf(points, index, MATRICES.length).slice(0, ALL ? undefined : 2);
		for (const { at } of part) {
			const killed = await attempt({ at, when: matrix === 'both' ? 'before' : 'after', target: WHOM[matrix] });
			const { ended, where } = killed;
			expect(killed.hit, `${where}\n${words(ended)}`).toBe(true);
			if (matrix === 'watcher') {
				const { outcome, failure } = await wentOn(env);
				expect([outcome, failure], where).toEqual(['done', null]);
				expect(await channelsOf(kind, target), where).toMatchObject([{ io: 'Yes', sql: 'Yes' }]);
			} else if (matrix === 'engine') {
				expect(ended.code, `${where}\n${words(ended)}`).toBe(9);
			} else {
				const put = await lockstep(['recover', '--yes'], { env });
				expect(put.code, `${where}\n${words(put)}`).toBe(0);
			}
			await free(target, null, where);
			await undone(where);
		}
		record({
			fault: `provision --seed BACKUP: kill -9 of the ${matrix}, its own actions`,
			kind,
			freeMs: null,
			outcome: `${matrix === 'watcher' ? 'a whole replica' : 'undo undoes it'} (${part.length} of ${points.length})`,
		});
	});
});
