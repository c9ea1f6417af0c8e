/**
 * Tests that share a server or a folder, and of which each takes up what the one before it left: `describe('…', IN_ORDER, …)`. They are one
 * story in chapters, run in the order in which they stand, also under `--sequence.shuffle.tests`, which all the others must bear.
 */
export const IN_ORDER = { concurrent: false, shuffle: false } as const;
