// What the steps that inspect a server before anything changes have in common.
import type { Check } from '../../core/check.ts';
import { CheckFailed } from '../../core/errors.ts';
import type { FolderFacts, ReadContext } from '../../core/step.ts';
import type { Identity } from '../../dialects/contract/identity.ts';
import type { Server } from './server.ts';

type Role = Parameters<ReadContext['runQuery']>[0];

/** Who the session's account is, on which server, and the privileges that it has there. */
export async function readIdentity(
	{ dialect }: Server,
	runQuery: ReadContext['runQuery'],
	role: Role,
): Promise<{ readonly identity: Identity; readonly held: readonly string[] }> {
	const identity = await runQuery(role, dialect.identity);
	return { identity, held: await runQuery(role, dialect.privileges.held) };
}

/** Throws CheckFailed where privileges are missing without which the rest cannot be asked; the check names all of them at once. */
export function requirePrivileges(check: Check): void {
	if (check.status === 'fail') throw new CheckFailed([check]);
}

/** A tool as facts name it: `/usr/bin/mariadb-dump (11.8.2)`, null where none is fit; `unfit`: those that go by its name and are not. */
export async function findTool(
	tool: ReadContext['tool'],
	role: Role,
	names: readonly string[],
): Promise<{ readonly tool: string | null; readonly unfit: readonly string[] }> {
	const found = await tool(role, names);
	return { tool: found.tool && `${found.tool.path} (${found.tool.version})`, unfit: found.unfit };
}

/** Where the server's own files are; null where they cannot be seen from here. */
export const dataFolderOf = async (
	server: Server,
	{ dataDir }: Identity,
	folderFacts: ReadContext['folderFacts'],
): Promise<FolderFacts | null> => (server.local ? folderFacts(dataDir) : null);

/** Bytes free where the server's own files are; null where that cannot be seen from here. */
export async function freeBytesOf(server: Server, identity: Identity, folderFacts: ReadContext['folderFacts']): Promise<number | null> {
	const folder = await dataFolderOf(server, identity, folderFacts);
	return folder?.exists ? folder.freeBytes : null;
}
