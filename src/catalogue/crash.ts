// What a crash of this server or of its host would lose or repeat: https://dev.mysql.com/doc/refman/8.4/en/replica-unexpected-halt.html
import { translated } from '../core/languages.ts';
import { defineCheck, OK } from './contract.ts';

/** Only a replica has a position that its rows must agree with. */
export const crashChecks = [
	defineCheck({
		id: 'CRASH-POSITION',
		needs: ['channels', 'crash', 'dialect'],
		texts: translated(
			{
				ok: 'Server killed, host without power: the applied position is changed in the transaction that changes the rows, so both are of the same moment afterwards.',
				apart:
					'Server killed, host without power: the applied position is kept apart from the rows, and may be of an earlier moment afterwards.',
				meaning:
					'After a crash, transactions that were applied are applied again: duplicate keys, missing rows, or rows that are counted twice without an error.',
				fix: 'Keep the position in a table with transactions; the channel must go by GTID as well.',
			},
			{
				ok: 'Servidor encerrado à força, máquina sem energia: a posição aplicada muda na mesma transação que muda as linhas, e depois as duas são do mesmo momento.',
				apart:
					'Servidor encerrado à força, máquina sem energia: a posição aplicada é guardada separada das linhas e depois pode ser de um momento anterior.',
				meaning:
					'Depois de uma parada, transações já aplicadas são aplicadas de novo: chaves duplicadas, linhas ausentes ou linhas contadas duas vezes sem erro.',
				fix: 'Guarde a posição numa tabela transacional; o canal também precisa usar GTID.',
			},
			'779198a2',
		),
		lesson: 'server-killed',
		judge: ({ channels, crash, dialect }) => {
			if (channels.length === 0) return [];
			const inFiles = channels.find((channel) => !channel.usesGtid);
			// MySQL's table is as good with files and positions.
			if (crash.transactionalPosition && (inFiles === undefined || dialect.features.gtidSets)) return OK;
			const { fixes } = dialect.diagnostics;
			const lines = crash.transactionalPosition ? fixes.gtidPositioning(inFiles?.name ?? '') : fixes.transactionalPosition;
			return [{ status: 'fail', says: 'apart', lines }];
		},
	}),
	defineCheck({
		id: 'CRASH-RELAY',
		needs: ['channels', 'crash', 'dialect'],
		texts: translated(
			{
				ok: 'Host without power: relay logs that were not written to the end are thrown away and fetched again (relay_log_recovery = ON).',
				gtid: 'Host without power: relay_log_recovery is OFF; by GTID the relay logs are fetched again at the next start of the threads all the same.',
				off: 'Host without power: relay_log_recovery is OFF, and a relay log that was not written to the end stops the SQL thread.',
				meaning: 'After such a crash the SQL thread stops with an error in the relay log, until it is reset by hand.',
				'meaning.gtid':
					'Nothing is lost while the channel goes by GTID; without GTID the SQL thread would stop with an error in the relay log.',
				fix: 'Switch it on in the option file; it needs a restart of the server.',
				unsafe: 'Deleting relay logs by hand leaves their index and the position pointing to files that are gone.',
			},
			{
				ok: 'Máquina sem energia: relay logs que não foram gravados até o fim são descartados e buscados de novo (relay_log_recovery = ON).',
				gtid: 'Máquina sem energia: relay_log_recovery está OFF; com GTID os relay logs são buscados de novo no próximo início das threads mesmo assim.',
				off: 'Máquina sem energia: relay_log_recovery está OFF, e um relay log que não foi gravado até o fim para a thread SQL.',
				meaning: 'Depois de uma parada assim, a thread SQL para com um erro no relay log até que alguém a redefina à mão.',
				'meaning.gtid': 'Nada se perde enquanto o canal usar GTID; sem GTID a thread SQL pararia com um erro no relay log.',
				fix: 'Ligue-o no arquivo de opções; exige reiniciar o servidor.',
				unsafe: 'Apagar relay logs à mão deixa o índice e a posição apontando para arquivos que não existem mais.',
			},
			'6919ac1d',
		),
		lesson: 'server-killed',
		judge: ({ channels, crash, dialect }) => {
			if (channels.length === 0) return [];
			if (crash.relayLogRecovery) return OK;
			const lines = dialect.diagnostics.fixes.relayLogRecovery;
			const isFetchedAgain = !dialect.features.gtidSets && channels.every((channel) => channel.usesGtid);
			return isFetchedAgain ? [{ status: 'note', says: 'gtid', lines }] : [{ status: 'warning', says: 'off', lines }];
		},
	}),
	defineCheck({
		id: 'CRASH-BINLOG',
		needs: ['channels', 'identity', 'dialect'],
		texts: translated(
			{
				ok: 'Host without power: no committed transaction is missing from the binary log (sync_binlog = 1).',
				none: 'It has no binary log, so none can be cut short by a crash.',
				late: 'Host without power: the end of the binary log may be lost (sync_binlog = {value}).',
				meaning:
					'The rows of these transactions may be there and their GTIDs gone: a replica fetches and applies them a second time; a primary gives its replicas less, or more, than it has itself.',
				fix: 'Write the binary log to the disk at each commit. On slow disks this costs throughput; measure it.',
			},
			{
				ok: 'Máquina sem energia: nenhuma transação confirmada falta no log binário (sync_binlog = 1).',
				none: 'Não há log binário que uma parada possa deixar incompleto.',
				late: 'Máquina sem energia: o fim do log binário pode se perder (sync_binlog = {value}).',
				meaning:
					'As linhas dessas transações podem estar lá, e seus GTIDs não: uma réplica as busca e aplica uma segunda vez; uma origem dá às réplicas menos, ou mais, do que ela mesma tem.',
				fix: 'Grave o log binário em disco a cada confirmação. Em discos lentos isso custa vazão; meça.',
			},
			'e43bdb85',
		),
		lesson: 'server-killed',
		judge: ({ identity, dialect }) => {
			if (!identity.binaryLog) return [{ status: 'ok', says: 'none' }];
			if (identity.syncBinlog === 1) return OK;
			return [{ status: 'warning', says: 'late', values: { value: identity.syncBinlog }, lines: dialect.diagnostics.fixes.syncBinlog }];
		},
	}),
	defineCheck({
		id: 'CRASH-COMMIT',
		needs: ['identity', 'dialect'],
		texts: translated(
			{
				ok: 'Server killed, host without power: every committed transaction is kept (innodb_flush_log_at_trx_commit = 1).',
				host: 'Server killed: nothing is lost. Host without power: the commits of about the last second may be lost (innodb_flush_log_at_trx_commit = 2).',
				server:
					'Server killed, host without power: the commits of about the last second may be lost (innodb_flush_log_at_trx_commit = {value}).',
				meaning:
					'Commits that were confirmed to clients may be gone, while the binary log, and so other replicas, have them. A replica of MySQL, or one by file and position, believes that it has applied them: they are missing for good, and no error shows it. MariaDB by GTID fetches them again, and its strict mode stops on them (1950).',
				fix: 'Write the log of InnoDB to the disk at each commit. On slow disks this costs throughput; measure it.',
			},
			{
				ok: 'Servidor encerrado à força, máquina sem energia: toda transação confirmada é mantida (innodb_flush_log_at_trx_commit = 1).',
				host: 'Servidor encerrado à força: nada se perde. Máquina sem energia: as confirmações de cerca do último segundo podem se perder (innodb_flush_log_at_trx_commit = 2).',
				server:
					'Servidor encerrado à força, máquina sem energia: as confirmações de cerca do último segundo podem se perder (innodb_flush_log_at_trx_commit = {value}).',
				meaning:
					'Confirmações que os clientes receberam podem sumir, enquanto o log binário, e portanto outras réplicas, as têm. Uma réplica MySQL, ou uma por arquivo e posição, acredita que já as aplicou: elas faltam para sempre, e nenhum erro mostra isso. O MariaDB por GTID as busca de novo, e o modo estrito dele para nelas (1950).',
				fix: 'Grave o log do InnoDB em disco a cada confirmação. Em discos lentos isso custa vazão; meça.',
			},
			'af263977',
		),
		lesson: 'server-killed',
		judge: ({ identity: { flushLogAtCommit: value }, dialect }) => {
			// MariaDB's 3 is 1 and the group commit of old.
			if (value === 1 || value === 3) return OK;
			const [status, says] = value === 2 ? (['warning', 'host'] as const) : (['fail', 'server'] as const);
			return [{ status, says, values: { value }, lines: dialect.diagnostics.fixes.flushLog }];
		},
	}),
	defineCheck({
		id: 'CRASH-RELAY-NAME',
		needs: ['channels', 'crash', 'dialect'],
		texts: translated(
			{
				ok: 'Host renamed, data moved: the relay logs keep their name, an option gives it.',
				unnamed: 'Host renamed, data moved: the relay logs are looked for under another name, because no option gives it (relay_log).',
				meaning: 'After such a restart the server does not find its relay logs, and replication does not start.',
				fix: 'Name them in the option file, by the name that they have now; it needs a restart of the server.',
				unsafe: 'RESET REPLICA ALL gets rid of the error, and of the primary, the account and the password as well.',
			},
			{
				ok: 'Máquina renomeada, dados movidos: os relay logs mantêm o nome, uma opção o define.',
				unnamed:
					'Máquina renomeada, dados movidos: os relay logs são procurados com outro nome, porque nenhuma opção o define (relay_log).',
				meaning: 'Depois de reiniciar assim, o servidor não encontra seus relay logs, e a replicação não inicia.',
				fix: 'Defina o nome no arquivo de opções, o mesmo que eles têm agora; exige reiniciar o servidor.',
				unsafe: 'RESET REPLICA ALL elimina o erro, mas também a origem, a conta e a senha.',
			},
			'fd72da57',
		),
		lesson: 'renamed-host',
		judge: ({ channels, crash, dialect }) => {
			if (channels.length === 0) return [];
			return crash.isRelayLogNamed ? OK : [{ status: 'warning', says: 'unnamed', lines: dialect.diagnostics.fixes.relayLog }];
		},
	}),
	defineCheck({
		id: 'CRASH-LOG-UPDATES',
		needs: ['channels', 'identity', 'dialect'],
		texts: translated(
			{
				ok: 'What it applies is in its own binary log: backups can be rolled forward by it, and it can take the place of its primary.',
				off: 'What it applies is not in its own binary log ({setting} is off).',
				meaning: 'It cannot be the source of another replica, and a backup of it cannot be rolled forward from its own logs.',
				fix: 'Switch it on in the option file; it needs a restart of the server.',
			},
			{
				ok: 'O que ela aplica está no próprio log binário: backups podem ser avançados com ele, e ela pode ocupar o lugar da origem.',
				off: 'O que ela aplica não está no próprio log binário ({setting} está desligado).',
				meaning: 'Ela não pode ser origem de outra réplica, e um backup dela não pode ser avançado a partir dos próprios logs.',
				fix: 'Ligue-o no arquivo de opções; exige reiniciar o servidor.',
			},
			'c205a5e6',
		),
		judge: ({ channels, identity, dialect }) => {
			if (channels.length === 0) return [];
			if (identity.binaryLog && identity.logsReplicaUpdates) return OK;
			const { diagnostics, terms } = dialect;
			return [{ status: 'note', says: 'off', values: { setting: terms.logsReplicaUpdates }, lines: diagnostics.fixes.logReplicaUpdates }];
		},
	}),
];
