import { describe, expect, test } from 'vitest';
import type { AppContext } from '../../src/app/context.ts';
import { editProfile, profileChange, profileForm } from '../../src/app/edit-profiles.ts';
import { sourceNamed } from '../../src/app/status-report.ts';
import { checkExpectations, type Expected } from '../../src/core/expectations.ts';
import { PROFILE, type Profile } from '../../src/profiles/profile.ts';
import { renderStatus } from '../../src/render/status.ts';
import { readOptions } from '../../src/requests/command.ts';
import { PROFILE as COMMAND } from '../../src/requests/other-commands.ts';
import { STATUS } from '../ui/story.ts';

const NOW = new Date('2026-11-21T02:00:00Z');
const ALL: Expected = { replicaOf: 'DB1:3306', readOnly: true, maxLagSeconds: 60, maxBackupAgeSeconds: 26 * 3600 };
const replication = STATUS.replication as NonNullable<typeof STATUS.replication>;
const check = (expected: Expected, seen: Partial<typeof STATUS> = {}) =>
	checkExpectations(expected, { ...STATUS, ...seen }, NOW).map(({ id, isMet, found }) => [id, isMet, found]);

describe('21: what a profile expects of its server', () => {
	test('is met', () => {
		expect(check(ALL)).toEqual([
			['replica-of', true, 'replica of db1:3306'],
			['read-only', true, 'read-only'],
			['lag', true, 'lag 0.0 s'],
			['backup-age', true, 'last backup 8:00:00 old'],
		]);
		expect(check({})).toEqual([]);
	});

	test('is not, where it is otherwise', () => {
		const seen = { readOnly: false, replication: { ...replication, source: 'db2:3306', lagSeconds: 61 } };
		expect(check({ ...ALL, maxBackupAgeSeconds: 7 * 3600 }, seen)).toEqual([
			['replica-of', false, 'replica of db2:3306'],
			['read-only', false, 'writable'],
			['lag', false, 'lag 1:01'],
			['backup-age', false, 'last backup 8:00:00 old'],
		]);
	});

	test('is not, where that is not known', () => {
		expect(check(ALL, { replication: null, lastBackup: null })).toEqual([
			['replica-of', false, 'not a replica'],
			['read-only', true, 'read-only'],
			['lag', false, 'not a replica'],
			['backup-age', false, 'no backup'],
		]);
		expect(check({ maxLagSeconds: 60 }, { replication: { ...replication, lagSeconds: null } })).toEqual([['lag', false, 'lag unknown']]);
	});

	test('any of several sources will do', () => {
		const several = { replication: { ...replication, source: 'db0:3306, db1:3306' } };
		expect(check({ replicaOf: 'db1:3306' }, several)).toEqual([['replica-of', true, 'replica of db0:3306, db1:3306']]);
	});

	test('stands in the status, once', () => {
		const expectations = checkExpectations({ readOnly: false, maxLagSeconds: 60 }, STATUS, NOW);
		const report = { ...STATUS, expectations, troubles: ['Not as expected: read-only (expected: writable).'], healthy: false };
		const text = renderStatus(report, { color: false, ascii: false, width: 80, now: NOW });
		expect(text).toContain(' ✗ Expected: writable; found: read-only\n ✓ Expected: lag at most 1:00');
		expect(text).not.toContain('Not as expected');
		expect(text).toMatch(/Last backup .*\n {14}.*verified.* · .*drilled/);
	});
});

test('21: a source is named by a profile or by any form of its address', () => {
	const profiles = { get: (name: string) => (name === 'main' ? { name, host: 'db0', port: 3307 } : undefined) };
	const named = (name: string) => sourceNamed({ profiles } as unknown as AppContext, name);
	expect(['main', 'db1', 'db1:3310', 'root@db1', 'mysql://dba@db1:3311?ssl-mode=REQUIRED', 'a:b:c'].map(named)).toEqual([
		...['db0:3307', 'db1:3306', 'db1:3310', 'db1:3306', 'db1:3311', 'a:b:c:3306'],
	]);
});

