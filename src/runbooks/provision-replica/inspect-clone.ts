import { setTimeout as pause } from 'node:timers/promises';
import { type Check, fail, must, note, should, warning } from '../../core/check.ts';
import type { Effects } from '../../core/effects.ts';
import { ConnectError } from '../../core/errors.ts';
import { duration } from '../../core/format.ts';
import type { Consent, Thing } from '../../core/model.ts';
import { shellWord } from '../../core/shell.ts';
import type { Observed, ReadContext } from '../../core/step.ts';
import type { AccountName } from '../../dialects/contract/accounts.ts';
import type { CloneFacts, CloneStatus, Cloning } from '../../dialects/contract/clone.ts';
import { shown } from '../../sql/sql.ts';
import { privilegeCheck, qualified, some } from '../shared/server.ts';
import { accountKey, type ProvisionEnv } from './env.ts';

/** What a clone needs to know of both servers, and what it may change on them. */
export type CloneInspection = {
	readonly donor: CloneFacts;
	readonly recipient: CloneFacts;
	/** Of our login on each side. */
	readonly accounts: { readonly primary: string; readonly replica: string };
	readonly mayGrantDonor: boolean;
	readonly held: { readonly primary: readonly string[]; readonly replica: readonly string[] };
	/** How the primary takes the login that we have on the replica: as whom, with which privileges, or why not. */
	readonly login: { readonly account: string | null; readonly held: readonly string[]; readonly words: string };
	/** Tables of the primary whose contents do not come: those with rows, and those without. */
	readonly notInnodb: { readonly filled: readonly string[]; readonly empty: readonly string[] };
	readonly primaryFollows: boolean;
	readonly primaryAccounts: readonly AccountName[];
	readonly replicaAccounts: readonly AccountName[];
	readonly databases: readonly string[];
	readonly onReplica: readonly string[];
	/** The primary's position, of which the replica has nothing before it is cloned. */
	readonly written: string;
	readonly replicated: string;
	readonly donorAccount: boolean;
	/** Sessions of that account on the primary: one whose recipient died holds the plugin for minutes. */
	readonly donorSessions: readonly number[];
	readonly status: CloneStatus | null;
	/** The replica's own. */
	readonly eventScheduler: string;
	readonly dataDir: string;
	readonly uuids: { readonly primary: string | null; readonly replica: string | null };
	/** What is said of the replica is what its journal says: it cannot be reached. */
	readonly isUnseen?: true;
};

/** What the restart must not forget, and what it is to be. */
export const QUIET = { read_only: 'ON', event_scheduler: 'OFF' } as const;

/** Both servers' words, which are the same; null where one of them has no CLONE. */
export const wordsOf = ({ primary, replica }: ProvisionEnv): Cloning | null => primary.dialect.clone && replica.dialect.clone;

export const cloneOf = ({ clone }: ProvisionEnv): NonNullable<ProvisionEnv['clone']> => {
	if (clone === undefined) throw new TypeError('this run does not clone');
	return clone;
};

/** How the last clone on the replica stands; null where this run clones nothing, or its plugin is not there. */
export async function cloneStatus(at: ProvisionEnv & ReadContext): Promise<CloneStatus | null> {
	const words = wordsOf(at);
	if (at.clone === undefined || words === null) return null;
	if (!(await at.runQuery('replica', words.facts)).plugin) return null;
	for (let runQuery = 1; ; runQuery++) {
		const status = await at.runQuery('replica', words.status);
		if (status === null || status.state !== 'In Progress' || status.running) return status;
		// Of a clone that is whole it says so for a moment after the restart, of one that its server died in until there is another.
		if (runQuery === SETTLED_CHECKS) return { ...status, state: INTERRUPTED };
		await pause(SETTLE_MS, undefined, { signal: at.signal }).catch(() => at.signal.throwIfAborted());
	}
}

const SETTLED_CHECKS = 8;
const SETTLE_MS = 500;
/** No word of the server's own. */
const INTERRUPTED = 'Interrupted';

/**
 * Whether this run, or the one that it goes on with, has cloned already, and nobody has written there since: then only what comes after is left.
 * `before`: the clone that was there when it began.
 */
