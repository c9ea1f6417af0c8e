import type { Action } from '../../core/action.ts';
import { must } from '../../core/check.ts';
import type { Step } from '../../core/step.ts';
import type { Channel } from '../../dialects/contract/replication.ts';
import type { Statement } from '../../sql/sql.ts';
import { change } from '../shared/change.ts';
import type { ProvisionEnv } from './env.ts';

/** What counts of a channel. */
type Configured = Pick<Channel, 'host' | 'port' | 'user' | 'io' | 'sql' | 'usesGtid' | 'tlsAsked' | 'tlsVerified' | 'delaySeconds'>;
type Facts = { readonly channel: Configured | null };

const asWanted = ({ source, account, tls, ca, verifyName, delaySeconds }: ProvisionEnv, channel: Configured | null): boolean =>
	channel !== null &&
	channel.host === source.host &&
	channel.port === source.port &&
	channel.user === account.user &&
	channel.usesGtid &&
	channel.tlsAsked === tls &&
	(ca === null || verifyName === false || channel.tlsVerified) &&
	channel.delaySeconds === delaySeconds;

export const connect: Step<ProvisionEnv, Facts, null> = {
	id: 'connect',
	title: 'Configure replication',
	why: 'Host, account, TLS and GTID in one statement: CHANGE MASTER TO, which MySQL calls CHANGE REPLICATION SOURCE TO. By what was replicated (slave_pos, SOURCE_AUTO_POSITION), never current_pos: only what came from the primary counts. On its own the server encrypts only if the other side can; that is why the account demands it.',
	inspect: async ({ replica, runQuery }) => ({ channel: (await runQuery('replica', replica.dialect.channel.status))[0] ?? null }),
	plan(at) {
		const { replica, source, account, password, tls, ca, verifyName = true, delaySeconds, facts, memory } = at;
		const { channel } = replica.dialect;
		if (asWanted(at, facts.channel) && !memory.passwordSet) return [];
		const actions: Action[] = [];
		const act = (id: string, why: string, statement: Statement) => actions.push(change('replica', id, why, statement));
		// A channel that runs cannot be changed; only what an interrupted run of ours left can be running here.
		if (facts.channel !== null && (facts.channel.io !== 'no' || facts.channel.sql !== 'no'))
			act('stop', 'it cannot be changed while it runs', channel.stop);
		const options = { host: source.host, port: source.port, user: account.user, password, tls, ca, verifyName, delaySeconds };
		act('configure', 'where from, as whom, encrypted, from which position', channel.configure(options));
		return actions;
	},
	async verify(at) {
		const channel = (await at.runQuery('replica', at.replica.dialect.channel.status))[0] ?? null;
		return [
			must(
				'CHANNEL',
				{ pass: 'The channel is configured as planned', fail: 'The channel is not configured as planned' },
				asWanted(at, channel),
				{
					expected: `${at.account.user} at ${at.source.host}:${at.source.port}, GTID, ${at.tls ? 'TLS' : 'no TLS'}`,
					found:
						channel === null
							? 'none'
							: `${channel.user} at ${channel.host}:${channel.port}, ${channel.usesGtid ? 'GTID' : 'file and position'}, ${channel.tlsAsked ? 'TLS' : 'no TLS'}`,
				},
			),
		];
	},
	async inspectReachable(at) {
		if (!at.absent.has('replica')) return connect.inspect(at);
		const { source, account, tls, delaySeconds } = at;
		const running = { io: 'yes', sql: 'yes', usesGtid: true } as const;
		return { channel: { ...running, ...source, user: account.user, tlsAsked: tls, tlsVerified: false, delaySeconds } };
	},
	undo({ replica, source, account, facts, origin }) {
		if (facts.channel === null || origin.channel !== null) return [];
		// One that leads elsewhere now is somebody else's.
		const { host, port, user } = facts.channel;
		if (host !== source.host || port !== source.port || user !== account.user) return [];
		const { channel } = replica.dialect;
		const actions: Action[] = [];
		if (facts.channel.io !== 'no' || facts.channel.sql !== 'no') {
			actions.push(change('replica', 'stop', 'started by this run', channel.stop));
		}
		actions.push(change('replica', 'forget', 'configured by this run', channel.forget));
		return actions;
	},
};
