import { id, query, raw, sql } from '../../sql/sql.ts';
import { type Loading, loadWords } from '../common/load.ts';
import { need } from '../common/pieces.ts';
import type { Probe } from './probe.ts';

/**
 * Of every session that makes or alters tables, also the client's: as SHOW CREATE TABLE printed them, without a column that the server would add,
 * and whatever `timestamp` means here by default.
 */
export const LOAD_SETTINGS =
	'innodb_strict_mode = 0, explicit_defaults_for_timestamp = 1 /*!80013 , sql_require_primary_key = 0 */ /*!80030 , sql_generate_invisible_primary_key = 0 */';

export const load = ({ newWords }: Probe): Loading =>
	loadWords({
		definitionSettings: LOAD_SETTINGS,
		engines: {
			barred: '@@GLOBAL.disabled_storage_engines',
			judge: (engine, disabled) =>
				disabled.split(',').some((each) => each.trim().toUpperCase() === engine.toUpperCase()) ? 'disabled_storage_engines holds it' : null,
			hints: (engine) => [
				`Take ${engine} out of disabled_storage_engines in the server’s option file, and restart it.`,
				'Start the server with the engine: its plugin or option is missing.',
			],
		},
		needs: [
			...need('reads what exists, and counts what was loaded', 'SELECT', 'SHOW VIEW', 'TRIGGER', 'EVENT'),
			...need('loads the data', 'INSERT', 'UPDATE', 'DELETE', 'CREATE', 'DROP', 'ALTER', 'INDEX', 'REFERENCES', 'LOCK TABLES'),
			...need('loads views and routines', 'CREATE VIEW', 'CREATE ROUTINE', 'ALTER ROUTINE'),
			...(newWords
				? need('keeps the definers of views and routines', 'SET_ANY_DEFINER', 'ALLOW_NONEXISTENT_DEFINER')
				: need('keeps the definers of views and routines', 'SET_USER_ID')),
			...need('makes what administrators define', 'SYSTEM_USER'),
			...need('keeps the load out of the binary log', 'SESSION_VARIABLES_ADMIN'),
			...need('sets local_infile and the event scheduler', 'SYSTEM_VARIABLES_ADMIN'),
			...need('sees whether it replicates, and who replicates from it', 'REPLICATION CLIENT', 'PROCESS'),
			...need('loads functions and triggers where the binary log is on', 'SUPER'),
		],
		accountNeeds: need('makes the accounts', 'CREATE USER', 'GRANT OPTION'),
		readOnlyNeeds: need('loads although it is read-only', 'CONNECTION_ADMIN'),
		localInfileNeeds: need('lets rows be sent to it (local_infile)', 'SYSTEM_VARIABLES_ADMIN'),
		readOnlyDatabases: {
			list: query(
				sql`SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA_EXTENSIONS WHERE OPTIONS LIKE '%READ ONLY=1%' ORDER BY SCHEMA_NAME`,
				(rows) => rows.map((row) => row.name ?? ''),
			),
			set: (database, readOnly) => sql`ALTER DATABASE ${id(database)} READ ONLY = ${raw(readOnly ? '1' : '0')}`,
		},
		allVersions: '',
		emptyVersioned: () => [],
	});
