import { ServerError } from '../../core/errors.ts';
import { type Query, query, type Statement, sql } from '../../sql/sql.ts';

/** What differs between the versions of MySQL that lockstep works with, as the server itself shows it. */
export type Probe = {
	/** From 8.2: SHOW BINARY LOG STATUS, RESET BINARY LOGS AND GTIDS, SET_ANY_DEFINER. Before: SHOW MASTER STATUS, RESET MASTER, SET_USER_ID. */
	readonly newWords: boolean;
	readonly binaryLog: boolean;
	/** Without it only information_schema tells who is connected. */
	readonly performanceSchema: boolean;
	/** From 8.0.31: UPDATE HISTOGRAM … USING DATA, without which a histogram cannot be made again as it was. */
	readonly histogramData: boolean;
	/** From 9.2: CREATE LIBRARY. */
	readonly libraries: boolean;
};

type RunQuery = <T>(query: Query<T>) => Promise<T>;

const settings = query(
	sql`SELECT @@global.log_bin AS log_bin, @@global.performance_schema AS performance_schema,
 (SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'information_schema' AND TABLE_NAME = 'LIBRARIES') AS libraries`,
	(rows) => ({
		binaryLog: rows[0]?.log_bin === '1',
		performanceSchema: rows[0]?.performance_schema === '1',
		libraries: rows[0]?.libraries === '1',
	}),
);

/** Whether the server knows these words: a refusal for want of a privilege is of words that it knows. */
async function knows(runQuery: RunQuery, statement: Statement): Promise<boolean> {
	try {
		await runQuery(query(statement, () => null));
		return true;
	} catch (error) {
		if (!(error instanceof ServerError) || error.connectionLost || error.code === null) throw error;
		return error.code !== 1064;
	}
}

export async function probe(runQuery: RunQuery): Promise<Probe> {
	return {
		...(await runQuery(settings)),
		newWords: await knows(runQuery, sql`SHOW BINARY LOG STATUS`),
		// Parsed, never run.
		histogramData: await knows(runQuery, sql`PREPARE lockstep FROM 'ANALYZE TABLE t UPDATE HISTOGRAM ON c USING DATA ''{}'''`),
	};
}
