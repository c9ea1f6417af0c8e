import { FOLLOWS } from './common-checks.ts';
import type { CheckResult, Lesson, LessonTexts } from './contract.ts';
import { type Pair, until } from './pair.ts';

const EN: LessonTexts = {
	title: 'A renamed host: the relay logs are not found',
	story: 'The replica’s host got another name, and its option file never named the relay logs. After the restart the threads do not start.',
	goal: 'Start replication again without losing the channel’s configuration.',
	channel: 'The channel still has its source and account',
	hints: [
		'START REPLICA says (MySQL), or the error log says (MariaDB), what cannot be opened. Which files are in the data folder, and what does @@relay_log say?',
		'The relay logs can be fetched again: what was applied is known by GTID. The old ones must be forgotten, the channel must not.',
		'MySQL: RESET REPLICA; START REPLICA; MariaDB: STOP SLAVE; note @@gtid_slave_pos; RESET SLAVE; SET GLOBAL gtid_slave_pos to it; START SLAVE.',
	],
	tempting: 'RESET REPLICA ALL, because that is what is remembered. The channel is gone with it: source, account, password, TLS.',
	price: 'The channel was forgotten: its source, account, password and TLS settings must be found and given again.',
	debrief:
		'Without relay_log in the option file the relay logs are named after the host (MySQL) or the pid file (MariaDB). After a rename the server expects files of another name: 1872 in MySQL, no number at all in MariaDB. With GTIDs, RESET REPLICA throws the relay logs away and keeps position and channel; RESET REPLICA ALL forgets the channel. Name relay_log explicitly.',
};

async function channel(pair: Pair): Promise<CheckResult> {
	const found = await pair.channel();
	const wanted = `repl@${pair.primary.server.host}:${pair.primary.server.port}`;
	const evidence = found === undefined || found.host === '' ? '–' : `${found.user}@${found.host}:${found.port}`;
	return { ok: evidence === wanted, evidence };
}

export const renamedHost: Lesson = {
	id: 'renamed-host',
	number: 17,
	vendors: ['mariadb', 'mysql'],
	texts: {
		en: EN,
		pt: {
			title: 'Um host renomeado: os relay logs não são encontrados',
			story:
				'O host da réplica recebeu outro nome, e o arquivo de opções nunca nomeou os relay logs. Depois da reinicialização as threads não iniciam.',
			goal: 'Inicie a replicação de novo sem perder a configuração do canal.',
			channel: 'O canal ainda tem a origem e a conta',
			hints: [
				'START REPLICA (MySQL) ou o log de erros (MariaDB) diz o que não pode ser aberto. Quais arquivos estão na pasta de dados, e o que diz @@relay_log?',
				'Os relay logs podem ser buscados de novo: o que foi aplicado se sabe pelo GTID. Os antigos devem ser esquecidos, o canal não.',
				'MySQL: RESET REPLICA; START REPLICA; MariaDB: STOP SLAVE; anote @@gtid_slave_pos; RESET SLAVE; SET GLOBAL gtid_slave_pos com ela; START SLAVE.',
			],
			tempting: 'RESET REPLICA ALL, porque é o que se tem na memória. O canal vai junto: origem, conta, senha, TLS.',
			price: 'O canal foi esquecido: a origem, a conta, a senha e as configurações de TLS precisam ser encontradas e informadas de novo.',
			debrief:
				'Sem relay_log no arquivo de opções, os relay logs recebem o nome do host (MySQL) ou do arquivo de pid (MariaDB). Depois de uma renomeação o servidor espera arquivos com outro nome: 1872 no MySQL, nenhum número no MariaDB. Com GTIDs, RESET REPLICA descarta os relay logs e mantém a posição e o canal; RESET REPLICA ALL esquece o canal. Defina relay_log explicitamente.',
		},
		compared: '556b04b5',
	},
	findings: ['CRASH-RELAY-NAME'],
	seen: { mariadb: /IO no · SQL no/, mysql: /IO no · SQL no/ },
	checks: [...FOLLOWS, { id: 'channel', run: channel }],
	async make(pair) {
		await pair.stop('replica');
		// With relay-log recovery the server would begin new relay logs by itself.
		const renamed = await pair.start(['--relay-log=renamed-host-relay-bin', '--relay-log-recovery=OFF']);
		await until('stopped threads', async () => {
			const found = await renamed.channel();
			return found === undefined || (found.io === 'no' && found.sql === 'no');
		});
		return {};
	},
	isPricePaid: (results) => results.get('channel')?.ok === false,
	async tempting({ replica, dialect }) {
		await replica.run(dialect.channel.stop, dialect.channel.forget);
	},
	async right({ vendor, replica, dialect }) {
		const { start } = dialect.channel;
		if (vendor === 'mysql') {
			await replica.run('RESET REPLICA', start);
			return;
		}
		const position = await replica.value('SELECT @@global.gtid_slave_pos');
		await replica.run(dialect.channel.stop, 'RESET SLAVE', ...dialect.positions.setReplicated(position), start);
	},
};
