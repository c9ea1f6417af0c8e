import { sql } from '../sql/sql.ts';
import { FOLLOWS } from './common-checks.ts';
import type { CheckResult, Lesson, LessonTexts, Notes } from './contract.ts';
import { type Pair, until } from './pair.ts';
import { changeChannel, option } from './statements.ts';

const EN: LessonTexts = {
	title: 'The password of the channel is wrong',
	story: 'A colleague typed the replication password from memory during a change. The replica has been “connecting” ever since.',
	goal: 'Make the replica log in again. Other replicas use the same account: it must stay as it is.',
	account: 'The account repl is unchanged on the primary',
	hints: [
		'Last_IO_Error names the account and the host that the primary saw. Is the password wrong, or does the account require TLS?',
		'The password belongs to the account, not to the channel. Only the channel has a wrong one.',
		'The right one is in the file replication.password, beside the option files that `lockstep practice env` names. On the replica: STOP REPLICA; CHANGE … PASSWORD = that one; START REPLICA.',
	],
	tempting:
		'Give the account the password that the channel has (ALTER USER on the primary). This replica connects, and every other replica of that account fails at its next connection.',
	price:
		'This replica may connect, but the account has another password now: every other replica that uses it fails as soon as it connects again.',
	debrief:
		'1045 means that the primary refused the login: a wrong password, a host that no account matches, or an account that requires TLS. Check TLS and host first, then give the channel the right password. Change the account itself only together with all its replicas.',
};

/** What the account is known by. */
const hashOf = ({ primary }: Pair): Promise<string> =>
	primary.value("SELECT SHA2(CONCAT(authentication_string, '/', ssl_type), 256) FROM mysql.user WHERE user = 'repl'");

async function account(pair: Pair, notes: Notes): Promise<CheckResult> {
	const now = await hashOf(pair);
	return { ok: now === notes.hash, evidence: now === notes.hash ? '=' : `${notes.hash?.slice(0, 8)} ≠ ${now.slice(0, 8)}` };
}

const WRONG = 'remembered-wrongly-1A';

export const wrongPassword: Lesson = {
	id: 'wrong-password',
	number: 4,
	vendors: ['mariadb', 'mysql'],
	texts: {
		en: EN,
		pt: {
			title: 'A senha do canal está errada',
			story: 'Um colega digitou de memória a senha de replicação durante uma mudança. Desde então a réplica está “conectando”.',
			goal: 'Faça a réplica conectar de novo. Outras réplicas usam a mesma conta: ela deve ficar como está.',
			account: 'A conta repl não mudou no primário',
			hints: [
				'Last_IO_Error mostra a conta e o host que o primário viu. A senha está errada, ou a conta exige TLS?',
				'A senha pertence à conta, não ao canal. Só o canal tem uma senha errada.',
				'A senha certa está no arquivo replication.password, ao lado dos arquivos de opções que `lockstep practice env` mostra. Na réplica: STOP REPLICA; CHANGE … PASSWORD = essa senha; START REPLICA.',
			],
			tempting:
				'Dar à conta a senha que o canal tem (ALTER USER no primário). Esta réplica conecta, e todas as outras réplicas dessa conta falham na próxima conexão.',
			price:
				'Esta réplica talvez conecte, mas a conta agora tem outra senha: toda outra réplica que a usa falha assim que conectar de novo.',
			debrief:
				'1045 significa que o primário recusou o login: senha errada, um host que nenhuma conta cobre, ou uma conta que exige TLS. Verifique primeiro TLS e host, depois dê ao canal a senha certa. Mude a própria conta somente junto com todas as suas réplicas.',
		},
		compared: '2d1ef509',
	},
	findings: ['REPL-IO'],
	seen: { mariadb: /1045/, mysql: /1045/ },
	checks: [...FOLLOWS, { id: 'account', run: account }],
	async make(pair) {
		const hash = await hashOf(pair);
		await changeChannel(pair, sql`${option(pair, 'PASSWORD')} = ${WRONG}`);
		await until('the refused login', async () => /1045/.test((await pair.channel())?.ioError ?? ''));
		return { hash };
	},
	isPricePaid: (results) => results.get('account')?.ok === false,
	async tempting(pair) {
		await pair.primary.run(`ALTER USER 'repl'@'127.0.0.1' IDENTIFIED BY '${WRONG}'`);
		await pair.replica.run(pair.dialect.channel.stop, pair.dialect.channel.start);
	},
	right: (pair) => changeChannel(pair, sql`${option(pair, 'PASSWORD')} = ${pair.password}`),
};
