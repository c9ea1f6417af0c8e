import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { changeSourceFile } from '../archive/layout.ts';
import type { Manifest, ObjectCounts } from '../archive/manifest.ts';
import { type Check, must, note } from '../core/check.ts';
import type { TableFacts } from '../dialects/dialect.ts';
import { qualified } from '../runbooks/server.ts';
import type { Talk } from './drill-server.ts';

export type Counted = { readonly checks: readonly Check[]; readonly databases: number; readonly tables: number; readonly rows: number };

const SHOWN = 20;

/** Counts everything on the restored server and compares it with what the backup says. */
export async function countAll(
	at: Talk,
	manifest: Manifest,
	onTable: (done: number, total: number, name: string) => void,
): Promise<Counted> {
	const { catalogue, load } = at.dialect;
	const checks: Check[] = [];
	const there = new Set(await at.look(catalogue.databases));
	const { databases } = manifest.dump;
	const missing = databases.filter((name) => !there.has(name));
	checks.push(
		must('DRILL-DATABASES', 'Every database of the backup is there', missing.length === 0, { wrong: `missing: ${missing.join(', ')}` }),
	);
	const tables = (await at.look(catalogue.tables)).filter(({ database, kind }) => databases.includes(database) && kind === 'table');
	const rows = new Map<TableFacts, number>();
	let done = 0;
	for (const table of tables) {
		onTable(done, tables.length, qualified(table));
		if (table.ownRows) rows.set(table, await at.look(load.count(table, table.versioned)));
		done++;
	}
	checks.push(
		...(manifest.tables === undefined
			? byFile(manifest, tables, rows)
			: byTable(
					manifest.tables.filter(({ engine }) => catalogue.ownRows(engine)),
					rows,
				)),
	);
	checks.push(...(await objects(at, manifest)));
	return {
		checks,
		databases: databases.length - missing.length,
		tables: tables.length,
		rows: [...rows.values()].reduce((sum, n) => sum + n, 0),
	};
}

/** The vendor's dump is counted a database at a time. */
function byFile(manifest: Manifest, tables: readonly TableFacts[], rows: ReadonlyMap<TableFacts, number>): Check[] {
	return manifest.files.flatMap((file) => {
		if (file.kind !== 'database' || file.database === undefined) return [];
		const own = tables.filter(({ database }) => database === file.database);
		const found = own.reduce((sum, table) => sum + (rows.get(table) ?? 0), 0);
		const expected = [`${file.rows ?? 0} rows in ${file.tables ?? 0} tables`, `${found} rows in ${own.length} tables`] as const;
		const right = expected[0] === expected[1];
		return [must('DRILL-ROWS', `${file.database} holds what was dumped`, right, { expected: expected[0], found: expected[1] })];
	});
}

/** Names on a server that does not tell their case apart may come back in small letters. */
function byTable(tables: NonNullable<Manifest['tables']>, rows: ReadonlyMap<TableFacts, number>): Check[] {
	const found = new Map([...rows].map(([{ database, name }, count]) => [`${database}\0${name}`.toLowerCase(), count]));
	const wrong = tables.filter(({ database, name, rows: expected }) => found.get(`${database}\0${name}`.toLowerCase()) !== expected);
	if (wrong.length === 0) return [must('DRILL-ROWS', `Each of ${tables.length} tables has the rows that were dumped`, true)];
	return wrong.slice(0, SHOWN).map((table) =>
		must('DRILL-ROWS', `${qualified(table)} holds what was dumped`, false, {
			expected: `${table.rows} rows`,
			found: `${found.get(`${table.database}\0${table.name}`.toLowerCase()) ?? 'no'} ${found.has(`${table.database}\0${table.name}`.toLowerCase()) ? 'rows' : 'table'}`,
		}),
	);
}

async function objects(at: Talk, manifest: Manifest): Promise<Check[]> {
	const { catalogue } = at.dialect;
	const inBackup = ({ database }: { readonly database: string }) => manifest.dump.databases.includes(database);
	const all = (await at.look(catalogue.tables)).filter(inBackup);
	const routines = (await at.look(catalogue.routines)).filter(inBackup);
	const found: Partial<ObjectCounts> = {
		views: all.filter(({ kind }) => kind === 'view').length,
		sequences: all.filter(({ kind }) => kind === 'sequence').length,
		triggers: (await at.look(catalogue.triggers)).filter(inBackup).length,
		procedures: routines.filter(({ kind }) => kind === 'procedure').length,
		functions: routines.filter(({ kind }) => kind === 'function').length,
		events: (await at.look(catalogue.events)).filter(inBackup).length,
	};
	const dumped = manifest.files.filter((file) => file.kind !== 'accounts' && file.objects !== undefined);
	if (dumped.length === 0) return [];
	const of = (kind: keyof ObjectCounts) => dumped.reduce((sum, file) => sum + (file.objects?.[kind] ?? 0), 0);
	const wrong = (Object.entries(found) as [keyof ObjectCounts, number][]).filter(([kind, count]) => of(kind) !== count);
	const list = (values: readonly [string, number][]) => values.map(([kind, count]) => `${count} ${kind}`).join(', ');
	return [
		must('DRILL-OBJECTS', 'Views, triggers, routines, events and sequences are there', wrong.length === 0, {
			expected: list(wrong.map(([kind]) => [kind, of(kind)])) || list(Object.entries(found)),
			found: list(wrong) || list(Object.entries(found)),
		}),
	];
}

/** The statement that stands ready in change-source.sql, for the position that it sets. */
const READY = /^SET GLOBAL gtid_(?:slave_pos|purged) = '([^']*)';$/m;

/**
 * Gives the restored server the backup's position, as `change-source.sql` has it, and reads it back. The server is nobody's: its own log is
 * emptied first.
 * @returns the position that it stands at; null where the backup names none by GTID
 */
export async function setPosition(
	at: Talk,
	folder: string,
	manifest: Manifest,
): Promise<{ readonly checks: readonly Check[]; readonly gtid: string | null }> {
	const { positions } = at.dialect;
	const { source, self } = manifest.position;
	const gtid = source?.gtid || self?.gtid || null;
	if (gtid === null) {
		const by = source?.file ?? self?.file ?? null;
		return {
			gtid: null,
			checks: [
				note('DRILL-POSITION', 'The backup names no GTID', by === null ? 'no binary log' : 'file and position only: nothing to set'),
			],
		};
	}
	const file = changeSourceFile(manifest.dump.engine);
	const text = await readFile(join(folder, file), 'utf8');
	const ready = READY.exec(text)?.[1] ?? null;
	const inFile = must('DRILL-CHANGE-SOURCE', `${file} has the position of the manifest`, ready !== null && alike(at, ready, gtid), {
		expected: gtid,
		found: ready ?? 'no statement ready',
	});
	await at.say(positions.forgetLog);
	for (const statement of positions.setReplicated(ready ?? gtid)) await at.say(statement);
	const { replicated } = await at.look(positions.current);
	const set = must('DRILL-POSITION', 'The restored server stands at the backup’s position', alike(at, replicated, gtid), {
		expected: gtid,
		found: replicated || 'none',
	});
	return { gtid: replicated, checks: [inFile, set] };
}

const alike = ({ dialect: { positions } }: Talk, a: string, b: string): boolean => positions.includes(a, b) && positions.includes(b, a);
