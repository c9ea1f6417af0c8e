import { FOLLOWS } from './common-checks.ts';
import type { CheckResult, Lesson, LessonTexts } from './contract.ts';
import { type Pair, type Side, until } from './pair.ts';
import { idle, seedAgain, UNLOGGED } from './statements.ts';

const EN: LessonTexts = {
	title: 'The empty replica that says Yes and Yes',
	story: 'A new replica was set up by the book: position of the primary, CHANGE, START. Both threads run, no lag, no error.',
	goal: 'Make the replica a copy of the primary: the same tables with the same rows.',
	tables: 'Both servers have the same tables',
	hints: [
		'Threads, lag and errors are all fine. Compare what is in the databases.',
		'The position was set, but no data were ever copied. The primary is idle tonight; the first write to an old table will stop the replica with 1146.',
		'Seed it: lockstep provision --primary … --replica …, with the addresses that `lockstep practice env` prints. A cold copy or a dump does it, too.',
	],
	tempting: 'Create the missing tables, because 1146 names them. The error goes away, and the tables stay empty.',
	price: 'The tables exist now, and both threads run; but their rows are missing, and updates of them are ignored or fail one by one.',
	debrief:
		'Both threads running and no lag say that the replica waits at a position, not that it has the data. A position is only right together with the data of exactly that position. Compare tables and rows before a server is called a replica.',
};

const LIST =
	"SELECT CONCAT(COUNT(*), ' tables, sum ', COALESCE(BIT_XOR(CRC32(CONCAT(table_schema, '.', table_name))), 0)) FROM information_schema.tables WHERE table_schema IN ('shop', 'crm') AND table_type = 'BASE TABLE'";

async function tables({ primary, replica }: Pair): Promise<CheckResult> {
	const [here, there] = [await primary.value(LIST), await replica.value(LIST)];
	return { ok: here === there, evidence: here === there ? here : `${primary.name} ${here} ≠ ${replica.name} ${there}` };
}

/** The definitions of the primary's tables, without their rows. */
async function definitions(primary: Side): Promise<readonly string[]> {
	const rows = await primary.run(
		"SELECT table_schema AS db, table_name AS name FROM information_schema.tables WHERE table_schema IN ('shop', 'crm') AND table_type = 'BASE TABLE'",
	);
	const found: string[] = [];
	for (const { db, name } of rows) {
		const [row] = await primary.run(`SHOW CREATE TABLE \`${db}\`.\`${name?.replaceAll('`', '``')}\``);
		found.push(`USE \`${db}\``, row?.['Create Table'] ?? '');
	}
	return found;
}

export const emptyReplica: Lesson = {
	id: 'empty-replica',
	number: 3,
	vendors: ['mariadb', 'mysql'],
	texts: {
		en: EN,
		pt: {
			title: 'A réplica vazia que diz Yes e Yes',
			story:
				'Uma réplica nova foi configurada segundo o manual: posição do primário, CHANGE, START. As duas threads rodam, sem atraso, sem erro.',
			goal: 'Faça da réplica uma cópia do primário: as mesmas tabelas com as mesmas linhas.',
			tables: 'Os dois servidores têm as mesmas tabelas',
			hints: [
				'Threads, atraso e erros estão todos em ordem. Compare o conteúdo dos bancos de dados.',
				'A posição foi definida, mas nenhum dado foi copiado. O primário está ocioso esta noite; a primeira escrita numa tabela antiga vai parar a réplica com 1146.',
				'Semeie a réplica: lockstep provision --primary … --replica …, com os endereços que `lockstep practice env` mostra. Uma cópia a frio ou um dump também servem.',
			],
			tempting: 'Criar as tabelas que faltam, porque 1146 as cita. O erro some, e as tabelas ficam vazias.',
			price:
				'As tabelas agora existem e as duas threads rodam; mas faltam as linhas delas, e as atualizações são ignoradas ou falham uma a uma.',
			debrief:
				'Duas threads em execução e nenhum atraso dizem que a réplica espera numa posição, não que ela tem os dados. Uma posição só está certa junto com os dados de exatamente essa posição. Compare tabelas e linhas antes de chamar um servidor de réplica.',
		},
		compared: '94e09051',
	},
	findings: ['REPL-SQL'],
	seen: { mariadb: /rows: .*≠ practice-replica –/, mysql: /rows: .*≠ practice-replica –/ },
	checks: [...FOLLOWS, { id: 'tables', run: tables }],
	async make(pair) {
		const { primary, replica, dialect, channel } = pair;
		await replica.run(dialect.channel.stop, UNLOGGED, 'DROP DATABASE shop', 'DROP DATABASE crm');
		await idle(pair);
		const { written } = await primary.query(dialect.positions.current);
		await replica.run(...dialect.positions.setReplicated(written), dialect.channel.start);
		await until('both threads', async () => {
			const found = await channel();
			return found?.io === 'yes' && found.sql === 'yes';
		});
		return {};
	},
	isPricePaid: (results) => results.get('tables')?.ok === true && results.get('rows')?.ok === false,
	async tempting({ primary, replica }) {
		const made = await definitions(primary);
		await replica.run(UNLOGGED, 'SET SESSION foreign_key_checks = 0', 'CREATE DATABASE shop', 'CREATE DATABASE crm', ...made);
	},
	right: seedAgain,
};
