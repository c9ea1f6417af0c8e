import { type LockstepError, VerifyFailed } from '../../core/errors.ts';
import type { Step } from '../../core/step.ts';
import { catchUp, type Target } from '../shared/catch-up.ts';
import { type BackupEnv, dumped } from './env.ts';

type Facts = {
	/** All that was received and must be applied; null where nothing replicates that could be waited for. */
	readonly target: Target | null;
	/** Channels that are behind on purpose. */
	readonly delayed: readonly string[];
	/** Channels that stood when the backup was made, and why. */
	readonly standing: readonly string[];
	/** What the server has of its sources. */
	readonly replicated: string;
};

/** Longer than this a backup does not wait to be published. */
const MOST_MS = 15 * 60_000;

export const catchUpAgain: Step<BackupEnv, Facts, { readonly ms: number | null }> = {
	id: 'catch-up',
	title: 'Watch replication catch up',
	why: 'While the lock was held the replica received changes and could not apply them. It is watched until it has: the sign that this backup left nothing behind.',
	async inspect({ server, runQuery }) {
		const channels = await runQuery('server', server.dialect.channel.status);
		const delayed = channels.filter((channel) => channel.delaySeconds > 0);
		const running = channels.filter((channel) => channel.io !== 'no' && channel.sql === 'yes' && channel.delaySeconds === 0);
		const received = running.filter((channel) => channel.usesGtid).map((channel) => channel.received);
		const logs = running.flatMap(({ name, usesGtid, receivedFile, receivedPos }) =>
			usesGtid || receivedFile === null || receivedPos === null ? [] : [{ channel: name, file: receivedFile, pos: receivedPos }],
		);
		const standing = channels.filter(({ io, ioError, sql }) => io === 'no' || ioError !== null || sql === 'no');
		return {
			standing: standing.map(
				({ host, port, io, sql, sqlError, ioError }) => `from ${host}:${port} (${sqlError ?? ioError ?? `io ${io}, sql ${sql}`})`,
			),
			replicated: (await runQuery('server', server.dialect.positions.current)).replicated,
			target:
				running.length === 0
					? null
					: { gtid: server.dialect.positions.union(received), logs, channels: running.map((channel) => channel.name) },
			delayed: delayed.map((channel) => channel.name),
		};
	},
	plan: ({ server, facts }) =>
		facts.target === null || facts.target.gtid === ''
			? []
			: [
					{
						kind: 'sql',
						id: 'wait',
						why: 'until all that was received is applied',
						on: 'server',
						statement: server.dialect.positions.wait(facts.target.gtid, 5).statement,
						changes: false,
					},
				],
	async run({ plan, ...at }) {
		const { target, delayed, standing } = at.facts;
		// Of a snapshot the lock is long given back: the replica may have gone on since.
		const replicated = dumped(at)?.position.replicated ?? at.facts.replicated;
		// Backups of a replica that stands are sound, and each as old as the last.
		if (standing.length > 0)
			at.note(`Replication stands: ${standing.join('; ')}. This backup is of what the replica has, ${replicated || 'nothing'}.`, 'warning');
		if (delayed.length > 0) {
			const which = target === null ? 'The replica' : delayed.map((name) => `Channel ${name || 'default'}`).join(', ');
			at.note(`${which} is delayed on purpose: it is not waited for.`);
		}
		if (target === null) return { ms: null };
		try {
			const ms = await catchUp(at, { role: 'server', server: at.server }, target, MOST_MS);
			for (const action of plan) await at.perform(action);
			return { ms };
		} catch (error) {
			// The backup itself is sound: that replication has trouble of its own is said and does not unmake it.
			if (!(error instanceof VerifyFailed)) throw error;
			at.note(`Replication did not catch up: ${error.checks[0]?.found ?? (error as LockstepError).description.message}`, 'warning');
			return { ms: null };
		}
	},
	previewOutput: { ms: null },
};
