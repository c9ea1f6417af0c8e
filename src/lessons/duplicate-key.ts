import { COMMON, FOLLOWS } from './common-checks.ts';
import type { Lesson, LessonTexts } from './contract.ts';
import { until } from './pair.ts';
import { skipTransaction, UNLOGGED } from './statements.ts';

const EN: LessonTexts = {
	title: 'A write on the replica, then a duplicate key',
	story: 'A colleague inserted a test row on the replica last week. At 02:10 replication stopped.',
	goal: 'Start replication again so that shop.tickets holds the same rows on both servers. No transaction may be skipped.',
	hints: [
		'SHOW REPLICA STATUS names the table and the key. Compare the row with that key on both servers.',
		'The replica’s row was never on the primary. It must go, and its removal must not enter the replica’s binary log.',
		'On the replica: SET SESSION sql_log_bin = 0; DELETE FROM shop.tickets WHERE id = 10; START REPLICA;',
	],
	tempting: 'Skip the transaction (sql_slave_skip_counter = 1, or an empty GTID). Both threads run, and the row stays wrong.',
	price:
		'Both threads run, but shop.tickets differs: the skipped row of the primary is missing on the replica, and no error will ever say so.',
	debrief:
		'Error 1062 means that the replica holds a row that the primary does not know. Skipping hides the difference; later updates of that row pass without an error or overwrite it by chance. Remove the local row without logging it, start the applier and compare checksums. Keep read_only on, and give SUPER to no application.',
};

export const duplicateKey: Lesson = {
	id: 'duplicate-key',
	number: 9,
	vendors: ['mariadb', 'mysql'],
	texts: {
		en: EN,
		pt: {
			title: 'Uma escrita na réplica, depois uma chave duplicada',
			story: 'Um colega inseriu uma linha de teste na réplica na semana passada. Às 02:10 a replicação parou.',
			goal: 'Inicie a replicação de novo, de modo que shop.tickets tenha as mesmas linhas nos dois servidores. Nenhuma transação pode ser pulada.',
			hints: [
				'SHOW REPLICA STATUS mostra a tabela e a chave. Compare a linha com essa chave nos dois servidores.',
				'A linha da réplica nunca existiu no primário. Ela deve sair, e a remoção não pode entrar no log binário da réplica.',
				'Na réplica: SET SESSION sql_log_bin = 0; DELETE FROM shop.tickets WHERE id = 10; START REPLICA;',
			],
			tempting: 'Pular a transação (sql_slave_skip_counter = 1, ou um GTID vazio). As duas threads rodam, e a linha continua errada.',
			price: 'As duas threads rodam, mas shop.tickets difere: a linha pulada do primário falta na réplica, e nenhum erro vai mostrar isso.',
			debrief:
				'O erro 1062 significa que a réplica tem uma linha que o primário não conhece. Pular esconde a diferença; atualizações posteriores dessa linha passam sem erro ou a sobrescrevem por acaso. Remova a linha local sem registrá-la no log binário, inicie a thread SQL e compare os checksums. Mantenha read_only ligado e não dê SUPER a nenhuma aplicação.',
		},
		compared: 'af18a7d2',
	},
	findings: ['REPL-SQL', 'READ-ONLY'],
	seen: { mariadb: /1062/, mysql: /1062/ },
	checks: [...FOLLOWS, COMMON.own],
	async make({ primary, replica, channel, dialect }) {
		// Where it was played before, both have the row.
		await primary.run('DELETE FROM shop.tickets WHERE id = 10');
		const { written } = await primary.query(dialect.positions.current);
		await replica.query(dialect.positions.wait(written, 10));
		await replica.run(UNLOGGED, "INSERT INTO shop.tickets VALUES (10, 'Test row', 'local')");
		await primary.run("INSERT INTO shop.tickets VALUES (10, 'Wrong colour', 'new')");
		await until('the duplicate key', async () => /1062/.test((await channel())?.sqlError ?? ''));
		return {};
	},
	isPricePaid: (results) => results.get('threads')?.ok === true && results.get('rows')?.ok === false,
	tempting: skipTransaction,
	async right({ replica, dialect }) {
		await replica.run(UNLOGGED, 'DELETE FROM shop.tickets WHERE id = 10', dialect.channel.start);
	},
};
