import { mkdir, statfs } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { openServer } from '../app/servers.ts';
import type { Manifest } from '../archive/manifest.ts';
import { must } from '../core/check.ts';
import { CheckFailed, LockstepError } from '../core/errors.ts';
import { bytes } from '../core/format.ts';
import { shellWord } from '../core/shell.ts';
import type { Dialect } from '../dialects/contract/dialect.ts';
import { detect } from '../dialects/index.ts';
import { compareSeries } from '../dialects/series.ts';
import { clearThrowaways, type EphemeralServer, startThrowaway } from '../sandbox/ephemeral-server.ts';
import type { ServerAddress } from '../server/address.ts';
import { connect, type Session } from '../server/session.ts';
import { account, type Query, type Statement, shown, sql } from '../sql/sql.ts';
import type { Context } from './context.ts';

/** A session with what reads and changes through it. */
export interface Talk {
	readonly session: Session;
	readonly dialect: Dialect;
	look<T>(query: Query<T>): Promise<T>;
	say(statement: Statement): Promise<void>;
}

export function talk(session: Session, dialect: Dialect, signal: AbortSignal): Talk {
	return {
		...{ session, dialect },
		look: async (query) =>
			query.read(await session.query(query.statement, { signal, ...(query.mostMs === undefined ? {} : { timeoutMs: query.mostMs }) })),
		say: async (statement) => void (await session.query(statement, { signal, timeoutMs: 600_000 })),
	};
}

/** A throwaway's address: its socket, root without a password. */
export const addressOf = ({ server }: EphemeralServer): ServerAddress => ({
	...{ name: `127.0.0.1:${server.port}`, host: '127.0.0.1', port: server.port, socket: server.socket, user: 'root' },
	...{ tls: { mode: 'DISABLED' }, connectTimeoutMs: 10_000, origin: {} },
});

export async function talkTo(throwaway: EphemeralServer, signal: AbortSignal): Promise<Talk> {
	const session = await connect(addressOf(throwaway), null, { signal });
	const dialect = await detect(async (query) => query.read(await session.query(query.statement)), 'the throwaway server');
	return talk(session, dialect, signal);
}

export const drillsFolder = (context: Context): string => join(context.stateFolder, 'drills');

/** Data and indexes are rarely more than this many times the text. */
const ROOM = 2;

/** An empty server of the backup's kind, not older than what was backed up. Throws CheckFailed where there is no room for the data. */
export async function drillServer(
	context: Context,
	folder: string,
	{ id, server, totals }: Manifest,
	options: { readonly dir?: string | undefined; readonly say: (line: string) => void },
): Promise<EphemeralServer> {
	const registry = drillsFolder(context);
	const parent = options.dir === undefined ? registry : resolve(options.dir);
	await mkdir(parent, { recursive: true, mode: 0o700 });
	const disk = await statfs(parent);
	const free = disk.bavail * disk.bsize;
	if (free < totals.raw_bytes * ROOM) {
		throw new CheckFailed([
			must('DRILL-ROOM', 'There is room for the restored data', false, {
				expected: `about ${bytes(totals.raw_bytes * ROOM)} in ${parent}`,
				found: `${bytes(free)} free`,
				hints: [`lockstep drill ${shellWord(folder)} --dir FOLDER`],
			}),
		]);
	}
	// 2 is for file systems that keep the case of names and do not tell it apart: elsewhere a server refuses it.
	const lower = server.lower_case_table_names === 1 ? ['--lower-case-table-names=1'] : [];
	return startThrowaway({
		vendor: server.flavor,
		fits: (version) => compareSeries(seriesOf(version), seriesOf(server.version)) >= 0,
		...{ parent, registry, name: id, env: context.env, signal: context.signal, say: options.say },
		made: lower,
		// Only its socket, in a folder of ours alone, leads to it: root has no password there, and what is restored is production's.
		started: [
			...lower,
			'--skip-networking',
			'--event-scheduler=OFF',
			'--local-infile=ON',
			'--max-allowed-packet=1G',
			'--log-bin-trust-function-creators=ON',
		],
	});
}

/** `11.8` of `11.8.6-MariaDB-log`. */
export const seriesOf = (version: string): string => /^\d+(\.\d+)?/.exec(version)?.[0] ?? version;

/** An account that a drill made on a primary. */
export type DrillAccount = { readonly primary: string; readonly user: string; readonly host: string };

/** Stops what drills that were killed have left here, and drops the accounts that they had made. Never throws for a primary that is away. */
export async function clearDrills(
	context: Context,
	warn: (text: string) => void = (text) => void context.stderr.write(`${text}\n`),
): Promise<void> {
	const cleared = await clearThrowaways(drillsFolder(context), async (word) => {
		const { primary, user, host } = word as DrillAccount;
		try {
			const { reach } = await openServer(context, { role: 'primary', server: primary });
			const session = await connect(reach.address, reach.password);
			try {
				const at = talk(session, reach.dialect, AbortSignal.timeout(60_000));
				if (await at.look(reach.dialect.accounts.exists(user, host)))
					await at.say(reach.dialect.accounts.drop({ user, host, role: false }));
				return true;
			} finally {
				await session.close();
			}
		} catch (error) {
			if (!(error instanceof LockstepError)) throw error;
			warn(
				`A drill that was killed has left the account ${user}@${host} on ${primary}, which cannot be asked now: ${error.description.message} On it:  ${shown(sql`DROP USER IF EXISTS ${account(user, host)}`)};`,
			);
			return false;
		}
	});
	for (const folder of cleared) warn(`Cleared up after a drill that was killed: ${folder}`);
}
