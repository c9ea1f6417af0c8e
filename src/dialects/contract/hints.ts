import type { Channel } from './replication.ts';

/** A replica as its fixes name it. */
export type ReplicaPlace = {
	readonly channel: Channel;
	/** As it is typed to confirm: its profile's name, else HOST:PORT. */
	readonly name: string;
};

/** What fixes what a check found, in this server’s own words; each line copyable. */
export interface Hints {
	/** Which package brings the tools. */
	readonly tools: readonly string[];
	readonly binaryLog: readonly string[];
	readonly primaryId: readonly string[];
	replicaId(free: number): readonly string[];
	readonly tls: readonly string[];
	readonly retention: readonly string[];
	readonly strict: readonly string[];
	/** The position names transactions that are in no binary log of this server. */
	readonly strayPosition: readonly string[];
	namedChannel(name: string): string;
	/**
	 * For a thread that does not run. `error` as {@link Channel} gives it: number, colon, text; null where it stopped without one. What is
	 * one statement stands in a line of its own after where it is run: `On the replica:  START SLAVE;`. (.github/docs/measured.md, Replication errors)
	 */
	channelError(error: string | null, at: ReplicaPlace): readonly string[];
}
