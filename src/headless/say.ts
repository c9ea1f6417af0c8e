export interface Output {
	readonly flags: { readonly json?: boolean; readonly quiet?: boolean };
	readonly stdout: NodeJS.WriteStream;
	readonly stderr: NodeJS.WriteStream;
}

/** Says what happens meanwhile, a line each: on stderr beside JSON, and not with `--quiet`. */
export const sayer =
	({ flags, stdout, stderr }: Output) =>
	(text: string): void =>
		void (flags.quiet || (flags.json ? stderr : stdout).write(`${text}\n`));