export const arrived = ({ source }: ProvisionEnv, status: CloneStatus | null, before: CloneStatus | null, replicated: string): boolean =>
	status !== null &&
	status.state === 'Completed' &&
	status.errorCode === 0 &&
	status.source === `${source.host}:${source.port}` &&
	status.began !== before?.began &&
	status.gtid === replicated;

async function loginOn({ runQueryAs, primary }: ProvisionEnv & ReadContext): Promise<CloneInspection['login']> {
	try {
		const { account } = await runQueryAs('replica', 'primary', primary.dialect.identity);
		return { account, held: await runQueryAs('replica', 'primary', primary.dialect.privileges.held), words: '' };
	} catch (error) {
		if (!(error instanceof ConnectError)) throw error;
		return { account: null, held: [], words: error.description.details ?? error.description.message };
	}
}

async function tablesWithout(at: ProvisionEnv & ReadContext): Promise<CloneInspection['notInnodb']> {
	const { catalogue } = at.primary.dialect;
	const filled: string[] = [];
	const empty: string[] = [];
	for (const table of await at.runQuery('primary', catalogue.tables)) {
		if (table.kind !== 'table' || /^innodb$/i.test(table.engine ?? '')) continue;
		// What the catalogue estimates may be a day old.
		((await at.runQuery('primary', catalogue.count(table))) > 0 ? filled : empty).push(qualified(table));
	}
	return { filled, empty };
}

export async function inspectForClone(at: ProvisionEnv & ReadContext): Promise<CloneInspection | null> {
	const { primary, replica, runQuery } = at;
	const words = wordsOf(at);
	if (words === null) return null;
	const { account } = cloneOf(at);
	const mine = await runQuery('primary', primary.dialect.identity);
	const theirs = await runQuery('replica', replica.dialect.identity);
	const recipient = await runQuery('replica', words.facts);
	return {
		donor: await runQuery('primary', words.facts),
		recipient,
		accounts: { primary: mine.account, replica: theirs.account },
		mayGrantDonor: await runQuery('primary', words.mayGrantDonor),
		held: {
			primary: await runQuery('primary', primary.dialect.privileges.held),
			replica: await runQuery('replica', replica.dialect.privileges.held),
		},
		login: await loginOn(at),
		notInnodb: await tablesWithout(at),
		primaryFollows: (await runQuery('primary', primary.dialect.channel.status)).length > 0,
		primaryAccounts: await runQuery('primary', primary.dialect.accounts.list),
		replicaAccounts: await runQuery('replica', replica.dialect.accounts.list),
		databases: await runQuery('primary', primary.dialect.catalogue.databases),
		onReplica: await runQuery('replica', replica.dialect.catalogue.databases),
		written: (await runQuery('primary', primary.dialect.positions.current)).written,
		replicated: (await runQuery('replica', replica.dialect.positions.current)).replicated,
		donorSessions: (await runQuery('primary', primary.dialect.locks.activity))
			.filter(({ user }) => user === account.user)
			.map(({ id }) => id),
		donorAccount: await runQuery('primary', primary.dialect.accounts.exists(account.user, account.host)),
		status: await cloneStatus(at),
		eventScheduler: theirs.eventScheduler,
		dataDir: theirs.dataDir,
		uuids: { primary: mine.serverUuid, replica: theirs.serverUuid },
	};
}

/** What undoing a clone needs to know while one of the servers cannot be reached. */
export async function inspectForUndo(
	at: ProvisionEnv &
		ReadContext & { readonly origin: CloneInspection | null; readonly made: Effects['made']; readonly absent: ReadonlySet<string> },
): Promise<CloneInspection | null> {
	const { primary, replica, runQuery, origin, made, absent } = at;
	const words = wordsOf(at);
	if (words === null || origin === null) return null;
	if (absent.size === 0) return inspectForClone(at);
	const { account } = cloneOf(at);
	const onPrimary = async () => ({
		donor: await runQuery('primary', words.facts),
		donorSessions: (await runQuery('primary', primary.dialect.locks.activity))
			.filter(({ user }) => user === account.user)
			.map(({ id }) => id),
		donorAccount: await runQuery('primary', primary.dialect.accounts.exists(account.user, account.host)),
	});
	const onReplica = async () => ({
		recipient: await runQuery('replica', words.facts),
		replicaAccounts: await runQuery('replica', replica.dialect.accounts.list),
		onReplica: await runQuery('replica', replica.dialect.catalogue.databases),
		replicated: (await runQuery('replica', replica.dialect.positions.current)).replicated,
		accounts: { ...origin.accounts, replica: (await runQuery('replica', replica.dialect.identity)).account },
	});
	return {
		...origin,
		...(absent.has('primary') ? { donor: { ...origin.donor, plugin: true }, donorSessions: [], donorAccount: true } : await onPrimary()),
		...(absent.has('replica') ? asCloned(origin, made, { ...account, role: false }) : await onReplica()),
	};
}

