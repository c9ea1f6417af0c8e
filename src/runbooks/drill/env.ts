import type { ServerStartAction, StartedServer } from '../../core/action.ts';
import type { DrillRecord } from '../../core/backups.ts';
import type { Check } from '../../core/check.ts';
import type { RunState } from '../../core/state.ts';
import type { Outputs } from '../../core/step.ts';
import type { Dialect } from '../../dialects/contract/dialect.ts';
import type { ProvisionEnv } from '../provision-replica/env.ts';
import type { RestoreEnv } from '../restore/env.ts';
import type { Server } from '../shared/server.ts';

/** The server that a drill restores into: it is there from its first step to its last. */
export type Throwaway = Pick<ServerStartAction, 'folder' | 'vendor' | 'series' | 'serverId' | 'initOptions' | 'options'> & {
	/** Where its folder is made. */
	readonly parent: string;
	/** Called once the server itself has said what it is: until then its dialect is assumed. */
	readonly detected: (dialect: Dialect) => void;
};

/** What a drill needs to start its server, and to undo that. */
export interface StartEnv extends Outputs {
	readonly throwaway: Throwaway;
	/** The backup's own folder. */
	readonly folder: string;
	/** Bytes that its files unpack to. */
	readonly rawBytes: number;
	readonly undoing?: true;
}

export interface DrillEnv extends StartEnv, RestoreEnv {
	readonly undoing?: true;
	readonly program: { readonly name: string; readonly version: string };
	/** Where the result is written, beside the backup. */
	readonly results: { readonly record: string; readonly report: string };
	/** What the run has come to so far, by its own events. */
	readonly state: () => RunState;
	/** With --replicate: what the restored server is to follow. */
	readonly replication: null | Replication;
}

export type Replication = {
	readonly primary: Server;
	/** How our own connection to the primary is verified: its CA, or that the person takes the server as it is. */
	readonly trust: { readonly ca: string | null; readonly isAccepted: boolean };
	/** The user that we log in there as. */
	readonly user: string;
	readonly tls: boolean;
	readonly account: ProvisionEnv['account'];
};

export interface ReplicatingEnv extends DrillEnv, ProvisionEnv {
	readonly undoing?: true;
	readonly replication: Replication;
	/** Throws UserError where that of a person's account could not be read. */
	readonly requirePassword: () => void;
}

/** What the steps hand on. */
export type PreparedOutput = Pick<DrillRecord, 'manifest_sha256' | 'sums_sha256'>;
export type PositionOutput = { readonly gtid: string | null };
export type CaughtUpOutput = { readonly ms: number; readonly transactions: number };
export type ReportOutput = {
	readonly record: DrillRecord;
	readonly checks: readonly Check[];
	/** Their paths; null where they could not be written. */
	readonly written: string | null;
	readonly report: string | null;
};

/** Null until this run has started it. */
export const startedServer = ({ outputs }: Outputs): StartedServer | null => (outputs['start-server'] as StartedServer | undefined) ?? null;
