import { query, raw, sql } from '../../sql/sql.ts';
import { type DefinitionWords, definitionWords, viewColumns } from '../definitions.ts';
import type { Probe } from './probe.ts';

export const definitions = ({ libraries }: Probe): DefinitionWords =>
	definitionWords({
		session: [
			sql`SET SESSION character_set_results = utf8mb4, time_zone = '+00:00', sql_quote_show_create = 1, max_execution_time = 0${raw('/*!80030 , show_gipk_in_create_table_and_information_schema = 1 */')}`,
		],
		tableKinds: { VIEW: 'view', 'SYSTEM VIEW': 'view' },
		routineKinds: { FUNCTION: 'function' },
		...(libraries
			? {
					others: (databases) =>
						sql`SELECT 'library', LIBRARY_SCHEMA, LIBRARY_NAME, NULL, NULL, 0 FROM information_schema.LIBRARIES WHERE LIBRARY_SCHEMA IN (${databases})`,
				}
			: {}),
		more: (name) => {
			if (name.kind === 'view') return viewColumns(name);
			if (name.kind !== 'database') return null;
			return query(
				sql`SELECT OPTIONS AS options FROM information_schema.SCHEMATA_EXTENSIONS WHERE SCHEMA_NAME = ${name.database}`,
				([row]): { settings: Record<string, string> } => ({
					settings: /\bREAD ONLY=1\b/.test(row?.options ?? '') ? { read_only: '1' } : {},
				}),
			);
		},
		fileSession: [
			'SET NAMES utf8mb4',
			// What the server that it comes from has let pass must pass here as well; what a definition does not say must not be added.
			"SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO', time_zone = '+00:00', foreign_key_checks = 0, unique_checks = 0, explicit_defaults_for_timestamp = 1, innodb_strict_mode = 0, sql_require_primary_key = 0 /*!80030 , sql_generate_invisible_primary_key = 0 */",
		],
	});
