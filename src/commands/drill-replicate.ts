import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { newPassword } from '../app/new-password.ts';
import { isLoopback, type OpenedServer, openServer } from '../app/servers.ts';
import type { Manifest } from '../archive/manifest.ts';
import type { DrillRecord } from '../core/backups.ts';
import { type Check, must } from '../core/check.ts';
import { CheckFailed, LeftChanged, LockstepError, UserError } from '../core/errors.ts';
import { FORMAT } from '../core/events.ts';
import { meter } from '../core/progress.ts';
import { shellWord } from '../core/shell.ts';
import { crashPoints } from '../daemon/crash-point.ts';
import { compareSeries } from '../dialects/series.ts';
import type { ConnectionTarget } from '../executor/connection-target.ts';
import type { EphemeralServer } from '../sandbox/ephemeral-server.ts';
import { plainName } from '../server/address.ts';
import { connect } from '../server/session.ts';
import { Secret } from '../sql/secret.ts';
import { query, shown, sql } from '../sql/sql.ts';
import type { Context } from './context.ts';
import { type DrillAccount, seriesOf, type Talk, talk } from './drill-server.ts';

export type ReplicateFlags = {
	readonly primary?: string;
	readonly account?: string;
	readonly accountPasswordFile?: string;
	readonly tls?: boolean;
};

export type Primary = { readonly opened: OpenedServer; readonly wish: string };

const STILL_MS = 600_000;
const LOOK_MS = 250;
const DROP_MS = 60_000;

/**
 * The backup's own source, else what was backed up, where that is a saved server. Anyone who can write to the backup's folder decides what its
 * manifest names: no password is sent there otherwise.
 */
