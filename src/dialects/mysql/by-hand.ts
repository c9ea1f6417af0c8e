import type { ByHand } from '../../core/by-hand.ts';
import { stringLiteral } from '../common/pieces.ts';

const forChannel = (channel: string): string => (channel === '' ? '' : ` FOR CHANNEL ${stringLiteral(channel)}`);

export const byHand: ByHand = {
	title: 'MySQL',
	client: 'mysql',
	missingErrors: '1049, 1146 or 1356',
	beforeLocalInfile: 'SET GLOBAL local_infile = ON',
	replicaStatus: 'SHOW REPLICA STATUS\\G',
	firstLine: null,
	beforeReplica: [],
	configure: (channel, start) => [
		'CHANGE REPLICATION SOURCE TO',
		"  SOURCE_HOST = '<host>', SOURCE_PORT = <port>, SOURCE_USER = '<user>', SOURCE_PASSWORD = '<password>',",
		`  SOURCE_SSL = 1, ${
			start === 'gtid'
				? 'SOURCE_AUTO_POSITION = 1'
				: `SOURCE_AUTO_POSITION = 0, SOURCE_LOG_FILE = ${stringLiteral(start.file)}, SOURCE_LOG_POS = ${start.pos}`
		}${forChannel(channel)};`,
	],
	setPosition: (gtid) => [
		'RESET BINARY LOGS AND GTIDS; -- before MySQL 8.2: RESET MASTER',
		`SET GLOBAL gtid_purged = ${stringLiteral(gtid.replaceAll(/\s/g, ''))};`,
	],
	start: (channel) => `START REPLICA${forChannel(channel)};`,
};
