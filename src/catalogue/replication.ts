// Whether the replica's threads run, how far they are, and whether they apply all of what the primary writes.
import { period } from '../core/format.ts';
import { translated } from '../core/languages.ts';
import { applierWait, NO_ROOM } from '../dialects/common/thread-states.ts';
import type { Dialect } from '../dialects/contract/dialect.ts';
import type { Position } from '../dialects/contract/positions.ts';
import type { Channel } from '../dialects/contract/replication.ts';
import { defineCheck, type Judgement, OK } from './contract.ts';

const named = (channels: readonly Channel[], channel: Channel): Pick<Judgement, 'channel'> =>
	channels.length > 1 ? { channel: channel.name || `${channel.host}:${channel.port}` } : {};

const each = (channels: readonly Channel[], judge: (channel: Channel) => Judgement): readonly Judgement[] =>
	channels.map((channel) => ({ ...named(channels, channel), ...judge(channel) }));

const source = ({ host, port }: Channel) => ({ source: `${host}:${port}` });

export const replicationChecks = [
	defineCheck({
		id: 'REPL-SOURCE',
		needs: ['channels', 'primary', 'identity', 'position', 'name'],
		texts: translated(
			{
				ok: 'It replicates from {source}.',
				none: 'It does not replicate.',
				orphan: 'It does not replicate any more: it is read-only, has applied transactions of a source, and has no source.',
				other: 'It replicates from {source}, which is not {primary}.',
				meaning: 'Nothing that is written on the primary arrives. Its data stays that of an earlier time, and so does every backup of it.',
				'meaning.other': 'What is compared below is another server than the one that it follows.',
				fix: 'Set it up again: lockstep provision --primary {primary} --replica {name}',
				'fix.other': 'Name the server that it follows (--primary), or make it follow this one.',
			},
			{
				ok: 'Ela replica de {source}.',
				none: 'Ela não replica.',
				orphan: 'Ela não replica mais: está somente leitura, aplicou transações de uma origem e não tem origem.',
				other: 'Ela replica de {source}, que não é {primary}.',
				meaning: 'Nada do que é gravado na origem chega. Os dados continuam os de um momento anterior, e todo backup dela também.',
				'meaning.other': 'O que se compara abaixo é outro servidor, não o que ela segue.',
				fix: 'Configure-a de novo: lockstep provision --primary {primary} --replica {name}',
				'fix.other': 'Indique o servidor que ela segue (--primary) ou faça-a seguir este.',
			},
			'25c60d87',
		),
		lesson: 'empty-replica',
		judge: ({ channels, primary, identity, position }) => {
			const named = { primary: primary?.name ?? 'SERVER' };
			const [first] = channels;
			if (first === undefined) {
				if (primary !== null) return [{ status: 'fail', says: 'none', values: named }];
				const isOrphan = identity.readOnly !== 'OFF' && position.replicated !== '';
				return isOrphan ? [{ status: 'fail', says: 'orphan', values: named }] : [];
			}
			const from = channels.map(({ host, port }) => `${host}:${port}`).join(', ');
			// The same server has many names, but one port.
			const isOther = primary !== null && channels.every(({ port }) => port !== primary.identity.port);
			return [{ status: isOther ? 'warning' : 'ok', ...(isOther && { says: 'other' }), values: { ...named, source: from } }];
		},
	}),
	defineCheck({
		id: 'REPL-IO',
		needs: ['channels', 'dialect', 'name'],
		texts: translated(
			{
				ok: 'The IO thread receives from {source}.',
				stopped: 'The IO thread is stopped; it does not receive from {source}.',
				error: 'The IO thread cannot receive from {source}: {error}',
				connecting: 'The IO thread is connecting to {source}.',
				full: 'The IO thread waits for room on the disk: {state}.',
				meaning:
					'What the primary writes does not arrive. The replica falls behind, and once the primary removes the binary logs that it still needs, only a new copy helps.',
				fix: 'Remove the cause, then start the IO thread.',
				'meaning.full':
					'The disk of the relay logs is full. The server waits and tries again once a minute; its status may show no error at all.',
				'fix.full': 'Make room on that disk, or extend it. The thread resumes by itself within a minute.',
				unsafe: 'RESET REPLICA ALL looks like a fresh start, but it forgets the primary, the account and the password.',
				'unsafe.full': 'Deleting relay logs by hand, or ending the server with kill -9, leaves files that the index still names.',
			},
			{
				ok: 'A thread de IO recebe de {source}.',
				stopped: 'A thread de IO está parada; não recebe de {source}.',
				error: 'A thread de IO não consegue receber de {source}: {error}',
				connecting: 'A thread de IO está se conectando a {source}.',
				full: 'A thread de IO espera por espaço em disco: {state}.',
				meaning:
					'O que a origem grava não chega. A réplica se atrasa e, quando a origem remover os logs binários de que ela ainda precisa, só uma nova cópia resolve.',
				fix: 'Elimine a causa e inicie a thread de IO.',
				'meaning.full':
					'O disco dos relay logs está cheio. O servidor espera e tenta de novo uma vez por minuto; o status pode não mostrar erro algum.',
				'fix.full': 'Libere espaço nesse disco ou aumente-o. A thread continua sozinha em até um minuto.',
				unsafe: 'RESET REPLICA ALL parece um recomeço, mas apaga a origem, a conta e a senha.',
				'unsafe.full': 'Apagar relay logs à mão, ou encerrar o servidor com kill -9, deixa arquivos que o índice ainda cita.',
			},
			'debb5168',
		),
		lesson: 'wrong-password',
		judge: ({ channels, dialect, name }) =>
			each(channels, (channel) => {
				if (NO_ROOM.test(channel.ioState)) return { status: 'fail', says: 'full', values: { state: channel.ioState } };
				if (channel.io === 'yes') return { status: 'ok', values: source(channel) };
				const lines = [...dialect.hints.channelError(channel.ioError, { channel, name })];
				if (channel.ioError !== null)
					return { status: 'fail', says: 'error', values: { ...source(channel), error: channel.ioError }, lines };
				if (channel.io === 'connecting') return { status: 'warning', says: 'connecting', values: source(channel) };
				return { status: 'fail', says: 'stopped', values: source(channel), lines: dialect.diagnostics.fixes.startChannel(channel.name) };
			}),
	}),
	defineCheck({
		id: 'REPL-SQL',
		needs: ['channels', 'dialect', 'name'],
		texts: translated(
			{
				ok: 'The SQL thread applies what arrives.',
				stopped: 'The SQL thread is stopped; what arrives is not applied.',
				error: 'The SQL thread stopped: {error}',
				full: 'The SQL thread waits for room on the disk: {state}.',
				meaning: 'From that transaction on, the data is that of an earlier time. A backup taken now is consistent, but old.',
				'meaning.error':
					'One transaction of the primary could not be applied here, and nothing after it is. Usually the two servers differed before: a local write, a row that is missing, or a copy from another moment.',
				fix: 'Start the SQL thread.',
				'fix.error': 'Find out which rows differ and why before anything is started again.',
				'fix.full': 'Make room on that disk. The thread resumes by itself within a minute.',
				unsafe:
					'Skipping the transaction (sql_slave_skip_counter, or an empty transaction in its place) makes both threads run and the lag 0, while the rows stay different for ever.',
			},
			{
				ok: 'A thread SQL aplica o que chega.',
				stopped: 'A thread SQL está parada; o que chega não é aplicado.',
				error: 'A thread SQL parou: {error}',
				full: 'A thread SQL espera por espaço em disco: {state}.',
				meaning: 'A partir dessa transação, os dados são os de um momento anterior. Um backup feito agora é consistente, mas antigo.',
				'meaning.error':
					'Uma transação da origem não pôde ser aplicada aqui, e nada depois dela é aplicado. Em geral os dois servidores já diferiam: uma gravação local, uma linha ausente ou uma cópia de outro momento.',
				fix: 'Inicie a thread SQL.',
				'fix.error': 'Descubra quais linhas diferem, e por quê, antes de iniciar qualquer coisa.',
				'fix.full': 'Libere espaço nesse disco. A thread continua sozinha em até um minuto.',
				unsafe:
					'Pular a transação (sql_slave_skip_counter, ou uma transação vazia no lugar dela) faz as duas threads rodarem e o atraso ir a 0, mas as linhas continuam diferentes para sempre.',
			},
			'a45f344d',
		),
		lesson: 'duplicate-key',
		judge: ({ channels, dialect, name }) =>
			each(channels, (channel) => {
				if (NO_ROOM.test(channel.sqlState)) return { status: 'fail', says: 'full', values: { state: channel.sqlState } };
				if (channel.sql === 'yes') return { status: 'ok' };
				if (channel.sqlError === null) {
					return { status: 'fail', says: 'stopped', lines: dialect.diagnostics.fixes.startChannel(channel.name) };
				}
				const lines = [...dialect.hints.channelError(channel.sqlError, { channel, name })];
				return { status: 'fail', says: 'error', values: { error: channel.sqlError }, lines };
			}),
	}),
	defineCheck({
		id: 'REPL-WAITS',
		needs: ['channels', 'activity'],
		texts: translated(
			{
				ok: 'The SQL thread waits for no lock.',
				lock: 'The SQL thread runs and applies nothing: {state}, for {seconds} s. Idle sessions that may hold the lock: {sessions}',
				rows: 'The SQL thread waits for rows that another session has locked, for {seconds} s. Sessions that hold others up: {sessions}',
				unseen: 'none that this login can see',
				meaning: 'Both threads say Yes, there is no error, and the seconds behind may be 0. Nothing is applied until the lock is released.',
				fix: 'Find out who holds it before it is ended: a backup at work releases it by itself.',
				unsafe: 'Restarting replication or the server to get it going interrupts a backup at work, and the next one waits again.',
			},
			{
				ok: 'A thread SQL não espera por nenhum bloqueio.',
				lock: 'A thread SQL roda e não aplica nada: {state}, há {seconds} s. Sessões ociosas que podem ter o bloqueio: {sessions}',
				rows: 'A thread SQL espera por linhas que outra sessão bloqueou, há {seconds} s. Sessões que seguram outras: {sessions}',
				unseen: 'nenhuma que este login possa ver',
				meaning:
					'As duas threads dizem Yes, não há erro, e os segundos de atraso podem ser 0. Nada é aplicado até o bloqueio ser liberado.',
				fix: 'Descubra quem o tem antes de encerrá-lo: um backup em andamento o libera sozinho.',
				unsafe: 'Reiniciar a replicação ou o servidor para destravar interrompe um backup em andamento, e o próximo espera de novo.',
			},
			'f2e57332',
		),
		lesson: 'locked-backup',
		judge: ({ channels, activity }) => {
			if (channels.length === 0) return [];
			const wait = applierWait(activity);
			if (wait === null) return OK;
			const sessions = wait.suspects.map(({ id, user }) => `${id} (${user})`).join(', ') || '{unseen}';
			const values = { state: wait.state ?? '', seconds: wait.seconds, sessions };
			const status = wait.seconds >= LATE_SECONDS ? 'fail' : 'warning';
			return [{ status, says: wait.state === null ? 'rows' : 'lock', values, lines: ['SHOW FULL PROCESSLIST;'] }];
		},
	}),
	defineCheck({
		id: 'REPL-RETRY',
		needs: ['retries', 'dialect'],
		texts: translated(
			{
				ok: 'The IO thread tries to connect for {time}.',
				few: 'The IO thread gives up trying to connect after {time} ({times} times, {seconds} s apart).',
				meaning: 'A primary that is away for longer than that leaves a replica that has to be started by hand; nothing says so by itself.',
				fix: 'Let it try for longer.',
			},
			{
				ok: 'A thread de IO tenta se conectar por {time}.',
				few: 'A thread de IO desiste de se conectar depois de {time} ({times} vezes, a cada {seconds} s).',
				meaning: 'Uma origem que fica fora por mais tempo deixa uma réplica que precisa ser iniciada à mão; nada avisa disso.',
				fix: 'Deixe-a tentar por mais tempo.',
			},
			'ac2e424e',
		),
		judge: ({ retries, dialect }) =>
			retries.map(({ channel, times, seconds }) => {
				const values = { times, seconds, time: period(times * seconds * 1000) };
				const of = retries.length > 1 ? { channel } : {};
				if (times * seconds >= 86_400) return { status: 'ok', values, ...of };
				return { status: 'warning', says: 'few', values, lines: dialect.diagnostics.fixes.retries(channel), ...of };
			}),
	}),
	defineCheck({
		id: 'REPL-GAPS',
		needs: ['gaps'],
		texts: translated(
			{
				ok: 'No filter and no setting leaves out or passes over changes.',
				gap: '{setting} = {value}',
				meaning:
					'Part of what the primary writes is not applied here, or what cannot be applied is passed over without a word. Both threads run, and the data differs.',
				'meaning.unsafe': 'What is applied may become something other than on the primary.',
				fix: 'Remove the setting, then compare the data of both servers, or set the replica up again.',
			},
			{
				ok: 'Nenhum filtro ou parâmetro omite ou ignora alterações.',
				gap: '{setting} = {value}',
				meaning:
					'Parte do que a origem grava não é aplicada aqui, ou o que não pode ser aplicado é ignorado sem aviso. As duas threads rodam, e os dados diferem.',
				'meaning.unsafe': 'O que é aplicado pode ficar diferente do que está na origem.',
				fix: 'Remova o parâmetro e compare os dados dos dois servidores, ou refaça a réplica.',
			},
			'dea6f1fd',
		),
		judge: ({ gaps }) =>
			gaps.length === 0
				? OK
				: gaps.map(({ setting, value, effect, hints }) => ({
						status: effect === 'unsafe' ? 'warning' : 'fail',
						says: 'gap',
						...(effect === 'unsafe' && { means: 'unsafe' }),
						values: { setting, value },
						lines: hints,
					})),
	}),
	defineCheck({
		id: 'REPL-LAG',
		needs: ['channels', 'position', 'primaryWritten', 'dialect'],
		texts: translated(
			{
				ok: 'It has applied all that the primary had written.',
				received: 'It has applied all that it has received; the server says {seconds} s.',
				behind: 'It lacks part of what the primary had written (transactions: {missing}); the server says {seconds} s.',
				waiting: 'It has received more than it has applied (transactions: {missing}); the server says {seconds} s.',
				delayed: 'It is kept {delay} s behind on purpose (delayed replica).',
				meaning:
					'The seconds that the server gives are the age of the transaction at work, and 0 while the IO thread is stopped or the SQL thread waits for a lock. The number of transactions is what is really missing.',
				fix: 'Wait and look again. If the number grows: see what the SQL thread waits for, and whether the replica writes as fast as the primary.',
			},
			{
				ok: 'Já aplicou tudo o que a origem havia gravado.',
				received: 'Já aplicou tudo o que recebeu; o servidor informa {seconds} s.',
				behind: 'Falta parte do que a origem havia gravado (transações: {missing}); o servidor informa {seconds} s.',
				waiting: 'Recebeu mais do que aplicou (transações: {missing}); o servidor informa {seconds} s.',
				delayed: 'É mantida {delay} s atrasada de propósito (réplica com atraso).',
				meaning:
					'Os segundos que o servidor informa são a idade da transação em andamento, e 0 enquanto a thread de IO está parada ou a thread SQL espera por um bloqueio. O número de transações é o que realmente falta.',
				fix: 'Espere e olhe de novo. Se o número crescer: veja o que a thread SQL espera e se a réplica grava tão rápido quanto a origem.',
			},
			'b6b16784',
		),
		lesson: 'first-look',
		judge: (facts) => each(facts.channels, (channel) => lagOf(channel, facts)),
	}),
	defineCheck({
		id: 'REPL-GTID',
		needs: ['channels', 'dialect', 'identity'],
		texts: translated(
			{
				ok: 'Replication goes by GTID.',
				files: 'Replication goes by file and position, not by GTID.',
				loose: 'Replication goes by GTID, but {setting} is off.',
				meaning:
					'After a crash the position in files may not match the rows, and another primary cannot be followed without working positions out by hand.',
				'meaning.loose': 'A local write may take a place in the order unnoticed.',
				fix: 'Let the channel go by GTID.',
				'fix.loose': 'Switch it on, on the primary first.',
				'unsafe.loose': 'Leaving it off makes errors go away, and keeps two histories under one number for ever.',
			},
			{
				ok: 'A replicação usa GTID.',
				files: 'A replicação usa arquivo e posição, não GTID.',
				loose: 'A replicação usa GTID, mas {setting} está desligado.',
				meaning:
					'Depois de uma parada, a posição nos arquivos pode não corresponder às linhas, e não se pode seguir outra origem sem calcular posições à mão.',
				'meaning.loose': 'Uma gravação local pode ocupar um lugar na ordem sem que ninguém perceba.',
				fix: 'Faça o canal usar GTID.',
				'fix.loose': 'Ligue-o, primeiro na origem.',
				'unsafe.loose': 'Deixá-lo desligado faz os erros sumirem e mantém duas histórias sob o mesmo número para sempre.',
			},
			'1d593c1f',
		),
		lesson: 'local-ddl',
		judge: ({ channels, dialect, identity }) =>
			each(channels, (channel) => {
				if (!channel.usesGtid) {
					return { status: 'fail', says: 'files', lines: dialect.diagnostics.fixes.gtidPositioning(channel.name) };
				}
				if (!identity.gtidStrict) {
					return { status: 'warning', says: 'loose', values: { setting: dialect.terms.gtidStrict }, lines: dialect.hints.strict };
				}
				return { status: 'ok' };
			}),
	}),
	defineCheck({
		id: 'REPL-ERRANT',
		needs: ['channels', 'own', 'errant'],
		texts: translated(
			{
				ok: 'It holds no transaction of its own.',
				errant: 'It holds transactions that its primary never wrote: {own}',
				meaning:
					'Something was written here. Its rows are not on the primary, and if this server is promoted, or another replica follows it, these transactions come along or stop replication.',
				fix: 'Find out what they changed (the binary log of this server holds them), undo it, and set the replica up again if that is not certain.',
				unsafe: 'Writing empty transactions on the primary with the same GTIDs hides them, and the rows stay different.',
			},
			{
				ok: 'Não contém transações próprias.',
				errant: 'Contém transações que a origem nunca gravou: {own}',
				meaning:
					'Algo foi gravado aqui. As linhas não estão na origem e, se este servidor for promovido ou outra réplica o seguir, essas transações vão junto ou param a replicação.',
				fix: 'Descubra o que elas alteraram (o log binário deste servidor as contém), desfaça e, se não houver certeza, refaça a réplica.',
				unsafe: 'Gravar transações vazias na origem com os mesmos GTIDs as esconde, e as linhas continuam diferentes.',
			},
			'b0b4ec5b',
		),
		lesson: 'local-ddl',
		judge: ({ channels, own, errant }) => {
			if (channels.length === 0) return [];
			const found = errant || own;
			return found === '' ? OK : [{ status: 'fail', says: 'errant', values: { own: found } }];
		},
	}),
];

/** So many missing transactions, or seconds, are worth a word. */
const MANY = 1000;
const LATE_SECONDS = 60;

type Positioned = {
	readonly channels: readonly Channel[];
	readonly position: Pick<Position, 'replicated'>;
	readonly primaryWritten: string | null;
	readonly dialect: Dialect;
};

function lagOf(channel: Channel, { channels, position, primaryWritten, dialect }: Positioned): Judgement {
	if (channel.delaySeconds > 0) return { status: 'note', says: 'delayed', values: { delay: channel.delaySeconds } };
	// What one primary has written says nothing of a replica of several.
	const written = channels.length > 1 ? null : primaryWritten;
	const missing = dialect.positions.countMissing(position.replicated, written ?? channel.received);
	const values = { missing, seconds: channel.lagSeconds ?? '?' };
	const isLate = missing > MANY || (channel.lagSeconds ?? 0) > LATE_SECONDS;
	const [right, late] = written === null ? ['received', 'waiting'] : [missing === 0 ? 'ok' : 'behind', 'behind'];
	return { status: isLate ? 'warning' : 'ok', says: isLate ? late : right, values };
}
