// Whether there is a backup, whether it was proven, and whether the tools fit.
import { period } from '../core/format.ts';
import { translated } from '../core/languages.ts';
import { compareSeries } from '../dialects/series.ts';
import { defineCheck } from './contract.ts';

const DAY_MS = 86_400_000;
/** A backup that is older, and a drill that is, are worth a word. */
const OLD_DAYS = 2;
const DRILL_DAYS = 30;

/** How long ago, in milliseconds and in words. */
const since = (now: number, at: string) => ({ ms: now - Date.parse(at), time: period(now - Date.parse(at)) });

export const backupChecks = [
	defineCheck({
		id: 'BACKUP-AGE',
		needs: ['backups', 'now'],
		texts: translated(
			{
				ok: 'The last backup is {time} old: {path}',
				old: 'The last backup is {time} old: {path}',
				none: 'There is no backup in {folder}.',
				unknown: 'No folder of backups is known for this server.',
				meaning: 'What was written since is lost if the servers are.',
				fix: 'Take one: lockstep backup --server {name} --to FOLDER',
			},
			{
				ok: 'O último backup foi há {time}: {path}',
				old: 'O último backup foi há {time}: {path}',
				none: 'Não há backup em {folder}.',
				unknown: 'Não se conhece diretório de backups deste servidor.',
				meaning: 'O que foi gravado desde então se perde se os servidores se perderem.',
				fix: 'Faça um: lockstep backup --server {name} --to FOLDER',
			},
			'88efee2e',
		),
		lesson: 'locked-backup',
		judge: ({ backups, now }) => {
			if (backups === null) return [{ status: 'note', says: 'unknown' }];
			if (backups.last === null) return [{ status: 'warning', says: 'none', values: { folder: backups.folder } }];
			const { ms, time } = since(now, backups.last.finished);
			const values = { time, path: backups.last.path };
			return [ms >= OLD_DAYS * DAY_MS ? { status: 'warning', says: 'old', values } : { status: 'ok', values }];
		},
	}),
	defineCheck({
		id: 'BACKUP-PROVEN',
		needs: ['backups', 'now'],
		texts: translated(
			{
				ok: 'The last backup was verified, and a backup was restored as a drill {time} ago.',
				unverified: 'The last backup was not verified.',
				undrilled: 'No backup of this folder was ever restored as a drill.',
				stale: 'The last drill was {time} ago.',
				meaning: 'Nothing proves yet that it is whole and can be restored.',
				'meaning.undrilled': 'Nothing proves that it can be restored, or how long that takes.',
				'meaning.stale': 'Since then data, versions and accounts may have changed.',
				fix: 'lockstep verify {path}',
				'fix.undrilled': 'lockstep drill {path}',
				'fix.stale': 'lockstep drill {path}',
			},
			{
				ok: 'O último backup foi verificado, e um backup foi restaurado em simulação há {time}.',
				unverified: 'O último backup não foi verificado.',
				undrilled: 'Nenhum backup deste diretório foi restaurado em simulação.',
				stale: 'A última simulação de restauração foi há {time}.',
				meaning: 'Nada prova ainda que ele está inteiro e pode ser restaurado.',
				'meaning.undrilled': 'Nada prova que ele pode ser restaurado, nem quanto tempo isso leva.',
				'meaning.stale': 'Desde então dados, versões e contas podem ter mudado.',
				fix: 'lockstep verify {path}',
				'fix.undrilled': 'lockstep drill {path}',
				'fix.stale': 'lockstep drill {path}',
			},
			'09e9337b',
		),
		judge: ({ backups, now }) => {
			if (backups === null || backups.last === null) return [];
			const { path, isVerified } = backups.last;
			const unverified = isVerified ? [] : [{ status: 'note' as const, says: 'unverified', values: { path } }];
			if (backups.lastDrill === null) return [...unverified, { status: 'note', says: 'undrilled', values: { path } }];
			const { ms, time } = since(now, backups.lastDrill);
			if (ms > DRILL_DAYS * DAY_MS) return [...unverified, { status: 'note', says: 'stale', values: { path, time } }];
			return unverified.length > 0 ? unverified : [{ status: 'ok', values: { time } }];
		},
	}),
	defineCheck({
		id: 'TOOLS',
		needs: ['tool', 'identity', 'dialect'],
		texts: translated(
			{
				ok: 'The dump tool on this machine is {tool}; the server is {server}.',
				none: 'No dump tool of {vendor} is on this machine.',
				older: 'The dump tool on this machine is {tool}, older than the server ({server}).',
				meaning: 'lockstep’s own engine reads the rows, but definitions and copies by the vendor’s tool need it.',
				'meaning.older': 'It may not know what this server writes: definitions that it leaves out or gets wrong.',
				fix: 'Install the tools of the server’s version.',
			},
			{
				ok: 'A ferramenta de dump nesta máquina é {tool}; o servidor é {server}.',
				none: 'Não há ferramenta de dump do {vendor} nesta máquina.',
				older: 'A ferramenta de dump nesta máquina é {tool}, mais antiga que o servidor ({server}).',
				meaning: 'O mecanismo próprio do lockstep lê as linhas, mas definições e cópias com a ferramenta do fabricante precisam dela.',
				'meaning.older': 'Ela pode não conhecer o que este servidor escreve: definições que omite ou grava errado.',
				fix: 'Instale as ferramentas da versão do servidor.',
			},
			'dfeabeab',
		),
		judge: ({ tool, identity, dialect }) => {
			const values = { tool: tool ?? '', server: identity.series, vendor: dialect.title };
			if (tool === null) return [{ status: 'warning', says: 'none', values, lines: dialect.hints.tools }];
			const isOlder = compareSeries(tool, identity.series) < 0;
			return [isOlder ? { status: 'warning', says: 'older', values, lines: dialect.hints.tools } : { status: 'ok', values }];
		},
	}),
];
