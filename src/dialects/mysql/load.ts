import { type LoadWords, loadWords } from '../load.ts';
import { need } from '../pieces.ts';
import type { Probe } from './probe.ts';

export const load = ({ newWords }: Probe): LoadWords =>
	loadWords({
		needs: [
			...need('looks at what is there, and counts what came', 'SELECT', 'SHOW VIEW', 'TRIGGER', 'EVENT'),
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
		past: '',
		emptyVersioned: () => [],
	});