/** A replica that cannot be reached, as the run's journal leaves it: with all that the clone was to bring. */
function asCloned(origin: CloneInspection, made: Effects['made'], donor: AccountName): Partial<CloneInspection> {
	const recipient = { ...origin.recipient, plugin: true, persisted: { ...origin.recipient.persisted, ...QUIET } };
	const brought = (kind: Thing['kind']) => (made ?? []).filter((thing) => thing.on === 'replica' && thing.kind === kind);
	const databases = brought('database').map(({ name }) => name);
	const accounts = new Set(brought('account').map(({ name }) => name));
	// The clone was not begun: what is there is of before.
	if (databases.length + accounts.size === 0) return { isUnseen: true, recipient: { ...recipient, persisted: origin.recipient.persisted } };
	const came = [...origin.primaryAccounts, donor].filter((who) => accounts.has(accountKey(who)));
	return {
		isUnseen: true,
		recipient,
		onReplica: databases,
		replicaAccounts: [...origin.replicaAccounts, ...came],
		replicated: origin.written,
	};
}

const nameOf = (who: AccountName): string => `${who.user}@${who.host}`;

/** Our own login comes from the primary as well: it must be there, open with the same password, and be allowed the rest of the work. */
function loginChecks(at: ProvisionEnv, words: Cloning, facts: CloneInspection): Check[] {
	const { primary, replica } = at;
	const { login, accounts } = facts;
	const there = facts.primaryAccounts.some((who) => nameOf(who) === accounts.replica);
	const checks = [
		must(
			'CLONE-LOGIN',
			{
				pass: `${accounts.replica} is on the primary too, with the same password`,
				fail: `${accounts.replica} is not on the primary with the same password`,
			},
			there && login.account !== null,
			{
				expected: 'a login that is still good when the replica has the primary’s accounts',
				found: there ? login.words || 'yes' : `no account ${accounts.replica} on the primary`,
				hints: [
					`Give the replica’s login to an account that is on both with the same password: --replica ${shellWord(`mysql://USER@${replica.host}:${replica.port}`)}`,
					'Or copy by the stream, which leaves the replica’s own accounts as they are:  --seed dump',
				],
			},
		),
	];
	const needed = [...replica.dialect.privileges.needs.provisionReplica, ...words.needs.replica];
	if (login.account === accounts.replica) {
		checks.push({
			...privilegeCheck('CLONE-LOGIN-PRIVILEGES', primary, accounts.replica, { held: login.held, needed }),
			title: `${accounts.replica} keeps the privileges it needs on ${replica.name}`,
		});
	} else if (login.account !== null && there) {
		checks.push(
			warning('CLONE-LOGIN-PRIVILEGES', 'The account of the replica may have other privileges after the copy', {
				found: `the primary takes this login for ${login.account}; the privileges and the password of ${accounts.replica} there were not seen`,
				hints: [`On the primary:  SHOW GRANTS FOR '${accounts.replica.replace(/@(?=[^@]*$)/, "'@'")}';`],
			}),
		);
	}
	return checks;
}

