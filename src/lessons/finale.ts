import { sql } from '../sql/sql.ts';
import { COMMON, FOLLOWS } from './common-checks.ts';
import type { Lesson, LessonTexts } from './contract.ts';
import { duplicateKey } from './duplicate-key.ts';
import { type Pair, until } from './pair.ts';
import { changeChannel, option, skipTransaction, UNLOGGED } from './statements.ts';
import { wrongPassword } from './wrong-password.ts';

const EN: LessonTexts = {
	title: 'Finale: three faults at once',
	story: 'It is 02:10, three people have tried to repair the replica, and all of them went home. You do not know what they did.',
	goal: 'Bring the replica back: both threads, every row, the primary’s account as it was, and no transaction skipped.',
	account: String(wrongPassword.texts.en.account),
	hints: [
		'One after the other: first the connection, then the applier, then the rows.',
		'When both threads run, compare shop.tickets row by row: an error names only one of the differences.',
		'The faults are those of lessons 4, 9 and 10.',
	],
	tempting: 'Skip everything that stops the applier until both threads run. The rows stay different, and nothing says so any more.',
	price: 'Both threads run, but shop.tickets differs: the faults that stopped the applier are hidden, not repaired.',
	debrief:
		'Work from the outside in: can it connect, does it apply, is it equal. Each repaired fault may uncover the next. The comparison of data comes last, and is the only proof.',
};

async function repair(pair: Pair): Promise<void> {
	await changeChannel(pair, sql`${option(pair, 'PASSWORD')} = ${pair.password}`);
	await until('the duplicate key', async () => /1062/.test((await pair.channel())?.sqlError ?? ''));
}

export const finale: Lesson = {
	id: 'finale',
	number: 20,
	vendors: ['mariadb', 'mysql'],
	texts: {
		en: EN,
		pt: {
			title: 'Final: três falhas de uma vez',
			story: 'São 02:10, três pessoas tentaram consertar a réplica, e todas foram para casa. Você não sabe o que elas fizeram.',
			goal: 'Traga a réplica de volta: as duas threads, todas as linhas, a conta do primário como era e nenhuma transação pulada.',
			account: String(wrongPassword.texts.pt.account),
			hints: [
				'Uma coisa depois da outra: primeiro a conexão, depois a thread SQL, depois as linhas.',
				'Quando as duas threads rodarem, compare shop.tickets linha por linha: um erro cita só uma das diferenças.',
				'As falhas são as das lições 4, 9 e 10.',
			],
			tempting: 'Pular tudo o que para a thread SQL até que as duas threads rodem. As linhas continuam diferentes, e nada mais avisa.',
			price: 'As duas threads rodam, mas shop.tickets difere: as falhas que pararam a thread SQL estão escondidas, não consertadas.',
			debrief:
				'Trabalhe de fora para dentro: ela conecta, ela aplica, ela é igual. Cada falha consertada pode revelar a próxima. A comparação dos dados vem por último e é a única prova.',
		},
		compared: 'fec7e694',
	},
	findings: ['REPL-IO', 'REPL-SQL'],
	seen: { mariadb: /1045|1062/, mysql: /1045|1062/ },
	checks: [...FOLLOWS, COMMON.own, ...wrongPassword.checks.filter(({ id }) => id === 'account')],
	async make(pair) {
		await pair.replica.run(UNLOGGED, 'DELETE FROM shop.tickets WHERE id = 7');
		await duplicateKey.make(pair);
		return wrongPassword.make(pair);
	},
	isPricePaid: (results) => results.get('threads')?.ok === true && results.get('rows')?.ok === false,
	async tempting(pair) {
		await repair(pair);
		await skipTransaction(pair);
	},
	async right(pair, notes) {
		await repair(pair);
		await duplicateKey.right(pair, notes);
		await pair.replica.run(UNLOGGED, "INSERT INTO shop.tickets VALUES (7, 'Voucher', 'new')");
	},
};
