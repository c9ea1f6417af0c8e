import type { Finding } from '../core/finding.ts';
import type { Failure } from '../core/model.ts';
import type { RunRecord } from '../core/run-record.ts';
import { renderFailure } from '../render/failure.ts';
import { interruptedWords, renderFindings } from '../render/findings.ts';
import type { Output } from './say.ts';

export interface RecoverPrinterOptions extends Output {
	readonly mode: 'wizard' | 'plain' | 'headless';
	readonly color: boolean;
	readonly ascii: boolean;
	readonly width: number;
}

/** Prints what interrupted runs have left, as each is found: on stderr beside JSON. With `--quiet` only what a person is asked about. */
export function recoverPrinter({ flags, mode, stdout, stderr, ...styles }: RecoverPrinterOptions) {
	const isSilent = flags.quiet && mode === 'headless';
	const say = (text: string) => void (isSilent || (flags.json ? stderr : stdout).write(`${text}\n`));
	return {
		begin: (record: RunRecord) => say(interruptedWords(record)),
		found: ({ findings, record }: { readonly findings: readonly Finding[]; readonly record: RunRecord }) =>
			say(renderFindings(findings, record, styles)),
		refused(failure: Failure) {
			const state = 'Nothing was rolled back: what this run changed is still there.';
			(flags.json || flags.quiet ? stderr : stdout).write(`${renderFailure(failure, { ...styles, state })}\n`);
		},
	};
}
