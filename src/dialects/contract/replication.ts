import type { Secret } from '../../sql/secret.ts';
import type { Query, Statement } from '../../sql/sql.ts';
import type { Gap } from '../common/gaps.ts';
import type { Identity } from './identity.ts';

/** A replica's channel in plain words. */
export type Channel = {
	readonly name: string;
	readonly host: string;
	readonly port: number;
	readonly user: string;
	readonly io: 'yes' | 'no' | 'connecting';
	readonly sql: 'yes' | 'no';
	readonly lagSeconds: number | null;
	readonly ioError: string | null;
	readonly sqlError: string | null;
	readonly ioState: string;
	readonly sqlState: string;
	/** It was told to run to a position and to stop there. */
	readonly bounded: boolean;
	readonly usesGtid: boolean;
	/** Received, though not necessarily applied. */
	readonly received: string;
	/** Where its SQL thread stands in the source's own files. */
	readonly sourceFile: string | null;
	readonly sourcePos: number | null;
	/** Up to where its IO thread has read the source's own files. */
	readonly receivedFile: string | null;
	readonly receivedPos: number | null;
	readonly relayBytes: number;
	readonly tlsAsked: boolean;
	readonly tlsVerified: boolean;
	readonly delaySeconds: number;
	/** What it leaves out of what its source writes. */
	readonly gaps: readonly Gap[];
};

export type ChannelOptions = {
	readonly host: string;
	readonly port: number;
	readonly user: string;
	readonly password: Secret;
	/** False only where the person said so in words. */
	readonly tls: boolean;
	/** Certificate authority, a path on the replica's host. */
	readonly ca: string | null;
	/** Whether the certificate must also name the host; left out: yes, where there is an authority. */
	readonly verifyName?: boolean;
	readonly delaySeconds: number;
};

export type Connection = { readonly id: number; readonly user: string; readonly host: string; readonly cipher: string | null };

/** A replica’s channels: how they are, and the statements that change them. */
export interface Replication {
	readonly status: Query<readonly Channel[]>;
	/** Null where each channel names what stopped it; else the query that gives the same channels with that error. Pure. */
	rootErrors(channels: readonly Channel[]): Query<readonly Channel[]> | null;
	configure(connection: ChannelOptions): Statement;
	readonly start: Statement;
	readonly stop: Statement;
	/** Of one channel, by its name; the default one's is empty. */
	startApplier(channel: string): Statement;
	stopApplier(channel: string): Statement;
	readonly forget: Statement;
	/** What must be stopped before {@link startUntil}: the applier, and the receiver only where the server insists. */
	readonly pause: Statement;
	/** The applier stops by itself just there. */
	startUntil(gtid: string): Statement;
	/** Replicas connected to this server now, with the cipher where the server can tell. */
	readonly connected: Query<readonly Connection[]>;
	/** Whether somebody's stop waits for a thread to end: it still counts as running, and will not run. A start waits for that. */
	readonly stopping: Query<boolean>;
	/** Whether a thread's error, as {@link Channel} gives it, means that only another copy of the data fixes it. Pure. */
	needsReseed(error: string): boolean;
	/** Settings of the server by which any channel of it leaves out changes, or passes over what it cannot apply. */
	readonly applierGaps: Query<readonly Gap[]>;
	/** What its own binary log leaves out of what is written on it; one after the other. */
	readonly logGaps: readonly Query<readonly Gap[]>[];
	/** Temporary tables that the applier holds open. */
	readonly openTemporaryTables: Query<number>;
	/** A line for the option file each. */
	safeOptions(identity: Identity): readonly string[];
}
