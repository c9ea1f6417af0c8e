import { id, sql } from '../../sql/sql.ts';
import { loadWords } from '../common/load.ts';
import { need } from '../common/pieces.ts';

/** Of every session that makes or alters tables, also the client's: as SHOW CREATE TABLE printed them, whatever `timestamp` means here by default. */
export const LOAD_SETTINGS = 'innodb_strict_mode = 0, explicit_defaults_for_timestamp = 1';

export const load = loadWords({
	definitionSettings: LOAD_SETTINGS,
	engines: {
		barred: "COALESCE(@@GLOBAL.enforce_storage_engine, '')",
		judge: (engine, enforced) =>
			enforced === '' || enforced.toUpperCase() === engine.toUpperCase() ? null : `enforce_storage_engine is ${enforced}`,
		hints: (engine) => [
			`If its plugin is not loaded:  INSTALL SONAME 'ha_${engine.toLowerCase()}';`,
			'SET GLOBAL enforce_storage_engine = NULL;',
		],
	},
	needs: [
		...need('reads what exists, and counts what was loaded', 'SELECT', 'SHOW VIEW', 'TRIGGER', 'EVENT'),
		...need('loads the data', 'INSERT', 'UPDATE', 'DELETE', 'CREATE', 'DROP', 'ALTER', 'INDEX', 'REFERENCES', 'LOCK TABLES'),
		...need('loads views and routines', 'CREATE VIEW', 'CREATE ROUTINE', 'ALTER ROUTINE'),
		...need('keeps the definers of views and routines', 'SET USER'),
		...need('keeps the load out of the binary log', 'BINLOG ADMIN'),
		...need('sees whether it replicates, and who replicates from it', 'SLAVE MONITOR', 'PROCESS'),
		...need('sets the event scheduler', 'SUPER'),
	],
	accountNeeds: need('makes the accounts', 'CREATE USER', 'GRANT OPTION'),
	readOnlyNeeds: need('loads although it is read-only', 'READ_ONLY ADMIN'),
	localInfileNeeds: need('lets rows be sent to it (local_infile)', 'SUPER'),
	readOnlyDatabases: null,
	allVersions: ' FOR SYSTEM_TIME ALL',
	// TRUNCATE is refused there.
	emptyVersioned: ({ database, name }) => [sql`DELETE FROM ${id(database, name)}`, sql`DELETE HISTORY FROM ${id(database, name)}`],
});
