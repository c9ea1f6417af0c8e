import { expect } from 'vitest';
import { meetsAll } from './faults.ts';

/**
 * A promise about time. `npm run faults` holds to it, on a machine that does nothing else; `npm test` may run on one that is slow or busy, and
 * asks only that it comes at all. `ms`: null where it did not.
 */
export function expectWithin(ms: number | null, limitMs: number, where = ''): void {
	expect(ms, where).not.toBeNull();
	expect(ms, where).toBeLessThan(meetsAll() ? limitMs : Number.POSITIVE_INFINITY);
}
