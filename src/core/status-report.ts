import type { Proof } from './backups.ts';
import type { Expectation } from './expectations.ts';
import type { Failure } from './model.ts';

/** A server as the wizard lists it. */
export type ServerCard = {
	/** A profile's name, or HOST:PORT. */
	readonly name: string;
	/** What the commands take: a profile's name or mysql://USER@HOST:PORT?… */
	readonly server: string;
	/** Where it is, if the name does not say it: `USER@HOST:PORT`. */
	readonly address?: string;
	readonly badge: 'prod' | 'test' | 'sandbox' | null;
	readonly output: string | null;
};

/** What is known of the folder of a server's backups, whether or not the server answers. */
export type BackupFolderState = {
	/** The newest complete one. */
	readonly lastBackup: null | {
		readonly path: string;
		/** RFC 3339 */
		readonly finished: string;
		readonly bytes: number;
		readonly rawBytes: number;
		readonly heldMs: number;
		readonly verified: Proof;
		readonly drilled: Proof;
	};
	readonly disk: null | { readonly path: string; readonly freeBytes: number };
};

/** How a server is, in plain words and figures; the same document that `lockstep status --json` prints. */
export type StatusReport = BackupFolderState & {
	readonly name: string;
	readonly title: string;
	readonly version: string;
	readonly address: string;
	readonly badge: ServerCard['badge'];
	readonly readOnly: boolean;
	readonly tls: string | null;
	readonly uptimeSeconds: number | null;
	readonly databases: number;
	readonly bytes: number;
	readonly replicas: readonly string[];
	readonly replication: null | {
		readonly source: string;
		readonly io: 'yes' | 'no' | 'connecting';
		readonly sql: 'yes' | 'no';
		/** Null where it is not known. */
		readonly lagSeconds: number | null;
		readonly waiting: number | null;
		readonly gtid: string;
		readonly encrypted: boolean;
		readonly error: string | null;
	};
	/** What its profile expects of it; none where that says nothing. */
	readonly expectations: readonly Expectation[];
	/** No trouble is known, and all is as its profile expects. */
	readonly healthy: boolean;
	/** What fixes it, each line copyable; none where that is not known. */
	readonly hints: readonly string[];
	/** Why it is not, each a sentence. */
	readonly troubles: readonly string[];
};

/** What is known of a server that is watched, now. */
export type ServerSeen = {
	/**
	 * `connecting`: it was not heard of yet. `silent`: it cannot be reached, or took too long. `locked`: a person has to give its password or to trust
	 * it, and it is not asked again meanwhile. `failed`: it cannot be asked at all, as with a profile that names a file that is missing.
	 */
	readonly state: 'connecting' | 'answers' | 'silent' | 'locked' | 'failed';
	/** The last that it said, even if it is silent now. */
	readonly report: StatusReport | null;
	/** RFC 3339: since when it is asked in vain; null where it answers. */
	readonly since: string | null;
	readonly failure: Failure | null;
	readonly folder: BackupFolderState;
};
