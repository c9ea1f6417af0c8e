import { defineConfig } from 'vitest/config';

// Without CI in the environment: Ink paints nothing until it exits where it is set.
const { CI: _, ...env } = process.env;

export default defineConfig({
	test: {
		root: new URL('..', import.meta.url).pathname,
		include: ['test/**/*.test.{ts,tsx}'],
		environment: 'node',
		globalSetup: ['test/support/servers.ts'],
		setupFiles: ['test/support/patience.ts'],
		env: { ...(env as Record<string, string>), CI: '' },
		testTimeout: 60_000,
		hookTimeout: 300_000,
		fileParallelism: true,
		// More than there are cores: much of a test is waiting for a server.
		maxWorkers: 3,
	},
});
