import type { Role, SqlAction } from '../core/action.ts';
import type { Statement } from '../sql/sql.ts';

/** A statement that changes a server, as an action. */
export const change = (on: Role, id: string, why: string, statement: Statement): SqlAction => ({
	kind: 'sql',
	id,
	why,
	on,
	statement,
	changes: true,
});
