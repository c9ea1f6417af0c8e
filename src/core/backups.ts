import * as z from 'zod/mini';
import type { Check } from './check.ts';
import type { DumpEngine } from './dump-engines.ts';
import { texts, time } from './schema.ts';
import type { Vendor } from './vendors.ts';

const text = z.string();
const count = z.number();

/** What each record of a proof says. */
const PROOF = {
	format: z.literal(1),
	/** Name of the backup's folder. */
	backup: text,
	at: time,
	tool: z.object({ name: text, version: text }),
	ok: z.boolean(),
	/** Of the backup as it was read: one that was changed since is no longer proven. Null where there was no such file. */
	manifest_sha256: z.nullable(text),
	sums_sha256: z.nullable(text),
	/** What was wrong, one line each. */
	problems: texts,
	rows: count,
	bytes: count,
};

/** `<label>.verify.json`, beside a backup's folder: what `lockstep verify` proved last. Times are UTC, ISO 8601. */
export const VERIFY_RECORD = z.object({ ...PROOF, type: z.literal('verify'), files: count, raw_bytes: count, ms: count });
export type VerifyRecord = Readonly<z.output<typeof VERIFY_RECORD>>;

/** `<label>.drill.json`, beside a backup's folder: how a restore of it went. */
export const DRILL_RECORD = z.object({
	...PROOF,
	type: z.literal('drill'),
	/** The throwaway server: its kind, version as it says it, and whose programs they were. */
	server: z.object({ kind: text, version: text, program: text }),
	/** Milliseconds from the first byte read of the backup to a server that serves all of its data. */
	recovery_ms: z.nullable(count),
	/** Where the time went. */
	phases: z.readonly(z.array(z.object({ name: text, ms: count }))),
	databases: count,
	tables: count,
	/** Tables whose digests were compared and alike; null where the backup has none. */
	digests: z.nullable(count),
	position: z.nullable(text),
	/** With --replicate: the primary, and how it ended. */
	replication: z.nullable(z.object({ primary: text, account: text, caught_up_ms: z.nullable(count), transactions: z.nullable(text) })),
	warnings: texts,
});
export type DrillRecord = Readonly<z.output<typeof DRILL_RECORD>>;

/** What a drill came to, as its run says it at its end: its record, with the whole path as `backup`. */
export const DRILLED = z.omit(DRILL_RECORD, { format: true, type: true, tool: true });
export type Drilled = Readonly<z.output<typeof DRILLED>>;

/** Whether a proof is there and holds: `stale` where the backup is not what it was then. */
export type Proof =
	| { readonly state: 'none' }
	| { readonly state: 'ok' | 'failed' | 'stale'; readonly at: string; readonly problems: readonly string[]; readonly ms: number | null };

/**
 * What is known of a folder of a backup that is not complete. `running`: the run that writes it is at work. `interrupted`: that run is over.
 * `unknown`: no run of this machine wrote it, or no journal tells so any more.
 */
export type PartialStatus = 'running' | 'interrupted' | 'unknown';

/** A backup in a list. What is not known of a partial or damaged one is null. */
export type BackupCard = {
	readonly label: string;
	readonly path: string;
	readonly state: 'complete' | 'partial' | 'damaged';
	/** How a partial one stands; null of all others. */
	readonly partial: PartialStatus | null;
	/** The run that wrote a partial one, where a journal of this machine tells. */
	readonly run: string | null;
	/** Why it is damaged. */
	readonly problem: string | null;
	/** Whether `latest` points at it. */
	readonly latest: boolean;
	/** Of all its files on disk. */
	readonly bytes: number;
	readonly raw_bytes: number | null;
	readonly started: string | null;
	readonly finished: string | null;
	readonly server: null | { readonly flavor: Vendor; readonly version: string; readonly host: string; readonly port: number };
	readonly profile: string | null;
	readonly engine: DumpEngine | null;
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
