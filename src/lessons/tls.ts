import { sql } from '../sql/sql.ts';
import { FOLLOWS } from './common-checks.ts';
import type { CheckResult, Lesson, LessonTexts } from './contract.ts';
import { configuration, type Pair, until } from './pair.ts';
import { changeChannel, option } from './statements.ts';

const EN: LessonTexts = {
	title: 'Refused without TLS',
	story: 'The security team made the replication account require TLS. A replica that was configured without it cannot log in any more.',
	goal: 'Make the replica connect, encrypted. The account must keep requiring TLS.',
	cipher: 'The primary sees the replica’s connection encrypted',
	required: 'The account repl requires TLS',
	hints: [
		'The error looks like a wrong password, or names an authentication plugin. Read the account on the primary: SHOW CREATE USER.',
		'The password is right. The channel does not use TLS: SHOW REPLICA STATUS says so in the column …_SSL_Allowed.',
		'On the replica: STOP REPLICA; CHANGE … SSL = 1, SSL_CA = the path in @@ssl_ca; START REPLICA. Then ask the primary for Ssl_cipher of the dump thread.',
	],
	tempting:
		'Let the account log in without TLS (REQUIRE NONE; on MySQL also GET_SOURCE_PUBLIC_KEY = 1). Replication runs, and every row travels readable.',
	price: 'Replication runs, but not encrypted: passwords of new sessions are safe at best, the rows are not.',
	debrief:
		'1045 is also the text of an account that requires TLS; MySQL may say 2061 instead. Whether a channel is encrypted is known to the primary alone: read Ssl_cipher of its dump thread, and keep REQUIRE SSL on the account, so that it cannot be forgotten.',
};

async function cipher({ dialect, primary }: Pair): Promise<CheckResult> {
	const connected = await primary.query(dialect.channel.connected);
	const evidence = connected.map(({ id, cipher: used }) => `#${id} ${used ?? '–'}`).join(', ') || '–';
	return { ok: connected.length > 0 && connected.every((each) => each.cipher !== null), evidence };
}

async function required({ primary }: Pair): Promise<CheckResult> {
	const type = await primary.value("SELECT ssl_type FROM mysql.user WHERE user = 'repl'");
	return { ok: type !== '', evidence: `ssl_type = '${type}'` };
}

export const tlsLesson: Lesson = {
	id: 'tls',
	number: 5,
	vendors: ['mariadb', 'mysql'],
	texts: {
		en: EN,
		pt: {
			title: 'Recusada sem TLS',
			story:
				'A equipe de segurança passou a exigir TLS da conta de replicação. Uma réplica configurada sem TLS não consegue mais fazer login.',
			goal: 'Faça a réplica conectar, com criptografia. A conta deve continuar exigindo TLS.',
			cipher: 'O primário vê a conexão da réplica criptografada',
			required: 'A conta repl exige TLS',
			hints: [
				'O erro parece o de uma senha errada, ou cita um plugin de autenticação. Leia a conta no primário: SHOW CREATE USER.',
				'A senha está certa. O canal não usa TLS: SHOW REPLICA STATUS mostra isso na coluna …_SSL_Allowed.',
				'Na réplica: STOP REPLICA; CHANGE … SSL = 1, SSL_CA = o caminho em @@ssl_ca; START REPLICA. Depois pergunte ao primário o Ssl_cipher da thread de dump.',
			],
			tempting:
				'Deixar a conta fazer login sem TLS (REQUIRE NONE; no MySQL também GET_SOURCE_PUBLIC_KEY = 1). A replicação roda, e toda linha viaja legível.',
			price: 'A replicação roda, mas sem criptografia: na melhor das hipóteses as senhas de novas sessões estão seguras, as linhas não.',
			debrief:
				'1045 é também o texto de uma conta que exige TLS; o MySQL pode dizer 2061. Só o primário sabe se um canal está criptografado: leia o Ssl_cipher da thread de dump e mantenha REQUIRE SSL na conta, para que não seja esquecido.',
		},
		compared: 'd8b5b776',
	},
	findings: ['TLS-CHANNEL', 'REPL-IO'],
	seen: { mariadb: /1045/, mysql: /1045|2061/ },
	checks: [...FOLLOWS, { id: 'cipher', run: cipher }, { id: 'required', run: required }],
	async make(pair) {
		const verify = pair.vendor === 'mariadb' ? sql`, MASTER_SSL_VERIFY_SERVER_CERT = 0` : sql``;
		await changeChannel(pair, sql`${option(pair, 'SSL')} = 0${verify}`);
		await until('the refused login', async () => /1045|2061/.test((await pair.channel())?.ioError ?? ''));
		return {};
	},
	isPricePaid: (results) => results.get('required')?.ok === false,
	async tempting(pair) {
		await pair.primary.run("ALTER USER 'repl'@'127.0.0.1' REQUIRE NONE");
		if (pair.vendor === 'mysql') await changeChannel(pair, sql`GET_SOURCE_PUBLIC_KEY = 1`);
		else await pair.replica.run(pair.dialect.channel.stop, pair.dialect.channel.start);
	},
	async right(pair) {
		await pair.replica.run(pair.dialect.channel.stop, configuration(pair), pair.dialect.channel.start);
	},
};
