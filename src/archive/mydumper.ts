import type { Manifest } from './manifest.ts';

/** What its loader needs to see once in a database before it makes the database and runs `-schema-create.sql` (0.10.1). */
export const MARK = '/*!40101 SET NAMES binary*/;\n/*!40014 SET FOREIGN_KEY_CHECKS=0*/;\n';

/**
 * `metadata`, as mydumper 0.19 and newer write it: without it its loader takes no folder. The position stands there as comments: what else is in
 * that group would be run as CHANGE MASTER.
 */
export function metadataText({ started, finished, position, tables = [] }: Manifest): string {
	const at = position.source ?? position.self;
	const name = (text: string) => `\`${text.replaceAll('`', '``')}\``;
	return [
		`# Started dump at: ${started.replace('T', ' ').replace('Z', '')}`,
		'[config]',
		'quote-character = BACKTICK',
		'local-infile = 1',
		'',
		'[myloader_session_variables]',
		"SQL_MODE='NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES' /*!40101",
		'',
		'[source]',
		`# File = ${at?.file ?? ''}`,
		`# Position = ${at?.pos ?? ''}`,
		`# Executed_Gtid_Set = ${at?.gtid ?? ''}`,
		'',
		...tables.flatMap((table) => [
			`[${name(table.database)}.${name(table.name)}]`,
			`real_table_name=${table.name}`,
			`rows = ${table.rows}`,
			'',
		]),
		`# Finished dump at: ${finished.replace('T', ' ').replace('Z', '')}`,
		'',
	].join('\n');
}
