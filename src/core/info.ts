/** A tool on the PATH; `path` is null where there is none. */
export interface FoundProgram {
	readonly name: string;
	readonly path: string | null;
	readonly version: string | null;
}

/** What a bug report needs. No password, no address, no name of a server. */
export interface Info {
	readonly version: string;
	readonly node: string;
	readonly system: string;
	readonly paths: { readonly [name: string]: string };
	/** Of the configuration: how many profiles, or what is wrong with it. */
	readonly profiles: number;
	readonly warnings: readonly string[];
	readonly environment: { readonly [name: string]: string };
	readonly tools: readonly FoundProgram[];
	/** Unpacked by the sandbox: used where the PATH has no fitting one. */
	readonly unpacked: readonly FoundProgram[];
}

/** The same of a server that was asked; its name, address and accounts are not in it. */
export interface ServerInfo {
	/** `MariaDB 11.8.6` */
	readonly title: string;
	readonly version: string;
	readonly comment: string;
	/** What it replicates, a source each; null where the account may not see it. */
	readonly channels: readonly { readonly io: string; readonly sql: string }[] | null;
	/** How many replicas read from it. */
	readonly replicas: number | null;
	readonly read_only: string;
	readonly binary_log: boolean;
	/** Of this connection; null where it is not encrypted. */
	readonly tls: string | null;
	/** By what it is to be used for: the privileges that the account lacks. */
	readonly missing_privileges: { readonly [task: string]: readonly string[] };
}
