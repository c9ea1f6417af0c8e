import { defineCommand } from './command.ts';
import type { ReachRequest } from './connection.ts';
import { type FieldsOf, names, optional, switchOn, wholeNumber } from './option.ts';

export const RESTORE = defineCommand({
	name: 'restore',
	examples: [
		'lockstep restore /srv/backup/db3/latest --server test1',
		'lockstep restore /srv/backup/db3/latest --server test1 --tables shop.orders',
	],
	about: 'load a backup, or a part of it, into a server',
	arguments: [{ name: 'backup', about: 'a backup’s folder, or the link `latest`' }],
	usage: '[options] <backup>',
	roles: ['server'],
	options: [
		names('databases', '--databases <names>', {
			isTable: false,
			about: 'only these, separated by commas; may be given again; a name with commas in `back-quotes`',
			form: { label: 'Databases', about: 'Names with commas between them. Empty: all.', placeholder: '(all)', group: 'What to load' },
		}),
		names('tables', '--tables <names>', {
			isTable: true,
			about: 'only these with their triggers, as database.table, separated by commas; may be given again',
			form: {
				label: 'Tables',
				about: 'Only these and their triggers, as database.table with commas between them. Empty: all.',
				placeholder: '(all)',
				expects: 'Each as database.table.',
			},
		}),
		optional('workers', '--workers <number>', wholeNumber(1, 64), { about: 'how many loads at a time' }),
		switchOn('accounts', '--accounts', {
			about: 'the backup’s accounts, too; existing accounts stay as they are',
			form: {
				label: 'Accounts',
				about: 'Accounts of the backup that do not exist yet are created, with their passwords and privileges; others stay as they are.',
				initial: 'no',
				options: [
					{ value: 'no', label: 'left alone' },
					{ value: 'yes', label: 'made, too' },
				],
			},
		}),
		switchOn('writeBinlog', '--write-binlog', {
			about: 'the server’s binary log gets it as well, and with it its replicas',
			form: {
				label: 'Binary log',
				about: 'Whether the load is written into it: replicas of this server get it only then, and it needs as much room again.',
				initial: 'no',
				options: [
					{ value: 'no', label: 'not written' },
					{ value: 'yes', label: 'written' },
				],
			},
		}),
	],
});

/** `backup`: its folder, or `latest`'s path. */
export type RestoreRequest = {
	readonly kind: 'restore';
	readonly reach?: ReachRequest;
	readonly server: string;
	readonly backup: string;
} & FieldsOf<typeof RESTORE.options>;
