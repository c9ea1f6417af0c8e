import { clearInterruptedDrills } from '../app/interrupted-drills.ts';
import { UserError } from '../core/errors.ts';
import { duration } from '../core/format.ts';
import type { Json } from '../core/json.ts';
import { shellWord } from '../core/shell.ts';
import { choice, type FieldsOf } from '../requests/option.ts';
import type { SANDBOX } from '../requests/other-commands.ts';
import {
	SANDBOX_KINDS,
	type Sandbox,
	type SandboxKind,
	type SandboxServer,
	sandboxDown,
	sandboxStatus,
	sandboxUp,
} from '../sandbox/sandbox.ts';
import { urlOf } from '../sandbox/server.ts';
import type { CommandResult, Context } from './context.ts';

export type SandboxFlags = FieldsOf<typeof SANDBOX.options>;

const place = ({ host, port, socket, user }: SandboxServer): Json => ({ host, port, socket, user });

/** The fields that a demo's and a sandbox's last JSON line carries. */
export const sandboxFields = (sandbox: Sandbox): { readonly [key: string]: Json } => ({
	kind: sandbox.kind,
	version: sandbox.version,
	dir: sandbox.dir,
	primary: place(sandbox.primary),
	replica: place(sandbox.replica),
	writer: sandbox.writerPid,
});

export function kindOf(flags: SandboxFlags): { kind?: SandboxKind } {
	return flags.server === undefined ? {} : { kind: choice(SANDBOX_KINDS).parse(flags.server, '--server') };
}

/** What takes it down again, as it was brought up. */
export const downCommand = (pair: Sandbox, flags: SandboxFlags): string =>
	`lockstep sandbox down ${flags.dir === undefined ? `--server ${pair.kind}` : `--dir ${shellWord(pair.dir)}`}`;

export async function sandbox(context: Context, verb: string, flags: SandboxFlags): Promise<CommandResult> {
	const { env, signal, stdout, stderr, flags: global } = context;
	const choice = { ...kindOf(flags), ...(flags.dir === undefined ? {} : { dir: flags.dir }), env };
	const say = (line: string) => void (global.json ? stderr : stdout).write(`${line}\n`);
	const lines = (pair: Sandbox): readonly string[] => [
		`${pair.kind} (${pair.version}) in ${pair.dir}`,
		`  primary  ${urlOf(pair.primary)}   socket ${pair.primary.socket}`,
		`  replica  ${urlOf(pair.replica)}   socket ${pair.replica.socket}`,
		`  writer   ${pair.writerPid === null ? 'not running' : `keeps changing the primary (process ${pair.writerPid})`}`,
	];
	if (!global.dryRun) await clearInterruptedDrills(context, (text) => void stderr.write(`${text}\n`));
	switch (verb) {
		case 'up': {
			if (global.dryRun) {
				const pair = await sandboxStatus(choice);
				return preview(pair === null ? ['Would start a throwaway primary and a replica.'] : ['The sandbox is up already:', ...lines(pair)]);
			}
			const began = context.now().getTime();
			const pair = await sandboxUp({ ...choice, signal, say });
			return {
				end: null,
				extra: sandboxFields(pair),
				next: [
					...lines(pair),
					`  up in ${duration(context.now().getTime() - began)}`,
					'',
					'Next:',
					`  lockstep provision --primary ${urlOf(pair.primary)} --replica ${urlOf(pair.replica)}`,
					`  ${downCommand(pair, flags)}`,
				],
			};
		}
		case 'status': {
			const pair = await sandboxStatus(choice);
			if (pair === null) return { end: null, extra: { running: false }, next: ['No sandbox is up.', 'Next:  lockstep sandbox up'] };
			return { end: null, extra: { running: true, ...sandboxFields(pair) }, next: lines(pair) };
		}
		case 'down': {
			if (global.dryRun) {
				const pair = await sandboxStatus(choice);
				return preview(pair === null ? ['There is no sandbox.'] : ['Would stop and remove the sandbox and its data:', ...lines(pair)]);
			}
			const was = await sandboxDown({ ...choice, signal });
			return { end: null, extra: { was_running: was }, next: [was ? 'The sandbox is stopped and removed.' : 'There was no sandbox.'] };
		}
		default:
			throw new UserError({ message: `sandbox ${verb} is not known.`, hints: ['lockstep sandbox up | status | down'] });
	}
}

const preview = (next: readonly string[]): CommandResult => ({ end: null, extra: { dry_run: true }, next });
