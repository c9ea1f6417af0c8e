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