function savedPrimary({ profiles }: Context, { position: { source }, server }: Manifest): string {
	const { host, port } = source ?? server;
	const saved = profiles.list().find((each) => each.host === host && (each.port ?? 3306) === port);
	if (saved !== undefined) return saved.name;
	throw new UserError({
		message: 'Name the primary.',
		reason: `The backup names ${host}:${port}, which is no saved server. Anyone who can change the backup could name another one, and passwords would be sent there.`,
		hints: [`lockstep drill BACKUP --replicate --primary ${shellWord(`mysql://${host}:${port}`)}`],
	});
}

/** The authority by which this program verifies a server, and the restored one does too; null where there is none. */
function authorityOf({ address: { tls } }: ConnectionTarget): { readonly ca: string; readonly verifyName: boolean } | null {
	if (tls.ca === undefined || (tls.mode !== 'VERIFY_CA' && tls.mode !== 'VERIFY_IDENTITY')) return null;
	return { ca: resolve(tls.ca), verifyName: tls.mode === 'VERIFY_IDENTITY' };
}

/**
 * The password of a person's account goes to a verified server only, or to one that the person takes as it is: a server can ask the restored
 * one for the password itself.
 */
function verifiedCheck({ reach, server }: OpenedServer, { account, tls }: ReplicateFlags): readonly Check[] {
	const { user, serverKey, tls: choice } = reach.address;
	// As for our own connections (server/tls.ts), but that no channel compares a fingerprint.
	const takenAsItIs = serverKey?.request === true || (tls !== false && choice.mode === 'REQUIRED' && choice.fingerprint === undefined);
	if (account === undefined || takenAsItIs || (tls !== false && authorityOf(reach) !== null)) return [];
	const address = (options: string) =>
		shellWord(`mysql://${encodeURIComponent(user)}@${plainName({ host: server.host, port: server.port })}?${options}`);
	return [
		must('DRILL-ACCOUNT', `${server.name} is verified before it gets the password of ${account}`, false, {
			expected: 'TLS, and a certificate that is signed by the CA of ssl-ca',
			found: tls === false ? 'no TLS (--no-tls)' : 'no CA, so any server there could read the password',
			hints: [
				`--primary ${address('ssl-mode=VERIFY_CA&ssl-ca=/PATH/CA.pem')}`,
				'Or leave out --account: an account with a generated password is created for the drill, and dropped afterwards.',
				`Or, in a network that you trust:  --primary ${address(tls === false ? 'get-server-public-key=1' : 'ssl-mode=REQUIRED')}`,
			],
		}),
	];
}

/** The server that the restored one is to follow: the one named, else the one that {@link savedPrimary} finds. */
export async function openPrimary(context: Context, manifest: Manifest, flags: ReplicateFlags): Promise<Primary> {
	const { position, server } = manifest;
	const { source } = position;
	const wish = flags.primary ?? savedPrimary(context, manifest);
	const opened = await openServer(context, { role: 'primary', server: wish });
	const { reach, identity } = opened;
	const gtid = source?.gtid || position.self?.gtid || '';
	const { series } = identity;
	const checks = [
		must('DRILL-PRIMARY', `${opened.server.name} is of the backup’s kind`, reach.dialect.id === server.flavor, {
			expected: server.flavor,
			found: reach.dialect.id,
		}),
		must('DRILL-GTID', 'The backup names the GTID to continue from', gtid !== '', { wrong: 'file and position only, or none' }),
		must('DRILL-LOG', `${opened.server.name} has a binary log`, identity.binaryLog, { hints: reach.dialect.hints.binaryLog }),
		...verifiedCheck(opened, flags),
		must('DRILL-TLS', `${opened.server.name} offers TLS`, identity.tls || flags.tls === false, {
			hints: ['lockstep drill BACKUP --replicate --no-tls', ...reach.dialect.hints.tls],
		}),
	].filter(({ status }) => status === 'fail');
	// A drill's account would be a write of its own on a server that only follows another.
	const sources = flags.account === undefined ? await sourcesOf(opened) : [];
	if (sources.length > 0) {
		checks.push(
			must('DRILL-CHAIN', `${opened.server.name} is not itself a replica`, false, {
				expected: 'a server on which an account can be created',
				wrong: `it replicates from ${sources.join(', ')}: an account created on it would disturb that`,
				hints: [
					`Take the top of the chain:  ${sources.map((source) => `--primary ${shellWord(`mysql://USER@${source}`)}`).join('  or  ')}`,
					'or give an account that may replicate:  --account NAME --account-password-file FILE',
				],
			}),
		);
	}
	if (checks.length > 0) throw new CheckFailed(checks);
	if (compareSeries(series, seriesOf(server.version)) > 0)
		context.stderr.write(
			`The primary is ${identity.version}, newer than the server that was backed up: an older replica may not understand it.\n`,
		);
	return { opened, wish };
}

async function sourcesOf({ reach: { address, password, dialect } }: OpenedServer): Promise<string[]> {
	const session = await connect(address, password);
	try {
		const { status } = dialect.channel;
		return status.read(await session.query(status.statement)).map(({ host, port }) => `${host}:${port}`);
	} finally {
		await session.close();
	}
}

async function accountFor(throwaway: EphemeralServer, opened: OpenedServer, primary: Talk, flags: ReplicateFlags) {
	if (flags.account !== undefined) {
		if (flags.accountPasswordFile === undefined) {
			throw new UserError({
				message: '--account needs its password.',
				hints: ['--account-password-file FILE', 'Without --account one is made, with a generated password, and dropped afterwards.'],
			});
		}
		const text = await readFile(flags.accountPasswordFile, 'utf8').catch((cause) => {
			throw new UserError(
				{ message: `The password's file cannot be read: ${flags.accountPasswordFile}`, details: String(cause) },
				{ cause },
			);
		});
		const password = new Secret(text.replace(/\r?\n$/, ''));
		return { user: flags.account.replace(/@[^@]*$/, ''), host: '', password, ours: false };
	}
	const seen = await primary.look(query(sql`SELECT SUBSTRING_INDEX(USER(), '@', -1) AS host`, (rows) => rows[0]?.host ?? ''));
	return {
		user: `lockstep_drill_${throwaway.server.serverId}`,
		// The restored server connects from this machine, as we do.
		host: seen === '' || isLoopback(seen) ? '127.0.0.1' : seen,
		password: newPassword(opened.passwordPolicy, opened.server.name),
		ours: true,
	};
}

/** Drops the account on a connection of its own: the one that made it may be gone. @throws LeftChanged with the statement */
async function dropAccount({ opened: { reach, server } }: Primary, { user, host }: { user: string; host: string }): Promise<void> {
	const statement = reach.dialect.accounts.drop({ user, host, role: false });
	try {
		const session = await connect(reach.address, reach.password);
		try {
			const at = talk(session, reach.dialect, AbortSignal.timeout(DROP_MS));
			if (await at.look(reach.dialect.accounts.exists(user, host))) await at.say(statement);
		} finally {
			await session.close();
		}
	} catch (cause) {
		if (!(cause instanceof LockstepError)) throw cause;
		throw new LeftChanged(
			{
				message: `The drill's account ${user}@${host} is still on ${server.name}.`,
				reason: cause.description.message,
				hints: [`On ${server.name}:  ${shown(statement)};`, 'or let the next drill or lockstep recover do it.'],
			},
			{ cause },
		);
	}
}

/** Attaches the restored server to the primary and follows it until it has all that the primary had when that began, and no lag. */
export async function replicate(
	context: Context,
	restored: Talk,
	throwaway: EphemeralServer,
	gtid: string,
	primary: Primary,
	flags: ReplicateFlags,
): Promise<{ readonly checks: readonly Check[]; readonly replication: NonNullable<DrillRecord['replication']> }> {
	const { opened, wish } = primary;
	const { reach, server, identity } = opened;
	const { channel, positions } = restored.dialect;
	const tls = flags.tls !== false;
	const began = context.now().getTime();
	const session = await connect(reach.address, reach.password, { signal: context.signal });
	const there = talk(session, reach.dialect, context.signal);
	let made: DrillAccount | null = null;
	try {
		const account = await accountFor(throwaway, opened, there, flags);
		if (account.ours) {
			made = { primary: wish, user: account.user, host: account.host };
			// Written down first: whoever clears up after a kill -9 finds it.
			await throwaway.remember(made);
			const { accounts } = reach.dialect;
			await there.say(accounts.create(account.user, account.host, account.password, tls));
			await there.say(accounts.grantReplication(account.user, account.host));
			crashPoints(context.env)('after account');
		}
		const target = (await there.look(reach.dialect.positions.current)).gtid;
		const total = positions.lacking(gtid, target);
		const host = server.host === 'localhost' ? '127.0.0.1' : server.host;
		const { user, password } = account;
		// A name for this machine is no address that the certificate could be compared with.
		const { ca, verifyName } = (tls ? authorityOf(reach) : null) ?? { ca: null, verifyName: false };
		const channelWish = { host, port: identity.port, user, password, tls, ca, verifyName: verifyName && host === server.host };
		await restored.say(channel.configure({ ...channelWish, delaySeconds: 0 }));
		await restored.say(channel.start);
		const measure = meter(() => context.now().getTime());
		let moved = { at: began, replicated: '' };
		let seq = 0;
		let trouble: string | null = null;
		for (;;) {
			const { replicated } = await restored.look(positions.current);
			const status = (await restored.look(channel.status))[0];
			const now = context.now().getTime();
			if (replicated !== moved.replicated) moved = { at: now, replicated };
			trouble = status === undefined ? 'no channel' : (status.sqlError ?? status.ioError);
			if (trouble === null && now - moved.at > STILL_MS) trouble = 'nothing was applied for ten minutes';
			const left = positions.lacking(replicated, target);
			if (trouble !== null || (left === 0 && status?.io === 'yes' && status.sql === 'yes' && (status.lagSeconds ?? 0) === 0)) break;
			const done = total - left;
			context.print({
				...{ v: FORMAT, run: 'drill', seq: ++seq, at: context.now().toISOString(), type: 'progress', step: 'replicate' },
				progress: {
					unit: 'transactions',
					done,
					total,
					estimated: false,
					...measure(done, total),
					current: null,
					lagSeconds: status?.lagSeconds ?? null,
				},
			});
			await pause(LOOK_MS, undefined, { signal: context.signal }).catch(() => context.signal.throwIfAborted());
		}
		await restored.say(channel.stop);
		return {
			checks: [
				must('DRILL-REPLICATES', `It replicated from ${server.name} to lag zero`, trouble === null, {
					expected: `all of ${target}`,
					found: trouble ?? `all of ${target}`,
				}),
			],
			replication: {
				primary: server.name,
				account: account.ours ? `${account.user}@${account.host}, made and dropped` : account.user,
				caught_up_ms: trouble === null ? context.now().getTime() - began : null,
				transactions: String(total),
			},
		};
	} finally {
		await session.close();
		if (made !== null) {
			await dropAccount(primary, made);
			await throwaway.remember(null);
		}
	}
}
