import { sql } from '../sql/sql.ts';
import { FOLLOWS } from './common-checks.ts';
import type { CheckResult, Lesson, LessonTexts, Notes } from './contract.ts';
import { type Pair, type Side, until } from './pair.ts';
import { changeChannel, idle, option } from './statements.ts';

const EN: LessonTexts = {
	title: 'DROP TABLE, and a replica that is an hour late',
	story: 'Two minutes ago an application dropped shop.tickets on the primary. The replica applies everything an hour later, on purpose.',
	goal: 'Get shop.tickets back on both servers with every row that it had, and let the replica follow without a delay.',
	back: 'shop.tickets on the primary has every row of before the DROP',
	kept: 'One of the servers has shop.tickets',
	hints: [
		'The DROP is in the replica’s relay log, not applied yet. Stop the applier before anything else.',
		'The rows until just before the DROP are wanted, and not those of an hour ago alone. Find the GTID of the DROP (mysqlbinlog on the primary’s log), and let the applier run until the one before it.',
		'On the replica: STOP REPLICA; CHANGE … DELAY = 0; START REPLICA UNTIL the GTID before the DROP. Then dump shop.tickets from the replica, START REPLICA, and load the dump on the primary.',
	],
	tempting: 'Set the delay to 0 and start, so that the last rows arrive. The DROP arrives with them.',
	price:
		'The replica applied the DROP, too: shop.tickets exists on no server now. What is left is the last backup and the binary logs since.',
	debrief:
		'A delayed replica is the quickest way back from a wrong statement, if its applier is stopped in time and ends just before that statement: START … UNTIL with a GTID. Afterwards the table goes back to the primary, and replication brings it to all. Without such a replica: restore one table from the last backup, and replay binary logs.',
};

const SUM = "SELECT CONCAT(COUNT(*), ' rows, sum ', COALESCE(BIT_XOR(CRC32(CONCAT_WS(0x1F, id, subject, status))), 0)) FROM shop.tickets";
const sumOf = (side: Side): Promise<string> => side.value(SUM).catch(() => '–');

async function back({ primary }: Pair, notes: Notes): Promise<CheckResult> {
	const evidence = await sumOf(primary);
	return { ok: evidence === notes.sum, evidence };
}

async function kept({ primary, replica }: Pair): Promise<CheckResult> {
	const [here, there] = [await sumOf(primary), await sumOf(replica)];
	return { ok: here !== '–' || there !== '–', evidence: `${primary.name} ${here}, ${replica.name} ${there}` };
}

/** Makes the table again from what another server holds of it. */
async function copyTickets(from: Side, to: Side): Promise<void> {
	const [made] = await from.run('SHOW CREATE TABLE shop.tickets');
	const rows = await from.run('SELECT id, subject, status FROM shop.tickets');
	const values = rows.map(({ id, subject, status }) => sql`(${Number(id)}, ${subject ?? ''}, ${status ?? ''})`);
	await to.run('USE shop', made?.['Create Table'] ?? '', ...values.map((value) => sql`INSERT INTO shop.tickets VALUES ${value}`));
}

export const dropTable: Lesson = {
	id: 'drop-table',
	number: 15,
	vendors: ['mariadb', 'mysql'],
	texts: {
		en: EN,
		pt: {
			title: 'DROP TABLE, e uma réplica uma hora atrasada',
			story: 'Há dois minutos uma aplicação removeu shop.tickets no primário. A réplica aplica tudo uma hora depois, de propósito.',
			goal: 'Recupere shop.tickets nos dois servidores com todas as linhas que tinha, e deixe a réplica acompanhar sem atraso.',
			back: 'shop.tickets no primário tem todas as linhas de antes do DROP',
			kept: 'Um dos servidores tem shop.tickets',
			hints: [
				'O DROP está no relay log da réplica, ainda não aplicado. Pare a thread SQL antes de qualquer outra coisa.',
				'São necessárias as linhas até pouco antes do DROP, não só as de uma hora atrás. Encontre o GTID do DROP (mysqlbinlog no log do primário) e deixe a thread SQL rodar até o anterior.',
				'Na réplica: STOP REPLICA; CHANGE … DELAY = 0; START REPLICA UNTIL o GTID antes do DROP. Depois faça um dump de shop.tickets na réplica, START REPLICA, e carregue o dump no primário.',
			],
			tempting: 'Pôr o atraso em 0 e iniciar, para que as últimas linhas cheguem. O DROP chega junto.',
			price:
				'A réplica também aplicou o DROP: shop.tickets não existe mais em nenhum servidor. Restam o último backup e os logs binários desde então.',
			debrief:
				'Uma réplica atrasada é o caminho mais rápido de volta de um comando errado, se a thread SQL for parada a tempo e terminar logo antes desse comando: START … UNTIL com um GTID. Depois a tabela volta ao primário, e a replicação a leva a todos. Sem uma réplica assim: restaure uma tabela do último backup e reaplique os logs binários.',
		},
		compared: 'ca77d878',
	},
	findings: ['REPL-LAG', 'BACKUP-AGE'],
	seen: { mariadb: /back: –/, mysql: /back: –/ },
	checks: [...FOLLOWS, { id: 'back', run: back }, { id: 'kept', run: kept }],
	async make(pair) {
		const { primary, replica } = pair;
		await changeChannel(pair, sql`${option(pair, 'DELAY')} = 3600`);
		await idle(pair);
		await primary.run("INSERT INTO shop.tickets VALUES (90, 'Just before the DROP', 'new')");
		const { written: before } = await primary.query(pair.dialect.positions.current);
		const sum = await sumOf(primary);
		await primary.run('DROP TABLE shop.tickets', 'SET GLOBAL event_scheduler = ON');
		await until('the delay', async () => (await pair.channel())?.delaySeconds === 3600);
		await until('the table on the replica', async () => (await sumOf(replica)) !== '–');
		return { before, sum };
	},
	isPricePaid: (results) => results.get('kept')?.ok === false,
	tempting: (pair) => changeChannel(pair, sql`${option(pair, 'DELAY')} = 0`),
	async right(pair, notes) {
		const { primary, replica, dialect } = pair;
		const { stop, start, startUntil } = dialect.channel;
		const change = pair.vendor === 'mariadb' ? 'CHANGE MASTER TO MASTER_DELAY = 0' : 'CHANGE REPLICATION SOURCE TO SOURCE_DELAY = 0';
		await replica.run(stop, change);
		if (pair.vendor === 'mysql') await replica.run('START REPLICA IO_THREAD');
		await replica.run(startUntil(notes.before ?? ''));
		await until('the rows of before', async () => (await sumOf(replica)) === notes.sum);
		await until('the end of the applier', async () => (await pair.channel())?.sql === 'no');
		await copyTickets(replica, primary);
		await replica.run(stop, start);
	},
};
