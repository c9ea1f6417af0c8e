import type { ToolPart } from '../../core/action.ts';
import type { Query } from '../../sql/sql.ts';

/** How a tool reaches a server. */
export type ToolPlace = {
	readonly host: string;
	readonly port: number;
	readonly socket: string | null;
	readonly user: string;
	readonly tls: null | {
		readonly ca: string | null;
		readonly cert: string | null;
		readonly key: string | null;
		/** What of the certificate is checked. */
		readonly verify: 'nothing' | 'ca' | 'identity';
	};
	/** Without TLS: the server's RSA key (a file; true: the one that the server sends) by which the password may be encrypted. */
	readonly serverKey: string | true | null;
};

/** The vendor’s programs. */
export interface Tools {
	dumpDatabase(on: string, database: string, ignore: readonly string[], facts: { versioned: boolean }): ToolPart;
	/** One table's rows alone, as statements; what its history was as well. */
	dumpRows(on: string, database: string, table: string): ToolPart;
	/** All databases at one moment, without a lock: with the position in its text, or waiting at `locks.seedGate` before that moment. */
	dumpForSeed(on: string, databases: readonly string[], facts: { versioned: boolean }): ToolPart;
	/** Loads SQL; nothing of it reaches the binary log, unless `logged`. */
	load(on: string, logged?: boolean): ToolPart;
	/** Global settings that make the dump tool fail or, worse, leave something out and end well, because it cannot be told otherwise. */
	readonly misledBy: Query<readonly { readonly setting: string; readonly hint: string }[]>;
	/** What the session of a tool of this process id asked for last; null where the server does not keep it. */
	lastStatement(pid: number): Query<string | null>;
	/** Whether they give the password itself to a server with any certificate that asks for it. */
	readonly exposesPassword: boolean;
	/** Whether a tool whose `--version` says this is this vendor's: both have a mysqldump. */
	isOurs(banner: string): boolean;
	/** Lines of an option file for these tools, without the password. `tls`: what our own session has. */
	options(place: ToolPlace): readonly string[];
	/** Whether the dump tool cannot select a database of this name. */
	cannotSelect(database: string): boolean;
	/** Whether a dump is whole although its tool, which ended well, said this on stderr. */
	isHarmless(line: string): boolean;
}
