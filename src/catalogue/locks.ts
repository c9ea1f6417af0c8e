// What would hold up the lock of a backup, or would not be in it.
import { translated } from '../core/languages.ts';
import { defineCheck, type Judgement, OK } from './contract.ts';

/** A statement of so many seconds would be waited for. */
const LONG_SECONDS = 10;

export const lockChecks = [
	defineCheck({
		id: 'LOCK-QUERIES',
		needs: ['activity', 'dialect'],
		texts: translated(
			{
				ok: 'Nothing is running that the lock of a backup would wait for.',
				query: 'Session {id} of {user} has been running a statement for {seconds} s.',
				transaction: 'Session {id} of {user} has had a transaction open for {seconds} s.',
				locked: 'Session {id} of {user} has locked tables and is idle.',
				meaning:
					'FLUSH TABLES WITH READ LOCK waits for it, and every new write waits behind that lock. A backup gives up after the time it may wait.',
				'meaning.transaction': 'Its next statement may keep the lock waiting; its own commit waits while the lock is held.',
				fix: 'Wait for it, or ask its owner; lockstep backup --long-queries says what to do about it.',
				unsafe: 'Taking the lock by hand with a long time-out stops the application’s writes for as long as that statement runs.',
			},
			{
				ok: 'Nada está em execução que o bloqueio de um backup teria de esperar.',
				query: 'A sessão {id} de {user} executa uma instrução há {seconds} s.',
				transaction: 'A sessão {id} de {user} mantém uma transação aberta há {seconds} s.',
				locked: 'A sessão {id} de {user} bloqueou tabelas e está ociosa.',
				meaning:
					'FLUSH TABLES WITH READ LOCK espera por ela, e toda nova gravação espera atrás desse bloqueio. Um backup desiste depois do tempo que pode esperar.',
				'meaning.transaction':
					'A próxima instrução dela pode fazer o bloqueio esperar; a confirmação dela espera enquanto o bloqueio durar.',
				fix: 'Espere por ela ou fale com o dono; lockstep backup --long-queries diz o que fazer a respeito.',
				unsafe: 'Tomar o bloqueio à mão com um tempo-limite longo para as gravações da aplicação enquanto essa instrução durar.',
			},
			'44112193',
		),
		lesson: 'long-select',
		judge: ({ activity, dialect }) => {
			const busy = activity.flatMap(({ id, user, command, seconds, transactionSeconds, locked, usesTables }): Judgement[] => {
				if (/^(?:system user|event_scheduler)$/.test(user) || /^(?:Binlog Dump|Daemon)/.test(command)) return [];
				const who = { id, user };
				if (locked.length > 0) return [{ status: 'warning', says: 'locked', values: who }];
				if (command === 'Query' && seconds >= LONG_SECONDS && usesTables && dialect.features.lockWaitsForReads) {
					return [{ status: 'warning', says: 'query', values: { ...who, seconds } }];
				}
				if ((transactionSeconds ?? 0) < LONG_SECONDS) return [];
				return [{ status: 'note', says: 'transaction', values: { ...who, seconds: transactionSeconds ?? 0 } }];
			});
			return busy.length === 0 ? OK : busy;
		},
	}),
	defineCheck({
		id: 'LOCK-TEMPORARY',
		needs: ['channels', 'temporaryTables'],
		texts: translated(
			{
				ok: 'The SQL thread holds no temporary table open.',
				open: 'The SQL thread holds temporary tables open: {count}.',
				meaning:
					'They are in no backup. After a restart of this server, or on a replica made of such a backup, the next statement that uses one fails (1146).',
				fix: 'Take the backup at a moment when there are none; with binlog_format = ROW on the primary there never are.',
			},
			{
				ok: 'A thread SQL não mantém nenhuma tabela temporária aberta.',
				open: 'A thread SQL mantém tabelas temporárias abertas: {count}.',
				meaning:
					'Elas não estão em nenhum backup. Depois de reiniciar este servidor, ou numa réplica feita de um backup assim, a próxima instrução que usar uma delas falha (1146).',
				fix: 'Faça o backup num momento em que não haja nenhuma; com binlog_format = ROW na origem nunca há.',
			},
			'b998cea7',
		),
		judge: ({ channels, temporaryTables: count }) => {
			if (channels.length === 0) return [];
			return count === 0 ? OK : [{ status: 'warning', says: 'open', values: { count } }];
		},
	}),
	defineCheck({
		id: 'LOCK-MEMORY',
		needs: ['memoryTables'],
		texts: translated(
			{
				ok: 'No table is kept in memory only.',
				some: 'Kept in memory only: {tables}',
				meaning:
					'They are empty after each restart, and the first SELECT of one then writes to the binary log; on a replica that is an errant transaction, and MariaDB’s strict mode stops on it.',
				fix: 'Let them be InnoDB where their rows matter, or leave them out of backups.',
			},
			{
				ok: 'Nenhuma tabela é mantida só na memória.',
				some: 'Mantidas só na memória: {tables}',
				meaning:
					'Elas ficam vazias a cada reinício, e o primeiro acesso a uma delas grava no log binário; numa réplica isso é uma transação própria, que para a ordem estrita do MariaDB.',
				fix: 'Use InnoDB onde as linhas importam, ou deixe-as fora dos backups.',
			},
			'db73a658',
		),
		judge: ({ memoryTables }) => {
			if (memoryTables.length === 0) return OK;
			const tables = memoryTables.slice(0, 4).map(({ database, name }) => `${database}.${name}`);
			const rest = memoryTables.length > tables.length ? ', …' : '';
			return [{ status: 'note', says: 'some', values: { tables: `${tables.join(', ')}${rest}` } }];
		},
	}),
	defineCheck({
		id: 'LOCK-PREPARED',
		needs: ['prepared'],
		texts: translated(
			{
				ok: 'No XA transaction is prepared.',
				some: 'XA transactions that are prepared and neither committed nor rolled back: {count}.',
				meaning: 'Their rows are locked for ever, no backup has them, and a replica made of one cannot be given their end (1397).',
				fix: 'Ask the owner of the transaction manager which are to be committed and which rolled back, then do it.',
				unsafe: 'Rolling back all of them breaks what another server has committed already.',
			},
			{
				ok: 'Nenhuma transação XA está preparada.',
				some: 'Transações XA preparadas, nem confirmadas nem revertidas: {count}.',
				meaning:
					'As linhas delas ficam bloqueadas para sempre, nenhum backup as tem, e uma réplica feita de um backup não pode receber o fim delas (1397).',
				fix: 'Pergunte a quem as coordena qual deve ser confirmada e qual revertida, e faça isso.',
				unsafe: 'Reverter todas quebra o que outro servidor já confirmou.',
			},
			'838d7994',
		),
		judge: ({ prepared }) => (prepared.length === 0 ? OK : [{ status: 'warning', says: 'some', values: { count: prepared.length } }]),
	}),
];
