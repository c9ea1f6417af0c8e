import { FOLLOWS } from './common-checks.ts';
import type { CheckResult, Lesson, LessonTexts, Notes } from './contract.ts';
import { type Pair, until } from './pair.ts';

const EN: LessonTexts = {
	title: 'Two servers, one id',
	story: 'The replica was set up from a copy of the primary’s option file. Its IO thread stops as soon as it starts.',
	goal: 'Make the replica replicate with an id of its own. The primary must keep its id.',
	ids: 'Both servers have different ids',
	primaryId: 'The primary has its own id',
	hints: [
		'Last_IO_Error says what source and replica have in common.',
		'SELECT @@server_id on both servers. Which of the two is known to other servers, and is in every GTID?',
		'On the replica: SET GLOBAL server_id = 102; START REPLICA; and the same in its option file.',
	],
	tempting:
		'Give the primary another id. The error goes away, and comes again at the primary’s next restart, with GTIDs of both ids in the logs.',
	price:
		'The primary’s id was changed: its option file still has the old one, so the next restart brings both to one id again, and other replicas see a server that they do not know.',
	debrief:
		'Each server of a topology needs an id of its own, in its option file. MariaDB says 1593, MySQL 13117. A copied data folder of MySQL also needs a new auto.cnf: two replicas with one server_uuid end each other’s connection, while one of them says that both threads run.',
};

const idOf = (side: Pair['primary']): Promise<string> => side.value('SELECT @@global.server_id');

async function ids({ primary, replica }: Pair): Promise<CheckResult> {
	const [here, there] = [await idOf(primary), await idOf(replica)];
	return { ok: here !== there, evidence: `${primary.name} ${here}, ${replica.name} ${there}` };
}

async function primaryId({ primary }: Pair, notes: Notes): Promise<CheckResult> {
	const now = await idOf(primary);
	return { ok: now === notes.id, evidence: now === notes.id ? now : `${notes.id} → ${now}` };
}

export const oneId: Lesson = {
	id: 'one-id',
	number: 6,
	vendors: ['mariadb', 'mysql'],
	texts: {
		en: EN,
		pt: {
			title: 'Dois servidores, um id',
			story: 'A réplica foi configurada a partir de uma cópia do arquivo de opções do primário. A thread de E/S para assim que inicia.',
			goal: 'Faça a réplica replicar com um id próprio. O primário deve manter o seu id.',
			ids: 'Os dois servidores têm ids diferentes',
			primaryId: 'O primário tem o seu próprio id',
			hints: [
				'Last_IO_Error diz o que a origem e a réplica têm em comum.',
				'SELECT @@server_id nos dois servidores. Qual deles os outros servidores conhecem e está em cada GTID?',
				'Na réplica: SET GLOBAL server_id = 102; START REPLICA; e o mesmo no arquivo de opções dela.',
			],
			tempting: 'Dar outro id ao primário. O erro some e volta na próxima reinicialização do primário, com GTIDs dos dois ids nos logs.',
			price:
				'O id do primário foi alterado: o arquivo de opções ainda tem o antigo; a próxima reinicialização leva os dois ao mesmo id, e outras réplicas veem um servidor que não conhecem.',
			debrief:
				'Cada servidor de uma topologia precisa de um id próprio, no seu arquivo de opções. O MariaDB diz 1593, o MySQL 13117. Uma pasta de dados copiada do MySQL precisa também de um auto.cnf novo: duas réplicas com um mesmo server_uuid derrubam a conexão uma da outra, enquanto uma delas diz que as duas threads rodam.',
		},
		compared: '41b53da5',
	},
	findings: ['ID-SERVER-ID', 'ID-UUID'],
	seen: { mariadb: /1593/, mysql: /13117/ },
	checks: [...FOLLOWS, { id: 'ids', run: ids }, { id: 'primaryId', run: primaryId }],
	async make({ primary, replica, dialect, channel }) {
		const id = await idOf(primary);
		await replica.run(dialect.channel.stop, `SET GLOBAL server_id = ${Number(id)}`, dialect.channel.start);
		await until('the equal ids', async () => /1593|13117/.test((await channel())?.ioError ?? ''));
		return { id };
	},
	isPricePaid: (results) => results.get('primaryId')?.ok === false,
	async tempting({ primary, replica, dialect }) {
		await primary.run('SET GLOBAL server_id = 103');
		await replica.run(dialect.channel.stop, dialect.channel.start);
	},
	async right({ replica, dialect }) {
		await replica.run(dialect.channel.stop, 'SET GLOBAL server_id = 102', dialect.channel.start);
	},
};
