// Conditions that many lessons assert.
import type { Translated } from '../core/languages.ts';
import type { Channel } from '../dialects/contract/replication.ts';
import type { CheckResult, LessonCheck } from './contract.ts';
import type { Pair, Side } from './pair.ts';
import { serverText } from './server-text.ts';

const EN = {
	threads: 'Both threads run',
	reached: 'The replica has applied the primary’s position',
	rows: 'shop.tickets is identical on both servers',
	ledger: 'shop.ledger has no hole on the replica',
	own: 'The replica has no transactions of its own',
	readOnly: 'The replica is read-only',
};

/** Titles by the ids of {@link COMMON}. */
export const CHECK_TITLES: Translated<typeof EN> = {
	en: EN,
	pt: {
		threads: 'As duas threads estão em execução',
		reached: 'A réplica aplicou a posição do primário',
		rows: 'shop.tickets é idêntica nos dois servidores',
		ledger: 'shop.ledger não tem lacunas na réplica',
		own: 'A réplica não tem transações próprias',
		readOnly: 'A réplica está em modo somente leitura',
	},
	compared: '4507498c',
};

const LONGEST = 150;
const short = (text: string) => (text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text);

/** The threads, and what stopped one of them. */
export function threadsText(channel: Channel | undefined): readonly string[] {
	if (channel === undefined) return ['IO no · SQL no'];
	const { io, sql, ioError, sqlError, lagSeconds } = channel;
	const error = sqlError ?? ioError;
	return [`IO ${io} · SQL ${sql} · ${lagSeconds === null ? '–' : lagSeconds} s`, ...(error === null ? [] : [short(error)])];
}

async function threads(pair: Pair): Promise<CheckResult> {
	const channel = await pair.channel();
	const isRunning = channel?.io === 'yes' && channel.sql === 'yes' && (channel.sqlError ?? channel.ioError) === null;
	return { ok: isRunning, evidence: threadsText(channel).join(' · ') };
}

/** What the primary had written a moment ago may need a moment. */
async function reached({ dialect, primary, replica }: Pair): Promise<CheckResult> {
	const { written } = await primary.query(dialect.positions.current);
	const isReached = await replica.query(dialect.positions.wait(written, 1));
	const { gtid } = await replica.query(dialect.positions.current);
	return { ok: isReached, evidence: `${short(written)} → ${short(gtid)}` };
}

/** Rows and a sum over all columns. */
export const SUM = {
	tickets: "CONCAT(COUNT(*), ' rows, sum ', COALESCE(BIT_XOR(CRC32(CONCAT_WS(0x1F, id, subject, status))), 0))",
	ledger: "CONCAT(COUNT(*), ' rows, sum ', COALESCE(BIT_XOR(CRC32(CONCAT_WS(0x1F, id, noted))), 0))",
};

/** A table that is missing has no rows. */
const sumOf = (side: Side, statement: string): Promise<string> => side.value(statement).catch((error) => `– (${short(serverText(error))})`);

async function rows({ primary, replica }: Pair): Promise<CheckResult> {
	const statement = `SELECT ${SUM.tickets} FROM shop.tickets`;
	const [here, there] = [await sumOf(primary, statement), await sumOf(replica, statement)];
	return { ok: here === there, evidence: here === there ? here : `${primary.name} ${here} ≠ ${replica.name} ${there}` };
}

async function ledger({ primary, replica }: Pair): Promise<CheckResult> {
	const last = await replica.value('SELECT COALESCE(MAX(id), 0) FROM shop.ledger').catch(() => '0');
	const statement = `SELECT ${SUM.ledger} FROM shop.ledger WHERE id <= ${Number(last)}`;
	const [here, there] = [await sumOf(primary, statement), await sumOf(replica, statement)];
	const ok = here === there && last !== '0';
	return { ok, evidence: ok ? there : `${primary.name} ${here} ≠ ${replica.name} ${there}` };
}

async function own({ dialect, replica, primary }: Pair): Promise<CheckResult> {
	const ours = await replica.query(dialect.positions.own);
	if (ours === '') return { ok: true, evidence: '–' };
	const unknown = await primary.query(dialect.positions.unknown(ours));
	return { ok: unknown === '', evidence: unknown === '' ? '–' : short(unknown) };
}

async function readOnly({ replica }: Pair): Promise<CheckResult> {
	const value = await replica.value('SELECT @@global.read_only');
	return { ok: value === '1', evidence: `read_only = ${value}` };
}

/** Checks by their ids. */
export const COMMON = {
	threads: { id: 'threads', run: threads },
	reached: { id: 'reached', run: reached },
	rows: { id: 'rows', run: rows },
	ledger: { id: 'ledger', run: ledger },
	own: { id: 'own', run: own },
	readOnly: { id: 'readOnly', run: readOnly },
} as const satisfies { readonly [id: string]: LessonCheck };

/** That the replica does its work, and with the primary's rows. */
export const FOLLOWS: readonly LessonCheck[] = [COMMON.threads, COMMON.reached, COMMON.rows, COMMON.ledger];
