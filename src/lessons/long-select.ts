import { COMMON } from './common-checks.ts';
import type { CheckResult, Lesson, LessonTexts } from './contract.ts';
import { type Pair, type Side, until } from './pair.ts';

const EN: LessonTexts = {
	title: 'A long SELECT in front of the lock',
	story:
		'A report has been reading shop.tickets on the replica for an hour. A backup script asked for the global read lock, and now everything waits.',
	goal: 'Let the replica replicate again. The report must go through to its end.',
	report: 'The report is still running',
	waiting: 'No session waits for the tables to be flushed',
	hints: [
		'SHOW PROCESSLIST on the replica: which session waits for whom, and which of them was first?',
		'FLUSH TABLES WITH READ LOCK waits for the report, and holds back every write, and every read of shop.tickets, meanwhile.',
		'On the replica: KILL the session that runs FLUSH TABLES WITH READ LOCK, all of it and not its statement alone. What it had of the lock goes with its connection.',
	],
	tempting:
		'Kill the report, as it is the oldest. The lock is acquired then, the replica stands still for as long as the backup takes, and an hour of work is lost.',
	price: 'The report was killed: an hour of its work is lost, and the backup script holds the lock now.',
	debrief:
		'In MySQL FLUSH TABLES WITH READ LOCK waits for running statements, and what comes after it waits as well: a pending lock is an outage. Refused by lock_wait_timeout or KILL QUERY, its session may still hold a part of it: end the connection. The report’s table was closed for it and opens again only when the report ends. lockstep waits for long statements first, tries in short attempts, and names what is in its way. MariaDB does not wait for SELECTs.',
};

const BY_TEXT = 'SELECT ID AS id FROM performance_schema.processlist WHERE INFO LIKE';
const idsOf = async (side: Side, pattern: string): Promise<readonly string[]> =>
	(await side.run(`${BY_TEXT} '${pattern}'`)).map(({ id }) => `#${id}`);

const REPORT = 'SELECT SLEEP(36000), subject FROM shop.tickets%';
const FLUSH = 'FLUSH TABLES WITH READ LOCK%';

async function report({ replica }: Pair): Promise<CheckResult> {
	const found = await idsOf(replica, REPORT);
	return { ok: found.length > 0, evidence: found.join(', ') || '–' };
}

async function waiting({ replica }: Pair): Promise<CheckResult> {
	const rows = await replica.run(
		"SELECT ID AS id, STATE AS state FROM performance_schema.processlist WHERE STATE IN ('Waiting for table flush', 'Waiting for global read lock', 'Waiting for commit lock')",
	);
	return { ok: rows.length === 0, evidence: rows.map(({ id, state }) => `#${id} ${state}`).join(', ') || '–' };
}

export const longSelect: Lesson = {
	id: 'long-select',
	number: 7,
	vendors: ['mysql'],
	texts: {
		en: EN,
		pt: {
			title: 'Um SELECT longo à frente do lock',
			story:
				'Um relatório lê shop.tickets na réplica há uma hora. Um script de backup pediu o lock global de leitura, e agora tudo espera.',
			goal: 'Deixe a réplica replicar de novo. O relatório deve chegar ao fim.',
			report: 'O relatório continua em execução',
			waiting: 'Nenhuma sessão espera pelo flush das tabelas',
			hints: [
				'SHOW PROCESSLIST na réplica: qual sessão espera por qual, e qual delas foi a primeira?',
				'FLUSH TABLES WITH READ LOCK espera pelo relatório e, enquanto isso, segura toda escrita e toda leitura de shop.tickets.',
				'Na réplica: KILL na sessão que executa FLUSH TABLES WITH READ LOCK, na sessão inteira e não só no comando. O que ela tinha do lock vai embora com a conexão.',
			],
			tempting:
				'Matar o relatório, por ser o mais antigo. O lock é obtido então, a réplica fica parada enquanto durar o backup, e uma hora de trabalho se perde.',
			price: 'O relatório foi morto: uma hora de trabalho dele se perdeu, e agora o script de backup segura o lock.',
			debrief:
				'No MySQL, FLUSH TABLES WITH READ LOCK espera pelos comandos em execução, e o que vem depois dele espera também: um lock pendente é uma parada. Recusado por lock_wait_timeout ou KILL QUERY, a sessão pode ainda segurar uma parte dele: encerre a conexão. A tabela do relatório foi fechada por ele e só abre de novo quando o relatório termina. O lockstep espera primeiro pelos comandos longos, tenta em tentativas curtas e mostra o que está no caminho. O MariaDB não espera por SELECTs.',
		},
		compared: '871250e8',
	},
	findings: ['LOCK-QUERIES'],
	seen: { mysql: /Waiting for table flush/ },
	checks: [COMMON.threads, COMMON.reached, { id: 'waiting', run: waiting }, { id: 'report', run: report }],
	async make(pair) {
		pair.hold('replica', 'SELECT SLEEP(36000), subject FROM shop.tickets LIMIT 1');
		await until('the report', async () => (await report(pair)).ok);
		pair.hold('replica', 'FLUSH TABLES WITH READ LOCK; SELECT SLEEP(36000)');
		await until('the lock that waits', async () => /table flush/.test((await waiting(pair)).evidence));
		return {};
	},
	isPricePaid: (results) => results.get('report')?.ok === false,
	async tempting({ replica }) {
		for (const id of await idsOf(replica, REPORT)) await replica.run(`KILL ${Number(id.slice(1))}`);
	},
	async right({ replica }) {
		for (const id of await idsOf(replica, FLUSH)) await replica.run(`KILL ${Number(id.slice(1))}`);
	},
};
