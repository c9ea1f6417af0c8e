// Single questions on a terminal, outside of a run: a yes, a line, a password.
import { createInterface } from 'node:readline';
import { createInterface as createPromises } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { UserError } from '../core/errors.ts';

export interface Terminal {
	readonly stdin: NodeJS.ReadStream;
	readonly stdout: NodeJS.WriteStream;
	readonly signal: AbortSignal;
}

/** A typed line, without the blanks around it. Rejects where the input ends, and with the signal's reason. */
export async function askLine({ stdin, stdout, signal }: Terminal, question: string): Promise<string> {
	const reader = createPromises({ input: stdin, output: stdout });
	try {
		return (await reader.question(question, { signal })).trim();
	} finally {
		reader.close();
	}
}

/** Whether the person types `y` or `yes`. Throws UserError where no answer comes. */
export async function askYes(terminal: Terminal, question: string): Promise<boolean> {
	try {
		return /^y(es)?$/i.test(await askLine(terminal, question));
	} catch (error) {
		throw new UserError({ message: 'No answer was given.' }, { cause: error });
	}
}

/** A password, which is not shown while it is typed. Rejects with UserError on ctrl+c. */
export const askHidden = (question: string, stdin: NodeJS.ReadStream, stderr: NodeJS.WriteStream): Promise<string> =>
	new Promise((resolve, reject) => {
		stderr.write(`${question} `);
		const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
		const reader = createInterface({ input: stdin, output: silent, terminal: true });
		reader.once('line', (line) => {
			stderr.write('\n');
			resolve(line);
			reader.close();
		});
		reader.once('SIGINT', () => {
			stderr.write('\n');
			reader.close();
			reject(new UserError({ message: 'No password was given.' }));
		});
	});
