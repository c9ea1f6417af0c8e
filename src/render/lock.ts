import { timeOfDay, timeWithZone, type Zone } from '../core/format.ts';
import type { LockState } from '../core/model.ts';

/** A lock in plain words; the same on the screen's red line. */
export function lockWords(lock: LockState, zone: Zone = 'local'): string {
	const others = lock.clientsWait ? "clients' writes wait" : 'replication waits, reads continue';
	switch (lock.state) {
		case 'waiting':
			return `Waiting for the read lock on ${lock.on}`;
		case 'held':
			return `READ LOCK HELD on ${lock.on} since ${timeWithZone(lock.since, zone)}${lock.until === null ? '' : `, until ${timeOfDay(lock.until, zone)} at most`}: ${others}`;
		case 'released':
			return `Read lock on ${lock.on} released`;
		case 'lost':
			return `READ LOCK ON ${lock.on} LOST: the dump is worthless`;
	}
}
