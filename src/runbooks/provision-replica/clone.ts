import { setTimeout as pause } from 'node:timers/promises';
import { type Action, pick, type RestartAction, type SqlAction } from '../../core/action.ts';
import { type Check, failed, must } from '../../core/check.ts';
import { isMade } from '../../core/effects.ts';
import { VerifyFailed } from '../../core/errors.ts';
import { duration } from '../../core/format.ts';
import type { Thing } from '../../core/model.ts';
import { meter } from '../../core/progress.ts';
import type { Observed, ReadContext, RunContext, Step } from '../../core/step.ts';
import type { CloneSetting, CloneStage, CloneStatus, Cloning } from '../../dialects/contract/clone.ts';
import type { Statement } from '../../sql/sql.ts';
import { change, changes } from '../shared/change.ts';
import { some } from '../shared/server.ts';
import { accountKey, type ProvisionEnv, type SeedOutput } from './env.ts';
import {
	arrived,
	type CloneInspection,
	checkClone,
	cloneOf,
	consentToClone,
	inspectForClone,
	inspectForUndo,
	QUIET,
	wordsOf,
} from './inspect-clone.ts';
import { databasesThere } from './seed.ts';

type Facts = CloneInspection | null;
type At = ProvisionEnv & Observed<CloneInspection>;

const CHECK_EVERY_MS = 250;
/** The server takes connections a moment before it calls its recovery complete. */
const COMPLETE_WITHIN_MS = 60_000;

/** Whether what is on the replica came by this run's clone: before it the replica had nothing of the primary's position. */
const replaced = ({ replica, facts, origin }: At): boolean =>
	origin.written !== '' && origin.replicated === '' && replica.dialect.positions.contains(facts.replicated, origin.written);

/** A value that `SET PERSIST` wrote goes back to what it was. */
function persistBack(cloning: Cloning, { facts, origin }: At): Action[] {
	return Object.keys(QUIET).flatMap((name) => {
		const before = origin.recipient.persisted[name];
		if (before === facts.recipient.persisted[name]) return [];
		const statement = before === undefined ? cloning.forgetPersisted(name) : cloning.persist(name, before);
		return [change('replica', `persisted-${name}`, 'as it was written down before', statement)];
	});
}

/** Of a plugin that was there: a restart has forgotten what was set by hand. */
const settingsBack = (cloning: Cloning, { origin }: At, which: (name: CloneSetting) => boolean): Action[] =>
	(['clone_valid_donor_list', 'clone_ssl_ca'] as const)
		.filter(which)
		.map((name) => change('replica', `${name}-back`, 'as it was', cloning.set(name, origin.recipient.settings[name])));

function copying(at: At, cloning: Cloning): Action[] {
	const { primary, replica, source, tls, ca, facts } = at;
	const { account, password, restartWaitSeconds } = cloneOf(at);
	const { accounts } = primary.dialect;
	const act = (on: string, id: string, why: string, statement: Statement) => change(on, id, why, statement);
	const copy: SqlAction = {
		...act(
			'replica',
			'clone',
			'the replica draws all data and puts them in the place of its own',
			cloning.from({ ...account, ...source, password, tls }),
		),
		session: 'own',
		ends: cloning.wentDown,
		makes: broughtBy(at),
		destroys: databasesThere(facts.onReplica),
		timeoutMs: 0,
	};
	const restart: RestartAction = {
		...{ kind: 'restart', id: 'restart', why: 'the copy is complete when it answers again', on: 'replica' },
		...{ mostMs: restartWaitSeconds * 1000, dataDir: replica.local ? facts.dataDir : null },
	};
	return [
		...(facts.donor.plugin ? [] : [act('primary', 'install-primary', 'the plugin that gives the copy', cloning.install)]),
		...(facts.recipient.plugin ? [] : [act('replica', 'install-replica', 'the plugin that takes it', cloning.install)]),
		facts.donorAccount
			? act(
					'primary',
					'donor-password',
					'a new password, known to this run only',
					accounts.setPassword(account.user, account.host, password, tls),
				)
			: act('primary', 'donor', 'an account for the copy alone', accounts.create(account.user, account.host, password, tls)),
		act('primary', 'donor-grant', 'the one privilege that it needs', cloning.grantDonor(account.user, account.host)),
		act('replica', 'donors', 'from where it may clone', cloning.set('clone_valid_donor_list', `${source.host}:${source.port}`)),
		...(ca === null ? [] : [act('replica', 'ca', 'the primary must prove who it is', cloning.set('clone_ssl_ca', ca))]),
		...Object.entries(QUIET)
			// One that is DISABLED stays so.
			.filter(([name]) => name !== 'event_scheduler' || facts.eventScheduler !== 'DISABLED')
			.map(([name, value]) =>
				act('replica', `persist-${name}`, 'the restart must not forget it: copied events would fire', cloning.persist(name, value)),
			),
		copy,
		restart,
		...(facts.donor.plugin
			? [
					act(
						'replica',
						'install-again',
						'only where it did not come with the copy: the primary may have it from its option file',
						cloning.install,
					),
				]
			: []),
	];
}

