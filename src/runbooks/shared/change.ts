import type { SqlAction } from '../../core/action.ts';
import type { Role } from '../../core/model.ts';
import type { Statement } from '../../sql/sql.ts';

/** Several, one after another: `set` where there is one, else `set-1`, `set-2`. */
export const changes = (on: Role, id: string, why: string, statements: readonly Statement[]): SqlAction[] =>
	statements.map((statement, index) => change(on, statements.length === 1 ? id : `${id}-${index + 1}`, why, statement));

/** A statement that changes a server, as an action. */
export const change = (on: Role, id: string, why: string, statement: Statement): SqlAction => ({
	kind: 'sql',
	id,
	why,
	on,
	statement,
	changes: true,
});
