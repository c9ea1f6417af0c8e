import { createHash } from 'node:crypto';
import { EXTENSION, encodeName } from '../../archive/layout.ts';
import type { Compression } from '../../core/action.ts';
import type { TableRows } from './table-rows.ts';

/** A name that is longer has its end replaced: with number and extension the file's name stays within the 255 bytes of a file system. */
const LONGEST = 230;

/**
 * The files of the tables' rows: `shop.orders.00000.dat.zst`, as mydumper names them. Names that differ in case only (on a file system that does
 * not tell them apart) and those that are too long end in a piece of their SHA-256; which file is whose says the manifest.
 */
export function rowsNames(
	tables: readonly Pick<TableRows, 'database' | 'name'>[],
	compress: Compression,
): (table: Pick<TableRows, 'database' | 'name'>, chunk: number) => string {
	const plain = ({ database, name }: Pick<TableRows, 'database' | 'name'>) => `${encodeName(database)}.${encodeName(name)}`;
	const sameNames = new Map<string, number>();
	for (const table of tables) {
		const lower = plain(table).toLowerCase();
		sameNames.set(lower, (sameNames.get(lower) ?? 0) + 1);
	}
	return (table, chunk) => {
		const name = plain(table);
		const long = Buffer.byteLength(name) > LONGEST;
		const mark = createHash('sha256').update(`${table.database}\0${table.name}`).digest('hex').slice(0, 16);
		const cut = [...name].filter((_, at, all) => Buffer.byteLength(all.slice(0, at + 1).join('')) <= LONGEST - 17).join('');
		const isUnique = !long && (sameNames.get(name.toLowerCase()) ?? 1) === 1;
		const unique = isUnique ? name : `${long ? cut : name}-${mark}`;
		return `${unique}.${String(chunk).padStart(5, '0')}.dat${EXTENSION[compress]}`;
	};
}
