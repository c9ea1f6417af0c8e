import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeWizardBackend } from '../../src/app/make-wizard-backend.ts';
import { Stopped } from '../../src/core/errors.ts';
import type { Recorded } from '../../src/core/events.ts';
import { type Ended, lockstep, nameOf, urlOf } from '../support/cli.ts';
import { kill } from '../support/kills.ts';
import { type Client, caughtUp, openClient, provisionRequest, type ServerState, stateOf } from '../support/runs.ts';
import { ask, ownSandbox, rootSession, type Sandbox, type SandboxKind, type SpareServer, spareServer, value } from '../support/servers.ts';
import { channelsOf, superReadOnlyOf, wordsOf } from '../support/words.ts';

const DATABASES =
	"SELECT GROUP_CONCAT(SCHEMA_NAME ORDER BY 1) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME NOT IN ('mysql','sys','performance_schema','information_schema')";

// What differs between the vendors is how a server tells of its own transactions; 10.11 does it as 11.8.
describe.each(['mariadb-11.8', 'mysql-9.7'] as const)('lockstep undo of a replica on %s', (kind: SandboxKind) => {
	let pair: Sandbox & AsyncDisposable;
	let client: Client;
	const words = wordsOf(kind);

	beforeAll(async () => {
		[pair, client] = await Promise.all([ownSandbox(kind, { rows: 1, writer: false }), openClient()]);
	});
	afterAll(async () => {
		await pair?.[Symbol.asyncDispose]();
		await client?.[Symbol.asyncDispose]();
	});

	const undo = (...more: string[]): Promise<Ended> => lockstep(['undo', ...more], { env: client.context().env });
	const said = ({ stdout, stderr }: Ended) => stdout.slice(-3000) + stderr;
	const databases = () => value(pair.replica, DATABASES);
	const provision = async (...confirm: string[]) => {
		const { end } = await client.run(provisionRequest(pair), { confirm });
		expect([end.outcome, end.failure?.description, end.failure?.checks]).toEqual(['done', undefined, undefined]);
	};

	it('shows the statements of an untouched replica, then undoes it without a name, with what came by replication since', async () => {
		const before = await stateOf(pair.replica);
		await provision();
		await ask(pair.primary, 'CREATE DATABASE since');
		await caughtUp(pair);
		const shown = await undo('--dry-run');
		expect(shown.code, said(shown)).toBe(0);
		expect(shown.stdout).toContain(`DROP DATABASE IF EXISTS \`crm\``);
		expect(shown.stdout).toContain(words.forget);
		expect(await databases()).toBe('crm,shop,since');
		const unasked = await undo();
		expect([unasked.code, await databases()], said(unasked)).toEqual([2, 'crm,shop,since']);
		const undone = await undo('--yes');
		expect(undone.code, said(undone)).toBe(0);
		expect(await stateOf(pair.replica)).toEqual(before);
		await ask(pair.primary, 'DROP DATABASE since');
	});

	it('asks for the name of a replica that was promoted by hand, and drops only what the run made', async () => {
		await provision();
		await ask(pair.primary, 'CREATE DATABASE later');
		await caughtUp(pair);
		await using session = await rootSession(pair.replica);
		const superReadOnly = await superReadOnlyOf(pair.replica);
		for (const statement of [words.stop, words.forget, ...(superReadOnly === null ? [] : ['SET GLOBAL super_read_only = 0'])])
			await session.query({ pieces: [statement] });
		for (const statement of ['SET GLOBAL read_only = 0', 'CREATE DATABASE mine', 'CREATE TABLE crm.added (id INT PRIMARY KEY)'])
			await session.query({ pieces: [statement] });
		const was = await stateOf(pair.replica);
		const refused = await undo('--yes', '--json');
		expect(refused.code, said(refused)).toBe(6);
		expect(refused.last.checks).toHaveLength(1);
		const [{ found, hints }] = refused.last.checks;
		expect(found).toContain('does not replicate');
		expect(found).toContain('read_only is OFF');
		expect(found).toContain('transactions of its own');
		expect(found).toContain('crm.added');
		expect(hints).toEqual([`If that is meant, type its name: --confirm ${nameOf(pair.replica)}`]);
		const shown = await undo('--dry-run');
		expect(shown.stdout).toContain('crm.added');
		expect(await stateOf(pair.replica)).toEqual(was);
		// Agreed to: the databases that the run brought go, the others stay.
		const undone = await undo('--yes', '--confirm', nameOf(pair.replica));
		expect([0, 3], said(undone)).toContain(undone.code);
		expect(await databases()).toBe('later,mine');
	});

	it('names what it cannot restore: databases of before, and where it replicated from', async () => {
		await provision(nameOf(pair.replica));
		const undone = await undo('--yes', '--json');
		expect(undone.code, said(undone)).toBe(3);
		expect(undone.last.warnings.join('\n')).toContain(`databases later, mine on ${nameOf(pair.replica)}: dropped, cannot be restored`);
		expect(await databases()).toBeNull();
		const text = await lockstep(['attach', undone.last.run ?? undone.lines[0].run], { env: client.context().env });
		expect(text.stdout + text.stderr).not.toMatch(/as it was|Untouched|As before/);
	});

	// What differs between the vendors is in the tests above.
	if (kind === 'mariadb-11.8')
		it('behind the screens of the wizard: after the passwords, never without the name, and then it is over', async () => {
			await provision();
			await ask(pair.replica, 'CREATE DATABASE own');
			await ask(pair.replica, 'CREATE TABLE crm.by_others (id INT PRIMARY KEY)');
			const before = await databases();
			expect(before).toMatch(/crm.*own/);
			const name = nameOf(pair.replica);
			const backend = makeWizardBackend(client.context(), { pair: null, passwords: new Map() });
			const run = (await backend.runsToUndo())[0]?.run ?? '';
			await expect(backend.undoFindings(run)).rejects.toMatchObject({ needsPassword: { account: expect.stringContaining('root@') } });
			for (const server of [pair.primary, pair.replica]) backend.remember(urlOf(server), '');
			const findings = await backend.undoFindings(run);
			expect(findings.flatMap(({ consents = [] }) => consents.map((consent) => consent.name))).toEqual([name]);
			expect(findings.flatMap(({ actions }) => actions.map(({ text }) => text)).join('\n')).toContain('DROP DATABASE');
			const undoneWith = async (...typed: string[]) => {
				const events: Recorded[] = [];
				await backend.undo(run, typed, (event) => events.push(event)).ended;
				return events.at(-1);
			};
			expect(await undoneWith()).toMatchObject({ type: 'run-ended', outcome: 'failed', failure: { class: 'CheckFailed' } });
			expect(await databases()).toBe(before);
			const done = await undoneWith(name);
			expect(done).toMatchObject({ type: 'run-ended', outcome: 'undone', open: false });
			// The table of others went with the database that the run had made.
			expect(done).toMatchObject({
				warnings: expect.arrayContaining([expect.stringMatching(/^Not kept, as it was agreed to by name: .*crm\.by_others$/)]),
			});
			expect(await databases()).toBe('own');
			expect((await backend.runHistory()).runs[0]).toMatchObject({ run, state: 'finished', outcome: 'undone' });
			expect((await backend.runDetails(run)).next).toEqual([]);
			await expect(backend.undoFindings(run)).rejects.toThrow('changed nothing, or was undone already');
		});
});

