import { COMMON, FOLLOWS } from './common-checks.ts';
import type { CheckResult, Lesson, LessonTexts } from './contract.ts';
import type { Pair } from './pair.ts';

const EN: LessonTexts = {
	title: 'The replica was killed',
	story: 'The kernel ran out of memory and killed the replica’s server in the middle of its work. Its settings date from a benchmark.',
	goal: 'Start the replica, see that it lost nothing, and make the next crash safe as well.',
	durable: 'A crash of the host would lose nothing: sync_binlog and innodb_flush_log_at_trx_commit are 1',
	hints: [
		'`lockstep practice boot` (on the screen: b) starts what does not run, as a service manager would. Then read the error log: crash recovery.',
		'Threads and rows are well, for the operating system kept what the server had written. If the host loses power, that is gone: which settings decide?',
		'On the replica: SET GLOBAL sync_binlog = 1; SET GLOBAL innodb_flush_log_at_trx_commit = 1; and both in its option file, with relay_log_recovery = ON.',
	],
	tempting: 'Start it, see both threads run, and close the ticket. The next time it is the host that loses power.',
	price:
		'The replica runs, but with sync_binlog or innodb_flush_log_at_trx_commit as before: when the host loses power, transactions that were acknowledged are gone, and its position may be ahead of its data.',
	debrief:
		'A killed server loses nothing that it handed to the operating system. A host without power loses what was not flushed: redo log and binary log then disagree. With both settings at 1, relay-log recovery and GTID positioning a replica survives either, at the price of two flushes a commit.',
};

async function durable({ replica }: Pair): Promise<CheckResult> {
	const [row] = await replica.run('SELECT @@global.sync_binlog AS s, @@global.innodb_flush_log_at_trx_commit AS f');
	return { ok: row?.s === '1' && row.f === '1', evidence: `sync_binlog = ${row?.s}, innodb_flush_log_at_trx_commit = ${row?.f}` };
}

export const serverKilled: Lesson = {
	id: 'server-killed',
	number: 16,
	vendors: ['mariadb', 'mysql'],
	texts: {
		en: EN,
		pt: {
			title: 'A réplica foi morta',
			story: 'O kernel ficou sem memória e matou o servidor da réplica no meio do trabalho. As configurações dela vêm de um benchmark.',
			goal: 'Inicie a réplica, veja que ela não perdeu nada e torne segura também a próxima queda.',
			durable: 'Uma queda do host não perderia nada: sync_binlog e innodb_flush_log_at_trx_commit são 1',
			hints: [
				'`lockstep practice boot` (na tela: b) inicia o que não está em execução, como faria um gerenciador de serviços. Depois leia o log de erros: crash recovery.',
				'Threads e linhas estão bem, pois o sistema operacional guardou o que o servidor tinha escrito. Se o host perder a energia, isso se perde: quais configurações decidem?',
				'Na réplica: SET GLOBAL sync_binlog = 1; SET GLOBAL innodb_flush_log_at_trx_commit = 1; e as duas no arquivo de opções dela, com relay_log_recovery = ON.',
			],
			tempting: 'Iniciá-la, ver as duas threads em execução e fechar o chamado. Na próxima vez é o host que perde a energia.',
			price:
				'A réplica roda, mas com sync_binlog ou innodb_flush_log_at_trx_commit como antes: quando o host perde a energia, transações confirmadas somem, e a posição dela pode estar à frente dos dados.',
			debrief:
				'Um servidor morto não perde nada do que entregou ao sistema operacional. Um host sem energia perde o que não foi descarregado: o redo log e o log binário passam a discordar. Com as duas configurações em 1, relay-log recovery e posicionamento por GTID, uma réplica sobrevive aos dois casos, ao preço de duas descargas por commit.',
		},
		compared: '17168ffb',
	},
	findings: ['CRASH-BINLOG', 'CRASH-COMMIT', 'CRASH-RELAY'],
	seen: { mariadb: /threads: .*(connect|answer)/, mysql: /threads: .*(connect|answer)/ },
	checks: [...FOLLOWS, COMMON.own, { id: 'durable', run: durable }],
	async make(pair) {
		await pair.replica.run('SET GLOBAL sync_binlog = 0', 'SET GLOBAL innodb_flush_log_at_trx_commit = 2');
		await pair.kill('replica');
		return {};
	},
	isPricePaid: (results) => results.get('threads')?.ok === true && results.get('durable')?.ok === false,
	tempting: async (pair) => void (await pair.start()),
	async right(pair) {
		const { replica } = await pair.start();
		await replica.run('SET GLOBAL sync_binlog = 1', 'SET GLOBAL innodb_flush_log_at_trx_commit = 1');
	},
};
