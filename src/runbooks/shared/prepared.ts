// Prepared XA transactions: no dump holds what they did, and their COMMIT fails on every replica that is made of one (1397).
import { setTimeout as pause } from 'node:timers/promises';
import { type Check, must, warning } from '../../core/check.ts';
import type { ReadContext } from '../../core/step.ts';
import type { Dialect } from '../../dialects/contract/dialect.ts';
import { privilegeCheck, type Server, some } from './server.ts';

/** An application that works with XA prepares all the time, for an instant each: only what stays for longer is in the way. */
const STAYS_MS = 3_000;
const CHECK_EVERY_MS = 500;

/** The prepared transactions that are still there after a few seconds, as XA COMMIT takes them. */
export async function preparedThatStay({ runQuery, signal }: ReadContext, on: string, dialect: Dialect): Promise<readonly string[]> {
	let all = await runQuery(on, dialect.locks.prepared.query);
	for (let waited = 0; all.length > 0 && waited < STAYS_MS; waited += CHECK_EVERY_MS) {
		await pause(CHECK_EVERY_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
		const now = new Set(await runQuery(on, dialect.locks.prepared.query));
		all = all.filter((xid) => now.has(xid));
	}
	return all;
}

/** Fails where any is there. */
export const preparedCheck = (xids: readonly string[]): Check =>
	must('PREPARED-XA', { pass: 'No XA transaction is prepared', fail: 'XA transactions are prepared' }, xids.length === 0, {
		expected: 'none',
		found:
			xids.length === 0
				? 'none'
				: `${some(xids)}: what they did is in no dump, and their COMMIT would stop every replica made of it (error 1397)`,
		hints: xids
			.slice(0, 5)
			.map((xid) => `End it in the application that began it, or by hand:  XA COMMIT ${xid};  or  XA ROLLBACK ${xid};`),
	});

/** `xids` is null where the account may not see them. */
export function preparedChecks(server: Server, account: string, xids: readonly string[] | null): readonly Check[] {
	if (xids !== null) return xids.length === 0 ? [] : [preparedCheck(xids)];
	const { hints } = privilegeCheck('', server, account, { held: [], needed: server.dialect.locks.prepared.needs });
	return [
		warning('PREPARED-XA', 'Prepared XA transactions cannot be seen', {
			found: 'the account may not see them: one that is prepared now would be missing from the backup',
			hints: hints ?? [],
		}),
	];
}
