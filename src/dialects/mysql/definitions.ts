import { query, sql } from '../../sql/sql.ts';
import { type Definitions, definitionWords, HISTOGRAM, viewColumns } from '../common/definitions.ts';
import type { Probe } from './probe.ts';

export const definitions = ({ libraries, histogramData }: Probe): Definitions =>
	definitionWords({
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
			if (name.kind === 'table' && histogramData)
				return query(
					sql`SELECT COLUMN_NAME AS col, CAST(HISTOGRAM AS CHAR) AS histogram FROM information_schema.COLUMN_STATISTICS
 WHERE SCHEMA_NAME = ${name.database} AND TABLE_NAME = ${name.name}`,
					(rows) => ({ settings: Object.fromEntries(rows.map((row) => [`${HISTOGRAM}${row.col ?? ''}`, row.histogram ?? ''])) }),
				);
			if (name.kind !== 'database') return null;
			return query(
				sql`SELECT DEFAULT_COLLATION_NAME AS collation, OPTIONS AS options FROM information_schema.SCHEMATA s
 JOIN information_schema.SCHEMATA_EXTENSIONS e ON e.SCHEMA_NAME = s.SCHEMA_NAME WHERE s.SCHEMA_NAME = ${name.database}`,
				([row]) => ({
					settings: {
						database_collation: row?.collation ?? '',
						...(/\bREAD ONLY=1\b/.test(row?.options ?? '') ? { read_only: '1' } : {}),
					},
				}),
			);
		},
		fileHead: [],
		fileSession: [
			// What the server that it comes from has let pass must pass here as well; what a definition does not say must not be added.
			'SET SESSION foreign_key_checks = 0, unique_checks = 0, explicit_defaults_for_timestamp = 1, innodb_strict_mode = 0, sql_require_primary_key = 0 /*!80030 , sql_generate_invisible_primary_key = 0 */',
		],
	});
