import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ended, lockstep, nameOf } from '../support/cli.ts';
import { type Client, caughtUp, openClient, provisionRequest, stateOf } from '../support/runs.ts';
import { ask, ownSandbox, rootSession, type Sandbox, type SandboxKind, spareServer, value } from '../support/servers.ts';
import { superReadOnlyOf, wordsOf } from '../support/words.ts';

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
		expect([end.outcome, end.failure?.told, end.failure?.checks]).toEqual(['done', undefined, undefined]);
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
		const [{ found, mend }] = refused.last.checks;
		expect(found).toContain('does not replicate');
		expect(found).toContain('read_only is OFF');
		expect(found).toContain('transactions of its own');
		expect(found).toContain('crm.added');
		expect(mend).toEqual([`If that is meant, type its name: --confirm ${nameOf(pair.replica)}`]);
		const shown = await undo('--dry-run');
		expect(shown.stdout).toContain('crm.added');
		expect(await stateOf(pair.replica)).toEqual(was);
		// Agreed to: the databases that the run brought go, the others stay.
		const undone = await undo('--yes', '--confirm', nameOf(pair.replica));
		expect([0, 3], said(undone)).toContain(undone.code);
		expect(await databases()).toBe('later,mine');
	});

	it('says what it cannot restore: databases that were there, and where it replicated from', async () => {
		await provision(nameOf(pair.replica));
		const undone = await undo('--yes', '--json');
		expect(undone.code, said(undone)).toBe(3);
		expect(undone.last.warnings.join('\n')).toContain(`databases later, mine on ${nameOf(pair.replica)}: dropped, cannot be restored`);
		expect(await databases()).toBeNull();
		const text = await lockstep(['attach', undone.last.run ?? undone.lines[0].run], { env: client.context().env });
		expect(text.stdout + text.stderr).not.toMatch(/as it was|Untouched|As before/);
	});
});

// What is done while one is down does not depend on the vendor.
it('undoes what it can while one of the servers is down, names the rest, and finishes when that server is back', {
	timeout: 120_000,
}, async () => {
	await using client = await openClient();
	const undo = (...more: string[]): Promise<Ended> => lockstep(['undo', ...more], { env: client.context().env });
	await using primary = await spareServer('mariadb-11.8', { serverId: 101 });
	await using replica = await spareServer('mariadb-11.8', { serverId: 102 });
	for (const statement of ['CREATE DATABASE crm', 'CREATE TABLE crm.calls (id INT PRIMARY KEY)']) await ask(primary, statement);
	const before = { primary: await stateOf(primary, 'settings'), replica: await stateOf(replica, 'settings') };
	const sides = { primary, replica };
	for (const [down, up, statement] of [
		['primary', 'replica', /primary: DROP USER IF EXISTS 'lockstep_102'/],
		['replica', 'primary', /replica: DROP DATABASE IF EXISTS `crm`/],
	] as const) {
		const { end } = await client.run(provisionRequest(sides));
		expect([end.outcome, end.failure]).toEqual(['done', null]);
		await sides[down].stop();
		const shown = await undo('--dry-run');
		expect([shown.code, shown.stdout]).toEqual([0, expect.stringContaining('It cannot be reached')]);
		const part = await undo('--yes', '--json');
		expect(part.code, part.stderr).toBe(9);
		expect(part.last.mend.join('\n')).toMatch(statement);
		expect(part.last.mend.join('\n')).not.toContain(`${up}: `);
		expect(await stateOf(sides[up], 'settings')).toEqual(before[up]);
		// As the option file of a replica is to say.
		await sides[down].start(down === 'replica' ? ['--read-only'] : []);
		const rest = await undo('--yes');
		// What the replica was restarted with is left as it is, and named.
		expect(rest.code, rest.stderr).toBe(down === 'replica' ? 3 : 0);
		expect((await stateOf(primary, 'settings')).accounts).toEqual(before.primary.accounts);
		expect((await stateOf(replica, 'settings')).databases).toEqual(before.replica.databases);
	}
});
