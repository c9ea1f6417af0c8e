// As kill-restore.test.ts, for `lockstep drill --replicate`: whatever is killed, the throwaway server, its folder and the account go.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Review } from '../../src/core/director.ts';
import type { CrashPoint } from '../../src/daemon/crash-point.ts';
import { type Line, lockstep, nameOf, urlOf } from '../support/cli.ts';
import { record } from '../support/faults.ts';
import { type Killed, kill, wentOn, words } from '../support/kills.ts';
import { type Client, openClient, stateOf } from '../support/runs.ts';
import { ask, SANDBOX_KINDS, type SpareServer, spareServer } from '../support/servers.ts';

const ALL = (process.env.LOCKSTEP_FAULTS_ALL ?? '') !== '';
const WHOM = { engine: ['engine'], watcher: ['watcher'], both: ['engine', 'watcher'] } as const;
const MATRICES = Object.keys(WHOM) as (keyof typeof WHOM)[];

/** Where something of its own is begun or ends; a kill at an action of the restore leaves what one at these leaves: with LOCKSTEP_FAULTS_ALL. */
const OWN = /^(start-server|create-account|connect|start|catch-up|end-replication|stop-server|report) /;

const ARGS = (backup: string, primary: SpareServer) => ['drill', backup, '--replicate', '--primary', urlOf(primary)];

const namesOf = (lines: readonly Line[]): string[] =>
	lines
		.find((line) => line.type === 'review')
		.review.steps.flatMap(({ id, actions }: Review['steps'][number]) => actions.map((action) => `${id} ${action.id}`));

// One kind stands for all, each point with one of those who are killed; with LOCKSTEP_FAULTS_ALL every kind meets all of them.
describe.each(ALL ? SANDBOX_KINDS : (['mariadb-11.8'] as const))('the actions of a drill on %s, kill -9', (kind) => {
	let client: Client;
	let primary: SpareServer;
	let backup: string;
	let before: Awaited<ReturnType<typeof stateOf>>;
	let files: readonly string[];
	let points: readonly string[];

	const attempt = (halt: CrashPoint): Promise<Killed> => kill([...ARGS(backup, primary), '--yes'], client.context().env, halt);
	const contents = async () => {
		const names = (await readdir(backup)).toSorted();
		return Promise.all(names.map(async (name) => `${name} ${(await readFile(join(backup, name))).toString('base64')}`));
	};
	const drills = () => join(client.context().env.XDG_STATE_HOME ?? '', 'lockstep', 'drills');

	async function gone(where: string): Promise<void> {
		expect(await readdir(drills()), where).toEqual([]);
		const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
		const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
		expect(
			lines.filter((text) => text.includes(`--datadir=${drills()}`)),
			where,
		).toEqual([]);
		expect(await stateOf(primary, 'settings'), where).toEqual(before);
		expect(await contents(), where).toEqual(files);
	}

	beforeAll(async () => {
		client = await openClient();
		primary = await spareServer(kind);
		for (const statement of ['CREATE DATABASE shop', 'CREATE TABLE shop.t (id INT PRIMARY KEY)', 'INSERT INTO shop.t VALUES (1), (2)'])
			await ask(primary, statement);
		const to = join(client.home, 'backups');
		const made = await lockstep(['backup', '--server', urlOf(primary), '--to', to, '--confirm', nameOf(primary), '--yes', '--json'], {
			env: client.context().env,
		});
		expect(made.code, words(made)).toBe(0);
		backup = made.last.backup;
		before = await stateOf(primary, 'settings');
		files = await contents();
		const plan = await lockstep([...ARGS(backup, primary), '--dry-run', '--json'], { env: client.context().env });
		points = [...new Set(namesOf(plan.lines))].filter((name) => ALL || OWN.test(name));
		expect(points.length, words(plan)).toBeGreaterThan(8);
	});
	afterAll(async () => {
		for (const each of [primary, client]) await each?.[Symbol.asyncDispose]();
	});

	test('leave nothing', { timeout: 600_000 }, async () => {
		const { env } = client.context();
		const met = points.flatMap((at, point) =>
			MATRICES.map((matrix, each) => ({ at, matrix, isDaily: each === (point + 1) % MATRICES.length })),
		);
		const part = met.filter(({ isDaily }) => ALL || isDaily);
		for (const { at, matrix } of part) {
			const killed = await attempt({ at, when: matrix === 'both' ? 'before' : 'after', target: WHOM[matrix] });
			const { ended, where } = killed;
			expect(killed.hit, `${where}\n${words(ended)}`).toBe(true);
			if (matrix === 'watcher') {
				const { outcome, failure } = await wentOn(env);
				expect([outcome, failure], where).toEqual(['done', null]);
			} else if (matrix === 'engine') {
				// Who watches clears up at once.
				expect(ended.code, `${where}\n${words(ended)}`).toBe(1);
				expect(ended.stderr, where).toContain('The process of this run died');
			} else {
				const shown = await lockstep(['recover', '--dry-run'], { env });
				expect(shown.stdout, where).toContain('was interrupted');
				const put = await lockstep(['recover', '--yes'], { env });
				expect(put.code, `${where}\n${words(put)}`).toBe(0);
			}
			await gone(where);
		}
		record({
			fault: 'drill --replicate: kill -9 of daemon, watcher or both, its own actions',
			kind,
			freeMs: null,
			outcome: `no server, folder or account is left (${part.length} of ${met.length})`,
		});
	});
});
