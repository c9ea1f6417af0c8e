import { stripVTControlCharacters } from 'node:util';
import { FORMAT } from '../core/events.ts';
import { jsonLine } from '../core/json.ts';
import type { StatusReport } from '../core/status-report.ts';
import { renderStatus, seenWords, unreachableWords } from '../render/status.ts';
import { widthOf } from '../render/width.ts';

export interface StatusPrinter {
	show(report: StatusReport): void;
	/** Of a server that a watch does not reach now. `since`: RFC 3339. */
	miss(server: { readonly name: string; readonly address: string }, why: { readonly since: string; readonly reason: string }): void;
}

export interface StatusPrinterOptions {
	readonly isJson: boolean;
	/** Again and again: in a terminal each report takes the place of the one before. */
	readonly isWatch: boolean;
	readonly env: NodeJS.ProcessEnv;
	readonly now: () => Date;
	readonly color: boolean;
	readonly ascii: boolean;
	readonly width: number;
}

/** Prints what a server is like, as text or a line of JSON. */
export function statusPrinter(stdout: NodeJS.WriteStream, { isJson, isWatch, env, now, ...styles }: StatusPrinterOptions): StatusPrinter {
	const screen = isWatch && stdout.isTTY && env.TERM !== 'dumb' ? redrawn(stdout) : null;
	const write = (text: string) => (screen === null ? stdout.write(`${text}\n`) : screen(`${text}\n\n${seenWords(now())}\n`));
	const print = (fields: object, text: () => string) =>
		void (isJson ? stdout.write(jsonLine({ v: FORMAT, type: 'status', ...fields })) : write(text()));
	return {
		show: (report) => print(report, () => renderStatus(report, { ...styles, now: now() })),
		miss: ({ name, address }, why) => print({ name, address, healthy: false, unreachable: { ...why } }, () => unreachableWords(name, why)),
	};
}

/** Writes each text in the place of the one before. */
function redrawn(stdout: NodeJS.WriteStream): (text: string) => void {
	let rows = 0;
	return (text) => {
		// What has scrolled off cannot be reached.
		const up = Math.min(rows, (stdout.rows ?? 24) - 1);
		stdout.write(`${up > 0 ? `\x1b[${up}A\r\x1b[J` : ''}${text}`);
		rows = text
			.split('\n')
			.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(stripVTControlCharacters(line)) / (stdout.columns ?? 80))), -1);
	};
}
