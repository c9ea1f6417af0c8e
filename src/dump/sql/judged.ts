import type { FilePurpose } from '../../core/action.ts';
import { VerifyFailed } from '../../core/errors.ts';
import { withoutLiterals } from '../../core/values.ts';
import { createJudge } from './judge.ts';
import { type Piece, piecesOf } from './split.ts';

/** Of a statement, in an error. */
const SHOWN = 120;

const printable = (text: string): string => withoutLiterals(text).replaceAll(/\s+/g, ' ').trim().slice(0, SHOWN);

/**
 * A file of a backup, cut into pieces as it is, each judged on its way: no byte of a statement goes on before it is known to be one that the
 * file may hold. Throws VerifyFailed with the file, the number of the statement, and why.
 */
export async function* judged(source: AsyncIterable<Buffer>, path: string, purpose: FilePurpose): AsyncGenerator<Piece> {
	const judge = createJudge(purpose);
	const whyNot = ({ kind, text, mode }: Piece): string | null => {
		if (kind === 'odd') return text.toString();
		if (kind === 'statement') return judge.statement(text, mode);
		return kind === 'rows' ? judge.rows(text, mode) : null;
	};
	let count = 0;
	for await (const piece of piecesOf(source)) {
		if (piece.kind === 'statement' || piece.kind === 'rows' || piece.kind === 'odd') count++;
		const why = whyNot(piece);
		if (why === null) {
			yield piece;
			continue;
		}
		throw new VerifyFailed(
			[
				{
					id: 'BACKUP-STATEMENT',
					title: `${path}, statement ${count}`,
					status: 'fail',
					expected: purpose.database === null ? 'a statement about accounts' : `a statement of a dump of ${purpose.database}`,
					found: `${piece.kind === 'odd' ? '' : `${printable(piece.text.toString('utf8'))}: `}${why}`,
					hints: [
						'Do not restore from it: a backup holds no such statement. Take another backup, or get this file from a copy of the backup.',
					],
				},
			],
			'The backup holds a statement that does not belong into it: nothing of that file was run.',
		);
	}
}
