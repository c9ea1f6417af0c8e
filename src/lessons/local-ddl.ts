import { COMMON, FOLLOWS } from './common-checks.ts';
import type { CheckResult, Lesson, LessonTexts } from './contract.ts';
import { type Pair, until } from './pair.ts';
import { UNLOGGED } from './statements.ts';

const EN: LessonTexts = {
	title: 'A table made on the replica alone',
	story:
		'A script meant for the primary ran on the replica and created shop.scratch there. Its transaction is in the replica’s binary log now.',
	goal: 'Remove the table and every transaction of the replica’s own, and keep replication strict. Nothing of the primary may be lost.',
	strict: 'GTIDs are kept in strict order',
	scratch: 'shop.scratch does not exist on the replica',
	hints: [
		'Compare what the replica has written itself with what the primary knows: MariaDB stops with 1950, MySQL says nothing and keeps an errant GTID.',
		'The table goes without logging (sql_log_bin = 0). The transaction goes with the replica’s own binary log; the position of what was replicated must survive that.',
		'MariaDB: STOP SLAVE; note @@gtid_slave_pos; drop unlogged; RESET MASTER; SET GLOBAL gtid_slave_pos to it; START SLAVE. MySQL: STOP REPLICA; drop unlogged; RESET BINARY LOGS AND GTIDS; SET GLOBAL gtid_purged to the old set without the replica’s own uuid; START REPLICA.',
	],
	tempting:
		'MariaDB: gtid_strict_mode = 0. MySQL: DROP TABLE on the replica, which is one more transaction of its own. Both run, and the price is paid at the next promotion.',
	price:
		'Replication runs, but the replica keeps transactions that no other server knows. Promoted to primary, it asks others for what they cannot have, or offers what was purged: error 1236.',
	debrief:
		'A write on a replica is logged there under its own name. MariaDB in strict mode stops with 1950 at the next event; without it two servers share the numbers of one domain for ever. MySQL only keeps the errant GTID. Compare GTID_SUBTRACT(replica, primary), and write on replicas with sql_log_bin = 0, if at all.',
};

async function strict({ vendor, replica }: Pair): Promise<CheckResult> {
	const variable = vendor === 'mariadb' ? 'gtid_strict_mode' : 'enforce_gtid_consistency';
	const value = await replica.value(`SELECT @@global.${variable}`);
	return { ok: value === '1' || value === 'ON', evidence: `${variable} = ${value}` };
}

async function scratch({ replica }: Pair): Promise<CheckResult> {
	const count = await replica.value(
		"SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'shop' AND table_name = 'scratch'",
	);
	return { ok: count === '0', evidence: count === '0' ? '–' : 'shop.scratch' };
}

export const localDdl: Lesson = {
	id: 'local-ddl',
	number: 11,
	vendors: ['mariadb', 'mysql'],
	texts: {
		en: EN,
		pt: {
			title: 'Uma tabela criada somente na réplica',
			story:
				'Um script destinado ao primário rodou na réplica e criou shop.scratch lá. A transação dele está agora no log binário da réplica.',
			goal: 'Remova a tabela e toda transação própria da réplica, e mantenha a replicação estrita. Nada do primário pode se perder.',
			strict: 'Os GTIDs são mantidos em ordem estrita',
			scratch: 'shop.scratch não existe na réplica',
			hints: [
				'Compare o que a própria réplica escreveu com o que o primário conhece: o MariaDB para com 1950; o MySQL nada diz e guarda um GTID errante.',
				'A tabela sai sem registro (sql_log_bin = 0). A transação sai com o log binário da própria réplica; a posição do que foi replicado deve sobreviver a isso.',
				'MariaDB: STOP SLAVE; anote @@gtid_slave_pos; remova sem registro; RESET MASTER; SET GLOBAL gtid_slave_pos com ela; START SLAVE. MySQL: STOP REPLICA; remova sem registro; RESET BINARY LOGS AND GTIDS; SET GLOBAL gtid_purged com o conjunto antigo sem o uuid da própria réplica; START REPLICA.',
			],
			tempting:
				'MariaDB: gtid_strict_mode = 0. MySQL: DROP TABLE na réplica, que é mais uma transação própria. Os dois rodam, e o preço é pago na próxima promoção.',
			price:
				'A replicação roda, mas a réplica guarda transações que nenhum outro servidor conhece. Promovida a primário, ela pede aos outros o que eles não podem ter, ou oferece o que foi removido: erro 1236.',
			debrief:
				'Uma escrita numa réplica é registrada lá com o nome dela. O MariaDB em modo estrito para com 1950 no próximo evento; sem ele, dois servidores dividem para sempre os números de um domínio. O MySQL apenas guarda o GTID errante. Compare GTID_SUBTRACT(réplica, primário) e escreva em réplicas com sql_log_bin = 0, se for preciso.',
		},
		compared: '07f4d7f3',
	},
	findings: ['REPL-ERRANT', 'READ-ONLY'],
	seen: { mariadb: /1950/, mysql: /own: .*[\da-f]{8}-/ },
	checks: [...FOLLOWS, COMMON.own, { id: 'strict', run: strict }, { id: 'scratch', run: scratch }],
	async make({ vendor, replica, channel }) {
		await replica.run('CREATE TABLE shop.scratch (id INT NOT NULL PRIMARY KEY) ENGINE=InnoDB');
		if (vendor === 'mariadb') await until('the order of GTIDs', async () => /1950/.test((await channel())?.sqlError ?? ''));
		return {};
	},
	isPricePaid: (results) => {
		const isOk = (id: string) => results.get(id)?.ok === true;
		return isOk('threads') && !isOk('own') && (!isOk('strict') || isOk('scratch'));
	},
	async tempting({ vendor, replica, dialect }) {
		if (vendor === 'mariadb') await replica.run('SET GLOBAL gtid_strict_mode = 0', dialect.channel.start);
		else await replica.run('DROP TABLE shop.scratch');
	},
	async right({ vendor, replica, dialect }) {
		const { stop, start } = dialect.channel;
		await replica.run(stop);
		const position =
			vendor === 'mariadb'
				? await replica.value('SELECT @@global.gtid_slave_pos')
				: await replica.value("SELECT GTID_SUBTRACT(@@global.gtid_executed, CONCAT(@@server_uuid, ':1-1000000'))");
		await replica.run(UNLOGGED, 'DROP TABLE shop.scratch');
		await replica.run(dialect.positions.forgetLog, ...dialect.positions.setReplicated(position), start);
	},
};
