import { randomBytes } from 'node:crypto';
import type { Manifest } from '../archive/manifest.ts';
import { ServerError } from '../core/errors.ts';
import type { OutsideObject } from '../core/outside.ts';
import { accountStatements, restrictedOf } from '../runbooks/restore-backup/accounts-file.ts';
import type { EphemeralServer } from '../sandbox/ephemeral-server.ts';
import { sql } from '../sql/sql.ts';
import { type Talk, talkTo } from './drill-server.ts';

/** Others reach further than the throwaway server: to other servers, or into libraries of this machine. */
const CREATED: ReadonlySet<OutsideObject['kind']> = new Set(['tablespace', 'spatial reference system']);

/**
 * Prepares an empty throwaway server for what the backup needs outside its databases. What the server refuses stays missing: the restore
 * names it where something needs it.
 */
export async function prepareOutside(throwaway: EphemeralServer, folder: string, manifest: Manifest, signal: AbortSignal): Promise<void> {
	const at = await talkTo(throwaway, signal);
	try {
		for (const object of (manifest.outside ?? []).filter(({ kind }) => CREATED.has(kind))) await createOutside(at, object);
		const restricted = restrictedOf(await accountStatements({ folder, manifest, databases: [], only: null, accounts: true }));
		if (restricted.size > 0 && (await at.look(at.dialect.catalogue.variables)).some(([name]) => name === 'partial_revokes'))
			await at.say(sql`SET GLOBAL partial_revokes = ON`);
	} finally {
		await at.session.close();
	}
}

async function createOutside({ dialect, say }: Talk, object: OutsideObject): Promise<void> {
	// Its own file in the throwaway's folder: the server that was backed up may be on this machine.
	const file = `drill-${randomBytes(6).toString('hex')}.ibd`;
	const own = object.kind === 'tablespace' ? { ...object, options: { ...object.options, file } } : object;
	try {
		await say(dialect.outside.create(own));
	} catch (error) {
		if (!(error instanceof ServerError) || error.connectionLost) throw error;
	}
}