export function checkClone(at: ProvisionEnv & Observed<CloneInspection | null>): Check[] {
	const { primary, replica, facts } = at;
	const words = wordsOf(at);
	if (words === null || facts === null) {
		return [
			fail('CLONE-KIND', 'One of the servers has no CLONE', {
				expected: 'two MySQL servers',
				found: `${primary.dialect.title} and ${replica.dialect.title}: MariaDB has no CLONE`,
				hints: ['Copy by the stream:  --seed dump', 'or by hand with mariadb-backup.'],
			}),
		];
	}
	const { filled, empty } = facts.notInnodb;
	const wait = duration(cloneOf(at).restartWaitSeconds * 1000);
	return [
		privilegeCheck('CLONE-PRIMARY-PRIVILEGES', primary, facts.accounts.primary, {
			held: facts.held.primary,
			needed: words.needs.primary,
		}),
		must(
			'CLONE-GRANT',
			{
				pass: `${facts.accounts.primary} may give the account of the copy its privilege`,
				fail: `${facts.accounts.primary} may not give the account of the copy its privilege`,
			},
			facts.mayGrantDonor,
			{
				expected: 'BACKUP_ADMIN, with the right to give it on',
				found: facts.mayGrantDonor ? 'yes' : 'it may not',
				hints: [`${shown(words.letGrantDonor(facts.accounts.primary))};`],
			},
		),
		privilegeCheck('CLONE-REPLICA-PRIVILEGES', replica, facts.accounts.replica, {
			held: facts.held.replica,
			needed: words.needs.replica,
		}),
		...loginChecks(at, words, facts),
		...words.limits(facts.donor, facts.recipient).map(({ holds, id, titles, ...rest }) => must(id, titles, holds, rest)),
		must(
			'CLONE-IDLE',
			{ pass: 'No clone is at work on the replica', fail: 'A clone is at work on the replica' },
			facts.status?.state !== 'In Progress',
			{
				expected: 'none',
				found: facts.status?.state === 'In Progress' ? `one from ${facts.status.source}, begun ${facts.status.began}` : 'none',
				hints: ['Wait until it is done and the server has restarted (or start it then); the same command resumes it.'],
			},
		),
		must('CLONE-CHANNELS', { pass: 'The primary is not a replica', fail: 'The primary is itself a replica' }, !facts.primaryFollows, {
			expected: 'no channel',
			found: facts.primaryFollows
				? 'it has one, which CLONE copies: the replica would follow the primary’s own source as soon as it restarts'
				: 'none',
			hints: ['Copy by the stream:  --seed dump'],
		}),
		must(
			'CLONE-ENGINES',
			{ pass: 'All tables with rows are of InnoDB', fail: 'Some tables with rows are not of InnoDB' },
			filled.length === 0,
			{
				expected: 'CLONE brings the contents of InnoDB only',
				found: filled.length === 0 ? 'yes' : `these would arrive EMPTY: ${some(filled)}`,
				hints: [...filled.slice(0, 6).map((name) => `ALTER TABLE ${name} ENGINE=InnoDB;`), 'Or copy by the stream:  --seed dump'],
			},
		),
		should(
			'CLONE-ENGINES-EMPTY',
			{
				pass: 'No empty table of another engine can get rows meanwhile',
				fail: 'Some empty tables of other engines could get rows meanwhile',
			},
			empty.length === 0,
			{
				found:
					empty.length === 0
						? 'yes'
						: `${some(empty)}: what is written to them while the copy runs does not come; the comparison will show it`,
				hints: empty.slice(0, 6).map((name) => `ALTER TABLE ${name} ENGINE=InnoDB;`),
			},
		),
		note(
			'CLONE-REPLACES',
			'All of the replica is replaced by the primary’s',
			'databases, and all in its tables of settings: accounts, passwords, grants, roles, plugins, time zones. Kept: its option file, what SET PERSIST wrote, its server_id and server_uuid. The primary’s passwords hold there afterwards',
		),
		note(
			'CLONE-RESTART',
			'The replica restarts',
			`where nothing starts it again it has to be started; it is waited for, at most ${wait} (--restart-wait)`,
		),
	];
}

/** Accounts that only the replica has are lost. */
export function consentToClone({ replica, facts, origin }: ProvisionEnv & Observed<CloneInspection | null>): Consent[] {
	if (facts === null || origin === null) return [];
	const there = facts.primaryAccounts.map(accountKey);
	const lost = facts.replicaAccounts.filter((who) => !replica.dialect.accounts.isOwn(who) && !there.includes(accountKey(who)));
	if (lost.length === 0) return [];
	return [
		{
			name: replica.name,
			reason: `${replica.name} has accounts of its own: CLONE puts the primary’s in their place, and they will be gone`,
			affected: lost.map((who) => `account ${nameOf(who)}`),
		},
	];
}
