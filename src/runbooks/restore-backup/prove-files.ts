import { judgeFile } from '../../archive/read.ts';
import { type Check, failed, must } from '../../core/check.ts';
import { VerifyFailed } from '../../core/errors.ts';
import { meter } from '../../core/progress.ts';
import type { Step } from '../../core/step.ts';
import { allFiles, type RestoreEnv } from './env.ts';

/** A screen has had enough after that. */
const TELL_EVERY_MS = 200;

export const proveFiles: Step<RestoreEnv, { readonly files: number }, { readonly files: number }> = {
	id: 'prove-files',
	title: 'Prove the files',
	why: 'Every file that will be loaded is read once and compared with its size and SHA-256 in the manifest, before anything on the server is touched: what is overwritten for a damaged backup is lost. They are compared once more as they are loaded.',
	inspect: async (env) => ({ files: allFiles(env).length }),
	plan: () => [],
	async run({ progress, now, signal, note, ...env }) {
		const files = allFiles(env);
		const total = files.reduce((sum, file) => sum + file.bytes, 0);
		const measure = meter(() => now().getTime());
		const bad: Check[] = [];
		let done = 0;
		let told = 0;
		for (const [index, file] of files.entries()) {
			const onBytes = (bytes: number) => {
				done += bytes;
				const at = now().getTime();
				if (at - told < TELL_EVERY_MS) return;
				told = at;
				const tables = { done: index, total: files.length };
				progress({ unit: 'bytes', done, total, estimated: false, ...measure(done, total), current: file.path, tables });
			};
			bad.push(...failed([await judgeFile(env.folder, file, { signal, onBytes })]));
		}
		if (bad.length > 0) throw new VerifyFailed(bad, 'The backup is damaged: nothing of it was loaded.');
		return { files: files.length };
	},
	verify: async ({ facts, output }) => [
		must('FILES', 'Every file is what was written', output.files === facts.files, { expected: `${facts.files}`, found: `${output.files}` }),
	],
};
