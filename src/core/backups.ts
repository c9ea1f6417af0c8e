import type { Check } from './check.ts';

/** `<label>.verify.json`, beside a backup's folder: what `lockstep verify` proved last. Times are UTC, ISO 8601. */
export type VerifyRecord = {
	readonly format: 1;
	readonly type: 'verify';
	/** Name of the backup's folder. */
	readonly backup: string;
	readonly at: string;
	readonly tool: { readonly name: string; readonly version: string };
	readonly ok: boolean;
	/** Of the backup as it was read: one that was changed since is no longer proven. Null where there was no such file. */
	readonly manifest_sha256: string | null;
	readonly sums_sha256: string | null;
	readonly files: number;
	readonly bytes: number;
	readonly raw_bytes: number;
	readonly rows: number;
	readonly ms: number;
	/** What was wrong, one line each. */
	readonly problems: readonly string[];
};

/** `<label>.drill.json`, beside a backup's folder: how a restore of it went. */
export type DrillRecord = {
	readonly format: 1;
	readonly type: 'drill';
	readonly backup: string;
	readonly at: string;
	readonly tool: { readonly name: string; readonly version: string };
	readonly ok: boolean;
	readonly manifest_sha256: string | null;
	readonly sums_sha256: string | null;
	/** The throwaway server: its kind, version as it says it, and whose programs they were. */
	readonly server: { readonly kind: string; readonly version: string; readonly program: string };
	/** Milliseconds from the first byte read of the backup to a server that serves all of its data. */
	readonly recovery_ms: number | null;
	/** Where the time went. */
	readonly phases: readonly { readonly name: string; readonly ms: number }[];
	readonly databases: number;
	readonly tables: number;
	readonly rows: number;
	readonly bytes: number;
	/** Tables whose digests were compared and alike; null where the backup has none. */
	readonly digests: number | null;
	readonly position: string | null;
	/** With --replicate: the primary, and how it ended. */
	readonly replication: null | {
		readonly primary: string;
		readonly account: string;
		readonly caught_up_ms: number | null;
		readonly transactions: string | null;
	};
	readonly problems: readonly string[];
	readonly warnings: readonly string[];
};

/** Whether a proof is there and holds: `stale` where the backup is not what it was then. */
export type Proof =
	| { readonly state: 'none' }
	| { readonly state: 'ok' | 'failed' | 'stale'; readonly at: string; readonly problems: readonly string[]; readonly ms: number | null };

/** A backup in a list. What is not known of a partial or damaged one is null. */
export type BackupCard = {
	readonly label: string;
	readonly path: string;
	readonly state: 'complete' | 'partial' | 'damaged';
	/** Why it is damaged. */
	readonly problem: string | null;
	/** Whether `latest` points at it. */
	readonly latest: boolean;
	/** Of all its files on disk. */
	readonly bytes: number;
	readonly raw_bytes: number | null;
	readonly started: string | null;
	readonly finished: string | null;
	readonly server: null | { readonly flavor: string; readonly version: string; readonly host: string; readonly port: number };
	readonly profile: string | null;
	readonly engine: 'vendor' | 'parallel' | null;
	readonly compression: string | null;
	/** How long, and how, the server was locked for it. */
	readonly held_ms: number | null;
	readonly lock: 'lock' | 'snapshot' | null;
	readonly databases: number | null;
	readonly tables: number | null;
	readonly warnings: readonly string[];
	readonly verified: Proof;
	readonly drilled: Proof;
};

/** A table in a backup; figures that the backup does not tell are null, `estimated` those that the server guessed. */
export type BackupTable = {
	readonly name: string;
	readonly engine: string | null;
	readonly rows: number | null;
	readonly bytes: number | null;
	readonly estimated: boolean;
};

/** All there is to say of one backup. */
export type BackupReport = BackupCard & {
	readonly client: string;
	readonly why: string | null;
	/** One a source, then the server itself: whose it is, and where it stands. */
	readonly position: readonly {
		readonly of: string;
		readonly file: string | null;
		readonly pos: number | null;
		readonly gtid: string | null;
	}[];
	readonly databaseList: readonly {
		readonly name: string;
		/** Exact, as counted in the dump. */
		readonly rows: number;
		/** As text, and as on disk. */
		readonly raw_bytes: number;
		readonly bytes: number;
		readonly tables: readonly BackupTable[];
	}[];
	readonly fileList: readonly { readonly path: string; readonly kind: string; readonly bytes: number }[];
	readonly verify: VerifyRecord | null;
	readonly drill: DrillRecord | null;
};

/** The backups of a folder, newest first. */
export type BackupList = { readonly folder: string; readonly cards: readonly BackupCard[] };

/** What reading all of a backup came to, where all was right. */
export type Verified = {
	/** Links followed. */
	readonly folder: string;
	readonly record: VerifyRecord;
	/** What is worth knowing, and no fault. */
	readonly notes: readonly Check[];
	/** The record's path; null where it could not be written. */
	readonly written: string | null;
};
