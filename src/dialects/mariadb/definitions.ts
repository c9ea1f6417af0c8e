import { id, query, sql } from '../../sql/sql.ts';
import { definitionWords, viewColumns } from '../definitions.ts';

export const definitions = definitionWords({
	session: [
		// A mode of another vendor, or of an older version, leaves half of a definition out.
		sql`SET SESSION character_set_results = utf8mb4, time_zone = '+00:00', sql_quote_show_create = 1, max_statement_time = 0`,
	],
	tableKinds: { VIEW: 'view', 'SYSTEM VIEW': 'view', SEQUENCE: 'sequence' },
	routineKinds: { FUNCTION: 'function', PACKAGE: 'package', 'PACKAGE BODY': 'packageBody' },
	more: (name) => {
		if (name.kind === 'view') return viewColumns(name);
		if (name.kind !== 'sequence') return null;
		return query(sql`SELECT next_not_cached_value AS next, cycle_count AS cycles FROM ${id(name.database, name.name)}`, ([row]) => ({
			settings: { next_value: row?.next ?? '', cycle_count: row?.cycles ?? '0' },
		}));
	},
	fileSession: [
		'SET NAMES utf8mb4',
		// What the server that it comes from has let pass must pass here as well; what a definition does not say must not be added.
		"SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO', time_zone = '+00:00', foreign_key_checks = 0, unique_checks = 0, explicit_defaults_for_timestamp = 1, innodb_strict_mode = 0",
	],
});
