import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** What takes minutes, the longest first: begun last, one of them would run alone at the end. */
const LONG = [
	...['faults/kill-provision', 'integration/step-contract-provision', 'integration/lock', 'faults/kill-backup', 'faults/files'],
	...[
		'integration/cli',
		'faults/soak',
		'integration/provision-refused',
		'faults/dump',
		'integration/backup',
		'integration/lease',
		'integration/lessons',
	],
];

class LongestFirst extends BaseSequencer {
	override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
		const place = ({ moduleId }: TestSpecification) => {
			const at = LONG.findIndex((name) => moduleId.endsWith(`${name}.test.ts`));
			return at === -1 ? LONG.length : at;
		};
		return (await super.sort(files)).sort((a, b) => place(a) - place(b));
	}
}

// Without CI in the environment: Ink paints nothing until it exits where it is set.
const { CI: _, ...env } = process.env;

export default defineConfig({
	test: {
		root: new URL('..', import.meta.url).pathname,
		environment: 'node',
		setupFiles: ['test/support/patience.ts'],
		// Times on screens are local.
		env: { ...(env as Record<string, string>), CI: '', TZ: 'UTC' },
		// Generous: on a slow machine a test that starts twenty programs is late, not wrong.
		testTimeout: 120_000,
		hookTimeout: 300_000,
		fileParallelism: true,
		sequence: { sequencer: LongestFirst },
		// More than there are cores: much of a test is waiting for a server.
		maxWorkers: 3,
		projects: [
			// What needs no server: `npm run test:unit`.
			{ extends: true, test: { name: 'unit', include: ['test/{unit,ui}/**/*.test.{ts,tsx}'] } },
			// Real servers, real programs, real terminals.
			{
				extends: true,
				test: { name: 'servers', include: ['test/{integration,faults,e2e}/**/*.test.ts'], globalSetup: ['test/support/servers.ts'] },
			},
		],
	},
});
