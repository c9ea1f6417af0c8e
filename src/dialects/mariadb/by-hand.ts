import type { ByHand } from '../../core/by-hand.ts';
import { stringLiteral } from '../common/pieces.ts';

export const byHand: ByHand = {
	title: 'MariaDB',
	client: 'mariadb',
	missingErrors: '1146 or 1356',
	beforeLocalInfile: '',
	replicaStatus: 'SHOW SLAVE STATUS\\G',
	firstLine: {
		about:
			'/*M!999999\\- enable the sandbox mode */ makes the mariadb client refuse commands that a dump has no business with, such as running a program. ' +
			'Clients from before May 2024 (10.5.25, 10.6.18, 10.11.8, 11.4.2) stop at it with "Unknown command \'\\-\'". Use a newer mariadb client; or, ' +
			'for a dump you trust, leave out exactly that line:',
		sed: '1{/^\\/\\*M!999999/d;}',
	},
	beforeReplica: [
		'Error 1947 or 1950: the new server has written a binary log of its own while loading. RESET MASTER on it (never on a server',
		'that others replicate from), then run this again; README.txt says how to load without writing one.',
	],
	configure: (channel, start) => [
		`CHANGE MASTER${channel === '' ? '' : ` ${stringLiteral(channel)}`} TO`,
		"  MASTER_HOST = '<host>', MASTER_PORT = <port>, MASTER_USER = '<user>', MASTER_PASSWORD = '<password>',",
		`  MASTER_SSL = 1, ${
			start === 'gtid'
				? 'MASTER_USE_GTID = slave_pos'
				: `MASTER_LOG_FILE = ${stringLiteral(start.file)}, MASTER_LOG_POS = ${start.pos}, MASTER_USE_GTID = no`
		};`,
	],
	setPosition: (gtid) => [`SET GLOBAL gtid_slave_pos = ${stringLiteral(gtid)};`],
	start: (channel) => `START SLAVE${channel === '' ? '' : ` ${stringLiteral(channel)}`};`,
};
