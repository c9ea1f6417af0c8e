import { COMMON, FOLLOWS } from './common-checks.ts';
import type { CheckResult, Lesson, LessonTexts } from './contract.ts';
import type { Pair, Side } from './pair.ts';

const EN: LessonTexts = {
	title: 'A first look',
	story: 'It is your first day, and nothing is broken. The primary writes, the replica follows.',
	goal: 'Create shop.first_look on the primary: one row with the columns replica_id, source_port and account, as the replica has them. See it arrive on the replica.',
	answers: 'shop.first_look on the primary holds the right answers',
	arrived: 'shop.first_look has arrived on the replica',
	hints: [
		'Everything about a replica’s channel is in SHOW REPLICA STATUS, on the replica.',
		'replica_id is @@server_id of the replica; source_port and account stand in SHOW REPLICA STATUS.',
		"On the primary: CREATE TABLE shop.first_look (replica_id INT PRIMARY KEY, source_port INT, account VARCHAR(32)); INSERT INTO shop.first_look VALUES (102, PORT, 'repl');",
	],
	tempting: 'Create the table on the replica, where the answers are. The replica then has a transaction of its own.',
	price:
		'The table was made on the replica: it has a transaction now that the primary does not know. MariaDB stops with 1950 for that, MySQL keeps an errant GTID.',
	debrief:
		'A replica is read: SHOW REPLICA STATUS for its threads, source and errors, its GTIDs for how far it is. Writes go to the primary and arrive by replication. read_only does not stop an account with administrator privileges.',
};

const found = (side: Side): Promise<string> =>
	side
		.value("SELECT GROUP_CONCAT(CONCAT(replica_id, ' ', source_port, ' ', account) ORDER BY replica_id) FROM shop.first_look")
		.catch(() => '–');

const wanted = ({ primary, replica }: Pair): string => `${replica.server.serverId} ${primary.server.port} repl`;

async function answers(pair: Pair): Promise<CheckResult> {
	const evidence = (await found(pair.primary)) || '–';
	return { ok: evidence === wanted(pair), evidence };
}

async function arrived(pair: Pair): Promise<CheckResult> {
	const evidence = (await found(pair.replica)) || '–';
	return { ok: evidence === wanted(pair), evidence };
}

const statements = (pair: Pair): readonly string[] => [
	'CREATE TABLE shop.first_look (replica_id INT PRIMARY KEY, source_port INT, account VARCHAR(32)) ENGINE=InnoDB',
	`INSERT INTO shop.first_look VALUES (${pair.replica.server.serverId}, ${pair.primary.server.port}, 'repl')`,
];

export const firstInspection: Lesson = {
	id: 'first-look',
	number: 1,
	vendors: ['mariadb', 'mysql'],
	texts: {
		en: EN,
		pt: {
			title: 'Um primeiro olhar',
			story: 'É o seu primeiro dia, e nada está quebrado. O primário escreve, a réplica acompanha.',
			goal: 'Crie shop.first_look no primário: uma linha com as colunas replica_id, source_port e account, como a réplica as tem. Veja-a chegar à réplica.',
			answers: 'shop.first_look no primário contém as respostas certas',
			arrived: 'shop.first_look chegou à réplica',
			hints: [
				'Tudo sobre o canal de uma réplica está em SHOW REPLICA STATUS, na réplica.',
				'replica_id é o @@server_id da réplica; source_port e account estão em SHOW REPLICA STATUS.',
				"No primário: CREATE TABLE shop.first_look (replica_id INT PRIMARY KEY, source_port INT, account VARCHAR(32)); INSERT INTO shop.first_look VALUES (102, PORTA, 'repl');",
			],
			tempting: 'Criar a tabela na réplica, onde estão as respostas. A réplica passa a ter uma transação própria.',
			price:
				'A tabela foi criada na réplica: ela tem agora uma transação que o primário não conhece. O MariaDB para com 1950 por isso, o MySQL guarda um GTID errante.',
			debrief:
				'Uma réplica se lê: SHOW REPLICA STATUS para as threads, a origem e os erros; os GTIDs para saber até onde ela chegou. Escritas vão para o primário e chegam por replicação. read_only não impede uma conta com privilégios de administrador.',
		},
		compared: 'bc97346b',
	},
	findings: ['REPL-GTID', 'REPL-IO', 'REPL-SQL'],
	seen: { mariadb: /answers: –/, mysql: /answers: –/ },
	checks: [...FOLLOWS, COMMON.own, { id: 'answers', run: answers }, { id: 'arrived', run: arrived }],
	make: async () => ({}),
	isPricePaid: (results) => results.get('own')?.ok === false,
	tempting: async (pair) => void (await pair.replica.run(...statements(pair))),
	right: async (pair) => void (await pair.primary.run(...statements(pair))),
};