/** All that comes with the clone, by name; the account that draws it, too. */
const broughtBy = (at: At): readonly Thing[] => {
	const { databases, primaryAccounts, replicaAccounts } = at.facts;
	const were = replicaAccounts.map(accountKey);
	const donor = accountKey({ ...cloneOf(at).account, role: false });
	const came = [...primaryAccounts.map(accountKey), donor].filter((name) => !were.includes(name));
	return [...databasesThere(databases), ...came.map((name) => ({ on: 'replica', kind: 'account' as const, name }))];
};

/** In this order: while the replica's plugin is there, it can be seen that the data have come. */
function tidying(at: At, cloning: Cloning, done: boolean): Action[] {
	const { primary, replica, facts, origin } = at;
	const { account } = cloneOf(at);
	const { locks } = replica.dialect;
	const kept = origin.recipient.plugin;
	return [
		...(done && !facts.donorAccount
			? []
			: [change('primary', 'drop-donor', 'not needed any more', primary.dialect.accounts.drop({ ...account, role: false }))]),
		...(origin.donor.plugin || (done && !facts.donor.plugin)
			? []
			: [change('primary', 'uninstall-primary', 'it was put in by this run', cloning.uninstall)]),
		...Object.keys(QUIET)
			.filter((name) => origin.recipient.persisted[name] === undefined)
			.map((name) => change('replica', `persisted-${name}`, 'as it was written down before', cloning.forgetPersisted(name))),
		change(
			'replica',
			'super-read-only-off',
			'its option file may have set it; on again before replication starts',
			locks.setSuperReadOnly('OFF'),
		),
		change('replica', 'read-only-again', 'after the restart', locks.setReadOnly('ON')),
		...(facts.eventScheduler === 'DISABLED'
			? []
			: [change('replica', 'events-again', 'after the restart', locks.setEventScheduler('OFF'))]),
		...(kept
			? settingsBack(cloning, at, () => true)
			: [change('replica', 'uninstall-replica', 'it came with this run', cloning.uninstall)]),
	];
}

/** Gives what draws how far the clone has come. */
function drawer({ now, progress }: RunContext): (stages: readonly CloneStage[]) => void {
	const measure = meter(() => now().getTime());
	return (stages) => {
		const total = stages.reduce((sum, { estimate }) => sum + estimate, 0);
		const done = stages.reduce((sum, stage) => sum + Math.min(stage.done, stage.estimate), 0);
		const current = stages.find(({ active }) => active)?.stage ?? null;
		if (total > 0) progress({ unit: 'bytes', done, total, estimated: true, ...measure(done, total), current });
	};
}

/** Until it has begun the server tells of the clone before. */
const stagesOf = async ({ runQuery }: ReadContext, cloning: Cloning): Promise<readonly CloneStage[]> =>
	(await runQuery('replica', cloning.status))?.state === 'In Progress' ? runQuery('replica', cloning.progress) : [];

/** Looks again and again, until the clone is at its end. A server that is going down, or that is just coming, tells nothing. */
async function watching(
	at: ProvisionEnv & RunContext,
	cloning: Cloning,
	draw: ReturnType<typeof drawer>,
	ended: AbortSignal,
): Promise<void> {
	while (!ended.aborted) {
		const stages = await stagesOf(at, cloning).catch(() => []);
		if (!ended.aborted) draw(stages);
		await pause(CHECK_EVERY_MS, undefined, { signal: ended }).catch(() => undefined);
	}
}

/** Gives whether the server is down now, and stays so. */
async function copy(at: ProvisionEnv & RunContext, cloning: Cloning, draw: ReturnType<typeof drawer>, action: SqlAction): Promise<boolean> {
	const ended = new AbortController();
	const watched = watching(at, cloning, draw, ended.signal);
	try {
		return (await at.perform(action))[0]?.ended === 'down';
	} finally {
		ended.abort();
		await watched;
	}
}

