import { COMMON, FOLLOWS } from './common-checks.ts';
import type { Lesson, LessonTexts } from './contract.ts';
import { until } from './pair.ts';
import { skipTransaction, UNLOGGED, WHOLE_ROWS } from './statements.ts';

const EN: LessonTexts = {
	title: 'The row that is missing on the replica',
	story: 'Somewhere, at some time, a row was deleted on the replica alone. Tonight the primary updated it, and the applier stopped.',
	goal: 'Start replication again so that shop.tickets holds the same rows on both servers.',
	hints: [
		'The error names the table but no key. Compare the ids in shop.tickets on both servers.',
		'The applier updates the row as soon as it exists. Insert the row as it was before the update, without logging that.',
		"On the replica: SET SESSION sql_log_bin = 0; INSERT INTO shop.tickets VALUES (2, 'Parcel late', 'new'); START REPLICA;",
	],
	tempting: 'Skip the transaction. Both threads run, and the row is missing until the next update of it stops the applier again.',
	price: 'Both threads run, but shop.tickets differs: the row is still missing, and its update was thrown away.',
	debrief:
		'Error 1032 means that the replica lacks a row that an event changes. With a primary key any row of that key satisfies the applier, so the thread proves nothing: only a comparison does. In the STATEMENT and MIXED formats of MariaDB the same update passes without an error. Where one row is missing, expect more: compare whole tables, and seed again when in doubt.',
};

export const missingRow: Lesson = {
	id: 'missing-row',
	number: 10,
	vendors: ['mariadb', 'mysql'],
	texts: {
		en: EN,
		pt: {
			title: 'A linha que falta na réplica',
			story: 'Em algum momento uma linha foi apagada somente na réplica. Hoje à noite o primário a atualizou, e a thread SQL parou.',
			goal: 'Inicie a replicação de novo, de modo que shop.tickets tenha as mesmas linhas nos dois servidores.',
			hints: [
				'O erro mostra a tabela, mas não a chave. Compare os ids de shop.tickets nos dois servidores.',
				'A thread SQL atualiza a linha assim que ela existir. Insira a linha como era antes da atualização, sem registrá-la no log binário.',
				"Na réplica: SET SESSION sql_log_bin = 0; INSERT INTO shop.tickets VALUES (2, 'Parcel late', 'new'); START REPLICA;",
			],
			tempting: 'Pular a transação. As duas threads rodam, e a linha falta até que a próxima atualização dela pare a thread SQL de novo.',
			price: 'As duas threads rodam, mas shop.tickets difere: a linha ainda falta, e a atualização dela foi descartada.',
			debrief:
				'O erro 1032 significa que falta na réplica uma linha que um evento altera. Com uma chave primária, qualquer linha com essa chave satisfaz a thread SQL; a thread, portanto, não prova nada: só uma comparação prova. Nos formatos STATEMENT e MIXED do MariaDB a mesma atualização passa sem erro. Onde falta uma linha, espere mais: compare tabelas inteiras e, na dúvida, semeie a réplica de novo.',
		},
		compared: 'c85883c0',
	},
	findings: ['REPL-SQL'],
	seen: { mariadb: /1032/, mysql: /1032/ },
	checks: [...FOLLOWS, COMMON.own],
	async make({ vendor, primary, replica, channel }) {
		await replica.run(UNLOGGED, 'DELETE FROM shop.tickets WHERE id = 2');
		await primary.run(...WHOLE_ROWS[vendor], "UPDATE shop.tickets SET status = 'paid' WHERE id = 2");
		await until('the missing row', async () => /1032/.test((await channel())?.sqlError ?? ''));
		return {};
	},
	isPricePaid: (results) => results.get('threads')?.ok === true && results.get('rows')?.ok === false,
	tempting: skipTransaction,
	async right({ replica, dialect }) {
		await replica.run(UNLOGGED, "INSERT INTO shop.tickets VALUES (2, 'Parcel late', 'new')", dialect.channel.start);
	},
};