describe('21: the options of a profile', () => {
	/** What is kept after these commands, each of them options as commander gives them. */
	const kept = (...commands: readonly { readonly [option: string]: unknown }[]): Profile | undefined => {
		let profile: Profile | undefined;
		const keep = (next: Profile) => {
			profile = next;
		};
		const profiles = { get: () => profile, put: keep };
		const context = { profiles } as unknown as AppContext;
		for (const [index, given] of commands.entries())
			profileChange(context, index === 0 ? 'add' : 'edit', 'db3', readOptions(COMMAND, given)).write();
		return PROFILE.parse(profile);
	};
	const ADD = { server: 'mysql://dba@db3', expectReplicaOf: 'db1', expectReadOnly: true, expectLag: '5m', expectBackupAge: '26h' };

	test('say what is expected', () =>
		expect(kept(ADD)?.expect).toEqual({ replicaOf: 'db1', readOnly: true, maxLagSeconds: 300, maxBackupAgeSeconds: 93_600 }));
	test('leave the others as they are, or forget all', () => {
		expect(kept(ADD, { expectLag: '10' })?.expect).toMatchObject({ readOnly: true, maxLagSeconds: 10 });
		expect(kept(ADD, { output: '/srv' })?.expect).toMatchObject({ replicaOf: 'db1' });
		expect(kept(ADD, { expectNothing: true })).not.toHaveProperty('expect');
		expect(kept(ADD, { expectNothing: true, expectLag: '10' })?.expect).toEqual({ maxLagSeconds: 10 });
	});
});

describe('24: the form of a profile', () => {
	const open = (first: Profile) => {
		const kept = new Map([[first.name, first]]);
		const profiles = {
			get: (name: string) => kept.get(name),
			put: (next: Profile) => void kept.set(next.name, PROFILE.parse(next)),
			remove: (name: string) => kept.delete(name),
		};
		return { kept, context: { profiles } as unknown as AppContext };
	};
	const DB3: Profile = {
		...{ name: 'db3', host: 'db3.example', port: 3307, user: 'dba', badge: 'prod', output: '/srv/db3', passwordless: true },
		...{ tls: { mode: 'VERIFY_CA', ca: '/etc/ca.pem' }, defaults: { lockWait: '5m' } },
		...{ expect: { replicaOf: 'db1', readOnly: true, maxLagSeconds: 60, maxBackupAgeSeconds: 93_600 } },
	};
	const fields = { badge: 'prod', output: '/srv/db3', expectReadOnly: false, expectNothing: false } as const;

	test('shows what is kept, times in their largest unit', () => {
		expect(profileForm(open(DB3).context, 'db3')).toEqual({
			...{ name: 'db3', server: 'dba@db3.example:3307', tls: 'VERIFY_CA', badge: 'prod', output: '/srv/db3' },
			...{ expectReplicaOf: 'db1', expectReadOnly: 'yes', expectLag: '1m', expectBackupAge: '26h' },
		});
		expect(profileForm(open(DB3).context, 'db4')).toBeNull();
	});

	test('leaves what it does not ask for, and forgets what is empty now', () => {
		const { context, kept } = open(DB3);
		editProfile(context, { was: 'db3', name: 'db3', server: null, tls: null, fields: { ...fields, expectLag: 10 } });
		expect(kept.get('db3')).toEqual({ ...DB3, expect: { maxLagSeconds: 10 } });
		editProfile(context, { was: 'db3', name: 'db3', server: null, tls: null, fields: { expectReadOnly: false, expectNothing: false } });
		const { badge: _, output: __, expect: ___, ...rest } = DB3;
		expect(kept.get('db3')).toEqual(rest);
	});

	test('renames it, and takes no name that is taken', () => {
		const { context, kept } = open(DB3);
		editProfile(context, { was: 'db3', name: 'db4', server: null, tls: null, fields });
		expect([...kept.keys()]).toEqual(['db4']);
		kept.set('db5', { ...DB3, name: 'db5' });
		expect(() => editProfile(context, { was: 'db4', name: 'db5', server: null, tls: null, fields })).toThrow(/already/);
	});

	test('another address takes nothing of the old connection with it; another mode of TLS keeps its files', () => {
		const { context, kept } = open(DB3);
		editProfile(context, { was: 'db3', name: 'db3', server: null, tls: 'REQUIRED', fields });
		expect(kept.get('db3')).toMatchObject({ host: 'db3.example', tls: { mode: 'REQUIRED', ca: '/etc/ca.pem' } });
		editProfile(context, { was: 'db3', name: 'db3', server: '/run/db3.sock', tls: null, fields });
		expect(kept.get('db3')).toEqual({
			...{ name: 'db3', socket: '/run/db3.sock', badge: 'prod', output: '/srv/db3', defaults: { lockWait: '5m' } },
		});
	});

	test('that it is to be writable, which only the file says, stays', () => {
		const { context, kept } = open({ name: 'db1', host: 'db1', expect: { readOnly: false } });
		editProfile(context, { was: 'db1', name: 'db1', server: null, tls: null, fields: { expectReadOnly: false, expectNothing: false } });
		expect(kept.get('db1')?.expect).toEqual({ readOnly: false });
	});
});
