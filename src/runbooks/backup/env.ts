import type { HeldBefore } from '../../archive/list.ts';
import type { Compression, RowsResult } from '../../core/action.ts';
import type { ChangedJson } from '../../core/changed-json.ts';
import type { DumpEngine } from '../../core/dump-engines.ts';
import type { Outputs } from '../../core/step.ts';
import type { Position } from '../../dialects/contract/positions.ts';
import type { Channel } from '../../dialects/contract/replication.ts';
import type { DumpScan } from '../../dump/sql/scan.ts';
import type { Server } from '../shared/server.ts';

/** How a backup is made, and why so. */
export type DumpStrategy = {
	readonly engine: DumpEngine;
	/** `held`: for the whole dump; `snapshot`: until every reader has its snapshot. */
	readonly lock: 'held' | 'snapshot';
	readonly why: string;
};

export interface BackupEnv extends Outputs {
	readonly server: Server;
	/** The folder of all backups, this one's label, and the two names that its own folder has. */
	readonly paths: {
		readonly to: string;
		readonly label: string;
		readonly partial: string;
		readonly final: string;
		readonly latest: string;
		/** Gives it another label: its own is taken. */
		takeNext?(taken: Iterable<string>): void;
	};
	/** Null: all of them. */
	readonly databases: readonly string[] | null;
	/** `database.table` */
	readonly ignoreTables: readonly string[];
	readonly compress: Compression;
	/** Null: the compression's own default. */
	readonly level: number | null;
	/** Null: what serves this server best. */
	readonly engine: DumpEngine | null;
	readonly lockFor: 'held' | 'snapshot' | null;
	/** How many connections read at once. */
	readonly connections: number;
	/** How long the lock may be waited for. */
	readonly lockWaitSeconds: number;
	readonly longQueries: 'wait' | 'abort' | 'kill';
	/** How long the lock may be held; null: as long as the dump takes; `auto`: chosen from the prediction. */
	readonly maxLockSeconds: number | null | 'auto';
	/** Earlier backups of this server in the same folder, oldest first. */
	readonly history: readonly HeldBefore[];
	readonly stopApplier: boolean;
	readonly profile: string | null;
	readonly program: { readonly name: string; readonly version: string };
	readonly started: Date;
	/** What the run has said so far, for run.log and run.jsonl. */
	readonly transcript: () => { readonly log: string; readonly jsonl: string };
}

/** So long each of our own statements under the lock may take, but for those that read what is dumped: then the lock is given back first. */
export const ANSWER_MS = 2_000;
/** And those that list all tables or other objects: they take longer the more there are. */
export const LIST_MS = 15_000;

/** One file that a tool wrote, and what it held. `schema`: a database and its tables; `post`: what needs them. */
export type DumpedFile = {
	readonly path: string;
	readonly kind: 'database' | 'accounts' | 'schema' | 'post' | 'definitions';
	readonly database: string | null;
	readonly bytes: number;
	readonly rawBytes: number;
	readonly sha256: string;
	readonly found: DumpScan;
};

export type LockedDumpOutput = {
	readonly requested: string;
	readonly acquired: string;
	readonly released: string;
	readonly connectionId: number;
	readonly statement: string;
	readonly position: Position;
	/** Of the server's own source, under the lock: the first, and all where there are several. */
	readonly channel: Channel | null;
	readonly channels: readonly Channel[];
	readonly strategy: DumpStrategy;
	readonly files: readonly DumpedFile[];
	/** Of the parallel engine. */
	readonly rows: Omit<RowsResult, 'ms'>;
	readonly argv: readonly string[];
	/** JSON columns in which a restore changes types. */
	readonly changedJson?: readonly ChangedJson[];
	/** What kept definitions as they were while rows were read without the lock; null where it was held. */
	readonly guard?: string | null;
};

export const dumped = (env: Outputs): LockedDumpOutput | undefined => env.outputs['lock-and-dump'] as LockedDumpOutput | undefined;
