import { FOLLOWS } from './common-checks.ts';
import type { CheckResult, Lesson, LessonTexts, Notes } from './contract.ts';
import { type Pair, until } from './pair.ts';

const EN: LessonTexts = {
	title: 'Both threads run, and nothing moves: a lock',
	story:
		'A backup script took the global read lock on the replica and then waited for its operator. Monitoring shows two running threads and no error.',
	goal: 'Find what holds the lock and let the replica catch up. The server must not be restarted.',
	lock: 'No session holds the global read lock',
	uptime: 'The replica was not restarted',
	hints: [
		'Compare the GTIDs of both servers twice, some seconds apart. Then read SHOW PROCESSLIST on the replica: what does the applier wait for?',
		'The applier waits for a lock, and one session sleeps in a statement since before. That session holds it.',
		'On the replica: find the id of the session that runs SLEEP in SHOW PROCESSLIST, then KILL that id.',
	],
	tempting:
		'Restart the server, because STOP REPLICA hangs. The lock is gone, with the buffer pool, every session and the backup that would have ended in a minute.',
	price: 'The lock is gone, but the server was restarted: each session of it was cut, and its caches are cold.',
	debrief:
		'Under FLUSH TABLES WITH READ LOCK both threads say Yes, and seconds behind may say 0, while the applier waits for the backup lock (MariaDB) or the global read lock (MySQL). STOP REPLICA hangs then. Only GTIDs of both servers show the lag. lockstep backup holds its lock in one session with a bound, says so, and releases it whatever happens.',
};

/** What the applier and stopping threads wait for while it is held. */
const WAITS = "STATE IN ('Waiting for backup lock', 'Waiting for global read lock', 'Waiting for commit lock')";

async function lock({ replica }: Pair): Promise<CheckResult> {
	const waiting = await replica.run(`SELECT ID AS id, STATE AS state FROM information_schema.PROCESSLIST WHERE ${WAITS}`);
	const holders = await replica.run("SELECT ID AS id FROM information_schema.PROCESSLIST WHERE INFO LIKE 'SELECT SLEEP%'");
	const evidence = [...waiting.map(({ id, state }) => `#${id} ${state}`), ...holders.map(({ id }) => `#${id} SLEEP`)].join(', ');
	return { ok: evidence === '', evidence: evidence || '–' };
}

async function uptime({ replica }: Pair, notes: Notes): Promise<CheckResult> {
	const pid = String(replica.server.pid);
	return { ok: pid === notes.pid, evidence: pid === notes.pid ? `pid ${pid}` : `pid ${notes.pid} → ${pid}` };
}

export const lockedBackup: Lesson = {
	id: 'locked-backup',
	number: 2,
	vendors: ['mariadb', 'mysql'],
	texts: {
		en: EN,
		pt: {
			title: 'As duas threads rodam, e nada anda: um lock',
			story:
				'Um script de backup obteve o lock global de leitura na réplica e depois esperou pelo operador. O monitoramento mostra duas threads em execução e nenhum erro.',
			goal: 'Descubra o que segura o lock e deixe a réplica alcançar o primário. O servidor não deve ser reiniciado.',
			lock: 'Nenhuma sessão segura o lock global de leitura',
			uptime: 'A réplica não foi reiniciada',
			hints: [
				'Compare os GTIDs dos dois servidores duas vezes, com alguns segundos de intervalo. Depois leia SHOW PROCESSLIST na réplica: o que a thread SQL espera?',
				'A thread SQL espera por um lock, e uma sessão dorme num comando desde antes. É essa sessão que o segura.',
				'Na réplica: encontre em SHOW PROCESSLIST o id da sessão que executa SLEEP, depois KILL nesse id.',
			],
			tempting:
				'Reiniciar o servidor, porque STOP REPLICA trava. O lock some, junto com o buffer pool, todas as sessões e o backup que terminaria em um minuto.',
			price: 'O lock sumiu, mas o servidor foi reiniciado: todas as sessões dele foram cortadas, e os caches estão frios.',
			debrief:
				'Sob FLUSH TABLES WITH READ LOCK as duas threads dizem Yes, e o atraso em segundos pode dizer 0, enquanto a thread SQL espera pelo backup lock (MariaDB) ou pelo global read lock (MySQL). STOP REPLICA trava nesse caso. Só os GTIDs dos dois servidores mostram o atraso. O lockstep backup segura o lock numa sessão com um limite, informa isso e o libera aconteça o que acontecer.',
		},
		compared: '033d703c',
	},
	findings: ['REPL-LAG', 'BACKUP-PROVEN'],
	seen: { mariadb: /Waiting for backup lock/, mysql: /Waiting for (global read|commit) lock/ },
	checks: [...FOLLOWS, { id: 'lock', run: lock }, { id: 'uptime', run: uptime }],
	async make(pair) {
		pair.hold('replica', 'FLUSH TABLES WITH READ LOCK; SELECT SLEEP(36000)');
		await until('the applier waits', async () => !(await lock(pair)).ok && /Waiting/.test((await lock(pair)).evidence));
		return { pid: String(pair.replica.server.pid) };
	},
	isPricePaid: (results) => results.get('uptime')?.ok === false,
	async tempting(pair) {
		await pair.kill('replica');
		await pair.start();
	},
	async right({ replica }) {
		const [row] = await replica.run("SELECT ID AS id FROM information_schema.PROCESSLIST WHERE INFO LIKE 'SELECT SLEEP%'");
		await replica.run(`KILL ${Number(row?.id)}`);
	},
};
