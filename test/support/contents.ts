// What a server holds, read without any of the program's own SQL: rows as bytes, definitions as the server prints them.
import { createHash } from 'node:crypto';
import type { Row } from '../../src/sql/sql.ts';
import { rootSession, type SandboxServer } from './servers.ts';

const OWN = "('information_schema', 'performance_schema', 'mysql', 'sys')";
const quoted = (name: string | null | undefined) => `\`${(name ?? '').replaceAll('`', '``')}\``;
const literal = (text: string | null | undefined) => `'${(text ?? '').replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
const SPATIAL = /^(geometry|point|linestring|polygon|multi|geomcollection)/;

function asBytes(column: Row): string {
	const name = quoted(column.COLUMN_NAME);
	if (SPATIAL.test(column.DATA_TYPE ?? '')) return `HEX(ST_AsWKB(${name}))`;
	return column.DATA_TYPE === 'bit' || column.DATA_TYPE === 'vector' ? `HEX(${name})` : `HEX(CAST(${name} AS BINARY))`;
}

export interface Contents {
	/** By table: how many rows, and a hash of all of them over the stored columns. */
	readonly rows: Readonly<Record<string, string>>;
	/** By object: its CREATE statement with what belongs to it. */
	readonly definitions: Readonly<Record<string, string>>;
}

/** Everything in the databases of people. The server should be at rest. */
export async function contentsOf(server: Pick<SandboxServer, 'socket'>): Promise<Contents> {
	await using session = await rootSession(server);
	const ask = (statement: string) => session.query({ pieces: [statement] });
	await ask("SET time_zone = '+00:00'");
	const rows: Record<string, string> = {};
	const definitions: Record<string, string> = {};
	const define = async (kind: string, name: string, column: string) => {
		const [row] = await ask(`SHOW CREATE ${kind} ${name}`);
		const { character_set_client: client, 'Database Collation': collation, sql_mode: mode } = row ?? {};
		// MySQL may name a column's character set besides the collation that tells it.
		const text = (row?.[column] ?? '').replace(/ AUTO_INCREMENT=\d+/, '').replaceAll(/ CHARACTER SET (\w+)(?= COLLATE \1_)/g, '');
		definitions[`${kind} ${name}`] = [text, client, collation, mode].filter(Boolean).join('\n');
	};
	for (const { s, n, t } of await ask(
		`SELECT TABLE_SCHEMA AS s, TABLE_NAME AS n, TABLE_TYPE AS t FROM information_schema.TABLES WHERE TABLE_SCHEMA NOT IN ${OWN}`,
	)) {
		const name = `${quoted(s)}.${quoted(n)}`;
		if (t === 'VIEW') {
			await define('VIEW', name, 'Create View');
			continue;
		}
		await define('TABLE', name, 'Create Table');
		const columns = await ask(
			`SELECT COLUMN_NAME, DATA_TYPE FROM information_schema.COLUMNS WHERE COALESCE(GENERATION_EXPRESSION, '') = '' AND TABLE_SCHEMA = ${literal(s)}
			 AND TABLE_NAME = ${literal(n)} ORDER BY ORDINAL_POSITION`,
		);
		const all = await ask(
			`SELECT CONCAT_WS(',', ${["''", ...columns.map((each) => `IFNULL(${asBytes(each)}, '-')`)].join(', ')}) AS r FROM ${name}`,
		);
		const hash = createHash('sha256').update(
			all
				.map((row) => row.r)
				.toSorted()
				.join('\n'),
		);
		rows[name] = `${all.length} rows ${hash.digest('hex').slice(0, 16)}`;
	}
	for (const { s, n, t } of await ask(
		`SELECT ROUTINE_SCHEMA AS s, ROUTINE_NAME AS n, ROUTINE_TYPE AS t FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA NOT IN ${OWN}`,
	))
		await define(t ?? '', `${quoted(s)}.${quoted(n)}`, t === 'PROCEDURE' ? 'Create Procedure' : 'Create Function');
	for (const { s, n } of await ask(
		`SELECT TRIGGER_SCHEMA AS s, TRIGGER_NAME AS n FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA NOT IN ${OWN}`,
	))
		await define('TRIGGER', `${quoted(s)}.${quoted(n)}`, 'SQL Original Statement');
	for (const { s, n } of await ask(
		`SELECT EVENT_SCHEMA AS s, EVENT_NAME AS n FROM information_schema.EVENTS WHERE EVENT_SCHEMA NOT IN ${OWN}`,
	))
		await define('EVENT', `${quoted(s)}.${quoted(n)}`, 'Create Event');
	return { rows, definitions };
}