async function statusOf({ runQuery, now, signal }: RunContext, cloning: Cloning): Promise<CloneStatus | null> {
	const until = now().getTime() + COMPLETE_WITHIN_MS;
	for (;;) {
		const status = await runQuery('replica', cloning.status);
		if (status?.state !== 'In Progress' || now().getTime() > until) return status;
		await pause(CHECK_EVERY_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
	}
}

/** That this very clone is whole, that nobody wrote before the replica was quiet again, and that the two servers are still two. */
async function proofs(at: At & ReadContext, status: CloneStatus | null): Promise<Check[]> {
	const { primary, replica, source, runQuery, facts } = at;
	const { replicated } = await runQuery('replica', replica.dialect.positions.current);
	const { serverUuid } = await runQuery('replica', replica.dialect.identity);
	const still = await runQuery('primary', primary.dialect.catalogue.databases);
	const came = await runQuery('replica', replica.dialect.catalogue.databases);
	const lacking = facts.databases.filter((name) => still.includes(name) && !came.includes(name));
	return [
		must(
			'CLONE-COMPLETED',
			{ pass: 'The clone is complete, and from this primary', fail: 'The clone is not complete, or not from this primary' },
			status?.state === 'Completed' && status.errorCode === 0 && status.source === `${source.host}:${source.port}`,
			{
				expected: `Completed, from ${source.host}:${source.port}`,
				found: status === null ? 'none' : `${status.state}, from ${status.source}${status.error === '' ? '' : `: ${status.error}`}`,
				hints: ['The same command clones again.'],
			},
		),
		must(
			'CLONE-POSITION',
			{ pass: 'Nothing was written on the replica since the clone', fail: 'Something was written on the replica since the clone' },
			replicated === status?.gtid,
			{
				expected: status?.gtid ?? 'the position of the clone',
				found: replicated,
				hints: ['In the replica’s option file:  read_only = ON  event_scheduler = OFF', 'Then the same command again.'],
			},
		),
		must(
			'CLONE-UUID',
			{ pass: 'The replica has a server_uuid of its own', fail: 'The replica has the primary’s server_uuid' },
			serverUuid !== facts.uuids.primary,
			{
				expected: 'another one than the primary’s',
				found: String(serverUuid),
				hints: ['Stop the replica, remove auto.cnf from its data folder, and start it.'],
			},
		),
		must('CLONE-DATABASES', { pass: 'Every database arrived', fail: 'Some databases did not arrive' }, lacking.length === 0, {
			expected: facts.databases.join(', '),
			wrong: `missing ${some(lacking)}`,
		}),
	];
}

export const clone: Step<ProvisionEnv, Facts, SeedOutput> = {
	id: 'clone',
	title: 'Clone the primary',
	why: 'The replica draws the primary’s InnoDB files as they are, with all accounts and settings in tables, then restarts with them; for large data that is many times faster than a dump. Its position is that of the copy, set by the server itself. Whatever the restart forgets, read_only above all, is set again before anything may write there.',
	inspect: inspectForClone,
	checks: checkClone,
	consents: consentToClone,
	plan(at) {
		const cloning = wordsOf(at);
		const { facts, origin } = at;
		if (cloning === null || facts === null || origin === null) return [];
		const seen = { ...at, facts, origin };
		const done = arrived(at, facts.status, origin.status, facts.replicated);
		return [...(done ? [] : copying(seen, cloning)), ...tidying(seen, cloning, done)];
	},
	async run(at) {
		const { plan, facts, origin, perform, note, runQuery, replica } = at;
		const cloning = wordsOf(at);
		if (cloning === null || facts === null || origin === null) throw new TypeError('a clone without CLONE');
		const wait = duration(cloneOf(at).restartWaitSeconds * 1000);
		const draw = drawer(at);
		let down = false;
		const restarts = plan.findIndex(({ kind }) => kind === 'restart');
		for (const action of plan.slice(0, Math.max(0, restarts))) {
			if (action.id === 'clone' && action.kind === 'sql') down = await copy(at, cloning, draw, action);
			else await perform(action);
		}
		const restart = pick(plan, 'restart', 'restart');
		if (restart !== undefined) {
			const onDown = () =>
				note(
					down
						? `All data are on ${replica.name}, and it is DOWN: nothing starts it again by itself (its error 3707). Start the server again now, for example:  systemctl start mysqld   It is waited for, at most ${wait}.`
						: `${replica.name} ended the connection: the copy is complete and it restarts, or it died in it. It is waited for, at most ${wait}; if nothing starts it, start it.`,
				);
			await perform(restart, { onDown });
		}
		const again = pick(plan, 'sql', 'install-again');
		if (again !== undefined && !(await runQuery('replica', cloning.facts)).plugin) await perform(again);
		const status = await statusOf(at, cloning);
		const bad = failed(await proofs({ ...at, facts, origin }, status));
		if (bad.length > 0) throw new VerifyFailed(bad, 'The clone could not be proven.');
		const stages = await runQuery('replica', cloning.progress);
		draw(stages);
		const tables = (await runQuery('replica', replica.dialect.catalogue.tables)).filter((table) => table.kind === 'table').length;
		const databases = await runQuery('replica', replica.dialect.catalogue.databases);
		for (const action of plan.slice(restarts + 1)) if (action !== again) await perform(action);
		return { gtid: status?.gtid ?? '', databases, tables, rows: null, rawBytes: stages.reduce((sum, stage) => sum + stage.done, 0) };
	},
	async verify({ replica, runQuery, output }) {
		const { catalogue, positions } = replica.dialect;
		const databases = await runQuery('replica', catalogue.databases);
		const lacking = output.databases.filter((name) => !databases.includes(name));
		const { replicated } = await runQuery('replica', positions.current);
		return [
			must('SEED-DATABASES', { pass: 'Every database arrived', fail: 'Some databases did not arrive' }, lacking.length === 0, {
				expected: output.databases.join(', '),
				wrong: `missing ${some(lacking)}`,
			}),
			must(
				'SEED-POSITION',
				{ pass: 'The replica stands at its data’s position, or beyond', fail: 'The replica does not stand at its data’s position' },
				positions.contains(replicated, output.gtid),
				{
					expected: output.gtid,
					found: replicated,
				},
			),
		];
	},
	inspectReachable: inspectForUndo,
	undo(at) {
		const cloning = wordsOf(at);
		const { primary, replica, facts, origin, made } = at;
		if (cloning === null || facts === null || origin === null) return [];
		const seen = { ...at, facts, origin };
		const { accounts, catalogue, locks, positions } = replica.dialect;
		const actions: Action[] = [];
		const act = (on: string, id: string, why: string, statement: Statement) => actions.push(change(on, id, why, statement));
		// One whose recipient is gone holds the plugin until it notices.
		for (const id of facts.donorSessions ?? [])
			act('primary', `kill-${id}`, 'it gives a copy that no run uses any more', primary.dialect.locks.kill(id));
		if (facts.donorAccount)
			act('primary', 'drop-donor', 'made by this run', primary.dialect.accounts.drop({ ...cloneOf(at).account, role: false }));
		if (facts.donor.plugin && !origin.donor.plugin) act('primary', 'uninstall-primary', 'it was put in by this run', cloning.uninstall);
		if (facts.recipient.plugin && !origin.recipient.plugin) act('replica', 'uninstall-replica', 'it came with this run', cloning.uninstall);
		else actions.push(...settingsBack(cloning, seen, (name) => facts.recipient.settings[name] !== origin.recipient.settings[name]));
		actions.push(...persistBack(cloning, seen));
		if (replaced(seen)) {
			const were = origin.replicaAccounts.map(accountKey);
			// Whom we are logged in as stays.
			const came = facts.replicaAccounts.filter(
				(who) =>
					!were.includes(accountKey(who)) &&
					!accounts.isOwn(who) &&
					accountKey(who) !== facts.accounts.replica &&
					isMade(made, { on: 'replica', kind: 'account', name: accountKey(who) }),
			);
			act('replica', 'unlogged', 'not for the binary log', locks.unlogged);
			const brought = facts.onReplica.filter((name) => isMade(made, { on: 'replica', kind: 'database', name }));
			for (const name of brought) act('replica', `drop-${name}`, 'came with the clone', catalogue.drop(name));
			for (const who of came) act('replica', `drop-${accountKey(who)}`, 'came with the clone', accounts.drop(who));
			act('replica', 'logged', 'as before', locks.logged);
			actions.push(...changes('replica', 'position-back', 'as it was', positions.setReplicated(origin.replicated)));
		}
		return actions;
	},
	drift(at) {
		const { replica, facts, origin } = at;
		if (facts === null || origin === null || facts.isUnseen) return [];
		const gone = replaced({ ...at, facts, origin });
		const now = facts.replicaAccounts.map(accountKey);
		const databases = origin.onReplica.filter((name) => gone || !facts.onReplica.includes(name));
		const accounts = gone ? origin.replicaAccounts.map(accountKey).filter((name) => !now.includes(name)) : [];
		const lost = [...databases.map((name) => `database ${name}`), ...accounts.map((name) => `account ${name}`)];
		return [
			...(lost.length === 0 ? [] : [`CLONE removed from ${replica.name} what nothing brings back: ${some(lost)}.`]),
			...(gone ? [`On ${replica.name} the primary’s passwords and privileges stay with the accounts that are on both.`] : []),
		];
	},
	previewOutput: { gtid: '<the position of the cloned data>', databases: [], tables: -1, rows: null, rawBytes: 0 },
};
