import type { FilePurpose } from '../../core/action.ts';
import { VerifyFailed } from '../../core/errors.ts';
import { withoutLiterals } from '../../core/values.ts';
import { createJudge, type Standing } from './judge.ts';
import { createDumpScanner } from './scan.ts';

/** Of a statement, in an error. */
const SHOWN = 120;

const printable = (text: string): string => withoutLiterals(text).replaceAll(/\s+/g, ' ').trim().slice(0, SHOWN);

/**
 * A file of a backup as it is, judged on its way: no byte of a statement's end goes on before the statement is known to be one that the file
 * may hold. Throws VerifyFailed with the file, the number of the statement, and why.
 */
export async function* judged(source: AsyncIterable<Buffer>, path: string, purpose: FilePurpose): AsyncGenerator<Buffer> {
	const judge = createJudge(purpose);
	let count = 0;
	const refuse = (why: string, text: Buffer | null): never => {
		throw new VerifyFailed(
			[
				{
					id: 'BACKUP-STATEMENT',
					title: `${path}, statement ${count}`,
					status: 'fail',
					expected: purpose.database === null ? 'a statement about accounts' : `a statement of a dump of ${purpose.database}`,
					found: `${text === null ? '' : `${printable(text.toString('utf8'))}: `}${why}`,
					hints: [
						'Do not restore from it: a backup holds no such statement. Take another backup, or get this file from a copy of the backup.',
					],
				},
			],
			'The backup holds a statement that does not belong into it: nothing of that file was run.',
		);
	};
	const ask = (by: 'statement' | 'rows') => (text: Buffer, at: Standing) => {
		count++;
		const why = judge[by](text, at);
		if (why !== null) refuse(why, text);
	};
	const scanner = createDumpScanner({
		guard: {
			statement: ask('statement'),
			rows: ask('rows'),
			odd: (what) => {
				count++;
				refuse(what, null);
			},
		},
	});
	let waiting: Buffer = Buffer.alloc(0);
	for await (const chunk of source) {
		const left = scanner.write(chunk);
		const all = waiting.length === 0 ? chunk : Buffer.concat([waiting, chunk]);
		waiting = Buffer.from(all.subarray(all.length - left));
		if (all.length > left) yield all.subarray(0, all.length - left);
	}
	scanner.end();
	if (waiting.length > 0) yield waiting;
}
