/** How a person restores a backup and makes the server a replica by hand: the vendor's own client and statements, for the texts in a backup. */
export interface ByHand {
	readonly title: string;
	/** The name of the client's program. */
	readonly client: string;
	/** Numbers of the errors by which a load says that another file comes first. */
	readonly missingErrors: string;
	/** What the server must allow before rows are loaded from the client; empty: nothing. */
	readonly beforeLocalInfile: string;
	readonly replicaStatus: string;
	/** The first line of its dumps, where older clients stop at it: what it is, and the sed script that leaves it out. */
	readonly firstLine: { readonly about: string; readonly sed: string } | null;
	/** What to know before a restored server is made a replica, a comment a line. */
	readonly beforeReplica: readonly string[];
	/** The statement that names a source; placeholders stand for host, port, user and password. The default channel's name is empty. */
	configure(channel: string, start: StartingPoint): readonly string[];
	/** From here on, where the start is a GTID. */
	setPosition(gtid: string): readonly string[];
	start(channel: string): string;
}

export type StartingPoint = 'gtid' | { readonly file: string; readonly pos: number };
