import { formatNames } from '../core/names.ts';
import { shellWord } from '../core/shell.ts';
import type { ReachRequest, RunRequest, StatusRequest } from '../core/wizard-backend.ts';

/** `lockstep drill`, as its command line says it. */
export type DrillRequest = {
	readonly kind: 'drill';
	readonly backup: string;
	readonly replicate: boolean;
	readonly primary?: string;
	readonly account?: string;
	readonly accountPasswordFile?: string;
	readonly tls: boolean;
	readonly dir?: string;
};

export type VerifyRequest = { readonly kind: 'verify'; readonly backup: string };

const kebab = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** The options of the MySQL clients, and where the password is. `prefix`: what stands before their names, `--primary-`. */
function reachWords({ flags = {}, ...places }: ReachRequest[string] = {}, prefix = '--'): string[] {
	const { password, ...options } = flags as { readonly [name: string]: string | number | boolean };
	const given = [...Object.entries(options), ...Object.entries(places as typeof options)];
	return [
		...(password === undefined ? [] : [`${prefix}password`]),
		...given.flatMap(([name, value]) => (value === true ? [`${prefix}${kebab(name)}`] : [`${prefix}${kebab(name)}`, String(value)])),
	];
}

/**
 * The command line that asks for the same: parsed again it gives this very request. One line, to be pasted into bash, zsh or ksh.
 * @param config the file of `--config`, where one was named
 */
export function toCommandLine(request: RunRequest | StatusRequest | DrillRequest | VerifyRequest, config?: string): string {
	const words: string[] = [];
	const give = (flag: string, value: string | number | undefined) => value !== undefined && words.push(flag, String(value));
	const say = (flag: string, isSaid: boolean | undefined) => isSaid && words.push(flag);
	const giveNames = (flag: string, names: readonly string[] | undefined) => names && words.push(flag, formatNames(names));
	const giveSeconds = (flag: string, seconds: number | null | undefined) => seconds != null && words.push(flag, `${seconds}s`);
	switch (request.kind) {
		case 'provision':
			words.push(...reachWords(request.reach?.primary, '--primary-'), ...reachWords(request.reach?.replica, '--replica-'));
			give('--primary', request.primary || undefined);
			give('--replica', request.replica || undefined);
			give('--account', request.account);
			give('--operator', request.operator);
			give('--operator-password-file', request.operatorPasswordFile);
			give('--source', request.source);
			give('--seed', request.backup ?? request.seed);
			giveSeconds('--restart-wait', request.restartWaitSeconds);
			give('--channel-ca', request.channelCa);
			giveSeconds('--delay', request.delaySeconds);
			say('--no-tls', !request.tls);
			break;
		case 'backup':
			words.push(...reachWords(request.reach?.server));
			give('--server', request.server || undefined);
			give('--to', request.to);
			giveNames('--databases', request.databases);
			giveNames('--ignore-table', request.ignoreTables);
			give('--engine', request.engine);
			give('--lock', request.lock);
			give('--workers', request.workers);
			give('--compress', request.level === undefined ? request.compress : `${request.compress}:${request.level}`);
			giveSeconds('--lock-wait', request.lockWaitSeconds);
			give('--long-queries', request.longQueries);
			giveSeconds('--max-lock-time', request.maxLockSeconds === null ? 0 : request.maxLockSeconds);
			say('--stop-applier', request.stopApplier);
			break;
		case 'restore':
			words.push(...reachWords(request.reach?.server));
			give('--server', request.server || undefined);
			giveNames('--databases', request.databases);
			giveNames('--tables', request.tables);
			give('--workers', request.workers);
			say('--accounts', request.accounts);
			say('--write-binlog', request.writeBinlog);
			break;
		case 'status':
			words.push(...reachWords(request.reach?.server));
			give('--server', request.server || undefined);
			break;
		case 'drill':
			say('--replicate', request.replicate);
			give('--primary', request.primary);
			give('--account', request.account);
			give('--account-password-file', request.accountPasswordFile);
			say('--no-tls', !request.tls);
			give('--dir', request.dir);
	}
	give('--config', config);
	const backup = request.kind === 'restore' || request.kind === 'drill' || request.kind === 'verify' ? request.backup : undefined;
	const folder = backup === undefined ? [] : backup.startsWith('-') ? ['--', backup] : [backup];
	const all = folder[0] === '--' ? [...words, ...folder] : [...folder, ...words];
	return ['lockstep', request.kind, ...all].map(shellWord).join(' ');
}
