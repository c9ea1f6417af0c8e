import type { LoadAction, LoadResult } from '../core/action.ts';
import type { ServerAddress } from '../server/address.ts';
import type { Settings } from '../sql/settings.ts';
import type { Method, ThreadContract } from '../workers/contract.ts';
import type { WireStatement } from '../workers/serialize.ts';

/** What a thread that loads is started with; in memory only. */
export interface LoaderData {
	readonly address: ServerAddress;
	readonly password: string | null;
	readonly session: readonly WireStatement[];
	readonly settings: Settings;
}

export type LoadOrder = Pick<LoadAction, 'table' | 'harmless' | 'folder' | 'files' | 'rows' | 'digest'> & {
	readonly statement: WireStatement;
	readonly find: WireStatement;
	readonly empty: readonly WireStatement[];
	readonly withoutKeys: WireStatement | null;
	readonly withKeys: WireStatement | null;
	/** How its rows are read again, for their digest; null where it cannot be read. */
	readonly read: { readonly select: WireStatement; readonly columns: number } | null;
};

/** One load at a time. Its progress are bytes of rows sent so far. */
export interface LoaderThread extends ThreadContract {
	readonly data: LoaderData;
	readonly opened: null;
	readonly event: never;
	readonly methods: { readonly load: Method<LoadOrder, Omit<LoadResult, 'ms'>, number> };
}
