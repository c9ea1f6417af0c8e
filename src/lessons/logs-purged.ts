import { FOLLOWS } from './common-checks.ts';
import type { Lesson, LessonTexts } from './contract.ts';
import { type Pair, until } from './pair.ts';
import { seedAgain } from './statements.ts';

const EN: LessonTexts = {
	title: 'The primary’s binary logs are purged',
	story: 'The replica was stopped over the weekend. On Monday the primary no longer has the binary logs that it asks for.',
	goal: 'Bring the replica back so that both servers hold the same rows.',
	hints: [
		'Last_IO_Error says what the replica asks for. Compare its position with what the primary’s oldest binary log begins with.',
		'What is between the two exists in no log any more. No position can be set that would bring those changes.',
		'Seed the replica again: lockstep provision --primary … --replica …, with the addresses that `lockstep practice env` prints. A cold copy or a dump does it, too.',
	],
	tempting:
		'Set the replica’s position forward to the primary’s. Both threads run, and what happened over the weekend is missing for ever.',
	price:
		'Both threads run, but the changes between the old position and the new one are missing on the replica. No error will ever say so.',
	debrief:
		'1236 (MySQL 13114) with “purged” means a hole that only another copy of the data fills: seed again, from the primary or from a backup whose position the logs still reach. Keep binary logs for longer than a replica may be away, and than a backup is old.',
};

async function loseLogs({ primary, replica, dialect }: Pair): Promise<void> {
	await replica.run(dialect.channel.stop);
	await primary.run("UPDATE shop.tickets SET status = 'closed' WHERE id IN (3, 5)");
	// The thread that sends to the replica may hold a file for a moment.
	await until('the purge', async () => {
		await primary.run('FLUSH BINARY LOGS');
		const files = await primary.run('SHOW BINARY LOGS');
		const last = files.at(-1)?.Log_name ?? '';
		await primary.run({ pieces: [`PURGE BINARY LOGS TO '${last}'`] });
		return (await primary.run('SHOW BINARY LOGS')).length === 1;
	});
}

export const logsPurged: Lesson = {
	id: 'logs-purged',
	number: 12,
	vendors: ['mariadb', 'mysql'],
	texts: {
		en: EN,
		pt: {
			title: 'Os logs binários do primário foram removidos',
			story: 'A réplica ficou parada no fim de semana. Na segunda-feira o primário não tem mais os logs binários que ela pede.',
			goal: 'Traga a réplica de volta, de modo que os dois servidores tenham as mesmas linhas.',
			hints: [
				'Last_IO_Error diz o que a réplica pede. Compare a posição dela com o começo do log binário mais antigo do primário.',
				'O que fica entre os dois não existe mais em nenhum log. Nenhuma posição traria essas mudanças.',
				'Semeie a réplica de novo: lockstep provision --primary … --replica …, com os endereços que `lockstep practice env` mostra. Uma cópia a frio ou um dump também servem.',
			],
			tempting:
				'Avançar a posição da réplica até a do primário. As duas threads rodam, e o que aconteceu no fim de semana falta para sempre.',
			price: 'As duas threads rodam, mas as mudanças entre a posição antiga e a nova faltam na réplica. Nenhum erro vai mostrar isso.',
			debrief:
				'1236 (MySQL 13114) com “purged” significa uma lacuna que só outra cópia dos dados preenche: semeie de novo, do primário ou de um backup cuja posição os logs ainda alcancem. Guarde os logs binários por mais tempo do que uma réplica pode ficar parada e do que a idade de um backup.',
		},
		compared: 'c232de4d',
	},
	findings: ['REPL-IO', 'LOG-EXPIRY'],
	seen: { mariadb: /1236/, mysql: /13114|1236/ },
	checks: FOLLOWS,
	async make(pair) {
		await loseLogs(pair);
		await pair.replica.run(pair.dialect.channel.start);
		await until('the purged logs', async () => /1236|13114/.test((await pair.channel())?.ioError ?? ''));
		return {};
	},
	isPricePaid: (results) => results.get('threads')?.ok === true && results.get('rows')?.ok === false,
	async tempting({ primary, replica, dialect }) {
		const { written } = await primary.query(dialect.positions.current);
		await replica.run(dialect.channel.stop, ...dialect.positions.setReplicated(written), dialect.channel.start);
	},
	right: seedAgain,
};
