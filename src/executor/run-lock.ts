import { setTimeout as pause } from 'node:timers/promises';
import { Busy, type ErrorMessage, ServerError } from '../core/errors.ts';
import type { Dialect } from '../dialects/contract/dialect.ts';
import type { ServerAddress } from '../server/address.ts';
import { keepAlive } from '../server/heartbeat.ts';
import { connect, type Session } from '../server/session.ts';
import type { Secret } from '../sql/secret.ts';

const NAME = 'lockstep.run';
/** A server takes some milliseconds to notice that whoever had the claim was killed. */
const TRIES = 10;
const PAUSE_MS = 100;
const AGAIN_MS = 250;

/** The named lock by which runs of lockstep, from this machine or another, keep apart on a server. */
export interface RunLock extends AsyncDisposable {
	/** Aborts, with a ServerError as its reason, when it was lost and could not be had again: another run may be at work there now. */
	readonly lost: AbortSignal;
	/** From now on for so long a server that cannot be reached is no loss: it restarts, and is claimed again as soon as it is there. */
	patient(ms: number): void;
}

/**
 * Claims a server. After `seconds` of silence the server lets go of it, so that a network that swallows everything holds nobody else up;
 * a heartbeat keeps it until then. A connection that breaks is made again, and the claim with it. Throws Busy where another run has it.
 */
export async function acquireRunLock(
	{ address, password, dialect }: { readonly address: ServerAddress; readonly password: Secret | null; readonly dialect: Dialect },
	seconds: number,
): Promise<RunLock> {
	const lost = new AbortController();
	let released = false;
	let current: Session | null = null;
	let patientUntil = 0;

	const take = async (): Promise<void> => {
		const session = await connect(address, password, { waitTimeoutSeconds: seconds });
		try {
			const asked = dialect.locks.acquireRunLock(NAME);
			for (let tries = 0; !asked.read(await session.query(asked.statement)); tries += 1) {
				if (tries === TRIES) {
					throw new Busy({
						message: `Another run of lockstep is at work on ${address.name}.`,
						...(await claimant(session, dialect, seconds)),
					});
				}
				await pause(PAUSE_MS);
			}
		} catch (error) {
			await session.close();
			throw error;
		}
		current = session;
		keepAlive(session, { everyMs: seconds * 250, answerMs: seconds * 500, onFailure: () => session.destroy() });
		session.lost.addEventListener('abort', () => void again(), { once: true });
	};

	const again = async (): Promise<void> => {
		if (released) return;
		try {
			await take();
			if (released) await current?.close();
		} catch (cause) {
			if (performance.now() < patientUntil && !(cause instanceof Busy)) {
				await pause(AGAIN_MS, undefined, { ref: false });
				return again();
			}
			lost.abort(
				new ServerError(
					{
						message: ` The run lock on ${address.name} was lost, and could not be acquired again.`,
						reason: cause instanceof Error ? cause.message : String(cause),
						hints: ['Another run may be at work there now: see what it does, then try again.'],
					},
					{ cause, connectionLost: true },
				),
			);
		}
	};

	await take();
	return {
		lost: lost.signal,
		patient(ms) {
			patientUntil = performance.now() + ms;
		},
		async [Symbol.asyncDispose]() {
			released = true;
			await current?.close();
		},
	};
}

/** Who is at work there, as far as this account may see it. */
async function claimant(session: Session, { locks }: Dialect, seconds: number): Promise<Pick<ErrorMessage, 'reason' | 'hints'>> {
	const holder = locks.runLockHolder(NAME);
	const id = holder.read(await session.query(holder.statement));
	const hints = ['Nothing was changed. Wait until it is done.'];
	if (id === null) return { hints };
	const all = await session.query(locks.activity.statement).then(locks.activity.read, () => []);
	const who = all.find((each) => each.id === id);
	if (who === undefined) return { reason: `Its connection there is number ${id}.`, hints };
	return {
		// It is heard of several times a lease, so its time in the list is not for how long it has been there.
		reason: `Its connection there is number ${id}, of ${who.user}@${who.host}, last heard of ${who.seconds} s ago.`,
		hints: [...hints, `Where its machine is gone, the server lets go of it after ${seconds} s of silence.`],
	};
}