/** One of two servers is down while what a run did is rolled back. */
describe('with one of the servers down', () => {
	const before = { primary: {} as ServerState, replica: {} as ServerState };
	const sides = {} as { primary: SpareServer; replica: SpareServer };
	const ROLES = ['primary', 'replica'] as const;

	/** A pair with a table, and a person. */
	async function open(kind: SandboxKind) {
		const [client, primary, replica] = await Promise.all([
			openClient(),
			spareServer(kind, { serverId: 101 }),
			spareServer(kind, { serverId: 102 }),
		]);
		Object.assign(sides, { primary, replica });
		for (const statement of ['CREATE DATABASE crm', 'CREATE TABLE crm.calls (id INT PRIMARY KEY)']) await ask(primary, statement);
		for (const role of ROLES) before[role] = await stateOf(sides[role], 'settings');
		const env = client.context().env;
		return {
			client,
			env,
			call: (...argv: string[]): Promise<Ended> => lockstep(argv, { env }),
			[Symbol.asyncDispose]: async () => {
				for (const each of [primary, replica, client]) await each[Symbol.asyncDispose]();
			},
		};
	}

	/** What the undo does while one is down, what it says is left, and what the same undo does when that server is back. */
	async function inParts(call: (...argv: string[]) => Promise<Ended>, down: 'primary' | 'replica', left: readonly RegExp[]): Promise<void> {
		const up = down === 'primary' ? 'replica' : 'primary';
		const part = await call('undo', '--yes', '--json');
		expect(part.code, part.stderr).toBe(9);
		const statements = part.last.hints.join('\n');
		for (const statement of left) expect(statements).toMatch(statement);
		expect(statements).not.toContain(`${up}: `);
		expect(part.stdout + part.stderr).not.toMatch(/Untouched|As before/);
		expect(timeless(await stateOf(sides[up], 'settings'))).toEqual(timeless(before[up]));
		// As the option file of a replica is to say.
		await sides[down].start(down === 'replica' ? ['--read-only'] : []);
		const rest = await call('undo', '--yes');
		// What the replica was restarted with is left as it is, and named.
		expect(rest.code, rest.stdout + rest.stderr).toBe(down === 'replica' ? 3 : 0);
		expect(timeless(await stateOf(sides.primary, 'settings')).accounts).toEqual(timeless(before.primary).accounts);
		expect((await stateOf(sides.replica, 'settings')).databases).toEqual(before.replica.databases);
	}

	it('undoes what it can, names the rest, and finishes when that server is back', { timeout: 120_000 }, async () => {
		await using at = await open('mariadb-11.8');
		for (const [down, statement] of [
			['primary', /primary: DROP USER IF EXISTS 'lockstep_102'/],
			['replica', /replica: DROP DATABASE IF EXISTS `crm`/],
		] as const) {
			const { end } = await at.client.run(provisionRequest(sides));
			expect([end.outcome, end.failure]).toEqual(['done', null]);
			await sides[down].stop();
			const shown = await at.call('undo', '--dry-run');
			expect([shown.code, shown.stdout], shown.stderr).toEqual([0, expect.stringContaining('It cannot be reached')]);
			await inParts(at.call, down, [statement]);
		}
	});

	it('on MySQL as well: recover starts replication again, and no copy by CLONE is left', { timeout: 300_000 }, async () => {
		await using at = await open('mysql-9.7');
		const argv = ['provision', '--primary', urlOf(sides.primary), '--replica', urlOf(sides.replica), '--yes'];
		const killed = await kill(argv, at.env, { at: 'compare open-snapshot', when: 'after', target: ['engine', 'watcher'] });
		expect(killed.hit, killed.where).toBe(true);
		await sides.primary.stop();
		const recovered = await at.call('recover', '--yes');
		expect(recovered.code, recovered.stdout + recovered.stderr).toBe(0);
		expect((await channelsOf('mysql-9.7', sides.replica))[0]?.sql).toBe('Yes');
		await inParts(at.call, 'primary', [/primary: DROP USER IF EXISTS 'lockstep_102'/]);

		let started: Promise<unknown> = Promise.resolve();
		const stop = new AbortController();
		// What follows is stopped: plugin and account are there still.
		const { end } = await at.client.run(provisionRequest(sides, { seed: 'clone', restartWaitSeconds: 60 }), {
			signal: stop.signal,
			on(event) {
				if (event.type === 'note' && event.text.includes('DOWN')) started = sides.replica.stop().then(() => sides.replica.start());
				if (event.type === 'action-done' && event.action === 'restart') stop.abort(new Stopped('Stopped by the test.'));
			},
		});
		await started;
		expect(end, JSON.stringify(end.failure)).toMatchObject({ outcome: 'stopped', open: true });
		await sides.replica.stop();
		await inParts(at.call, 'replica', [
			/replica: UNINSTALL PLUGIN clone/,
			/replica: DROP DATABASE IF EXISTS `crm`/,
			/replica: DROP USER IF EXISTS 'lockstep_clone_102'/,
			/replica: RESET PERSIST IF EXISTS `read_only`/,
		]);
		for (const server of [sides.primary, sides.replica])
			expect(await value(server, "SELECT COUNT(*) FROM information_schema.PLUGINS WHERE PLUGIN_NAME = 'clone'")).toBe('0');
	});
});

/** Both were made in the same way, not in the same second. */
const timeless = (state: ServerState): ServerState => ({
	...state,
	accounts: state.accounts.map((line) => line.replace(/"password_last_changed":"[^"]*"/, '')),
});
