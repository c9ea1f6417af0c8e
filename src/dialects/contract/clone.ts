import type { Secret } from '../../sql/secret.ts';
import type { Query, Statement } from '../../sql/sql.ts';
import type { Need } from './objects.ts';

/** From where a server may clone, `host:port` with commas between; by which authority’s certificate the donor must prove itself. */
export type CloneSetting = 'clone_valid_donor_list' | 'clone_ssl_ca';

/** A server as donor or recipient of a CLONE. */
export type CloneFacts = {
	readonly version: string;
	/** Whether the plugin is there and at work. */
	readonly plugin: boolean;
	/** The plugin’s own settings that a clone needs to change; they go with the plugin, and with a restart. */
	readonly settings: { readonly [name in CloneSetting]: string | null };
	/** What must be the same on both sides, each by the variable's own name. */
	readonly same: { readonly [variable: string]: string };
	readonly maxPacket: number;
	/** Active plugins that came from a library, without CLONE's own. */
	readonly plugins: readonly string[];
	readonly encryptedTablespaces: number;
	readonly keyring: boolean;
	/** Settings that outlive a restart (`SET PERSIST`), of those that a clone needs to. */
	readonly persisted: { readonly [variable: string]: string };
};

/** How a clone stands, as the recipient tells it; it forgets with the plugin. */
export type CloneStatus = {
	/** `Completed` once the recipient has restarted. */
	readonly state: string;
	readonly began: string;
	/** `host:port` */
	readonly source: string;
	readonly errorCode: number;
	readonly error: string;
	/** The position of the data. */
	readonly gtid: string;
	/** Whether a session is at it. A recipient that died in it says `In Progress` for ever. */
	readonly running: boolean;
};

/** Bytes; `active`: it is the one in hand. */
export type CloneStage = { readonly stage: string; readonly active: boolean; readonly estimate: number; readonly done: number };

/** A limit of CLONE, judged. */
export type CloneLimit = {
	readonly id: string;
	/** What is so where it holds, and where it does not. */
	readonly titles: { readonly pass: string; readonly fail: string };
	readonly holds: boolean;
	readonly expected: string;
	readonly found: string;
	readonly hints: readonly string[];
};

/** A copy of all of a server's data that the recipient draws from the donor by itself, and then restarts with. */
export interface Cloning {
	/** Besides what provisioning needs anyway. */
	readonly needs: { readonly primary: readonly Need[]; readonly replica: readonly Need[] };
	/** Whether we may give what {@link grantDonor} gives, and what lets us. */
	readonly mayGrantDonor: Query<boolean>;
	letGrantDonor(account: string): Statement;
	readonly facts: Query<CloneFacts>;
	/** What forbids it, of these two. Pure. */
	limits(donor: CloneFacts, recipient: CloneFacts): readonly CloneLimit[];
	readonly install: Statement;
	readonly uninstall: Statement;
	set(setting: CloneSetting, value: string | null): Statement;
	/** All that the donor's account needs besides its password. */
	grantDonor(user: string, host: string): Statement;
	/** `tls` false: not demanded. */
	from(donor: {
		readonly user: string;
		readonly host: string;
		readonly port: number;
		readonly password: Secret;
		readonly tls: boolean;
	}): Statement;
	/** What the server says to {@link from} where nothing restarts it: it is down, and complete once it is started. */
	readonly wentDown: readonly number[];
	/** Only where the plugin is at work. Null: no clone yet. */
	readonly status: Query<CloneStatus | null>;
	readonly progress: Query<readonly CloneStage[]>;
	/** Sets read_only or event_scheduler, now and after the restart. */
	persist(variable: string, value: string): Statement;
	forgetPersisted(variable: string): Statement;
}
