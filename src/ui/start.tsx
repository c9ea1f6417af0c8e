import { render } from 'ink';
import type { Desk, RunRequest } from '../core/desk.ts';
import { wantsAscii } from '../core/format.ts';
import type { RunEnd } from '../core/runner.ts';
import { renderSummary } from '../telling/summary.ts';
import { Wizard } from './app.tsx';
import type { Place } from './app-context.ts';
import { KeyBorder, type TerminalInput } from './border.ts';
import { openSession, type Session } from './session.ts';
import { theme } from './theme.ts';

export type Open =
	| { readonly screen: 'home' | 'provision' | 'backup' | 'status' }
	/** Straight to the plan of this work. */
	| { readonly screen: 'review'; readonly request: RunRequest }
	/** Starts or finds the throwaway pair, then offers the flows on it. */
	| { readonly screen: 'demo' };

export type WizardOptions = {
	readonly desk: Desk;
	readonly stdin: TerminalInput;
	readonly stdout: NodeJS.WriteStream;
	readonly env: NodeJS.ProcessEnv;
	readonly open?: Open;
	readonly now?: () => Date;
};

type Signal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

export type WizardResult = {
	/** To be printed on the normal screen; null where nothing was run. */
	readonly summary: string | null;
	/** The end of the last run that got further than its review. */
	readonly end: RunEnd | null;
	/** What ended the wizard, where it was not a key. */
	readonly signal: Signal | null;
};

const SIGNALS: readonly Signal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const MAX_FPS = 15;

function placesOf(open: Open): readonly Place[] {
	switch (open.screen) {
		case 'home':
			return [{ at: 'home' }];
		case 'provision':
			return [{ at: 'home' }, { at: 'provision' }];
		case 'backup':
		case 'status':
			return [{ at: 'home' }, { at: 'pick', flow: open.screen }];
		case 'demo':
			return [{ at: 'home' }, { at: 'practice' }];
		case 'review': {
			const { request } = open;
			const title = request.kind === 'backup' ? `backup ${request.server}` : `set up ${request.replica}`;
			return [{ at: 'home' }, { at: 'run', request, title: title.replace(/mysql:\/\/(?:[^@/]*@)?([^?]*).*/, '$1') }];
		}
	}
}

const wantsColor = (env: NodeJS.ProcessEnv): boolean => !env.NO_COLOR && env.TERM !== 'dumb' && env.FORCE_COLOR !== '0';

function summaryOf(session: Session, desk: Desk, options: { width: number; ascii: boolean; color: boolean }): string | null {
	if (session.last === null) return null;
	const { end, state, request } = session.last;
	const backup = end.summary.backup;
	const next =
		end.outcome !== 'done'
			? []
			: request.kind === 'backup'
				? [`less ${typeof backup === 'string' ? backup : request.to}/README.txt`]
				: [
						desk.commandLine({
							kind: 'backup',
							server: request.replica,
							to: desk.proposeOutput(request.replica),
							compress: 'zstd',
							lockWaitSeconds: 60,
							longQueries: 'wait',
							stopApplier: false,
						}),
					];
	return renderSummary(end, state, { ...options, next });
}

/**
 * The wizard on the alternate screen, until it is left by a key or a signal; a run at work is stopped safely first.
 * The terminal is left as it was found. Rejects only on a bug of its own.
 */
export async function startWizard({
	desk,
	stdin,
	stdout,
	env,
	open = { screen: 'home' },
	now = () => new Date(),
}: WizardOptions): Promise<WizardResult> {
	const ascii = wantsAscii(env);
	const color = wantsColor(env);
	const session = openSession();
	const border = new KeyBorder(stdin);
	let signal: Signal | null = null;
	let leaving = false;

	const leave = async () => {
		if (leaving) return;
		leaving = true;
		await session.close();
		instance.unmount();
	};
	const tree = (
		<Wizard
			desk={desk}
			session={session}
			theme={theme({ ascii, color })}
			first={placesOf(open)}
			now={now}
			quit={() => void leave()}
			redraw={() => {
				stdout.write('\x1b[2J\x1b[H');
				instance.clear();
				instance.rerender(tree);
			}}
		/>
	);
	// Before the first frame: a key that is pressed as soon as it is seen would else be echoed by the terminal, and lost.
	border.setRawMode(true);
	const instance = render(tree, {
		// The border is all that Ink asks of an input stream.
		stdin: border as unknown as NodeJS.ReadStream,
		stdout,
		exitOnCtrlC: false,
		// Nothing here writes by console.
		patchConsole: false,
		alternateScreen: true,
		interactive: true,
		maxFps: MAX_FPS,
	});

	const handlers = SIGNALS.map((name) => {
		const handler = () => {
			signal ??= name;
			void leave();
		};
		process.on(name, handler);
		return () => process.off(name, handler);
	});
	// A terminal that is gone fails every read and write, and may come without its signal.
	const gone = () => {
		signal ??= 'SIGHUP';
		void leave();
	};
	stdin.on('error', gone);
	stdin.on('end', gone);
	stdout.on('error', gone);
	try {
		await instance.waitUntilExit();
	} finally {
		await session.close();
		border.setRawMode(false);
		for (const off of handlers) off();
		stdin.off('error', gone);
		stdin.off('end', gone);
		// Kept on stdout: writes to a terminal that is gone fail later than this.
	}
	const width = Math.max(40, Math.min(100, stdout.columns || 80));
	return { summary: summaryOf(session, desk, { width, ascii, color }), end: session.last?.end ?? null, signal };
}
