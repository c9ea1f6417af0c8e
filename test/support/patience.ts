// Conditions are waited for as long as a busy machine may need: vitest's own second is for nothing but pure code.
import { vi } from 'vitest';

const PATIENCE = { timeout: 20_000, interval: 50 };
const { waitFor, waitUntil } = vi;
const patient = (options: Parameters<typeof waitFor>[1]) => ({
	...PATIENCE,
	...(typeof options === 'number' ? { timeout: options } : options),
});
vi.waitFor = (condition, options) => waitFor(condition, patient(options));
vi.waitUntil = (condition, options) => waitUntil(condition, patient(options));
