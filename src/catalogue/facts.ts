import type { Gap } from '../dialects/common/gaps.ts';
import type { AccountLimits, ConnectRetries, CrashSettings, PacketSizes } from '../dialects/contract/diagnostics.ts';
import type { Dialect } from '../dialects/contract/dialect.ts';
import type { Identity } from '../dialects/contract/identity.ts';
import type { Activity } from '../dialects/contract/locks.ts';
import type { Need, ObjectName } from '../dialects/contract/objects.ts';
import type { Position } from '../dialects/contract/positions.ts';
import type { Channel, Connection } from '../dialects/contract/replication.ts';
import type { Unknown } from './contract.ts';

/** A folder of the server, as it is seen from its own machine. */
export type FolderSpace = { readonly use: string; readonly path: string; readonly freeBytes: number; readonly totalBytes: number };

/** What the folder of backups tells. Times in RFC 3339. */
export type BackupFacts = {
	readonly folder: string;
	/** The newest complete backup; null: none. */
	readonly last: null | { readonly path: string; readonly finished: string; readonly isVerified: boolean };
	/** When the newest backup that was drilled was drilled; null: none of them. */
	readonly lastDrill: string | null;
};

/** Everything that was asked about a server before anything is judged. A fact of the primary is null where none was named. */
export type Facts = {
	readonly dialect: Dialect;
	/** `HOST:PORT` or the profile's name. */
	readonly name: string;
	readonly identity: Identity;
	/** Milliseconds since 1970, of this machine. */
	readonly now: number;
	readonly channels: readonly Channel[] | Unknown;
	/** What was applied from its source, and what its own log holds. */
	readonly position: Pick<Position, 'gtid' | 'written' | 'replicated'> | Unknown;
	/** What the server has written itself; empty: nothing. */
	readonly own: string | Unknown;
	/** What it holds and its primary never wrote; empty: nothing. Null where no primary was named. */
	readonly errant: string | null | Unknown;
	readonly gaps: readonly Gap[] | Unknown;
	readonly activity: readonly Activity[] | Unknown;
	readonly temporaryTables: number | Unknown;
	readonly memoryTables: readonly ObjectName[] | Unknown;
	readonly prepared: readonly string[] | Unknown;
	/** What our account lacks for a backup. */
	readonly missing: readonly Need[] | Unknown;
	readonly crash: CrashSettings | Unknown;
	readonly packets: PacketSizes | Unknown;
	readonly bypass: readonly string[] | Unknown;
	readonly retries: readonly ConnectRetries[] | Unknown;
	/** Seconds that the server's clock is ahead of this machine's. */
	readonly skew: number | Unknown;
	readonly spaces: readonly FolderSpace[] | Unknown;
	readonly logBytes: number | Unknown;
	/** The dump tool's version; null: none was found. */
	readonly tool: string | null | Unknown;
	/** Of our own connection; null: plain. */
	readonly tls: string | null;
	/** Null where no folder of backups is known. */
	readonly backups: BackupFacts | null | Unknown;
	readonly primary: null | { readonly name: string; readonly identity: Identity };
	readonly primaryWritten: string | null | Unknown;
	readonly primaryPackets: PacketSizes | null | Unknown;
	readonly primaryConnected: readonly Connection[] | null | Unknown;
	/** The primary's accounts by the channel's user name. */
	readonly primaryAccounts: readonly AccountLimits[] | null | Unknown;
};
