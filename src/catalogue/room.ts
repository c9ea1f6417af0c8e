// Whether what comes has room: on the disks, in packets, and in the time that logs are kept.
import { bytes, period } from '../core/format.ts';
import { translated } from '../core/languages.ts';
import { defineCheck, type Judgement } from './contract.ts';

const GIB = 2 ** 30;
const DAY = 86_400;

export const roomChecks = [
	defineCheck({
		id: 'DISK',
		needs: ['spaces', 'logBytes', 'identity'],
		texts: translated(
			{
				ok: '{use}: {free} free of {total} in {path}.',
				low: '{use}: only {free} free of {total} in {path}.',
				meaning:
					'A full disk stops replication without an error number: the threads wait, MariaDB’s own status does not answer, and the relay logs of a long backup need room as well.',
				fix: 'Make room or extend it before the next backup.',
				unsafe:
					'Deleting binary or relay logs by hand leaves their index pointing to files that are gone; PURGE BINARY LOGS does it right.',
				data: 'Data',
				relay: 'Relay logs',
				log: 'Binary logs, about {daily} a day',
				temporary: 'Temporary files',
			},
			{
				ok: '{use}: {free} livres de {total} em {path}.',
				low: '{use}: só {free} livres de {total} em {path}.',
				meaning:
					'Um disco cheio para a replicação sem número de erro: as threads esperam, o próprio status do MariaDB não responde, e os relay logs de um backup longo também precisam de espaço.',
				fix: 'Libere espaço ou aumente-o antes do próximo backup.',
				unsafe:
					'Apagar logs binários ou relay logs à mão deixa o índice apontando para arquivos que não existem mais; PURGE BINARY LOGS faz isso certo.',
				data: 'Dados',
				relay: 'Relay logs',
				log: 'Logs binários, cerca de {daily} por dia',
				temporary: 'Arquivos temporários',
			},
			'28cc2e60',
		),
		judge: ({ spaces, logBytes, identity }) => {
			const kept = Math.min(identity.uptimeSeconds, identity.binlogExpireSeconds || Number.POSITIVE_INFINITY);
			const daily = bytes(kept < 60 ? 0 : (logBytes / kept) * DAY);
			return spaces.map(({ use, path, freeBytes, totalBytes }): Judgement => {
				const isLow = freeBytes < totalBytes * 0.05 || freeBytes < GIB;
				const isOut = freeBytes < totalBytes * 0.01 || freeBytes < GIB / 10;
				const values = { free: bytes(freeBytes), total: bytes(totalBytes), path, daily, use: `{${use}}` };
				if (!isLow) return { status: 'ok', values };
				return { status: isOut ? 'fail' : 'warning', says: 'low', values };
			});
		},
	}),
	defineCheck({
		id: 'PACKETS',
		needs: ['channels', 'packets', 'primaryPackets', 'dialect'],
		texts: translated(
			{
				ok: 'It takes packets of up to {applier} from its primary.',
				small: 'It takes packets of up to {applier}; clients of the primary may send {clients}.',
				meaning: 'One larger row on the primary, and the IO thread stops with error 1153 or 1236.',
				fix: 'Let it take what the primary’s clients may send.',
			},
			{
				ok: 'Ela aceita pacotes de até {applier} da origem.',
				small: 'Ela aceita pacotes de até {applier}; clientes da origem podem enviar {clients}.',
				meaning: 'Basta uma linha maior na origem e a thread de IO para com o erro 1153 ou 1236.',
				fix: 'Deixe-a aceitar o que os clientes da origem podem enviar.',
			},
			'62d4185f',
		),
		judge: ({ channels, packets, primaryPackets, dialect }) => {
			if (channels.length === 0) return [];
			const clients = primaryPackets?.clients ?? packets.clients;
			const values = { applier: bytes(packets.applier), clients: bytes(clients) };
			if (packets.applier >= clients) return [{ status: 'ok', values }];
			return [{ status: 'warning', says: 'small', values, lines: dialect.diagnostics.fixes.packets(1_073_741_824) }];
		},
	}),
	defineCheck({
		id: 'LOG-EXPIRY',
		needs: ['identity', 'backups', 'now', 'dialect'],
		texts: translated(
			{
				ok: 'Binary logs are kept for {time}.',
				never: 'Binary logs are never removed by age.',
				short: 'Binary logs are kept for {time}.',
				older: 'Binary logs are kept for {time}; the last backup is older.',
				none: 'It has no binary log.',
				meaning: 'A replica that is away for longer than that, or made of an older backup, can no longer be given what it lacks.',
				'meaning.never': 'They fill the disk some day.',
				'meaning.none': 'No replica can follow it, and no backup of it can be rolled forward.',
				fix: 'Keep them for longer than the oldest backup that you would restore.',
				'fix.none': 'Switch it on in the option file (log_bin); it needs a restart of the server.',
			},
			{
				ok: 'Os logs binários são mantidos por {time}.',
				never: 'Os logs binários nunca são removidos por idade.',
				short: 'Os logs binários são mantidos por {time}.',
				older: 'Os logs binários são mantidos por {time}; o último backup é mais antigo.',
				none: 'Não há log binário.',
				meaning: 'Uma réplica que fique fora por mais tempo, ou feita de um backup mais antigo, não pode mais receber o que lhe falta.',
				'meaning.never': 'Um dia eles enchem o disco.',
				'meaning.none': 'Nenhuma réplica pode segui-lo, e nenhum backup dele pode ser avançado.',
				fix: 'Mantenha-os por mais tempo que o backup mais antigo que você restauraria.',
				'fix.none': 'Ligue-o no arquivo de opções (log_bin); exige reiniciar o servidor.',
			},
			'ffe39c35',
		),
		lesson: 'logs-purged',
		judge: ({ identity, backups, now, dialect }) => {
			if (!identity.binaryLog) return [{ status: 'note', says: 'none' }];
			const seconds = identity.binlogExpireSeconds;
			const lines = dialect.diagnostics.fixes.expiry;
			if (seconds === 0) return [{ status: 'note', says: 'never', lines }];
			const values = { time: period(seconds * 1000) };
			if (seconds < DAY) return [{ status: 'warning', says: 'short', values, lines }];
			const last = backups?.last?.finished;
			const isOlder = last !== undefined && (now - Date.parse(last)) / 1000 > seconds;
			return [isOlder ? { status: 'warning', says: 'older', values, lines } : { status: 'ok', values }];
		},
	}),
];
