// What both vendors say of themselves in the same way, under the names that their statements give it.
import type { Row } from '../../sql/sql.ts';
import type { Identity } from '../contract/identity.ts';

type Common =
	| ('comment' | 'hostname' | 'port' | 'serverId' | 'dataDir' | 'eventScheduler' | 'syncBinlog' | 'flushLogAtCommit' | 'sqlMode')
	| ('characterSet' | 'timeZone' | 'lowerCaseTableNames' | 'uptimeSeconds' | 'startedAt' | 'account');

export const textIn =
	(row: Row) =>
	(name: string): string =>
		row[name] ?? '';

/** The part of an identity that is read alike. */
export function commonIdentity(row: Row): Pick<Identity, Common> {
	const text = textIn(row);
	const number = (name: string) => Number(text(name));
	return {
		comment: text('comment'),
		hostname: text('hostname'),
		port: number('port'),
		serverId: number('server_id'),
		dataDir: text('data_dir'),
		eventScheduler: text('event_scheduler'),
		syncBinlog: number('sync_binlog'),
		flushLogAtCommit: number('flush_log'),
		sqlMode: text('sql_mode'),
		characterSet: text('character_set'),
		timeZone: text('time_zone'),
		lowerCaseTableNames: number('lower_case'),
		uptimeSeconds: number('uptime'),
		startedAt: Math.round(number('clock') - number('uptime')),
		account: text('account'),
	};
}

/** For how long binary logs are kept: of the older setting in days and the newer one in seconds the greater. */
export const expireSeconds = (row: Row): number =>
	Math.max(Number(row.expire_seconds ?? ''), Math.round(Number(row.expire_days ?? '') * 86_400));
