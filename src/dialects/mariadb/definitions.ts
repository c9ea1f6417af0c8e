import { id, query, sql } from '../../sql/sql.ts';
import { definitionWords, viewColumns } from '../common/definitions.ts';

export const definitions = definitionWords({
	tableKinds: { VIEW: 'view', 'SYSTEM VIEW': 'view', SEQUENCE: 'sequence' },
	routineKinds: { FUNCTION: 'function', PACKAGE: 'package', 'PACKAGE BODY': 'packageBody' },
	more: (name) => {
		if (name.kind === 'view') return viewColumns(name);
		if (name.kind === 'database')
			return query(
				sql`SELECT DEFAULT_COLLATION_NAME AS collation FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ${name.database}`,
				([row]) => ({ settings: { database_collation: row?.collation ?? '' } }),
			);
		if (name.kind !== 'sequence') return null;
		return query(sql`SELECT next_not_cached_value AS next, cycle_count AS cycles FROM ${id(name.database, name.name)}`, ([row]) => ({
			settings: { next_value: row?.next ?? '', cycle_count: row?.cycles ?? '0' },
		}));
	},
	// By which the client takes no commands from the file.
	fileHead: ['/*M!999999\\- enable the sandbox mode */ '],
	fileSession: [
		// What the server that it comes from has let pass must pass here as well; what a definition does not say must not be added.
		'SET SESSION foreign_key_checks = 0, unique_checks = 0, explicit_defaults_for_timestamp = 1, innodb_strict_mode = 0',
	],
});
