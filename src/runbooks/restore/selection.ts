import type { Manifest } from '../../archive/manifest.ts';
import { UserError } from '../../core/errors.ts';
import type { ObjectName } from '../../dialects/contract/objects.ts';
import { some } from '../shared/server.ts';

/**
 * What of a backup was asked for; all of it where nothing was. Throws UserError where it holds no such database or table.
 * `tables`: `database.table` each; where a name has dots of its own, all ways to read it are tried.
 */
export function selectTables(
	manifest: Manifest,
	options: { readonly databases?: readonly string[]; readonly tables?: readonly string[] },
): { readonly databases: readonly string[]; readonly only: readonly ObjectName[] | null } {
	const all = manifest.dump.databases;
	const unknown = options.databases?.filter((name) => !all.includes(name)) ?? [];
	if (unknown.length > 0) {
		throw new UserError({ message: `The backup holds no ${some(unknown)}.`, hints: [`There are: ${some(all, 50) || 'none'}`] });
	}
	if (options.tables === undefined) return { databases: all.filter((name) => options.databases?.includes(name) ?? true), only: null };
	const tables = manifest.tables;
	const only = options.tables.map((text): ObjectName => {
		const parts = text.split('.');
		const ways = parts
			.slice(1)
			.map((_, index) => ({ database: parts.slice(0, index + 1).join('.'), name: parts.slice(index + 1).join('.') }))
			.filter(({ database }) => all.includes(database));
		// A backup by the vendor's tool does not name its tables: they are looked for in its dumps before anything is changed.
		const meant = ways.filter(({ database }) => options.databases?.includes(database) ?? true);
		if (tables === undefined && ways.length > 1 && meant.length !== 1)
			throw new UserError({
				message: `${text} may be a table of any of ${some(ways.map((strategy) => strategy.database))}.`,
				hints: ['Say which of them is meant:  --databases NAME'],
			});
		const found =
			tables === undefined
				? (meant[0] ?? ways[0])
				: ways.find((strategy) => tables.some((table) => table.database === strategy.database && table.name === strategy.name));
		if (found === undefined)
			throw new UserError({
				message: `The backup holds no table ${text}.`,
				hints: ['--tables takes DATABASE.TABLE, several separated by commas.'],
			});
		return found;
	});
	const wanted = (name: string) => only.some((table) => table.database === name) && (options.databases?.includes(name) ?? true);
	return { databases: all.filter(wanted), only: only.filter((table) => options.databases?.includes(table.database) ?? true) };
}
