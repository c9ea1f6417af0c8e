import type { Outputs } from '../../core/step.ts';
import type { AccountName } from '../../dialects/contract/accounts.ts';
import type { Position } from '../../dialects/contract/positions.ts';
import type { Secret } from '../../sql/secret.ts';
import type { Statement } from '../../sql/sql.ts';
import type { Server } from '../shared/server.ts';

export interface ProvisionEnv extends Outputs {
	readonly primary: Server;
	readonly replica: Server;
	/** How the replica reaches the primary. */
	readonly source: { readonly host: string; readonly port: number };
	/** Without an explicit wish its name carries the replica's server id, so that it can be told to be ours. */
	readonly account: { readonly user: string; readonly host: string; readonly ours: boolean };
	/** New in every run, in memory only. */
	readonly password: Secret;
	/** The operator's own account, where one is asked for; its password is new in every run, in memory only, and then in the file. */
	readonly operator: null | {
		readonly user: string;
		readonly host: string;
		/** Whether it may log in with TLS only. */
		readonly tls: boolean;
		readonly passwordFile: string;
		readonly password: Secret;
	};
	/** False only where the person said `--no-tls`. */
	readonly tls: boolean;
	/** The certificate authority for the channel, a path on the replica's host. */
	readonly ca: string | null;
	/** Whether the primary's certificate must also name its host, where there is an authority; left out: yes. */
	readonly verifyName?: boolean;
	readonly delaySeconds: number;
	/** There where the data come by CLONE. */
	readonly clone?: {
		/** The account on the primary with which the replica draws them; there for that time only. */
		readonly account: { readonly user: string; readonly host: string };
		/** New in every run, in memory only. */
		readonly password: Secret;
		readonly restartWaitSeconds: number;
	};
	/** There where the data come from a backup: the databases that it holds. */
	readonly backup?: { readonly databases: readonly string[] };
	/** What this process knows and must never write down. */
	readonly memory: {
		/** Whether the account has this run's password. */
		passwordSet: boolean;
		/** The statements that make each missing account on the replica; they hold hashes. */
		readonly accounts: Map<string, readonly Statement[]>;
	};
}

/** What the steps hand on. */
export type SeedOutput = {
	/** The position of the data: what the replica starts from. */
	readonly gtid: string;
	readonly databases: readonly string[];
	readonly tables: number;
	/** Null where nobody counts them. */
	readonly rows: number | null;
	readonly rawBytes: number;
};
export type CaptureOutput = { readonly position: Position };

export const seeded = (env: Outputs): SeedOutput | undefined => (env.outputs.seed ?? env.outputs.clone) as SeedOutput | undefined;
export const captured = (env: Outputs): CaptureOutput | undefined => env.outputs['capture-position'] as CaptureOutput | undefined;

export const accountKey = (account: AccountName): string => (account.role ? `role ${account.user}` : `${account.user}@${account.host}`);
